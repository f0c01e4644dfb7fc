"""Pure values of the school world: no I/O, no configuration."""
