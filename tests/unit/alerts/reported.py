"""Issues to write about, and an outbox that remembers; a test names only what it is about."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from email import message_from_string
from email.policy import SMTP
from pathlib import Path
from types import SimpleNamespace

PROJECT_DIR = Path(__file__).resolve().parents[3]
BLEKINGE = PROJECT_DIR / "config" / "blekinge"
NIGHT = date(2026, 9, 19)
SOURCE = "1080-karlskrona"
RECIPIENT = "skolkontoret@karlskrona.example"


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
    return SimpleNamespace(**values | changes)


def a_failure(**changes):
    values = {"rule": "impossible_minutes", "severity": "critical", "count": 2, "record_ids": ("id-1", "id-2")}
    return SimpleNamespace(**values | {"note_sv": "sv", "note_en": "en", "keys": ()} | changes)


def parsed(letter):
    return message_from_string(letter.message, policy=SMTP)


def text_of(letter):
    return parsed(letter).get_body(("plain",)).get_content()


def html_of(letter):
    return parsed(letter).get_body(("html",)).get_content()


@dataclass
class MemoryOutbox:
    """An outbox in memory; keeps what a crash would lose, and nothing else."""

    pending: list = field(default_factory=list)
    sent: list = field(default_factory=list)
    failed: list = field(default_factory=list)

    def pending_letters(self):
        return [letter for letter in self.pending if letter.key not in self.sent]

    def mark_sent(self, key):
        self.sent.append(key)

    def mark_failed(self, key):
        self.failed.append(key)


def to_recipient(letter, recipient):
    return replace(letter, key=f"{letter.night}/{recipient}", recipient=recipient)
