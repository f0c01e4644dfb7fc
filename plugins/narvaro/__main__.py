"""Run the command line as `python -m narvaro`."""

from narvaro.cli import app

app()
