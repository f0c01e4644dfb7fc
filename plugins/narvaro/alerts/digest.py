"""A digest: which issues one recipient is told of one morning, and whether that is worth a letter."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from narvaro.alerts.finding import CAPABILITY_CHANGED, HELD_DELETIONS, NOT_READ
from narvaro.county import ENGINEER

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import date

    from narvaro.alerts.reporting import ReportedIssue
    from narvaro.county import County, Language, Recipient

# A fault that nobody mends is told again once a week, not every morning.
REMIND_EVERY_NIGHTS = 7
# In the order of the letter.
NEW, ESCALATED, OPEN, ACKNOWLEDGED, VERIFIED, MENDED = "new", "escalated", "open", "acknowledged", "verified", "mended"
SECTIONS = (NEW, ESCALATED, OPEN, ACKNOWLEDGED, VERIFIED, MENDED)
_OPENED = ("opened", "reopened")
_TOLD_EVENTS = (*_OPENED, "seen", "resolved")
# What the owner must look into and the engineer must decide or plan for.
_FOR_BOTH = {HELD_DELETIONS, CAPABILITY_CHANGED}


@dataclass(frozen=True, slots=True)
class Story:
    """What the nights since the last letter did to an issue; `event` is the sum of it."""

    issue: ReportedIssue
    event: str
    section: str
    is_due: bool


@dataclass(frozen=True, slots=True)
class Digest:
    """What one address is told; `is_ours` when it is read by the region's own people."""

    address: str
    is_channel: bool
    is_ours: bool
    language: Language
    night: date
    stories: tuple[Story, ...]

    @property
    def is_due(self) -> bool:
        """Whether something in it is news, or is to be reminded of."""
        return any(story.is_due for story in self.stories)

    @property
    def is_urgent(self) -> bool:
        """Whether something in it is new and critical."""
        return any(
            story.is_due and story.section in (NEW, ESCALATED) and story.issue.severity == "critical"
            for story in self.stories
        )

    @property
    def roles(self) -> str:
        """The roles whose faults it tells, in alphabetical order."""
        return ",".join(sorted({story.issue.owner for story in self.stories}))

    def of_section(self, name: str) -> list[Story]:
        """Give a section's stories."""
        return [story for story in self.stories if story.section == name]


def letter_key(night: date, address: str) -> str:
    """Give what makes a letter exist once."""
    return f"{night.isoformat()}/{address}"


def quiet_nights_before(county: County, night: date) -> list[date]:
    """Give the nights right before one whose letters wait for it, oldest first."""
    nights: list[date] = []
    while county.is_quiet(previous := night - timedelta(days=len(nights) + 1)):
        nights.append(previous)
    return nights[::-1]


def digests(
    county: County,
    night: date,
    issues: Iterable[ReportedIssue],
    *,
    earlier: Mapping[date, Sequence[ReportedIssue]] | None = None,
    written: Collection[str] = (),
) -> list[Digest]:
    """Give the digests of everybody who is told of an issue, due or not, in the order of their addresses.

    `earlier` holds what quiet nights right before did, and `written` the keys of letters that went all the same.
    """
    nights: dict[date, Iterable[ReportedIssue]] = {**(earlier or {}), night: issues}
    told: dict[str, list[tuple[date, ReportedIssue]]] = defaultdict(list)
    recipients: dict[str, tuple[Recipient, bool]] = {}
    for when, found in sorted(nights.items()):
        for issue in found:
            for recipient, is_ours in recipients_of(county, issue):
                address = recipient.email or recipient.conn_id or ""
                recipients.setdefault(address, (recipient, is_ours))
                told[address].append((when, issue))
    return [
        _digest(*recipients[address], night, since)
        for address, pairs in sorted(told.items())
        if (since := _since_last_letter(address, pairs, written, night))
    ]


def recipients_of(county: County, issue: ReportedIssue) -> list[tuple[Recipient, bool]]:
    """Give who is told of an issue, and whether they are the region's own people; nobody twice."""
    # A change is told once, not mended: at the next probe it is simply how things are.
    if issue.event not in _TOLD_EVENTS or (issue.rule == CAPABILITY_CHANGED and issue.event == "resolved"):
        return []
    ours = [(recipient, True) for recipient in county.engineers]
    # Our own faults, and a source that has left the configuration, are the engineer's affair.
    if issue.rule == NOT_READ or issue.owner == ENGINEER or issue.source not in county.sources:
        return ours
    owner_id = county.owner_of(issue.source).owner_id
    theirs = [(recipient, False) for recipient in county.recipients_for(owner_id, issue.owner, issue.school_unit_code)]
    if issue.rule in _FOR_BOTH or issue.escalated_night is not None:
        theirs += ours
    return list({recipient.email or recipient.conn_id: (recipient, own) for recipient, own in theirs[::-1]}.values())


def _since_last_letter(
    address: str, pairs: Sequence[tuple[date, ReportedIssue]], written: Collection[str], night: date
) -> list[tuple[date, ReportedIssue]]:
    """Give what happened after the last letter to an address; the night's own is written anew until it is sent."""
    last = max((when for when, _ in pairs if when < night and letter_key(when, address) in written), default=None)
    return [(when, issue) for when, issue in pairs if last is None or when > last]


def _digest(recipient: Recipient, is_ours: bool, night: date, pairs: Sequence[tuple[date, ReportedIssue]]) -> Digest:  # noqa: FBT001
    by_issue: dict[str, list[tuple[date, ReportedIssue]]] = defaultdict(list)
    for when, issue in pairs:
        by_issue[issue.fingerprint].append((when, issue))
    stories = (_story(members, night, is_ours=is_ours) for members in by_issue.values())
    return Digest(
        address=recipient.email or recipient.conn_id or "",
        is_channel=recipient.email is None,
        is_ours=is_ours,
        language=recipient.language,
        night=night,
        stories=tuple(story for story in stories if story is not None),
    )


def _story(members: Sequence[tuple[date, ReportedIssue]], night: date, *, is_ours: bool) -> Story | None:
    """Give what some nights did to an issue, None when there is nothing to tell."""
    issue, event = members[-1][1], _summed([each.event for _, each in members])
    if event is None or (event == "seen" and members[-1][0] != night):
        return None
    was_escalated = issue.escalated_night in {when for when, _ in members}
    standing = issue.standing(night)
    is_reminder = event == "seen" and standing != ACKNOWLEDGED and _is_reminded(issue, len(members))
    is_due = not issue.is_silent(night) and (event != "seen" or was_escalated or is_reminder)
    return Story(issue, event, _section(event, standing, is_new_to_us=was_escalated and is_ours), is_due)


def _summed(events: Sequence[str]) -> str | None:
    """Give the event that several nights come to; what came and went untold is nothing."""
    if events[-1] == "resolved":
        return None if events[0] in _OPENED and len(events) > 1 else "resolved"
    return next((event for event in reversed(events) if event in _OPENED), events[-1])


def _is_reminded(issue: ReportedIssue, nights: int) -> bool:
    """Tell whether one of the last nights was the issue's weekly one."""
    return any((issue.nights_seen - back) % REMIND_EVERY_NIGHTS == 0 for back in range(nights))


def _section(event: str, standing: str, *, is_new_to_us: bool) -> str:
    """Give where in the letter an issue stands."""
    if event == "resolved":
        return MENDED
    if standing in (ACKNOWLEDGED, VERIFIED):
        return standing
    if is_new_to_us:
        return ESCALATED
    return NEW if event in _OPENED else OPEN
