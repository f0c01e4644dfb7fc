"""Talks to the municipalities' school systems; everything they give is a canonical entity."""

from __future__ import annotations

from narvaro.sources.contract import ENTITIES, PROVENANCE, RECORD_ID
from narvaro.sources.progress import Anew, Confirmed, Given, Mark, Reading, Resumption, Step, Wanted
from narvaro.sources.purposes import refuse_unstated
from narvaro.sources.ss12000 import Connector, HostManners, NightPlan, Patience, connect, plan_night

__all__ = [
    "ENTITIES",
    "PROVENANCE",
    "RECORD_ID",
    "Anew",
    "Confirmed",
    "Connector",
    "Given",
    "HostManners",
    "Mark",
    "NightPlan",
    "Patience",
    "Reading",
    "Resumption",
    "Step",
    "Wanted",
    "connect",
    "plan_night",
    "refuse_unstated",
]
