"""The wire itself: what is sent, what is taken, how we say who we are, and what of it all is written down."""

from __future__ import annotations

import gzip
import json
import logging

import pytest
from wire_server import OK, answer

from narvaro.connections import Connection
from narvaro.county import Source
from narvaro.errors import SettingsError, SourceError, SourceShapeError
from narvaro.sources.ss12000.discretion import without_ids
from narvaro.sources.ss12000.opening import open_transport

LIMIT = [("limit", "1000")]
AWAY = "http://127.0.0.1:9"
PUPIL = "0b7f3a52-6c1e-4f0e-9d7a-3f1f7d0c9a11"


def test_a_lookup_is_sent_as_json(wire, wired):
    wire.answers = [answer(body=b"[]")]
    assert wired().post("/persons/lookup", b'{"ids": ["1"]}') == b"[]"
    (said,) = wire.said
    assert (said.method, said.path, said.body) == ("POST", "/persons/lookup", b'{"ids": ["1"]}')
    assert said.headers["Content-Type"] == "application/json"
    assert said.headers["Authorization"] == "Bearer fast-token"


def test_one_connection_serves_many_requests(wire, wired):
    transport = wired()
    for _ in range(20):
        transport.get("/persons", LIMIT)
    assert (len(wire.said), wire.connections) == (20, 1)


def test_a_kept_connection_that_the_server_has_closed_is_opened_anew(wire, wired):
    wire.answers = [answer(Connection="close"), answer()]
    transport = wired()
    transport.get("/persons", LIMIT)
    transport.get("/persons", LIMIT)
    assert (len(wire.said), wire.connections) == (2, 2)


def test_answers_may_be_compressed(wire, wired):
    wire.answers = [answer(body=gzip.compress(OK), Content_Encoding="gzip")]
    assert wired().get("/persons", LIMIT) == OK
    assert "gzip" in wire.said[0].headers["Accept-Encoding"]


def test_a_compressed_answer_is_as_large_as_what_it_unfolds_to(wire, wired, monkeypatch):
    monkeypatch.setattr("narvaro.sources.ss12000.transport.LARGEST_PAGE_BYTES", 1_000_000)
    wire.answers = [answer(body=gzip.compress(b" " * 30_000_000), Content_Encoding="gzip")]
    with pytest.raises(SourceShapeError, match="Lower page_size"):
        wired().get("/persons", LIMIT)


def test_what_calls_itself_compressed_and_is_not_is_worth_a_retry(wire, wired):
    wire.answers = [answer(Content_Encoding="gzip"), answer()]
    assert wired().get("/persons", LIMIT) == OK


def test_a_server_that_drips_is_left_in_the_end(wired, monkeypatch):
    monkeypatch.setattr("narvaro.sources.ss12000.transport.LONGEST_ANSWER_IN_TIMEOUTS", 0)
    with pytest.raises(SourceError, match="too long to send"):
        wired().get("/persons", LIMIT)


@pytest.mark.parametrize("way", ["password", "api_key_header"])
def test_a_key_that_fits_in_no_header_is_never_shown(wired, way):
    wrong = {"password": "kanarie\n fågel"} if way == "password" else {"extra": {"api_key_header": "kanarie:"}}
    with pytest.raises(SettingsError, match="api_key_header") as caught:
        wired(**wrong)
    assert "kanarie" not in str(caught.value)


def test_a_token_that_fits_in_no_header_is_never_shown(wire):
    wire.answers = [answer(body=b'{"access_token": "kanarie\\nb"}')]
    transport = open_transport(
        Source(name="0180-exempel", owner="2120000142"),
        Connection("narvaro_x", wire.url, login="a", password="b", extra={"token_url": wire.url}),
    )
    with pytest.raises(SourceShapeError, match="access_token") as caught:
        transport.get("/persons", [])
    transport.close()
    assert "kanarie" not in str(caught.value)


