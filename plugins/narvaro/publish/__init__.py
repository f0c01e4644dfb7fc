"""Releases and every form in which they leave."""
