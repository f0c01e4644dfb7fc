"""An issue's letter to the municipality: composing and sending."""

from __future__ import annotations

from narvaro.alerts.finding import (
    DOOR_ARRIVAL,
    DOOR_MARTS,
    DOOR_READING,
    DOOR_ROWS,
    Finding,
    findings_from_failures,
    findings_from_units,
    not_read,
    silent_source,
    wrong_shape,
)
from narvaro.alerts.letter import Letter, compose_letters
from narvaro.alerts.outbox import send_pending

__all__ = [
    "DOOR_ARRIVAL",
    "DOOR_MARTS",
    "DOOR_READING",
    "DOOR_ROWS",
    "Finding",
    "Letter",
    "compose_letters",
    "findings_from_failures",
    "findings_from_units",
    "not_read",
    "send_pending",
    "silent_source",
    "wrong_shape",
]
