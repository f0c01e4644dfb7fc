"""Know thy source: what a server of SS 12000 can do, and how well it keeps to the standard."""

from __future__ import annotations

from narvaro.sources.ss12000.probe.capabilities import Capabilities, ResourceFacts
from narvaro.sources.ss12000.probe.differences import differences
from narvaro.sources.ss12000.probe.probing import probe

__all__ = ["Capabilities", "ResourceFacts", "differences", "probe"]
