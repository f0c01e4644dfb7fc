"""What carries the requests: every end of an answer is told, and no answer begins with the rest of another."""

from __future__ import annotations

import time

import httpx
import pytest
from wire_server import OK, answer

from narvaro.sources.ss12000.carrier import Carrier
from narvaro.sources.ss12000.tls import Identity, tls_context

BIRD = "kanarie"


@pytest.fixture
def client():
    with httpx.Client(transport=Carrier(tls_context(Identity())), timeout=httpx.Timeout(5, pool=0.05)) as client:
        yield client


def raw(head, body=OK, *, is_last=True):
    """An answer with a head of our own."""

    def give(handler):
        handler.wfile.write(b"\r\n".join([b"HTTP/1.1 200 OK", *head, b"", body]))
        handler.close_connection = is_last

    return give


def test_an_answer_that_is_left_half_read_is_no_part_of_the_next(wire, client):
    wire.answers = [answer(body=b"x" * 3_000_000)]
    with client.stream("GET", wire.url) as response:
        next(response.iter_raw())
    assert client.get(wire.url).content == OK
    assert wire.connections == 2


def test_what_follows_an_answer_is_no_part_of_the_next(wire, client):
    wire.answers = [
        raw([b"Content-Length: 2"], b"{}HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nkanarie", is_last=False)
    ]
    assert client.get(wire.url).content == b"{}"
    assert client.get(wire.url).content == OK


@pytest.mark.parametrize(
    ("head", "body"),
    [([b"Content-Length: 99"], OK), ([b"Transfer-Encoding: chunked"], b"5\r\nkan")],
)
def test_a_body_that_breaks_off_is_an_error_and_never_a_shorter_one(wire, client, head, body):
    wire.answers = [raw(head, body)]
    with pytest.raises(httpx.TransportError):
        client.get(wire.url)


@pytest.mark.parametrize(
    "line", ["Content-Length: -1", "Content-Length: kanarie", "Transfer-Encoding: kanarie", "Content-Length: 2, 3"]
)
def test_a_head_that_leaves_the_bodys_end_in_doubt_is_refused(wire, client, line):
    wire.answers = [raw([line.encode()])]
    with pytest.raises(httpx.RemoteProtocolError) as caught:
        client.get(wire.url)
    assert BIRD not in str(caught.value).lower()


def test_a_body_in_chunks_is_put_together(wire, client):
    wire.answers = [raw([b"Transfer-Encoding: chunked"], b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")]
    assert client.get(wire.url).content == b"abcde"


def test_a_server_that_is_silent_is_a_timeout(wire, client):
    wire.answers = [lambda _: time.sleep(0.3)]
    with pytest.raises(httpx.ReadTimeout):
        client.get(wire.url, timeout=0.05)


def test_a_host_that_nobody_serves_is_told_without_its_address(client):
    with pytest.raises(httpx.ConnectError, match="refused") as caught:
        client.get(f"http://127.0.0.1:9/{BIRD}")
    assert BIRD not in str(caught.value)


def test_no_more_than_two_connections_stand_open(wire, client):
    with client.stream("GET", wire.url), client.stream("GET", wire.url), pytest.raises(httpx.PoolTimeout):
        client.get(wire.url)
    assert client.get(wire.url).content == OK


def test_a_redirect_is_not_followed(wire, client):
    wire.answers = [answer(302, Location=f"{wire.url}/{BIRD}")]
    assert client.get(wire.url).status_code == 302
    assert len(wire.said) == 1


def test_every_cookie_is_kept(wire, client):
    wire.answers = [raw([b"Content-Length: 31", b"Set-Cookie: a=1", b"Set-Cookie: b=2"], is_last=False)]
    client.get(wire.url)
    client.get(wire.url)
    assert wire.said[1].headers["Cookie"] == "a=1; b=2"
