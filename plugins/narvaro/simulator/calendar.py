"""Days and moments of the simulated weeks."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from narvaro.simulator.tables import Int64

EPOCH = date(1970, 1, 1)
DAY_SECONDS = 86_400


def day_number(day: date) -> int:
    """Give a day as days since 1970."""
    return (day - EPOCH).days


def date_of(number: int) -> date:
    """Give the day of a day number."""
    return EPOCH + timedelta(days=int(number))


def moment(day: date, clock: time, timezone: ZoneInfo) -> int:
    """Give a local time of a day as seconds since 1970."""
    return int(datetime.combine(day, clock, timezone).timestamp())


def seconds(moment_: datetime) -> int:
    """Give an aware datetime as whole seconds since 1970."""
    return int(moment_.astimezone(UTC).timestamp())


def midnights(first: date, days: int, timezone: ZoneInfo) -> Int64:
    """Give the local midnight of each of several days, as a moment such that clock times add up.

    Noon less twelve hours: on the night when the clocks change this is not midnight, but lessons,
    which are held by day, come out right.
    """
    noons = [moment(first + timedelta(days=offset), time(12), timezone) for offset in range(days)]
    return np.array(noons, np.int64) - DAY_SECONDS // 2
