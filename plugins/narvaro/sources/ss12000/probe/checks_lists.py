"""Checks of every list: served, paged, filtered as asked."""

from __future__ import annotations

from collections.abc import Iterator

from narvaro.sources.ss12000.probe.capabilities import ResourceFacts
from narvaro.sources.ss12000.probe.check import Check, critical, warning
from narvaro.sources.ss12000.probe.evidence import Evidence, Walk

# Without these there are no figures; the others make them better.
NEEDED = ("/organisations", "/activities", "/persons", "/groups", "/calendarEvents", "/attendances")
# What nights are cut by; of lists without `meta` the whole is read.
_CUTS = ("meta.modified.after", "meta.modified.before", "startTime.onOrAfter", "startTime.onOrBefore")
_WAYS = {
    "never": "a token goes alone, as the standard says",
    "required_only": "a token wants the required filters again",
    "always": "a token wants every filter again",
    "unsafe": "a token forgets the filters, or gives the same page, whatever is sent with it",
}


def checks_of_lists(evidence: Evidence) -> Iterator[Check]:
    """Give the checks."""
    for path, facts in evidence.capabilities.resources.items():
        yield _served(path, facts)
        if facts.access != "served":
            continue
        yield _paging(path, facts)
        yield _limit(path, facts)
        for name, use in facts.filters.items():
            yield _filter(path, name, use, facts)
    for walk in evidence.walks:
        yield _walked(walk)
    yield from _pages(evidence)


def _served(path: str, facts: ResourceFacts) -> Check:
    """Check that a list answers."""
    make = critical if path in NEEDED else warning
    seen = {"served": "served", "empty": "served without rows"}.get(facts.access, facts.access.replace("_", " "))
    if facts.access == "empty":
        return warning(f"list.served:{path}", False, seen, "Connect with data that are like those of a school.")  # noqa: FBT003
    todo = "Serve it, and let our client read it; a night asks for it."
    return make(f"list.served:{path}", facts.is_usable, seen, todo)


def _paging(path: str, facts: ResourceFacts) -> Check:
    """Check what a page token wants beside it."""
    check_id = f"paging.token:{path}"
    if facts.paging is None:
        refused = set(facts.token_ways.values())
        is_met = False if refused else None
        seen = "a second page was refused in every way" if refused else "one page held everything"
        return critical(check_id, is_met, seen, "Let a page token be sent with limit alone.")
    forgetful = [way for way, came in facts.token_ways.items() if came in ("forgets", "repeats", "suspect")]
    if facts.paging == "unsafe" or "never" in forgetful:
        todo = "Keep the filters in the token: what is sent beside it is optional, and rows are lost otherwise."
        seen = _WAYS["unsafe"] if facts.paging == "unsafe" else f"a token alone forgets; {_WAYS[facts.paging]}"
        make = critical if facts.paging == "unsafe" else warning
        return make(check_id, False, seen, todo)  # noqa: FBT003
    todo = "Accept a page token with limit alone, as the standard says."
    return warning(check_id, facts.paging == "never", _WAYS[facts.paging], todo)


def _limit(path: str, facts: ResourceFacts) -> Check:
    """Check that pages are as small as asked."""
    is_met = None if facts.limit is None else facts.limit == "honoured"
    return warning(f"paging.limit:{path}", is_met, f"limit is {facts.limit or 'not tried'}", "Honour limit.")


def _filter(path: str, name: str, use: str, facts: ResourceFacts) -> Check:
    """Check one filter."""
    is_cut = name in _CUTS and (facts.has_meta is not False or not name.startswith("meta."))
    make = critical if is_cut else warning
    todo = {
        "ignored": "Keep away what the filter means to keep away, or answer 400: whoever trusts it gets wrong figures.",
        "refused": "Take the filter: the standard has it.",
        "loses_rows": "Give the rows that changed in the span: a night would never see them.",
    }
    return make(f"filter.{name}:{path}", use == "honoured", use.replace("_", " "), todo.get(use, ""))


def _walked(walk: Walk) -> Check:
    """Check a walk over some pages."""
    has_ids = walk.path != "/aggregatedAttendance"
    is_doubled = has_ids and walk.distinct < walk.rows
    is_met = not (walk.tokens_repeat or walk.was_refused or is_doubled or walk.empty)
    words = [f"{walk.pages} pages", "to the end" if walk.has_ended else "and more to come"]
    words += ["a token came twice"] if walk.tokens_repeat else []
    words += ["ids came twice"] if is_doubled else []
    words += ["a page without rows led on to another"] if walk.empty else []
    words += ["broken off by a refusal"] if walk.was_refused else []
    todo = "Walk a frozen order: each row once, each token new, none on the last page."
    return critical(f"paging.walk:{walk.path}", is_met, ", ".join(words), todo)


def _pages(evidence: Evidence) -> Iterator[Check]:
    """Check what holds for pages as a whole."""
    found = evidence.capabilities
    yield warning(
        "paging.token-kind",
        None if found.tokens is None else found.tokens == "opaque",
        f"tokens look {'like places in a list' if found.tokens == 'offset' else 'opaque'}"
        if found.tokens
        else "no token",
        "A place in a list that moves skips and repeats rows: keep the walk in the token.",
    )
    yield warning(
        "paging.size",
        found.too_large is None,
        _size(found.page_cap, found.too_large),
        "Give fewer rows and a token rather than an error.",
    )


def _size(page_cap: int | None, too_large: int | None) -> str:
    """Say how large pages may be."""
    if too_large is not None:
        return f"a page of {too_large} rows was refused"
    return f"pages of at most {page_cap} rows" if page_cap else "pages as large as asked"
