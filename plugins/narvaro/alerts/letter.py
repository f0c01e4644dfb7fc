"""A letter: what is new, what is still open and what is mended, for one recipient and night."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import yaml
from babel.dates import format_date
from babel.numbers import format_decimal
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from narvaro.alerts.finding import CAPABILITY_CHANGED, HELD_DELETIONS, NOT_READ
from narvaro.alerts.message import compose_message
from narvaro.errors import AlertError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from narvaro.county import County
    from narvaro.county.model import Contact
    from narvaro.county.values import Language

# A fault that nobody mends is told again once a week, not every morning.
REMIND_EVERY_NIGHTS = 7
_SECTIONS = {"new": ("opened", "reopened"), "open": ("seen",), "mended": ("resolved",)}
# What the owner must look into and the engineer must decide or plan for.
_FOR_BOTH = {HELD_DELETIONS, CAPABILITY_CHANGED}
_NEWS = _SECTIONS["new"] + _SECTIONS["mended"]


class ReportedIssue(Protocol):
    """What an issue must tell to be written about; `event` is what the night did to it."""

    @property
    def source(self) -> str: ...  # noqa: D102
    @property
    def school_unit_code(self) -> str | None: ...  # noqa: D102
    @property
    def rule(self) -> str: ...  # noqa: D102
    @property
    def severity(self) -> str: ...  # noqa: D102
    @property
    def count(self) -> int: ...  # noqa: D102
    @property
    def nights_seen(self) -> int: ...  # noqa: D102
    @property
    def record_ids(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def note_sv(self) -> str: ...  # noqa: D102
    @property
    def note_en(self) -> str: ...  # noqa: D102
    @property
    def opened_night(self) -> date: ...  # noqa: D102
    @property
    def details(self) -> Mapping[str, Any]: ...  # noqa: D102
    @property
    def event(self) -> str: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter, ready to be sent: `message` is the whole e-mail, `key` makes it exist once."""

    key: str
    night: date
    recipient: str
    language: str
    subject: str
    message: str = field(repr=False)


def compose_letters(county: County, night: date, issues: Iterable[ReportedIssue]) -> list[Letter]:
    """Give one letter per recipient who has news, or a fault to be reminded of.

    Raises:
        AlertError: a letter cannot be written.
    """
    by_contact: dict[str, list[ReportedIssue]] = defaultdict(list)
    contacts: dict[str, Contact] = {}
    for issue in issues:
        if not any(issue.event in events for events in _SECTIONS.values()):
            continue
        for contact in _contacts(county, issue):
            contacts.setdefault(contact.email, contact)
            by_contact[contact.email].append(issue)
    return [
        _letter(county, night, contacts[email], mine)
        for email, mine in sorted(by_contact.items())
        if any(issue.event in _NEWS or issue.nights_seen % REMIND_EVERY_NIGHTS == 0 for issue in mine)
    ]


def _contacts(county: County, issue: ReportedIssue) -> list[Contact]:
    """Give who is told of an issue."""
    # A change is told once, not mended: at the next probe it is simply how things are.
    if issue.rule == CAPABILITY_CHANGED and issue.event == "resolved":
        return []
    # Our own faults, and a source that has left the configuration, are the engineer's affair.
    if issue.rule == NOT_READ or issue.source not in county.sources:
        return [county.contact]
    owner = county.source_contact(issue.source)
    is_for_both = issue.rule in _FOR_BOTH and owner.email != county.contact.email
    return [owner, county.contact] if is_for_both else [owner]


def _letter(county: County, night: date, contact: Contact, issues: Sequence[ReportedIssue]) -> Letter:
    """Write one recipient's letter."""
    language = contact.language
    words = texts(language)
    open_count = sum(issue.event != "resolved" for issue in issues)
    subject = _counted(words["subject"], open_count).format(
        day=format_date(night, format="d MMMM", locale=language),
        count=format_decimal(open_count, locale=language),
    )
    values = {
        "county": county.name(language),
        "day": format_date(night, format="long", locale=language),
        "language": language,
        "reply_to": county.letters.reply_to,
        "sections": _sections(county, issues, language),
        "sender": county.letters.sender_name,
        "subject": subject,
        "words": words,
    }
    key = f"{night.isoformat()}/{contact.email}"
    message = compose_message(
        key=key,
        letters=county.letters,
        recipient=contact.email,
        language=language,
        subject=subject,
        text=_environment().get_template("letter.txt.j2").render(values),
        html=_environment().get_template("letter.html.j2").render(values),
    )
    return Letter(key, night, contact.email, language, subject, message)


