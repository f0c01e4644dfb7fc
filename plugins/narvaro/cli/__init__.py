"""One way in for people: the command `narvaro`."""

from narvaro.cli.app import app

__all__ = ["app"]
