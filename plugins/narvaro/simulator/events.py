"""What truly happens in a county and is no fault: a week of influenza, a strike."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from narvaro.simulator.behaviour import AWAY_VALID, PRESENT, Behaviour
from narvaro.simulator.calendar import day_number
from narvaro.simulator.randomness import generator
from narvaro.simulator.tables import NEVER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from narvaro.simulator.tables import Lessons

_TOLD_BEFORE = 12 * 3600
EVERY_SOURCE = "*"


class Event(BaseModel):
    """One event: everything that the school systems tell of it is right."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["flu_week", "strike"] = Field(
        description="flu_week: a `share` of the pupils fall ill; strike: a `share` of the lessons are cancelled."
    )
    from_date: date = Field(description="First day.")
    until_date: date = Field(description="Last day.")
    share: float = Field(default=0.3, ge=0, le=1, description="Which share of the pupils, or of the lessons.")
    source: str = Field(default=EVERY_SOURCE, description='strike: the source that it hits; "*" for every source.')

    @model_validator(mode="after")
    def _is_in_order(self) -> Self:
        """Refuse an event that ends before it begins."""
        if self.until_date < self.from_date:
            message = "an event ends on its first day or later"
            raise ValueError(message)
        return self


def with_influenza(behaviour: Behaviour, events: Sequence[Event], *, first: date, seed: int) -> Behaviour:
    """Give behaviour in which the pupils who fall ill stay at home until the wave is over."""
    state = behaviour.day_state.copy()
    for number, event in enumerate(events):
        if event.kind == "flu_week":
            is_ill = generator(seed, f"influenza {number}").random(len(state)) < event.share
            days = slice(max(0, (event.from_date - first).days), max(0, (event.until_date - first).days + 1))
            wave = state[:, days]
            state[:, days] = np.where(is_ill[:, None] & (wave == PRESENT), AWAY_VALID, wave)
    return replace(behaviour, day_state=state)


def with_strikes(lessons: Lessons, events: Sequence[Event], sources: Sequence[str], *, seed: int) -> Lessons:
    """Give lessons of which strikes have cancelled some the evening before."""
    cancelled_at = lessons.cancelled_at.copy()
    for number, event in enumerate(events):
        if event.kind == "strike":
            is_hit = generator(seed, f"strike {number}").random(len(lessons.day)) < event.share
            is_hit &= (day_number(event.from_date) <= lessons.day) & (lessons.day <= day_number(event.until_date))
            if event.source != EVERY_SOURCE:
                is_hit &= lessons.source == (sources.index(event.source) if event.source in sources else -1)
            cancelled_at[is_hit & (cancelled_at == NEVER)] = (lessons.started_at - _TOLD_BEFORE)[
                is_hit & (cancelled_at == NEVER)
            ]
    return replace(lessons, cancelled_at=cancelled_at)
