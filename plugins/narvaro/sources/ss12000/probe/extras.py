"""What a server offers beside its lists: deletions, registers inside lessons, lookups, large pages, a clock."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from narvaro.sources.ss12000.probe import looking
from narvaro.sources.ss12000.probe.asking import Answer, Asker
from narvaro.sources.ss12000.probe.capabilities import DELETED, Clock, Deletions, Use
from narvaro.sources.ss12000.probe.filtering import FAR, Sample
from narvaro.sources.ss12000.times import wire_time

_DELETED_LATELY = timedelta(days=60)
_FEW = 20
_SOME_IDS = 3
# Below this two clocks agree well enough for every overlap that is allowed.
_IN_STEP_SECONDS = 120


def deletions_of(asker: Asker, now: datetime) -> tuple[Deletions | None, Use | None]:
    """Give the shape of the deletions, and whether their `after` is minded."""
    lately = [("after", wire_time((now - _DELETED_LATELY).replace(microsecond=0)))]
    answer = asker.ask(DELETED, lately, limit=_FEW)
    if not answer.is_answered:
        answer = asker.ask(DELETED, lately, limit=_FEW)
    shape = _shape(answer)
    if shape not in ("lists", "flat"):
        return shape, None
    later = asker.ask(DELETED, [("after", FAR)], limit=_FEW)
    if later.outcome == "refused":
        return shape, "refused"
    if not later.is_answered:
        return shape, None
    return shape, "honoured" if _shape(later) == "empty" else "ignored"


def expand_attendance(asker: Asker, sample: Sample) -> Use | None:
    """Tell whether lessons bring their registers with them."""
    answer = asker.ask(sample.spec.path, [*sample.required, ("expand", "attendance")], limit=_FEW)
    if answer.outcome == "refused":
        return "refused"
    if not answer.rows:
        return None
    inside = (row["_embedded"] for row in answer.rows if isinstance(row.get("_embedded"), dict))
    return "honoured" if any(isinstance(found.get("attendance"), list) for found in inside) else "ignored"


def lookup_by_lessons(asker: Asker, lesson_ids: list[Any]) -> bool | None:
    """Tell whether registers can be looked up by their lessons."""
    if not lesson_ids:
        return None
    return _is_offered(asker.look_up("/attendances", {"calendareEvents": lesson_ids[:_SOME_IDS]}))


def single_objects(asker: Asker, sample: Sample) -> tuple[bool | None, bool | None]:
    """Tell whether a list's objects can be looked up by ids, and be fetched one by one."""
    known = [record_id for record_id in looking.ids(sample.rows) if isinstance(record_id, str)][:_SOME_IDS]
    if not known:
        return None, None
    found = asker.look_up(sample.spec.path, {"ids": known})
    lookup = _is_offered(found)
    if found.is_answered:
        lookup = set(looking.ids(found.rows)) == set(known)
    single = asker.fetch(sample.spec.path, known[0])
    by_id = _is_offered(single)
    if single.is_answered:
        by_id = looking.ids(single.rows) == known[:1]
    return lookup, by_id


def page_limits(asker: Asker, sample: Sample, page_size: int) -> tuple[int | None, int | None]:
    """Give the most rows that come on a page although more were asked for, and a page size that is refused."""
    answer = asker.ask(sample.spec.path, sample.required, limit=page_size)
    if answer.outcome in ("refused", "failing"):
        return None, page_size
    is_capped = answer.token is not None and len(answer.rows) < page_size
    return (len(answer.rows) if is_capped else None), None


def clock_of(server_date: datetime | None, asked_at: datetime) -> tuple[Clock | None, int | None]:
    """Give how the server's clock stands to ours, and by how much."""
    if server_date is None:
        return None, None
    skew = round((server_date - asked_at).total_seconds())
    if abs(skew) <= _IN_STEP_SECONDS:
        return "in_step", skew
    return ("behind" if skew < 0 else "ahead"), skew


def _shape(answer: Answer) -> Deletions | None:
    """Tell the shape of deletions."""
    if not answer.is_answered:
        return "failing" if answer.outcome == "refused" else answer.outcome  # type: ignore[return-value]
    if isinstance(answer.data, list):
        return "flat" if answer.data else "empty"
    if isinstance(answer.data, dict):
        return "lists" if any(answer.data.values()) else "empty"
    return "empty" if answer.data is None else "failing"


def _is_offered(answer: Answer) -> bool | None:
    """Tell whether a way of asking is there."""
    if answer.is_answered:
        return True
    return None if answer.outcome == "failing" else False
