"""A county of municipal systems, with known truth and with faults."""
