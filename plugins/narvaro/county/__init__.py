"""The county as data: its configuration files, validated."""

from __future__ import annotations

from narvaro.county.county import County
from narvaro.county.loading import load_county
from narvaro.county.model import Contact, Language, Letters, Municipality, Owner, Quality, Retries, Source
from narvaro.county.publication import Publication, PublishedTable, Thresholds
from narvaro.county.yaml_file import load_file

__all__ = [
    "Contact",
    "County",
    "Language",
    "Letters",
    "Municipality",
    "Owner",
    "Publication",
    "PublishedTable",
    "Quality",
    "Retries",
    "Source",
    "Thresholds",
    "load_county",
    "load_file",
]
