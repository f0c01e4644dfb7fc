"""A notice for a channel: counts and links only, for nobody knows who reads along there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from narvaro.alerts.digest import SECTIONS
from narvaro.alerts.message import digest_of_key
from narvaro.alerts.words import number, texts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from narvaro.alerts.digest import Digest
    from narvaro.county import County


def compose_notice(
    county: County, digest: Digest, *, key: str, title: str, status_pages: Sequence[Mapping[str, str]]
) -> str:
    """Give the notice as a JSON document: the body of a webhook, and what a chat message is made of."""
    counts = {name: len(digest.of_section(name)) for name in SECTIONS}
    words = texts(digest.language)
    lines = [f"{words['headings'][name]}: {number(count, digest.language)}" for name, count in counts.items() if count]
    lines += [f"{words['labels']['status']}, {page['name']}: {page['url']}" for page in status_pages]
    critical = sum(story.issue.severity == "critical" for story in digest.stories if story.section != "mended")
    return _document(
        key=key,
        type="narvaro.digest",
        night=digest.night.isoformat(),
        county=county.code,
        language=digest.language,
        title=title,
        text="\n".join(lines),
        counts=counts | {"critical": critical},
        links=[dict(page) for page in status_pages],
    )


def engineer_notice(county: County, night: date, *, key: str, title: str, language: str) -> str:
    """Give the notice to the region's own channel that something broke; the letter says what."""
    about = {"night": night.isoformat(), "county": county.code, "language": language}
    return _document(key=key, type="narvaro.engineer", title=title, text=title, counts={}, links=[], **about)


def _document(*, key: str, **members: Any) -> str:  # noqa: ANN401 - whatever JSON holds
    return json.dumps({"id": digest_of_key(key), **members}, ensure_ascii=False, sort_keys=True)
