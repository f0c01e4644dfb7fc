"""The connector for SS 12000:2020, versions 2.0 and 2.1."""

from __future__ import annotations

from narvaro.sources.ss12000.connector import Connector
from narvaro.sources.ss12000.limits import HostManners
from narvaro.sources.ss12000.opening import connect
from narvaro.sources.ss12000.patience import Patience
from narvaro.sources.ss12000.plan import NightPlan, plan_night

__all__ = ["Connector", "HostManners", "NightPlan", "Patience", "connect", "plan_night"]
