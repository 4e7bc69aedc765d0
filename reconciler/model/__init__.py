"""The domain in values: what is desired, known and live, and the changes between them. Standard library only, no I/O."""
