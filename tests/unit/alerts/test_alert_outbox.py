from __future__ import annotations

import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import SMTP as MAIL

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, syntax
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from reported import BLEKINGE, NIGHT, NOW, RECIPIENT, MemoryOutbox, an_issue, to_recipient

from narvaro.alerts import compose_letters, send_pending
from narvaro.alerts.catcher import MailCatcher
from narvaro.alerts.outbox import send_emails
from narvaro.alerts.outcome import SHORTEST_WAIT
from narvaro.connections import Connection
from narvaro.county import load_county
from narvaro.errors import AlertError


@pytest.fixture(scope="module")
def letter():
    (letter,) = compose_letters(load_county(BLEKINGE), NIGHT, [an_issue()])
    return letter


@pytest.fixture
def outbox(letter):
    return MemoryOutbox([letter])


@pytest.fixture
def catcher(tmp_path):
    with MailCatcher(tmp_path / "mail") as running:
        yield running


def a_connection(port, **changes):
    values = {"conn_id": "narvaro_smtp", "host": "127.0.0.1", "port": port, "extra": {"tls": "none"}}
    return Connection(**values | changes)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Moody:
    """A mail server's handler that answers as it is told, once for each letter."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.taken = []
        self.takes_sender = True
        self.takes_content = True
        self.moods = {
            "nobody": "550 5.1.1 No such mailbox: secret words",
            "later": "450 4.2.0 Greylisted",
            "policy": "550 5.7.1 Relaying denied",
        }

    async def handle_MAIL(self, _server, _session, envelope, address, _options):  # noqa: N802
        if not self.takes_sender:
            return "550 5.1.8 Sender refused"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, _server, _session, envelope, address, _options):  # noqa: N802
        if mood := self.moods.get(address.partition("@")[0]):
            return mood
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, _session, envelope):  # noqa: N802
        answer = self.answers.pop(0) if self.answers else "250 OK"
        if answer == "hang up":
            server.transport.abort()
            return "421 gone"
        if answer.startswith("250"):
            self.taken.append(envelope.rcpt_tos[0])
        return answer


class PickyServer(SMTP):
    """A mail server that may refuse at DATA, before the content."""

    @syntax("DATA")
    async def smtp_DATA(self, arg):  # noqa: N802
        if getattr(self.event_handler, "takes_content", True):
            await super().smtp_DATA(arg)
        else:
            await self.push("554 5.5.1 No valid recipients")


class PickyController(Controller):
    def factory(self):
        return PickyServer(self.handler, **self.SMTP_kwargs)


@pytest.fixture
def server(request):
    """Start servers with a handler; they are stopped afterwards."""

    def _server(handler, **options):
        controller = PickyController(handler, hostname="127.0.0.1", port=free_port(), **options)
        controller.start()
        request.addfinalizer(controller.stop)
        return controller.port

    return _server


def test_a_letter_arrives_whole_and_once(outbox, catcher, letter):
    assert send_pending(outbox, a_connection(catcher.port)) == 1
    assert send_pending(outbox, a_connection(catcher.port)) == 0

    (path,) = catcher.letters()
    message = message_from_bytes(path.read_bytes(), policy=MAIL)
    assert message["To"] == RECIPIENT
    assert "Orimliga närvarominuter" in message.get_body(("plain",)).get_content()
    assert abs(message["Date"].datetime - datetime.now(UTC)) < timedelta(minutes=5)
    assert message["Message-ID"] in letter.message
    assert RECIPIENT in path.name


def test_an_empty_outbox_calls_nobody():
    assert send_pending(MemoryOutbox(), a_connection(free_port())) == 0


def test_a_server_that_is_down_loses_nothing(outbox, catcher):
    with pytest.raises(AlertError, match="1 letters wait for the next run"):
        send_pending(outbox, a_connection(free_port()))
    assert outbox.with_status("sent") == []
    assert send_pending(outbox, a_connection(catcher.port)) == 1


def test_one_refused_recipient_does_not_stop_the_others(letter, server):
    handler = Moody()
    nobody = to_recipient(letter, "nobody@kommun.example")
    outbox = MemoryOutbox([nobody, letter])
    with pytest.raises(AlertError, match="1 of 2 letters accepted") as caught:
        send_pending(outbox, a_connection(server(handler)))
    assert (outbox.with_status("sent"), handler.taken) == ([letter.key], [RECIPIENT])
    assert "550" in str(caught.value)
    assert "secret words" not in str(caught.value)
    assert "nobody@" not in str(caught.value)


def test_an_address_that_is_refused_for_good_is_not_tried_again(letter, server):
    nobody = to_recipient(letter, "nobody@kommun.example")
    outbox = MemoryOutbox([nobody])
    port = server(Moody())
    outcome = send_emails(outbox, a_connection(port), now=NOW)
    assert [(lost.letter.key, lost.reason) for lost in outcome.lost] == [(nobody.key, "recipient refused, 550")]
    assert outbox.with_status("bounced") == [nobody.key]
    assert send_pending(outbox, a_connection(port), now=NOW + timedelta(days=1)) == 0


@pytest.mark.parametrize("local_part", ["later", "policy"])
def test_a_refusal_that_may_pass_is_tried_again(letter, server, local_part):
    """450 is for now, and 550 5.7 is about us and not about the address."""
    outbox = MemoryOutbox([to_recipient(letter, f"{local_part}@kommun.example")])
    handler = Moody()
    port = server(handler)
    with pytest.raises(AlertError, match="recipient refused"):
        send_pending(outbox, a_connection(port), now=NOW)
    assert send_pending(outbox, a_connection(port), now=NOW) == 0
    handler.moods.clear()
    assert send_pending(outbox, a_connection(port), now=NOW + SHORTEST_WAIT) == 1


def test_a_refusal_before_the_content_is_the_recipients(outbox, server, letter):
    """A server may take every recipient and say at DATA that none of them is there."""
    handler = Moody()
    handler.takes_content = False
    outcome = send_emails(outbox, a_connection(server(handler)), now=NOW)
    assert [lost.reason for lost in outcome.lost] == ["answer 554"]
    assert outbox.with_status("bounced") == [letter.key]


def test_a_refusal_after_data_keeps_the_letter(outbox, server):
    port = server(Moody("554 5.7.1 no", "550 no", "250 OK"))
    for tried_at in (NOW, NOW + timedelta(hours=1)):
        with pytest.raises(AlertError, match="answer 55"):
            send_pending(outbox, a_connection(port), now=tried_at)
        assert send_pending(outbox, a_connection(port), now=tried_at) == 0
    assert send_pending(outbox, a_connection(port), now=NOW + timedelta(days=1)) == 1


def test_a_letter_is_given_up_after_a_week_of_refusals(letter, server):
    later = to_recipient(letter, "later@kommun.example")
    outbox, port, tried_at, tries = MemoryOutbox([later]), server(Moody()), NOW, 0
    while outbox.with_status("pending"):
        outcome = send_emails(outbox, a_connection(port), now=tried_at)
        tried_at = outbox.letters[later.key].next_attempt_at
        tries += 1
    assert outbox.letters[later.key].status == "given_up"
    assert [lost.letter.key for lost in outcome.lost] == [later.key]
    # Doubling from a minute to six hours, and then four times a day.
    assert 30 < tries < 45


def test_a_sender_that_is_refused_costs_no_address(letter, server):
    handler = Moody()
    handler.takes_sender = False
    outbox = MemoryOutbox([letter])
    with pytest.raises(AlertError, match="sender refused, 550"):
        send_pending(outbox, a_connection(server(handler)), now=NOW)
    assert outbox.with_status("pending") == [letter.key]


def test_a_server_that_hangs_up_keeps_every_letter_it_did_not_accept(letter, server):
    outbox = MemoryOutbox([to_recipient(letter, f"office{number}@kommun.example") for number in range(3)])
    handler = Moody("250 OK", "hang up")
    port = server(handler)
    with pytest.raises(AlertError, match=r"1 of 3 letters accepted.*hung up: 2"):
        send_pending(outbox, a_connection(port), now=NOW)
    assert send_pending(outbox, a_connection(port), now=NOW + SHORTEST_WAIT) == 2
    assert handler.taken == [f"office{number}@kommun.example" for number in range(3)]


@pytest.fixture
def certificate(tmp_path):
    """A certificate for 127.0.0.1 that signs itself, and the server's context with it."""
    import ipaddress

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + built.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return path, context


