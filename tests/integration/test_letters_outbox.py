"""The outbox with a real ledger, a real mail server and a real receiver of webhooks."""

from __future__ import annotations

import threading
import time
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest
from aiosmtpd.controller import Controller
from letter_office import (
    ENGINEER,
    MORNING,
    NIGHT,
    OFFICE,
    RECIPIENTS,
    SECRET,
    SOURCE,
    TIMETABLE,
    Office,
    an_office,
    free_port,
    letters_in,
    minutes,
)

from narvaro.alerts import silent_source
from narvaro.alerts.catcher import MailCatcher
from narvaro.errors import AlertError, BusyError, SettingsError
from narvaro.orchestration.letters import queue_letters, send_waiting, write_letters

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage
    from pathlib import Path


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return an_office(tmp_path)


@pytest.fixture
def catcher(tmp_path: Path) -> Iterator[MailCatcher]:
    with MailCatcher(tmp_path / "mail") as running:
        yield running


@pytest.fixture
def hook() -> Iterator[ThreadingHTTPServer]:
    """A receiver that keeps the ids of what it is sent."""
    ids: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            ids.append(self.headers["webhook-id"])
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.ids = ids  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


class NoSuchOffice:
    """A mail server that knows every address but the school office's."""

    def __init__(self) -> None:
        self.letters: list[tuple[str, EmailMessage]] = []

    async def handle_RCPT(self, _server, _session, envelope, address, _options):  # noqa: N802
        if address == OFFICE:
            return "550 5.1.1 No such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802
        message = message_from_bytes(envelope.content, policy=default)
        self.letters.append((envelope.rcpt_tos[0], message))
        return "250 OK"


def test_a_bounced_address_is_told_to_the_engineer_once(office: Office, request: pytest.FixtureRequest):
    handler = NoSuchOffice()
    server = Controller(handler, hostname="127.0.0.1", port=free_port())
    server.start()
    request.addfinalizer(server.stop)
    office.mail_to(server.port)
    for days in range(3):
        night = NIGHT + timedelta(days=days)
        office.queue(night, minutes(), silent_source(SOURCE) if days == 1 else minutes(rule="odd_minutes"))
        with pytest.raises(AlertError, match=r"1 are not tried again \(recipient refused, 550: 1\)"):
            send_waiting(office.line)
        assert send_waiting(office.line) == 0
    ((recipient, told),) = handler.letters
    assert recipient == ENGINEER
    assert told["Subject"] == "Närvaro: en mottagare tar inte emot brev"
    body = told.get_body(("plain",))
    assert body is not None
    assert f"narvaro alerts send --again {NIGHT}/{OFFICE}" in body.get_content().replace("\r\n", "")
    assert [letter.status for letter in office.line.ledger.letters() if letter.recipient == OFFICE] == ["bounced"] * 3


def test_a_mail_server_that_is_down_stops_no_channel(tmp_path: Path, hook: ThreadingHTTPServer, catcher: MailCatcher):
    office = an_office(tmp_path, recipients=RECIPIENTS)
    office.connect("narvaro_hook", conn_type="http", host=f"http://127.0.0.1:{hook.server_port}/in", password=SECRET)
    office.mail_to(free_port())
    office.queue(NIGHT, minutes(), silent_source(SOURCE), minutes(rule="odd_minutes", owner="timetable"))
    with pytest.raises(AlertError, match="2 letters wait for the next run"):
        send_waiting(office.line)
    waiting = {OFFICE: "pending", TIMETABLE: "pending", "narvaro_hook": "sent"}
    assert office.statuses() == waiting
    office.mail_to(catcher.port)
    assert send_waiting(office.line) == 2
    assert len(hook.ids) == 1  # type: ignore[attr-defined]
    assert {message["To"]: message["Content-Language"] for message in letters_in(catcher)} == {
        OFFICE: "sv",
        TIMETABLE: "en",
    }


def test_a_channel_needs_no_mail_server(tmp_path: Path, hook: ThreadingHTTPServer):
    office = an_office(tmp_path, recipients=RECIPIENTS)
    office.connect("narvaro_hook", conn_type="http", host=f"http://127.0.0.1:{hook.server_port}/in", password=SECRET)
    office.queue(NIGHT, minutes())
    with pytest.raises(SettingsError, match="No connection narvaro_smtp"):
        send_waiting(office.line)
    assert office.statuses() == {OFFICE: "pending", "narvaro_hook": "sent"}


def test_a_sender_killed_before_its_mark_sends_the_same_message_again(
    office: Office, catcher: MailCatcher, monkeypatch: pytest.MonkeyPatch
):
    office.mail_to(catcher.port)
    office.queue(NIGHT, minutes())

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(type(office.line.ledger), "mark_sent", killed)
        with pytest.raises(KeyboardInterrupt):
            send_waiting(office.line)
    assert send_waiting(office.line) == 1
    first, second = letters_in(catcher)
    assert first["Message-ID"] == second["Message-ID"]
    assert office.statuses() == {OFFICE: "sent"}


def test_two_senders_do_not_send_twice(office: Office, catcher: MailCatcher):
    office.mail_to(catcher.port)
    office.queue(NIGHT, minutes())
    with office.line.ledger.lock("outbox"), pytest.raises(BusyError):
        send_waiting(office.line)
    assert send_waiting(office.line) == 1