def test_a_key_may_go_in_a_header_of_its_own(wire, wired):
    wired(password="nyckel", extra={"api_key_header": "X-API-Key"}).get("/persons", [])
    assert wire.said[0].headers["X-API-Key"] == "nyckel"
    assert "Authorization" not in wire.said[0].headers


def test_a_secret_without_a_token_address_is_never_sent_as_a_token(wire):
    connection = Connection("narvaro_x", wire.url, login="klient", password="hemlig-kanarie")
    with pytest.raises(SettingsError, match="no token_url") as caught:
        open_transport(Source(name="0180-exempel", owner="2120000142"), connection)
    assert "kanarie" not in str(caught.value)


@pytest.mark.parametrize("host", ["api.kommun.example", "ftp://api.example", "http://", "http://a:b", "http://a b"])
def test_a_host_that_is_no_address_names_its_field(host):
    connection = Connection("narvaro_x", host, password="nyckel")
    with pytest.raises(SettingsError, match="host of narvaro_x is not a web address"):
        open_transport(Source(name="0180-exempel", owner="2120000142"), connection)


@pytest.mark.parametrize("url", ["https://klient:kanarie@api.example", "https://api.example?key=kanarie"])
def test_an_address_with_a_secret_in_it_is_not_shown(url):
    connection = Connection("narvaro_x", "https://api.example", login="a", password="b", extra={"token_url": url})
    with pytest.raises(SettingsError, match="token_url is not a web address") as caught:
        open_transport(Source(name="0180-exempel", owner="2120000142"), connection)
    assert "kanarie" not in str(caught.value)


# --- what is written down


@pytest.mark.parametrize("way", [("", "urllib3.connectionpool"), (AWAY, "send_request_headers")])
def test_the_log_holds_no_query_id_token_or_cookie_at_any_level(wire, wired, caplog, monkeypatch, way):
    # Where the environment names a proxy, for whomever, another library carries the requests.
    proxy, tells = way
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    layers = ("httpcore", "httpcore.connection", "httpcore.http11", "httpcore.proxy", "urllib3.connectionpool")
    for name in (None, "httpx", *layers):
        caplog.set_level(1, logger=name)
    # The lines of a traceback are of this file: what is secret stands elsewhere than in them.
    bird, civic_number, pupil = "kanarie", "201208032381", PUPIL
    link = {"Set_Cookie": f"session={bird}", "Link": f"</persons?civicNo={bird}>; rel=next"}
    wire.answers = [answer(**link), answer(404, json.dumps({"code": bird}).encode(), **link), answer()]
    transport = wired(password=bird)
    transport.get("/persons", [("civicNo", civic_number), ("pageToken", bird)])
    with pytest.raises(SourceShapeError) as caught:
        transport.get(f"/persons/{pupil}", [("nameContains", bird)])
    logging.getLogger("test").error("refused", exc_info=caught.value)
    transport.post("/persons/lookup", json.dumps({"civicNos": [civic_number, bird]}).encode())
    assert "GET http://localhost" in caplog.text
    assert tells in caplog.text
    shown = [line for line in caplog.text.splitlines() if "nameContains" not in line]
    for secret in (bird, civic_number, pupil, "civicNo=", "pageToken"):
        assert not [line for line in shown if secret in line]


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/persons", "/persons"),
        (f"/persons/{PUPIL}", "/persons/{id}"),
        ("/persons/åsa kanarie?x", "/persons/{id}"),
        ("/persons/lookup", "/persons/lookup"),
        (f"/persons/lookup/{PUPIL}", "/persons/{id}"),
        (f"/source/SE00100/v2.0/attendances/{PUPIL}", "/source/SE00100/v2.0/attendances/{id}"),
    ],
)
def test_of_an_object_only_its_kind_is_told(path, told):
    assert without_ids(path) == told


def test_an_id_stays_one_whatever_it_holds(wire, wired):
    wired().get("/persons/a?civicNo=1#b å", [("limit", "1")])
    assert wire.said[0].path == "/persons/a%3FcivicNo%3D1%23b%20%C3%A5?limit=1"
