"""The county as data: its configuration files, validated."""

from __future__ import annotations

from narvaro.county.county import County
from narvaro.county.loading import load_county
from narvaro.county.model import Brake, Contact, Letters, Manners, Municipality, Owner, Plan, Quality, Retries, Source
from narvaro.county.publication import Publication, PublishedTable, Thresholds
from narvaro.county.retention import Retention
from narvaro.county.values import Language
from narvaro.county.yaml_file import load_file

__all__ = [
    "Brake",
    "Contact",
    "County",
    "Language",
    "Letters",
    "Manners",
    "Municipality",
    "Owner",
    "Plan",
    "Publication",
    "PublishedTable",
    "Quality",
    "Retention",
    "Retries",
    "Source",
    "Thresholds",
    "load_county",
    "load_file",
]