def only(login, password):
    def authenticate(_server, _session, _envelope, _mechanism, credentials):
        is_right = (credentials.login, credentials.password) == (login.encode(), password.encode())
        return AuthResult(success=is_right, handled=False)

    return authenticate


def test_starttls_and_login_are_spoken(outbox, server, certificate):
    path, context = certificate
    port = server(
        Moody(),
        tls_context=context,
        require_starttls=True,
        auth_required=True,
        authenticator=only("narvaro", "hemligt"),
    )
    extra = {"tls": "starttls", "ca_path": str(path)}

    wrong = a_connection(port, extra=extra, login="narvaro", password="oratt")
    with pytest.raises(AlertError, match="answer 535") as caught:
        send_pending(outbox, wrong)
    assert "oratt" not in str(caught.value)
    right = a_connection(port, extra=extra, login="narvaro", password="hemligt")
    assert send_pending(outbox, right) == 1


def test_a_certificate_that_nobody_vouches_for_is_not_trusted(outbox, server, certificate):
    port = server(Moody(), tls_context=certificate[1])
    with pytest.raises(AlertError, match="SSLCertVerificationError"):
        send_pending(outbox, a_connection(port, extra={"tls": "starttls"}))
    assert outbox.with_status("sent") == []


def test_a_server_without_starttls_gets_no_letter_in_the_clear(outbox, catcher):
    with pytest.raises(AlertError, match="did not let us in"):
        send_pending(outbox, a_connection(catcher.port, extra={}))
    assert catcher.letters() == []


def test_a_password_never_travels_in_the_clear(outbox):
    connection = a_connection(25, host="mail.kommun.example", login="narvaro", password="hemligt")
    with pytest.raises(AlertError, match="in the clear"):
        send_pending(outbox, connection)


def test_an_unknown_tls_mode_is_a_clear_error(outbox):
    with pytest.raises(AlertError, match="starttls, ssl and none"):
        send_pending(outbox, a_connection(25, extra={"tls": "maybe"}))


def test_the_catcher_says_when_its_port_is_taken(catcher, tmp_path):
    with pytest.raises(AlertError, match=f"Port {catcher.port}"), MailCatcher(tmp_path, port=catcher.port):
        pass


def test_the_catcher_says_when_its_folder_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(AlertError, match="folder cannot be made"), MailCatcher(tmp_path / "file" / "mail"):
        pass


def test_the_catcher_leaves_no_thread_behind(tmp_path):
    before = threading.active_count()
    with MailCatcher(tmp_path / "mail"):
        assert threading.active_count() == before + 1
    assert threading.active_count() == before
