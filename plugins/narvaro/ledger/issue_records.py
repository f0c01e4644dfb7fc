"""What the ledger remembers of an issue: how it stands, what happened to it, what people said of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

ACKNOWLEDGED, VERIFIED, WITHDRAWN = "acknowledged", "verified", "withdrawn"


@dataclass(frozen=True, slots=True)
class AnswerRecord:
    """What somebody said of an issue; `kind` is acknowledged, verified or withdrawn.

    An acknowledgement ("being mended") is about one opening of the issue, `opened_night`;
    a verification ("the data are right") holds until its day, however often the rule finds it again.
    """

    answer_id: int
    fingerprint: str
    kind: str
    answered_by: str
    answered_at: datetime
    reason: str = ""
    until: date | None = None
    opened_night: date | None = None

    def holds(self, opened_night: date, day: date) -> bool:
        """Tell whether the answer is in force on a day, for an issue that was opened on a night."""
        if self.kind == WITHDRAWN or (self.until is not None and day > self.until):
            return False
        return self.kind == VERIFIED or self.opened_night == opened_night


@dataclass(frozen=True, slots=True)
class IssueRecord:
    """One fault of one source (or one of its school units); `state` is open or resolved.

    `event` is what the asked night did to it: opened, seen, reopened, resolved, or
    withdrawn when a second try of the same night no longer found what its first had opened.
    `answer` is the one in force on the asked day.
    """

    fingerprint: str
    source: str
    rule: str
    door: str
    severity: str
    state: str
    opened_night: date
    last_seen_night: date
    school_unit_code: str | None = None
    resolved_night: date | None = None
    count: int = 0
    nights_seen: int = 1
    record_ids: tuple[str, ...] = ()
    note_sv: str = ""
    note_en: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    owner: str = "vendor"
    escalated_night: date | None = None
    flapping_since: date | None = None
    answer: AnswerRecord | None = None
    event: str = ""

    @property
    def flapping(self) -> bool:
        """Whether it comes and goes, and is kept quiet till it stays one or the other."""
        return self.flapping_since is not None

    def standing(self, today: date) -> str:
        """Give how it stands on a day: open, acknowledged, verified or resolved."""
        if self.state == "resolved":
            return "resolved"
        if self.answer is not None and self.answer.holds(self.opened_night, today):
            return self.answer.kind
        return self.state

    def is_silent(self, today: date) -> bool:
        """Tell whether nobody is to be told of it on a day: its data are right, or it flaps and that has been told."""
        is_verified = (
            self.answer is not None and self.answer.kind == VERIFIED and self.answer.holds(self.opened_night, today)
        )
        return is_verified or (self.flapping_since is not None and self.flapping_since < today)


@dataclass(frozen=True, slots=True)
class IssueEventRecord:
    """One step of an issue's life, in the order in which it was written down.

    `event` is opened, seen, reopened, resolved or withdrawn; acknowledged, verified or unanswered;
    reminded, escalated or flapping.
    """

    fingerprint: str
    night: date
    event: str
    recorded_at: datetime
    count: int = 0
    by: str = ""
    reason: str = ""
    until: date | None = None
