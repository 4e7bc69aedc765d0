"""The command line: parse, wire, print, exit. Everything that it says or does is decided in the packages above it."""
