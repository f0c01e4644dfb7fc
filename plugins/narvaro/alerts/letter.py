"""A letter: one recipient's digest as an e-mail, the same words as text and as HTML."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from narvaro.alerts.attachment import attachment_of
from narvaro.alerts.digest import ACKNOWLEDGED, MENDED, SECTIONS, VERIFIED, digests, letter_key
from narvaro.alerts.fault import MAX_FAULTS_SHOWN, Teller
from narvaro.alerts.links import COUNTY
from narvaro.alerts.message import compose_message
from narvaro.alerts.notice import compose_notice
from narvaro.alerts.words import counted, long_day, number, short_day, texts

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import date

    from narvaro.alerts.attachment import Attachment
    from narvaro.alerts.digest import Digest
    from narvaro.alerts.links import Links
    from narvaro.alerts.reporting import ReportedIssue
    from narvaro.county import County

EMAIL, NOTICE = "email", "notice"


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter, ready to be sent: `message` is the whole e-mail or notice, `key` makes it exist once.

    `channel` is email or notice, whose recipient is a connection; `role` names the roles that it is for.
    It waits for the morning, `not_before`, unless it is urgent.
    """

    key: str
    night: date
    recipient: str
    language: str
    subject: str
    message: str = field(repr=False)
    channel: str = EMAIL
    role: str = ""
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes a county's letters; without `links` they name no pages."""

    county: County
    links: Links | None = None
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def write(self, digest: Digest) -> Letter:
        """Write one recipient's letter or notice.

        Raises:
            AlertError: it cannot be written.
        """
        key, status_pages = letter_key(digest.night, digest.address), self._status_pages(digest)
        subject = subject_of(digest)
        about: dict[str, Any] = {
            "key": key,
            "night": digest.night,
            "recipient": digest.address,
            "language": digest.language,
            "subject": subject,
            "role": digest.roles,
            "not_before": None if digest.is_urgent else self.county.morning_of(digest.night),
        }
        if digest.is_channel:
            message = compose_notice(self.county, digest, key=key, title=subject, status_pages=status_pages)
            return Letter(message=message, channel=NOTICE, **about)
        attachment = attachment_of(_open_issues(digest), digest.night, digest.language)
        values = self._values(digest, subject, attachment) | {"status_pages": status_pages}
        message = compose_message(
            key=key,
            letters=self.county.letters,
            recipient=digest.address,
            language=digest.language,
            subject=subject,
            text=render("letter.txt.j2", values),
            html=render("letter.html.j2", values),
            attachment=attachment,
        )
        return Letter(message=message, **about)

    def _values(self, digest: Digest, subject: str, attachment: Attachment | None) -> dict[str, Any]:
        """Give what the templates say."""
        return frame(self.county, digest.night, digest.language, subject, is_ours=digest.is_ours) | {
            "attachment": _about(attachment, digest.language),
            "sections": self._sections(digest),
        }

    def _sections(self, digest: Digest) -> list[dict[str, Any]]:
        """Give the sections in order; an empty one is left out, and too long a one is cut and says so."""
        headings = texts(digest.language)["headings"]
        teller = Teller(self.county, digest.language, lambda issue: self._answer_link(digest, issue))
        sections = []
        for name in SECTIONS:
            faults = teller.faults([story.issue for story in digest.of_section(name)], name)
            hidden = len(faults) - MAX_FAULTS_SHOWN
            if faults:
                sections.append(
                    {
                        "heading": headings[name],
                        "is_mended": name == MENDED,
                        "is_settled": name in (MENDED, VERIFIED),
                        "faults": faults[:MAX_FAULTS_SHOWN],
                        "hidden": number(hidden, digest.language) if hidden > 0 else "",
                    }
                )
        return sections

    def _answer_link(self, digest: Digest, issue: ReportedIssue) -> str:
        """Give where the owner may answer; the region reads and does not answer for others."""
        if self.links is None or digest.is_ours or issue.source not in self.county.sources:
            return ""
        owner_id = self.county.owner_of(issue.source).owner_id
        return self.links.answer_page(issue.fingerprint, owner_id, now=self.now)

    def _status_pages(self, digest: Digest) -> list[dict[str, str]]:
        """Give the name and address of each status page that the recipient may see."""
        if self.links is None:
            return []
        if digest.is_ours:
            return [{"name": self.county.name(digest.language), "url": self.links.status_page(COUNTY, now=self.now)}]
        sources = {story.issue.source for story in digest.stories} & set(self.county.sources)
        owners = {self.county.owner_of(source).owner_id: self.county.owner_of(source).name for source in sources}
        return [
            {"name": name, "url": self.links.status_page(owner_id, now=self.now)}
            for owner_id, name in sorted(owners.items(), key=lambda pair: pair[1])
        ]


def compose_letters(  # noqa: PLR0913 - what a morning's post is made of
    county: County,
    night: date,
    issues: Iterable[ReportedIssue],
    *,
    earlier: Mapping[date, Sequence[ReportedIssue]] | None = None,
    written: Collection[str] = (),
    links: Links | None = None,
    now: datetime | None = None,
) -> list[Letter]:
    """Give one letter per recipient who has news, or a fault to be reminded of.

    On a quiet day only critical news is written about. `earlier` and `written` are as `digests` takes them.

    Raises:
        AlertError: a letter cannot be written.
    """
    writer = Writer(county, links, now or datetime.now(UTC))
    found = digests(county, night, issues, earlier=earlier, written=written)
    return [writer.write(digest) for digest in found if is_sent(county, digest)]


def is_sent(county: County, digest: Digest) -> bool:
    """Tell whether a digest is worth a letter on its day."""
    may_go = not county.is_quiet(digest.night) or (county.letters.critical_on_quiet_days and digest.is_urgent)
    return digest.is_due and may_go


def subject_of(digest: Digest) -> str:
    """Give a letter's subject: how many faults wait for the recipient."""
    waiting = sum(story.section not in (MENDED, VERIFIED, ACKNOWLEDGED) for story in digest.stories)
    return str(counted(texts(digest.language)["subject"], waiting)).format(
        day=short_day(digest.night, digest.language), count=number(waiting, digest.language)
    )


def frame(county: County, night: date, language: str, subject: str, *, is_ours: bool) -> dict[str, Any]:
    """Give what every letter says around what it is about."""
    words = texts(language)
    return {
        "around": words["ours"] if is_ours else words,
        "county": county.names[language],
        "day": long_day(night, language),
        "language": language,
        "reply_to": county.letters.reply_to,
        "sender": county.letters.sender_name,
        "subject": subject,
        "words": words,
    }


def render(template: str, values: Mapping[str, Any]) -> str:
    """Give a template filled in."""
    return _environment().get_template(template).render(values)


def _open_issues(digest: Digest) -> list[ReportedIssue]:
    return [story.issue for story in digest.stories if story.section not in (MENDED, VERIFIED)]


def _about(attachment: Attachment | None, language: str) -> str:
    """Say what the attachment holds, and what it does not."""
    if attachment is None:
        return ""
    words = texts(language)["attachment"]
    numbers = {"rows": number(attachment.rows, language), "total": number(attachment.total, language)}
    form = words["whole"] if attachment.rows == attachment.total else words["part"]
    return str(counted(form, attachment.rows)).format(name=attachment.name, **numbers)


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
