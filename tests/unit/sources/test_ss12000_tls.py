"""Whom we trust on the wire and how we show who we are, with real handshakes and a real proxy."""

from __future__ import annotations

import ssl
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
import trustme
from cryptography.hazmat.primitives import serialization as pem
from wire_server import Proxy, WireServer, answer, proxying, serving

from narvaro.connections import Connection
from narvaro.county import Source
from narvaro.errors import SettingsError, SourceDeniedError, SourceError, SourceShapeError
from narvaro.sources.ss12000.opening import open_transport
from narvaro.sources.ss12000.patience import Patience
from narvaro.sources.ss12000.tls import Identity, remedy, tls_context

# A name that no resolver knows: only through a proxy can it be reached.
FAR_HOST = "ss12000.kommun.invalid"
SECRET = "hemlig-kanarie"


@pytest.fixture(autouse=True)
def _no_proxy_around_us(monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture(scope="module")
def county_ca():
    return trustme.CA(organization_name="Länets egen utfärdare")


@pytest.fixture(scope="module")
def files(county_ca, tmp_path_factory):
    """Paths by name: the CA, a stranger's CA, our certificate with its key beside it and inside it."""
    folder = tmp_path_factory.mktemp("tls")
    ours = county_ca.issue_cert("narvaro@lan.example")
    county_ca.cert_pem.write_to_path(folder / "ca_file")
    trustme.CA().cert_pem.write_to_path(folder / "stranger")
    ours.cert_chain_pems[0].write_to_path(folder / "client_cert")
    ours.private_key_pem.write_to_path(folder / "client_key")
    ours.private_key_and_cert_chain_pem.write_to_path(folder / "both")
    return {path.name: str(path) for path in folder.iterdir()}


@pytest.fixture
def opened(waits):
    """Open a transport; keywords amend its connection's extra."""
    with ExitStack() as stack:

        def opened(url, *, password=SECRET, **extra):
            connection = Connection("narvaro_x", host=url, password=password, extra=extra)
            source = Source(name="0180-exempel", owner="2120000142", timeout_seconds=5)
            patience = Patience(attempts=3, sleep=waits.append)
            transport = open_transport(source, connection, patience=patience)
            stack.callback(transport.close)
            return transport

        yield opened


@pytest.fixture
def server(county_ca):
    """A server whose certificate only the county's CA vouches for."""
    with serving(WireServer(), server_context(county_ca)) as server:
        yield server


@pytest.fixture
def strict_server(county_ca):
    """A server that lets in only those who show a certificate of the county's CA."""
    context = server_context(county_ca)
    context.verify_mode = ssl.CERT_REQUIRED
    county_ca.configure_trust(context)
    with serving(WireServer(), context) as server:
        yield server


def server_context(ca, *names):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(*(names or ("localhost", FAR_HOST))).configure_cert(context)
    return context


def test_a_private_ca_is_trusted_when_it_is_named(server, opened, files):
    assert opened(server.url, ca_file=files["ca_file"]).get("/persons", [("civicNo", "1")])
    assert len(server.said) == 1


def test_an_issuer_is_trusted_without_its_own_issuer(county_ca, opened, tmp_path):
    school_ca = county_ca.create_child_ca()
    school_ca.cert_pem.write_to_path(tmp_path / "ca_file")
    with serving(WireServer(), server_context(school_ca)) as server:
        assert opened(server.url, ca_file=str(tmp_path / "ca_file")).get("/persons", [])


def test_an_issuer_need_not_be_made_by_the_book():
    assert not tls_context(Identity()).verify_flags & ssl.VERIFY_X509_STRICT


@pytest.mark.parametrize("ca", [None, "stranger"])
def test_a_server_that_nobody_vouches_for_is_never_spoken_to(server, opened, files, waits, ca):
    transport = opened(server.url, **({"ca_file": files[ca]} if ca else {}))
    with pytest.raises(SourceDeniedError, match=r"certificate is not trusted.*ca_file"):
        transport.get("/persons", [])
    assert server.said == []
    assert waits == []


def test_a_certificate_of_another_host_is_not_trusted(county_ca, opened, files):
    with serving(WireServer(), server_context(county_ca, "annan.example")) as server:
        with pytest.raises(SourceDeniedError, match=r"certificate is not trusted.*mismatch"):
            opened(server.url, ca_file=files["ca_file"]).get("/persons", [])
        assert server.said == []


def test_a_plain_server_behind_an_https_address_names_the_remedy(opened, waits):
    with serving(WireServer()) as server:
        with pytest.raises(SourceShapeError, match="does not speak TLS"):
            opened(server.url.replace("http:", "https:")).get("/persons", [])
        assert server.said == []
    assert waits == []


@pytest.mark.parametrize("named", [{"client_cert": "client_cert", "client_key": "client_key"}, {"client_cert": "both"}])
@pytest.mark.parametrize("password", [SECRET, ""])
def test_our_certificate_lets_us_in_with_a_token_or_alone(strict_server, opened, files, named, password):
    extra = {key: files[name] for key, name in named.items()}
    opened(strict_server.url, password=password, ca_file=files["ca_file"], **extra).get("/persons", [])
    assert strict_server.said[0].headers.get("Authorization") == (f"Bearer {SECRET}" if password else None)


def test_a_server_that_wants_a_certificate_names_the_remedy(strict_server, opened, files):
    """Its alert can be lost when it hangs up at once; then the remedy is told with a try again."""
    with pytest.raises((SourceDeniedError, SourceError), match=r"client_cert and client_key"):
        opened(strict_server.url, ca_file=files["ca_file"]).get("/persons", [])
    assert strict_server.said == []


@pytest.mark.parametrize(("cause", "is_told"), [(ssl.SSLEOFError(8, "EOF occurred"), True), (OSError("reset"), False)])
def test_a_server_that_hangs_up_in_the_handshake_may_want_a_certificate(cause, is_told):
    error = httpx.ConnectError("broke off")
    error.__cause__ = cause
    assert ("client_cert and client_key" in remedy(error)) is is_told


@pytest.mark.parametrize(
    "named", [{"ca_file": "client_key"}, {"client_cert": "ca_file"}, {"client_cert": "client_key"}, {"ca_file": "no"}]
)
def test_a_file_of_another_kind_is_a_settings_error(opened, files, named):
    extra = {key: files.get(name, f"/{name}") for key, name in named.items()}
    with pytest.raises(SettingsError, match="Correct ca_file, client_cert, client_key"):
        opened("https://localhost", **extra)


def test_a_locked_key_is_opened_with_its_password_and_never_asked_for(opened, files, tmp_path):
    key = pem.load_pem_private_key(Path(files["client_key"]).read_bytes(), None)
    locked = tmp_path / "locked"
    lock = pem.BestAvailableEncryption(b"nyckel")
    locked.write_bytes(key.private_bytes(pem.Encoding.PEM, pem.PrivateFormat.PKCS8, lock))
    named = {"client_cert": files["client_cert"], "client_key": str(locked)}
    opened("https://localhost", **named, client_key_password="nyckel")
    for wrong in ("", "annan-kanarie"):
        with pytest.raises(SettingsError, match="client_key") as caught:
            opened("https://localhost", **named, client_key_password=wrong)
        assert "kanarie" not in str(caught.value)


@pytest.mark.parametrize("way", ["extra", "HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_a_proxy_is_gone_through_in_a_tunnel(server, opened, files, monkeypatch, way):
    with proxying(Proxy(server.port)) as proxy:
        extra = {"proxy": proxy.url} if way == "extra" else {}
        if way != "extra":
            monkeypatch.setenv(way, proxy.url)
        transport = opened(f"https://{FAR_HOST}:{server.port}", ca_file=files["ca_file"], **extra)
        transport.get("/persons", [("civicNo", "201208032381")])
        transport.get("/persons", [])
        # The tunnel hides what is asked for, and is kept.
        assert proxy.asked == [f"{FAR_HOST}:{server.port}"]
    assert server.said[0].headers["Host"] == f"{FAR_HOST}:{server.port}"
    assert "Proxy-Authorization" not in server.said[0].headers


def test_a_token_is_fetched_with_the_same_trust_certificate_and_proxy(strict_server, waits, files):
    token = b'{"access_token": "given-token", "expires_in": 3600}'
    strict_server.answers = [answer(body=token)]
    address = f"https://{FAR_HOST}:{strict_server.port}"
    with proxying(Proxy(strict_server.port)) as proxy:
        extra = files | {"token_url": f"{address}/token", "proxy": proxy.url}
        connection = Connection("narvaro_x", address, "klient", SECRET, extra=extra)
        source = Source(name="0180-exempel", owner="2120000142", timeout_seconds=5)
        transport = open_transport(source, connection, patience=Patience(attempts=1, sleep=waits.append))
        transport.get("/persons", [])
        transport.close()
        assert set(proxy.asked) == {f"{FAR_HOST}:{strict_server.port}"}
    assert [said.path for said in strict_server.said] == ["/token", "/persons"]
    assert strict_server.said[1].headers["Authorization"] == "Bearer given-token"


def test_a_proxy_is_passed_by_for_the_hosts_of_no_proxy(server, opened, files, monkeypatch):
    with proxying(Proxy(server.port)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", "kommun.invalid")
        with pytest.raises(SourceError, match="broke off"):
            opened(f"https://{FAR_HOST}:{server.port}", ca_file=files["ca_file"]).get("/persons", [])
        assert proxy.asked == []


def test_this_machine_is_not_reached_through_the_machines_proxy(server, opened, files, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    assert opened(server.url, ca_file=files["ca_file"]).get("/persons", [])


def test_a_proxy_gets_its_user_and_the_source_does_not(server, opened, files):
    with proxying(Proxy(server.port, user="lan:proxyord")) as proxy:
        named = proxy.url.replace("://", "://lan:proxyord@")
        opened(f"https://{FAR_HOST}:{server.port}", ca_file=files["ca_file"], proxy=named).get("/persons", [])
        assert len(server.said) == 1
        assert "Proxy-Authorization" not in server.said[0].headers


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_refuses_us_names_the_remedy_and_not_its_password(server, opened, waits, scheme):
    with proxying(Proxy(server.port, user="lan:rätt")) as proxy:
        named = proxy.url.replace("://", "://lan:kanarie@")
        with pytest.raises(SourceDeniedError, match="proxy") as caught:
            opened(f"{scheme}://{FAR_HOST}:{server.port}", proxy=named).get("/persons", [])
    assert "kanarie" not in str(caught.value)
    assert server.said == []
    assert waits == []


def test_a_proxy_that_is_away_is_worth_a_retry(opened, waits):
    with pytest.raises(SourceError, match="broke off"):
        opened(f"https://{FAR_HOST}", proxy="http://127.0.0.1:9").get("/persons", [])
    assert len(waits) == 2


@pytest.mark.parametrize(
    ("way", "address"),
    [
        ("proxy of the connection", "ftp://u:kanarie@proxy"),
        ("proxy of the connection", "u:kanarie@proxy:3128"),
        ("proxy of the connection", "http://u:kanarie@proxy:tal"),
        ("environment", "ftp://u:kanarie@proxy"),
        ("environment", "http://u:kanarie@proxy:tal"),
    ],
)
def test_an_address_that_is_no_proxys_is_a_settings_error(opened, monkeypatch, way, address):
    if way == "environment":
        monkeypatch.setenv("ALL_PROXY", address)
    with pytest.raises(SettingsError, match=way) as caught:
        opened("https://localhost", **({} if way == "environment" else {"proxy": address}))
    assert "kanarie" not in str(caught.value)
