"""An issue's letter to the municipality: composing and sending."""

from __future__ import annotations

from narvaro.alerts.finding import (
    DOOR_ARRIVAL,
    DOOR_CAPABILITIES,
    DOOR_MARTS,
    DOOR_READING,
    DOOR_ROWS,
    Finding,
    capability_changed,
    disputed_identity,
    findings_from_failures,
    findings_from_units,
    held_deletions,
    minutes_off,
    not_read,
    silent_source,
    wrong_shape,
)
from narvaro.alerts.letter import Letter, compose_letters
from narvaro.alerts.outbox import send_pending

__all__ = [
    "DOOR_ARRIVAL",
    "DOOR_CAPABILITIES",
    "DOOR_MARTS",
    "DOOR_READING",
    "DOOR_ROWS",
    "Finding",
    "Letter",
    "capability_changed",
    "compose_letters",
    "disputed_identity",
    "findings_from_failures",
    "findings_from_units",
    "held_deletions",
    "minutes_off",
    "not_read",
    "send_pending",
    "silent_source",
    "wrong_shape",
]
