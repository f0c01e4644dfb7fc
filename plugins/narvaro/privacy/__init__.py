"""Pseudonyms, minimisation and protected identity."""
