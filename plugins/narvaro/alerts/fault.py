"""A fault as a letter tells it: issues of one source and rule together, their school units beneath."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from narvaro.alerts.digest import ACKNOWLEDGED, VERIFIED
from narvaro.alerts.words import counted, long_day, number, texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from narvaro.alerts.reporting import ReportedIssue
    from narvaro.county import County, Language

# A letter is read by people; the attachment holds the rest.
MAX_IDS_SHOWN = 20
MAX_UNITS_SHOWN = 50
MAX_FAULTS_SHOWN = 40
_ANSWERED = (ACKNOWLEDGED, VERIFIED)
# A note says in its first sentence what is wrong, and then how to mend it.
_SENTENCE_END = re.compile(r"(?<=[.!?]) (?=[A-ZÅÄÖ])")


@dataclass(frozen=True, slots=True)
class Teller:
    """Tells faults in a language; `answer_link` gives where an issue may be answered, empty for nowhere."""

    county: County
    language: Language
    answer_link: Callable[[ReportedIssue], str]

    def faults(self, issues: Sequence[ReportedIssue], section: str) -> list[dict[str, Any]]:
        """Give a section's faults, the gravest first; beyond the most that are shown there are no links."""
        return [
            self._fault(members, section, is_shown=place < MAX_FAULTS_SHOWN)
            for place, members in enumerate(grouped(issues))
        ]

    def _fault(self, members: Sequence[ReportedIssue], section: str, *, is_shown: bool) -> dict[str, Any]:
        """Give what a template says of one fault."""
        first, language = members[0], self.language
        rule, count = self._rule(first), sum(issue.count for issue in members)
        with_unit = [issue for issue in members if issue.school_unit_code]
        ids = [record_id for issue in members for record_id in issue.record_ids]
        numbers = {"count": number(len(with_unit) or count, language), "source": first.source}
        of_source = [issue for issue in members if not issue.school_unit_code]
        return {
            "answer": self._answer(first) if section in _ANSWERED else "",
            "answer_link": self.answer_link(of_source[0]) if of_source and is_shown else "",
            "count": number(count, language),
            "entities": self._entities(members),
            "escalated": self._escalated(members),
            "flaps": any(issue.flapping for issue in members),
            "hidden_units": self._hidden(len(with_unit)),
            "is_counted": bool(ids) or (not with_unit and count > 1),
            "is_more": count > min(len(ids), MAX_IDS_SHOWN) > 0,
            "owner": self.county.owner_of(first.source).name if first.source in self.county.sources else "",
            "place": texts(language)["places"].get(first.owner, ""),
            "reason": on_one_line(first.details.get("reason", "")),
            "record_ids": [on_one_line(record_id) for record_id in ids[:MAX_IDS_SHOWN]],
            "rule": first.rule,
            "since": long_day(min(issue.opened_night for issue in members), language),
            "source": first.source,
            "title": counted(rule["title"], len(with_unit) or count).format(**numbers),
            "todo": rule["todo"],
            "units": [self._unit(issue) for issue in with_unit[:MAX_UNITS_SHOWN]] if is_shown else [],
            "what": counted(rule["what"], len(with_unit) or count).format(**numbers),
        }

    def _hidden(self, units: int) -> str:
        """Give how many school units the letter has no room for, empty for none."""
        return number(units - MAX_UNITS_SHOWN, self.language) if units > MAX_UNITS_SHOWN else ""

    def _rule(self, issue: ReportedIssue) -> dict[str, Any]:
        """Give a rule's words; a rule without its own says what its suite's note says: what it is, how to mend it."""
        rules = texts(self.language)["rules"]
        if issue.rule in rules:
            return dict(rules[issue.rule])
        words = dict(rules[_kind(issue)])
        note = issue.note_en if self.language == "en" else issue.note_sv
        what, *mending = _SENTENCE_END.split(on_one_line(note), maxsplit=1)
        if mending:
            return words | {"title": what.rstrip("."), "todo": mending[0]}
        return words | {"todo": what or words["todo"]}

    def _unit(self, issue: ReportedIssue) -> dict[str, str]:
        """Give what a template says of one school unit."""
        periods = [week_of(period) for period in issue.details.get("periods", ())]
        weeks = texts(self.language)["week"]
        return {
            "name": unit_name(issue),
            "code": on_one_line(issue.school_unit_code),
            "weeks": counted(weeks, len(periods)).format(weeks=", ".join(periods)) if periods else "",
            "answer_link": self.answer_link(issue),
        }

    def _answer(self, issue: ReportedIssue) -> str:
        """Say what was answered, and until when that holds; not by whom, nor why."""
        given = issue.answer
        if given is None:
            return ""
        words = texts(self.language)["answers"][given.kind]
        day = long_day(given.answered_at.astimezone(self.county.timezone).date(), self.language)
        until = long_day(given.until, self.language) if given.until else ""
        return str(words["until" if until else "open"]).format(day=day, until=until)

    def _entities(self, members: Sequence[ReportedIssue]) -> str:
        """Say in which lists the records stand, where that is known."""
        words = texts(self.language)["entities"]
        names = {name for issue in members for name in issue.details.get("entities", ())}
        return ", ".join(sorted(words.get(name, name) for name in names))

    def _escalated(self, members: Sequence[ReportedIssue]) -> str:
        """Give the day on which the region was told, empty when it has not been."""
        nights = [issue.escalated_night for issue in members if issue.escalated_night is not None]
        return long_day(min(nights), self.language) if nights else ""


def _kind(issue: ReportedIssue) -> str:
    """Give whose words a rule without its own uses: those of records, of school units, or of a source as a whole."""
    if issue.school_unit_code:
        return "other_units"
    return "other" if issue.record_ids or issue.count > 1 else "other_source"


def grouped(issues: Sequence[ReportedIssue]) -> Iterator[list[ReportedIssue]]:
    """Give the issues of a source and rule together, critical ones first."""
    groups: dict[tuple[Any, ...], list[ReportedIssue]] = defaultdict(list)
    for issue in issues:
        # Those who answered differently are told apart.
        answered = (issue.answer.kind, issue.answer.until or issue.opened_night) if issue.answer else ()
        groups[issue.severity != "critical", issue.rule, issue.source, answered].append(issue)
    for _, members in sorted(groups.items()):
        yield sorted(members, key=lambda issue: (unit_name(issue), issue.fingerprint))


def unit_name(issue: ReportedIssue) -> str:
    """Give a school unit's name on one line, its code where the name is not known."""
    return on_one_line(issue.details.get("school_unit_name") or issue.school_unit_code or "")


def on_one_line(text: object) -> str:
    """Give what a source calls something, without line breaks that would pass for lines of ours."""
    return " ".join(str(text).split())


def week_of(period: str) -> str:
    """Give an ISO week as people say it, 38 for 2026-W38."""
    return period.rsplit("W", 1)[-1].lstrip("0") if "W" in period else period
