"""Follow-up of a unit, of all units together and of a measure: pure statistics, no store and no wire."""

from __future__ import annotations

from narvaro.followup.comparison import FollowUp, follow_up
from narvaro.followup.funnel import Funnel, FunnelPoint, FunnelUnit, funnel
from narvaro.followup.measured import Assessment, UnitWindow, assess
from narvaro.followup.register import Measure
from narvaro.followup.weekly import Chart, Week, chart, differences_from_the_rest

__all__ = [
    "Assessment",
    "Chart",
    "FollowUp",
    "Funnel",
    "FunnelPoint",
    "FunnelUnit",
    "Measure",
    "UnitWindow",
    "Week",
    "assess",
    "chart",
    "differences_from_the_rest",
    "follow_up",
    "funnel",
]