def test_clocks_that_go_back_hold_no_letter(office: Office, catcher: MailCatcher):
    """A try that was put off by a clock years ahead is made all the same."""
    office.mail_to(catcher.port)
    office.queue(NIGHT, minutes())
    ahead = datetime.now().astimezone() + timedelta(days=3000)
    office.line.ledger.mark_failed(f"{NIGHT}/{OFFICE}", "answer 451", ahead)
    assert send_waiting(office.line) == 1


def test_a_weekends_news_is_one_letter_on_monday(tmp_path: Path, catcher: MailCatcher):
    office = an_office(tmp_path, quiet="quiet_days: [weekends, holidays]")
    office.mail_to(catcher.port)
    saturday, sunday, monday = (NIGHT + timedelta(days=days) for days in (1, 2, 3))
    old = minutes(rule="old_fault", severity="warning")
    office.queue(NIGHT, old)
    assert send_waiting(office.line) == 1
    office.queue(saturday, old, minutes(severity="warning"))
    office.queue(sunday, minutes(severity="warning"), minutes(rule="gone_by_monday", severity="warning"))
    assert send_waiting(office.line) == 0
    office.queue(monday, minutes(severity="warning"))
    office.queue(monday, minutes(severity="warning"))
    assert send_waiting(office.line) == 1
    body = letters_in(catcher)[-1].get_body(("plain",))
    assert body is not None
    text = body.get_content()
    assert text.index("NYTT") < text.index("Orimliga närvarominuter") < text.index("ÅTGÄRDAT")
    assert text.count("* ") == 2


def test_letters_wait_for_the_morning_and_what_is_critical_does_not(tmp_path: Path, catcher: MailCatcher):
    office = an_office(tmp_path, recipients=RECIPIENTS.partition('\n  - {owner: "2120000829", conn')[0], quiet=MORNING)
    office.mail_to(catcher.port)
    built_at = datetime(2026, 9, 18, 4, tzinfo=UTC)
    warning = minutes(rule="odd_minutes", owner="timetable", severity="warning")
    office.queue(NIGHT, minutes(), warning)
    assert send_waiting(office.line, now=built_at) == 1
    assert office.statuses() == {OFFICE: "sent", TIMETABLE: "pending"}
    assert send_waiting(office.line, now=built_at + timedelta(minutes=59)) == 0
    assert send_waiting(office.line, now=built_at + timedelta(minutes=60)) == 1


def test_a_second_try_that_finds_something_critical_does_not_wait(tmp_path: Path, catcher: MailCatcher):
    office = an_office(tmp_path, quiet=MORNING)
    office.mail_to(catcher.port)
    built_at = datetime(2026, 9, 18, 4, tzinfo=UTC)
    office.queue(NIGHT, minutes(severity="warning"))
    assert send_waiting(office.line, now=built_at) == 0
    office.queue(NIGHT, minutes(severity="warning"), silent_source(SOURCE))
    assert send_waiting(office.line, now=built_at) == 1


def test_ten_thousand_issues_are_one_letter_within_seconds(office: Office, catcher: MailCatcher):
    office.mail_to(catcher.port)
    findings = [
        minutes(1, rule=f"rule_{number % 100}", school_unit_code=f"{number:08d}", owner="vendor")
        for number in range(10_000)
    ]
    issues = office.meet(NIGHT, *findings)
    started = time.monotonic()
    queue_letters(office.line, write_letters(office.line, NIGHT, issues))
    assert send_waiting(office.line) == 1
    assert time.monotonic() - started < 10
    (path,) = catcher.letters()
    assert path.stat().st_size < 2_000_000


def test_answers_and_escalation_of_the_ledger_stand_in_the_letters(office: Office, catcher: MailCatcher):
    """Verified is silent, being mended is not reminded of, and the region hears of what waits too long."""
    office.mail_to(catcher.port)
    ledger, day = office.line.ledger, timedelta(days=1)
    rules = ("right", "mending", "waiting")
    findings = [minutes(rule=rule) for rule in rules]
    office.queue(NIGHT, *findings)
    assert send_waiting(office.line) == 1
    answered_at = datetime(2026, 9, 18, 9, tzinfo=UTC)
    said = {"by": "Anna Andersson", "reason": "closed that week", "at": answered_at}
    ledger.answer_issue(f"{SOURCE}/-/right", "verified", until=date(2026, 12, 1), **said)
    ledger.answer_issue(f"{SOURCE}/-/mending", "acknowledged", until=date(2026, 10, 1), **said)
    for nights in range(1, 6):
        office.queue(NIGHT + nights * day, *findings)
    assert send_waiting(office.line) == 0

    sixth = NIGHT + 6 * day
    office.meet(sixth, *findings)
    ledger.record_escalations(sixth, [f"{SOURCE}/-/waiting"])
    queue_letters(office.line, write_letters(office.line, sixth, ledger.issues_of_night(sixth)))
    assert send_waiting(office.line) == 2
    region, owner = sorted(letters_in(catcher)[1:], key=lambda message: message["To"] == OFFICE)
    assert region["To"] == ENGINEER
    text = str(owner.get_body(("plain",)).get_content())  # type: ignore[union-attr]
    assert text.index("KVARSTÅR") < text.index("HÅLLER PÅ ATT RÄTTAS") < text.index("STÄMMER ENLIGT ER")
    assert (
        "Ni svarade 18 september 2026 att uppgifterna stämmer. Vi påminner inte till och med 1 december 2026." in text
    )
    assert "Regionen är underrättad sedan: 24 september 2026" in text
    assert "Anna" not in text
    assert "closed that week" not in text
    assert text.count("* ") == 3
    assert str(region.get_body(("plain",)).get_content()).count("* ") == 1  # type: ignore[union-attr]
