"""Letters and notices about issues: composing and sending."""

from __future__ import annotations

from narvaro.alerts.channels import send_notices
from narvaro.alerts.digest import digests, quiet_nights_before
from narvaro.alerts.engineer import FIGURES_LATE, RUN_FAILED, engineer_letters
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
    findings_from_sources,
    findings_from_units,
    held_deletions,
    minutes_off,
    not_read,
    silent_source,
    wrong_shape,
)
from narvaro.alerts.letter import Letter, Writer, compose_letters, is_sent
from narvaro.alerts.outbox import send_emails, send_pending
from narvaro.alerts.outcome import Outcome

__all__ = [
    "DOOR_ARRIVAL",
    "DOOR_CAPABILITIES",
    "DOOR_MARTS",
    "DOOR_READING",
    "DOOR_ROWS",
    "FIGURES_LATE",
    "RUN_FAILED",
    "Finding",
    "Letter",
    "Outcome",
    "Writer",
    "capability_changed",
    "compose_letters",
    "digests",
    "disputed_identity",
    "engineer_letters",
    "findings_from_failures",
    "findings_from_sources",
    "findings_from_units",
    "held_deletions",
    "is_sent",
    "minutes_off",
    "not_read",
    "quiet_nights_before",
    "send_emails",
    "send_notices",
    "send_pending",
    "silent_source",
    "wrong_shape",
]
