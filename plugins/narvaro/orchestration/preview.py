"""What a school owner's letters would say now; nothing is queued, marked or sent."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from narvaro.alerts import Writer, digests, is_sent, quiet_nights_before
from narvaro.county.problem import did_you_mean
from narvaro.errors import ConfigError
from narvaro.orchestration.web_links import web_links

if TYPE_CHECKING:
    from datetime import date

    from narvaro.alerts import Letter
    from narvaro.county import County, Language, Owner
    from narvaro.ledger import IssueRecord
    from narvaro.orchestration.line import Line


@dataclass(frozen=True, slots=True)
class Preview:
    """A letter as it would be sent; not due when it holds no news, or on a quiet day."""

    letter: Letter
    is_due: bool


def preview_letters(
    line: Line,
    owner: Owner,
    *,
    night: date | None = None,
    role: str | None = None,
    language: Language | None = None,
) -> list[Preview]:
    """Give the letters about an owner's data, due or not, of its newest night unless another is named."""
    issues = _issues_of(line, owner, night)
    night = night or max(issues, default=line.county.night_of(datetime.now(UTC)))
    mine = [issue for issue in issues.get(night, ()) if role in (None, issue.owner)]
    quiet = quiet_nights_before(line.county, night)
    earlier = {
        before: [issue for issue in _events(line, owner, before) if role in (None, issue.owner)] for before in quiet
    }
    written = frozenset(letter.key for before in quiet for letter in line.ledger.letters(before))
    writer = Writer(line.county, web_links(line))
    return [
        Preview(writer.write(replace(digest, language=language or digest.language)), is_sent(line.county, digest))
        for digest in digests(line.county, night, mine, earlier=earlier, written=written)
    ]


def owner_named(county: County, name: str) -> Owner:
    """Give the owner that a municipality's code or name, or an owner's number or name, stands for.

    Raises:
        ConfigError: the county has none such.
    """
    names: dict[str, Owner] = {}
    for owner in county.owners.values():
        names[owner.owner_id] = names[owner.name.casefold()] = owner
        if owner.municipality_code is not None:
            municipality = county.municipalities[owner.municipality_code]
            names[municipality.code] = names[municipality.name.casefold()] = owner
    if (found := names.get(name.casefold())) is None:
        message = f"There is no municipality or school owner {name}. {did_you_mean(name.casefold(), names)}"
        raise ConfigError(message)
    return found


def _issues_of(line: Line, owner: Owner, night: date | None) -> dict[date, list[IssueRecord]]:
    """Give the events of the wanted night, else of the owner's newest."""
    if night is None:
        found = [issue for issue in line.ledger.issues() if _is_owned(line.county, issue, owner)]
        nights = [max(issue.last_seen_night, issue.resolved_night or issue.last_seen_night) for issue in found]
        night = max(nights, default=None)
    return {} if night is None else {night: _events(line, owner, night)}


def _events(line: Line, owner: Owner, night: date) -> list[IssueRecord]:
    return [issue for issue in line.ledger.issues_of_night(night) if _is_owned(line.county, issue, owner)]


def _is_owned(county: County, issue: IssueRecord, owner: Owner) -> bool:
    return issue.source in county.sources and county.owner_of(issue.source).owner_id == owner.owner_id
