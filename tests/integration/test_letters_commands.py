"""`narvaro alerts`, over a ledger that holds what a test found."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest
from letter_office import (
    NIGHT,
    OFFICE,
    RECIPIENTS,
    TIMETABLE,
    Office,
    an_office,
    letters_in,
    minutes,
)

from narvaro.alerts.catcher import MailCatcher
from narvaro.alerts.links import Links

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return an_office(tmp_path)


@pytest.fixture
def catcher(tmp_path: Path) -> Iterator[MailCatcher]:
    with MailCatcher(tmp_path / "mail") as running:
        yield running


def test_a_corrected_address_gets_its_letter_when_it_is_asked_for(office: Office, catcher: MailCatcher):
    office.queue(NIGHT, minutes())
    office.line.ledger.mark_bounced(f"{NIGHT}/{OFFICE}", "recipient refused, 550")
    office.mail_to(catcher.port)
    assert office.run("alerts", "send").stdout == "0 letters sent\n"
    assert office.run("alerts", "send", "--again", f"{NIGHT}/{OFFICE}").stdout == "1 letters sent\n"
    assert office.run("alerts", "send", "--again", f"{NIGHT}/{OFFICE}").exit_code == 5
    assert len(letters_in(catcher)) == 1


def test_preview_shows_the_letters_and_changes_nothing(tmp_path: Path):
    office = an_office(tmp_path, recipients=RECIPIENTS)
    issues = office.meet(NIGHT, minutes(), minutes(rule="odd_minutes", owner="timetable", note_en="Look at the clock."))
    assert len(issues) == 2
    told = office.run("alerts", "preview", "Karlskrona")
    assert told.exit_code == 0, told.output
    for words in (f"To: {OFFICE}", "Orimliga närvarominuter", f"To: {TIMETABLE}", "Look at the clock."):
        assert words in told.stdout
    only = office.run("alerts", "preview", "1080", "--role", "timetable", "--language", "sv", "--format", "html")
    assert '<html lang="sv">' in only.stdout
    assert OFFICE not in only.stdout
    office.run("alerts", "preview", "2120000829", "--output", str(tmp_path / "letters"))
    names = sorted(path.name for path in (tmp_path / "letters").iterdir())
    assert names == [
        "2026-09-18-narvaro_hook.json",
        f"2026-09-18-{TIMETABLE}-attendance-faults-2026-09-18.csv",
        f"2026-09-18-{TIMETABLE}.txt",
        f"2026-09-18-{OFFICE}-narvarofel-2026-09-18.csv",
        f"2026-09-18-{OFFICE}.txt",
    ]
    assert office.line.ledger.letters() == []
    assert office.line.ledger.issues_of_night(NIGHT) == issues


def test_preview_says_when_nothing_would_be_sent(office: Office):
    office.meet(NIGHT, minutes())
    office.meet(NIGHT + timedelta(days=1), minutes())
    told = office.run("alerts", "preview", "karlskrona")
    assert "this would not be sent" in told.stderr
    assert "KVARSTÅR" in told.stdout
    assert "nothing to tell" in office.run("alerts", "preview", "Ronneby").stderr
    unknown = office.run("alerts", "preview", "Ronnebi")
    assert (unknown.exit_code, "Did you mean ronneby?" in unknown.stderr) == (2, True)


def test_links_of_a_letter_open_the_owners_own_pages(office: Office):
    assert "http" not in office.run("alerts", "preview", "Karlskrona").stdout
    secret = "s" * 64
    office.connect("narvaro_web", conn_type="http", host="https://narvaro.kommun.example", password=secret)
    (issue,) = office.meet(NIGHT, minutes())
    text = office.run("alerts", "preview", "Karlskrona").stdout
    answer, status = re.findall(r"https://narvaro\.kommun\.example/in/(answer|status)\?token=(\S+)", text)
    links, now = Links("https://narvaro.kommun.example", secret), datetime.now(UTC)
    claims = [links.read(unquote(token), purpose, now) for purpose, token in (answer, status)]
    assert [(claim.owner_id, claim.fingerprint) for claim in claims] == [
        ("2120000829", issue.fingerprint),
        ("2120000829", ""),
    ]


def test_preview_of_a_quiet_day_says_that_it_waits(tmp_path: Path):
    office = an_office(tmp_path, quiet="quiet_days: [weekends]")
    office.meet(NIGHT + timedelta(days=1), minutes(severity="warning"))
    told = office.run("alerts", "preview", "Karlskrona")
    assert "this would not be sent" in told.stderr
    assert "NYTT" in told.stdout


def test_outbox_shows_what_waits_and_why(office: Office):
    office.queue(NIGHT, minutes())
    office.line.ledger.mark_failed(f"{NIGHT}/{OFFICE}", "answer 451", datetime.now().astimezone())
    (row,) = json.loads(office.run("alerts", "outbox", "--json").stdout)
    assert (row["recipient"], row["status"], row["attempts"], row["failed_reason"]) == (
        OFFICE,
        "pending",
        1,
        "answer 451",
    )
    assert "message" not in row
    office.line.ledger.mark_sent(row["key"])
    assert json.loads(office.run("alerts", "outbox", "--json").stdout) == []
    assert len(json.loads(office.run("alerts", "outbox", "--all", "--json").stdout)) == 1


def test_recipients_shows_who_is_told(tmp_path: Path):
    office = an_office(tmp_path, recipients=RECIPIENTS)
    rows = json.loads(office.run("alerts", "recipients", "--json").stdout)
    mine = [(row["role"], row["address"]) for row in rows if row["owner_id"] == "2120000829"]
    assert ("timetable", TIMETABLE) in mine
    assert ("reporting", OFFICE) in mine
    assert ("vendor", "narvaro_hook") in mine
    assert rows[-1]["role"] == "engineer"
