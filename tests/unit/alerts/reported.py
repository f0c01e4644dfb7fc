"""Issues to write about, and an outbox that remembers; a test names only what it is about."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from email import message_from_string
from email.policy import SMTP
from pathlib import Path
from types import SimpleNamespace

PROJECT_DIR = Path(__file__).resolve().parents[3]
BLEKINGE = PROJECT_DIR / "config" / "blekinge"
NIGHT = date(2026, 9, 19)
NOW = datetime(2026, 9, 19, 4, tzinfo=UTC)
SOURCE = "1080-karlskrona"
RECIPIENT = "skolkontoret@karlskrona.example"


@dataclass(frozen=True)
class Issue:
    """An issue as letters see it."""

    source: str
    school_unit_code: str | None
    rule: str
    severity: str
    count: int
    nights_seen: int
    record_ids: tuple
    note_sv: str
    note_en: str
    opened_night: date
    details: dict
    event: str
    owner: str = "vendor"
    answer: object = None
    escalated_night: date | None = None
    flapping_since: date | None = None

    @property
    def fingerprint(self):
        return f"{self.source}/{self.school_unit_code or '-'}/{self.rule}"

    @property
    def flapping(self):
        return self.flapping_since is not None

    def standing(self, _today):
        if self.event == "resolved":
            return "resolved"
        return self.answer.kind if self.answer else "open"

    def is_silent(self, today):
        is_verified = self.answer is not None and self.answer.kind == "verified"
        return is_verified or (self.flapping and self.flapping_since < today)


def an_answer(kind, **changes):
    values = {"kind": kind, "answered_at": datetime(2026, 9, 18, 9, tzinfo=UTC), "until": None}
    return SimpleNamespace(**values | changes)


def an_issue(**changes):
    values = {
        "source": SOURCE,
        "school_unit_code": None,
        "rule": "impossible_minutes",
        "severity": "critical",
        "count": 2,
        "nights_seen": 1,
        "record_ids": ("id-1", "id-2"),
        "note_sv": "Svensk anmärkning.",
        "note_en": "English note.",
        "opened_night": NIGHT,
        "details": {},
        "event": "opened",
    }
    return Issue(**values | changes)


def a_failure(**changes):
    values = {"rule": "impossible_minutes", "severity": "critical", "count": 2, "record_ids": ("id-1", "id-2")}
    return SimpleNamespace(**values | {"note_sv": "sv", "note_en": "en", "keys": (), "owner": "vendor"} | changes)


def parsed(letter):
    return message_from_string(letter.message, policy=SMTP)


def text_of(letter):
    return parsed(letter).get_body(("plain",)).get_content()


def html_of(letter):
    return parsed(letter).get_body(("html",)).get_content()


@dataclass
class Queued:
    """A letter in an outbox, and what became of it."""

    key: str
    recipient: str
    message: str
    channel: str
    queued_at: datetime
    attempts: int = 0
    status: str = "pending"
    reason: str = ""
    next_attempt_at: datetime | None = None


class MemoryOutbox:
    """An outbox in memory; keeps what a crash would lose, and nothing else."""

    def __init__(self, letters=(), *, now=NOW):
        self.letters = {}
        for letter in letters:
            told = (letter.key, letter.recipient, letter.message, letter.channel)
            self.letters[letter.key] = Queued(*told, queued_at=now)

    def pending_letters(self, now=None, channel=None):
        return [
            letter
            for letter in self.letters.values()
            if letter.status == "pending" and channel in (None, letter.channel)
            if now is None or letter.next_attempt_at is None or letter.next_attempt_at <= now
        ]

    def _mark(self, key, status, reason="", next_attempt_at=None):
        letter = self.letters[key]
        letter.status, letter.reason, letter.next_attempt_at = status, reason, next_attempt_at
        letter.attempts += 1

    def mark_sent(self, key):
        self._mark(key, "sent")

    def mark_failed(self, key, reason, next_attempt_at):
        self._mark(key, "pending", reason, next_attempt_at)

    def mark_bounced(self, key, reason):
        self._mark(key, "bounced", reason)

    def mark_given_up(self, key, reason):
        self._mark(key, "given_up", reason)

    def with_status(self, status):
        return [letter.key for letter in self.letters.values() if letter.status == status]


def to_recipient(letter, recipient):
    return replace(letter, key=f"{letter.night}/{recipient}", recipient=recipient)
