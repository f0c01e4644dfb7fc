"""Talks to the municipalities' school systems; everything they give is a canonical entity."""

from __future__ import annotations

from narvaro.sources.contract import ENTITIES, PROVENANCE, RECORD_ID
from narvaro.sources.ss12000 import Connector, Patience, connect

__all__ = ["ENTITIES", "PROVENANCE", "RECORD_ID", "Connector", "Patience", "connect"]
