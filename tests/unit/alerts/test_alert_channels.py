"""Notices over a real HTTP server: signed webhooks, and chats as Apprise speaks to them."""

from __future__ import annotations

import base64
import json
import logging
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from reported import BLEKINGE, NIGHT, NOW, MemoryOutbox, an_issue
from standardwebhooks import Webhook, WebhookVerificationError

from narvaro.alerts import compose_letters, send_notices
from narvaro.alerts.links import Links
from narvaro.connections import Connection
from narvaro.county import Recipient, load_county
from narvaro.errors import SettingsError

SECRET = "whsec_" + base64.b64encode(b"thirty-two bytes of our own key!").decode()
CONN_ID = "narvaro_hook_karlskrona"


class Receiver:
    """A web server that keeps what it is sent and answers as it is told, the last answer for ever."""

    def __init__(self, *answers):
        self.answers, self.posts = list(answers) or [200], []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.posts.append((self.path, {name.lower(): text for name, text in self.headers.items()}, body))
                answer = receiver.answers.pop(0) if len(receiver.answers) > 1 else receiver.answers[0]
                self.send_response(answer)
                if answer in range(300, 400):
                    self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}/hook/path-that-is-secret"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def receiver(request):
    def _receiver(*answers):
        started = Receiver(*answers)
        request.addfinalizer(started.close)
        return started

    return _receiver


@pytest.fixture
def outbox():
    """One notice that waits."""
    county = load_county(BLEKINGE)
    channel = Recipient(owner="2120000829", conn_id=CONN_ID)
    links = Links("https://narvaro.region-blekinge.example", "s" * 64)
    letters = compose_letters(replace(county, recipients=(channel,)), NIGHT, [an_issue()], links=links, now=NOW)
    return MemoryOutbox([letter for letter in letters if letter.channel == "notice"])


def found(host, **changes):
    connection = Connection(**{"conn_id": CONN_ID, "host": host, "password": SECRET} | changes)
    return {CONN_ID: connection}.__getitem__


def test_a_notice_holds_counts_and_links_only(outbox):
    (notice,) = outbox.pending_letters()
    assert notice.recipient == CONN_ID
    told = json.loads(notice.message)
    assert told["counts"] == {
        "new": 1,
        "escalated": 0,
        "open": 0,
        "acknowledged": 0,
        "verified": 0,
        "mended": 0,
        "critical": 1,
    }
    assert told["title"] == "Närvarodata 19 september: ett fel att rätta"
    assert told["links"][0]["url"].startswith("https://narvaro.region-blekinge.example/in/status?token=")
    for kept_back in ("id-1", "Orimliga", "impossible_minutes", "/in/answer"):
        assert kept_back not in notice.message


def test_a_webhook_is_signed_as_the_standard_says(outbox, receiver):
    hook = receiver()
    outcome = send_notices(outbox, found(hook.address), now=datetime.now(UTC))
    assert (outcome.sent, outcome.refusals) == (1, {})
    ((path, headers, body),) = hook.posts
    assert path == "/hook/path-that-is-secret"
    assert Webhook(SECRET).verify(body, headers) == json.loads(body)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(body.replace(b"19", b"20"), headers)
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + base64.b64encode(b"another key of the same length!!").decode()).verify(body, headers)
    assert headers["idempotency-key"] == headers["webhook-id"] == json.loads(body)["id"]


def test_a_receiver_that_is_broken_for_a_day_gets_one_notice_in_the_end(outbox, receiver):
    hook = receiver(500)
    tried_at, recovers_at = NOW, NOW + timedelta(days=1)
    while outbox.with_status("pending"):
        if tried_at >= recovers_at:
            hook.answers = [200]
        send_notices(outbox, found(hook.address), now=tried_at)
        # The outbox is asked every quarter of an hour; most times nothing is due.
        tried_at += timedelta(minutes=15)
    assert outbox.with_status("sent") == [f"2026-09-19/{CONN_ID}"]
    assert recovers_at <= tried_at <= recovers_at + timedelta(hours=6, minutes=15)
    # Ten doublings on the way to six hours, then four times a day.
    assert len(hook.posts) < 20
    assert len({headers["webhook-id"] for _, headers, _ in hook.posts}) == 1
    assert len({body for *_, body in hook.posts}) == 1
    assert send_notices(outbox, found(hook.address), now=tried_at + timedelta(days=1)).sent == 0


