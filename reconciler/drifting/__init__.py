"""What changed outside: what to read of a directory, what of it is drift, who did it, and what to remember. Pure."""
