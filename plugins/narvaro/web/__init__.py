"""The web pages: each owner's own status, an issue's answer, and the county at a glance."""
