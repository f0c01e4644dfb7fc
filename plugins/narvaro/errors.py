"""Errors we raise on purpose; each says what came, what was wanted and what to do.

NarvaroError
├── SettingsError        the environment is incomplete or wrong
├── ConfigError          a file of the county's configuration is wrong (names file, line and remedy)
├── SourceError          a source did not answer            (worth a retry)
│   └── SourceBusyError  it asked us to wait (429, 503)     (worth a longer wait)
├── SourceDeniedError    a source refused us (401, 403)     (retrying is useless)
├── SourceShapeError     a source answered wrongly          (retrying is useless)
│   └── ShortPullError   it left out rows that it has
├── PrivacyError         a key is missing, or data would leave unprotected
├── LandingError         a load could not be made whole (disk full, broken file)
├── LedgerError          the operational state is missing or held by another run
├── BusyError            another night, build or publication holds the same lock
├── DoorClosedError      data failed a critical expectation
├── BuildError           dbt could not build the warehouse
├── PublishError         a release could not be made
└── AlertError           a letter could not be composed or sent
"""

from __future__ import annotations

from collections.abc import Mapping


class NarvaroError(Exception):
    """Base of every error that Närvaro raises on purpose."""

    exit_code = 1


class SettingsError(NarvaroError):
    """The environment is incomplete or wrong."""

    exit_code = 2


class ConfigError(NarvaroError):
    """A file of the county's configuration is wrong."""

    exit_code = 2


class SourceError(NarvaroError):
    """A source did not answer; worth a retry."""

    exit_code = 3


class SourceBusyError(SourceError):
    """A source asked us to wait (429 or 503).

    `retry_after_seconds` is the wait it asked for, None when it named none.
    """

    def __init__(self, message: str, *, retry_after_seconds: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class SourceDeniedError(NarvaroError):
    """A source refused our credentials (401, 403); retrying is useless."""

    exit_code = 3


class SourceShapeError(NarvaroError):
    """A source answered, but not in the agreed shape; retrying is useless."""

    exit_code = 3


class ShortPullError(SourceShapeError):
    """A source has records, or may have, that its lists left out; `left_out` counts them by entity."""

    # Errors travel between processes by their message; the rest must have a default.
    def __init__(self, message: str, *, left_out: Mapping[str, int] | None = None) -> None:
        super().__init__(message)
        self.left_out = dict(left_out or {})


class PrivacyError(NarvaroError):
    """A key is missing or unsafe, or data would leave unprotected."""

    exit_code = 4


class LandingError(NarvaroError):
    """A load could not be made whole."""

    exit_code = 5


class LedgerError(NarvaroError):
    """The operational state is missing, damaged or of another version."""

    exit_code = 5


class BusyError(NarvaroError):
    """Another process does the same work right now."""

    exit_code = 6


class DoorClosedError(NarvaroError):
    """Data failed a critical expectation; nobody downstream may read it."""

    exit_code = 7


class BuildError(NarvaroError):
    """The warehouse could not be built; the last good one stands."""

    exit_code = 8


class PublishError(NarvaroError):
    """A release could not be made; the last one stands."""

    exit_code = 8


class AlertError(NarvaroError):
    """A letter could not be composed or sent; it stays in the outbox."""

    exit_code = 9
