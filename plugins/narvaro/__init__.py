"""Närvaro: school absence of a county, from municipal systems to published figures."""