def _sections(county: County, issues: Sequence[ReportedIssue], language: Language) -> list[dict[str, Any]]:
    """Give what is new, still open and mended; an empty section is left out."""
    headings = texts(language)["headings"]
    sections = []
    for name, events in _SECTIONS.items():
        if faults := _faults(county, [issue for issue in issues if issue.event in events], language):
            sections.append({"heading": headings[name], "is_mended": name == "mended", "faults": faults})
    return sections


def _faults(county: County, issues: Sequence[ReportedIssue], language: Language) -> list[dict[str, Any]]:
    """Give the faults of a section: one per source and rule, its school units beneath it."""
    groups: dict[tuple[bool, str, str], list[ReportedIssue]] = defaultdict(list)
    for issue in issues:
        groups[issue.severity != "critical", issue.rule, issue.source].append(issue)
    return [_fault(county, members, language) for _, members in sorted(groups.items())]


def _fault(county: County, members: Sequence[ReportedIssue], language: Language) -> dict[str, Any]:
    """Give what a template says of one fault."""
    first = members[0]
    count = sum(issue.count for issue in members)
    rule = _rule(first, language)
    units = [_unit(issue, language) for issue in members if issue.school_unit_code]
    owner = county.owner_of(first.source).name if first.source in county.sources else ""
    numbers = {"count": format_decimal(len(units) if units else count, locale=language), "source": first.source}
    return {
        "count": format_decimal(count, locale=language),
        "is_counted": bool(first.record_ids) or (not units and count > 1),
        "owner": owner,
        "reason": " ".join(str(first.details.get("reason", "")).split()),
        "record_ids": first.record_ids,
        "is_more": count > len(first.record_ids) > 0,
        "rule": first.rule,
        "since": format_date(min(issue.opened_night for issue in members), format="long", locale=language),
        "source": first.source,
        "title": _counted(rule["title"], len(units) or count).format(**numbers),
        "what": _counted(rule["what"], len(units) or count).format(**numbers),
        "todo": rule["todo"],
        "units": units,
    }


def _rule(issue: ReportedIssue, language: Language) -> dict[str, Any]:
    """Give a rule's words; a rule without its own says what its suite's note says."""
    rules = texts(language)["rules"]
    if issue.rule in rules:
        return dict(rules[issue.rule])
    note = issue.note_en if language == "en" else issue.note_sv
    return {**rules["other"], "todo": note or rules["other"]["todo"]}


def _unit(issue: ReportedIssue, language: Language) -> dict[str, str]:
    """Give what a template says of one school unit."""
    periods = [_week(period) for period in issue.details.get("periods", ())]
    weeks = texts(language)["week"]
    label = _counted(weeks, len(periods)).format(weeks=", ".join(periods)) if periods else ""
    return {
        "name": issue.details.get("school_unit_name") or str(issue.school_unit_code),
        "code": str(issue.school_unit_code),
        "weeks": label,
    }


def _week(period: str) -> str:
    """Give an ISO week as people say it, 38 for 2026-W38."""
    return period.rsplit("W", 1)[-1].lstrip("0") if "W" in period else period


def _counted(forms: str | Mapping[str, str], count: int) -> str:
    """Give the form of a text that fits a number; 0 has a form of its own where the text has one."""
    if isinstance(forms, str):
        return forms
    if count == 0 and "none" in forms:
        return forms["none"]
    return forms["one" if count == 1 else "other"]


@cache
def texts(language: str) -> dict[str, Any]:
    """Give every word that letters use in a language.

    Raises:
        AlertError: there are no texts in this language.
    """
    path = Path(__file__).with_name("texts") / f"{language}.yml"
    if not path.is_file():
        message = f"There are no letters in {language}. Choose sv or en for the contact, or add {path.name}."
        raise AlertError(message)
    words: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return words


@cache
def _environment() -> Environment:
    """Give the templates; what goes into HTML is escaped, what is forgotten is an error."""
    return Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        # Text is not HTML: only the HTML template is escaped, and a test holds it to that.
        autoescape=lambda name: bool(name and name.endswith(".html.j2")),  # noqa: S701
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
