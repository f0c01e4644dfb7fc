"""Whatever bytes a server answers with: a body, or one of our errors, and never a word of the answer in it."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from wire_server import OK, WireServer, serving

from narvaro.connections import Connection
from narvaro.county import Source
from narvaro.errors import NarvaroError
from narvaro.sources.ss12000.opening import open_transport
from narvaro.sources.ss12000.patience import Patience

BIRD = b"kanarie"

STATUS_LINES = st.one_of(
    st.integers(200, 599).map(lambda status: f"HTTP/1.1 {status} x".encode()),
    st.sampled_from([b"HTTP/1.1 200 OK", b"HTTP/1.1 503 x", b"HTTP/1.1 429 " + BIRD]),
    st.sampled_from(
        [b"HTTP/1.1 99999 x", b"HTTP/1.1 kanarie", b"ICY 200 kanarie", b"", b"\x16\x03\x01kanarie", b"SSH"]
    ),
)
HEADERS = st.lists(
    st.sampled_from(
        [
            b"Content-Type: application/json",
            b"Content-Type: text/html; kanarie",
            b"Content-Type: \xe5\xe4\xf6",
            b"Content-Encoding: gzip",
            b"Content-Encoding: deflate, kanarie",
            b"Content-Encoding: kanarie",
            b"Content-Length: 5",
            b"Content-Length: -1",
            b"Content-Length: 99999999999999999999999",
            b"Content-Length: kanarie",
            b"Transfer-Encoding: chunked",
            b"Transfer-Encoding: kanarie",
            b"Retry-After: 0",
            b"Retry-After: 1",
            b"Retry-After: kanarie",
            b"Retry-After: Fri, 31 Dec 9999 23:59:59 -2359",
            b"Date: kanarie",
            b"Date: Mon, 01 Jan 0001 00:00:00 +2359",
            b"Location: https://kanarie.example/?civicNo=1",
            b"Set-Cookie: kanarie=\x01",
            b"Kanarie kanarie",
            b" kanarie: folded",
            b"\xe5: kanarie",
        ]
    ),
    max_size=4,
)
BODIES = st.one_of(
    st.sampled_from([OK, b"", gzip.compress(OK), gzip.compress(OK)[:-9], b"ffffffffffffffffff\r\nkanarie", b"kanarie"]),
    st.sampled_from([b'{"code": "kanarie", "message": "kanarie"}', b'{"code": ["kanarie"]}', b'{"detail": "kanarie"}']),
    st.binary(max_size=40).map(lambda noise: BIRD + noise),
)


@pytest.fixture(scope="module")
def server():
    with serving(WireServer()) as server:
        yield server


@pytest.fixture(scope="module")
def transport(server):
    connection = Connection("narvaro_x", server.url, password="nyckel")
    source = Source(name="0180-exempel", owner="2120000142", timeout_seconds=5)
    transport = open_transport(source, connection, patience=Patience(attempts=2, sleep=lambda _: None))
    yield transport
    transport.close()


@example(b"HTTP/1.1 200 OK", [], OK)
@settings(deadline=None)
@given(STATUS_LINES, HEADERS, BODIES)
def test_an_answer_is_a_body_or_an_error_that_tells_nothing_of_it(server, transport, status_line, headers, body):
    def give(handler):
        handler.wfile.write(b"\r\n".join([status_line, *headers, b"", body]))
        handler.close_connection = True

    server.answers[:] = [give] * 3
    try:
        answer = transport.get("/persons", [("civicNo", "201208032381"), ("limit", "10")])
    except NarvaroError as error:
        told = str(error).lower()
        assert "kanarie" not in told
        assert "201208032381" not in told
        assert "nyckel" not in told
    else:
        assert isinstance(answer, bytes)
        assert b"200" in status_line
