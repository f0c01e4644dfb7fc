"""Protect tables before they leave."""
