"""The county as data: its configuration files, validated."""

from __future__ import annotations

from narvaro.county.county import County
from narvaro.county.loading import load_county
from narvaro.county.model import (
    Brake,
    Contact,
    Escalation,
    Flapping,
    Letters,
    Manners,
    Municipality,
    Owner,
    Plan,
    Quality,
    Retries,
    Source,
)
from narvaro.county.publication import Publication, PublishedTable, Thresholds
from narvaro.county.recipients import ENGINEER, OWNER_ROLES, Recipient, Role
from narvaro.county.retention import Retention
from narvaro.county.values import Language
from narvaro.county.yaml_file import load_file

__all__ = [
    "ENGINEER",
    "OWNER_ROLES",
    "Brake",
    "Contact",
    "County",
    "Escalation",
    "Flapping",
    "Language",
    "Letters",
    "Manners",
    "Municipality",
    "Owner",
    "Plan",
    "Publication",
    "PublishedTable",
    "Quality",
    "Recipient",
    "Retention",
    "Retries",
    "Role",
    "Source",
    "Thresholds",
    "load_county",
    "load_file",
]
