"""What a page says of an issue: the same words as the letter's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from narvaro.alerts.words import counted, texts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from narvaro.ledger import IssueRecord
    from narvaro.ledger.issue_records import IssueEventRecord
    from narvaro.web.words import Words


@dataclass(frozen=True, slots=True)
class Fault:
    """One issue, ready to be shown."""

    issue: IssueRecord
    title: str
    what: str
    todo: str
    standing: str
    nights: int

    @property
    def unit(self) -> str:
        """The school unit's name, else its code; empty for a fault of the whole source."""
        code = self.issue.school_unit_code
        return str(self.issue.details.get("school_unit_name") or code) if code else ""

    @property
    def periods(self) -> list[str]:
        """The ISO weeks that it is about."""
        return [str(period) for period in self.issue.details.get("periods", ()) if "W" in str(period)]

    @property
    def reason(self) -> str:
        """What a technician wants to know."""
        return " ".join(str(self.issue.details.get("reason", "")).split())


def fault(issue: IssueRecord, words: Words, today: date) -> Fault:
    """Give what is said of an issue in a language."""
    rule = _rule(issue, words.language)
    # A unit's fault is told of that one unit, whatever the count of its records.
    number = 1 if issue.school_unit_code else issue.count
    values = {"count": words.number(number), "source": issue.source}
    return Fault(
        issue=issue,
        title=counted(rule["title"], number).format(**values),
        what=counted(rule["what"], number).format(**values),
        todo=rule["todo"],
        standing=issue.standing(today),
        nights=max(1, (issue.last_seen_night - issue.opened_night).days + 1),
    )


def life_of(events: Sequence[IssueEventRecord]) -> list[IssueEventRecord]:
    """Give an issue's life without the nights that only saw it again, the newest of them excepted."""
    last = len(events) - 1
    return [event for place, event in enumerate(events) if event.event != "seen" or place == last]


def _rule(issue: IssueRecord, language: str) -> Mapping[str, Any]:
    """Give a rule's words; a rule without its own says what its suite's note says."""
    rules = texts(language)["rules"]
    if issue.rule in rules:
        return dict(rules[issue.rule])
    note = issue.note_en if language == "en" else issue.note_sv
    return {**rules["other"], "todo": note or rules["other"]["todo"]}