@pytest.mark.parametrize(
    ("answer", "reason", "status"),
    [(410, "answer 410", "bounced"), (302, "answer 302", "pending"), (404, "answer 404", "pending")],
)
def test_only_a_receiver_that_wants_no_more_is_left_alone(outbox, receiver, answer, reason, status):
    hook = receiver(answer)
    outcome = send_notices(outbox, found(hook.address), now=NOW)
    assert (outcome.refusals, len(outbox.with_status(status))) == ({reason: 1}, 1)
    assert len(hook.posts) == 1


def test_a_receiver_that_is_down_keeps_its_notice(outbox, receiver):
    hook = receiver()
    hook.close()
    outcome = send_notices(outbox, found(hook.address), now=NOW)
    assert outcome.refusals == {"ConnectError": 1}
    assert outbox.with_status("pending")


def test_a_channel_without_a_connection_waits_for_one(outbox):
    def find(conn_id):
        message = f"No connection {conn_id}"
        raise SettingsError(message)

    assert send_notices(outbox, find, now=NOW).refusals == {"no connection": 1}
    assert outbox.with_status("pending")


@pytest.mark.parametrize(
    ("host", "changes", "reason"),
    [
        ("http://hooks.kommun.example/in", {}, "host is not https"),
        ("https://", {}, "host is no web address"),
        ("https://hooks.kommun.example", {"password": ""}, "password is no signing secret"),
        ("https://hooks.kommun.example", {"password": "whsec_kort"}, "password is no signing secret"),
        ("", {"password": ""}, "address not understood"),
        ("", {"password": "nosuchscheme://token"}, "address not understood"),
    ],
)
def test_an_unsafe_or_incomplete_connection_gets_nothing_and_says_why(outbox, host, changes, reason):
    outcome = send_notices(outbox, found(host, **changes), now=NOW)
    assert [reason in told for told in outcome.refusals] == [True]
    assert "kort" not in str(outcome.refusals)
    assert outbox.with_status("pending")


@pytest.mark.parametrize("answer", [200, 500])
def test_a_chat_is_spoken_to_through_apprise(outbox, receiver, answer):
    chat = receiver(answer)
    port = chat.server.server_port
    connection = found("", password=f"mmost://127.0.0.1:{port}/3ccdd113474722377935511fc85d3dd4")
    outcome = send_notices(outbox, connection, now=NOW)
    ((path, _, body),) = chat.posts
    assert path == "/hooks/3ccdd113474722377935511fc85d3dd4"
    assert "Närvarodata 19 september: ett fel att rätta" in json.loads(body)["text"]
    assert "Nytt: 1" in json.loads(body)["text"]
    assert outbox.with_status("sent" if answer == 200 else "pending")
    assert outcome.refusals == ({} if answer == 200 else {"not accepted": 1})


@pytest.mark.parametrize("answer", [200, 500])
def test_no_address_or_secret_reaches_the_log(outbox, receiver, caplog, answer):
    caplog.set_level(logging.DEBUG)
    hook, token = receiver(answer), "3ccdd113474722377935511fc85d3dd4"
    send_notices(outbox, found(hook.address), now=NOW)
    send_notices(
        outbox,
        found("", password=f"mmost://127.0.0.1:{hook.server.server_port}/{token}"),
        now=NOW + timedelta(hours=1),
    )
    told = [record.getMessage() for record in caplog.records if record.levelno >= logging.INFO]
    for secret in ("path-that-is-secret", token, SECRET):
        assert not [line for line in told if secret in line]
