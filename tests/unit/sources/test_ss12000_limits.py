"""Limits of a host that all readers of a machine keep together, and that a killed one leaves behind."""

from __future__ import annotations

import fcntl
import subprocess
import sys
import textwrap
from itertools import pairwise
from zoneinfo import ZoneInfo

import httpx
import pytest
from wire_server import WireServer, answer, serving

from narvaro.connections import Connection
from narvaro.county import Source
from narvaro.errors import SettingsError, SourceBusyError
from narvaro.privacy import Key, Pseudonymiser
from narvaro.sources import HostManners, connect
from narvaro.sources.ss12000.limits import Limits, Pace, host_name, manners_of


class StillWaitingError(Exception):
    """A reader would have waited here."""


@pytest.fixture
def opened_connector(wire):
    """Open a connector to the server, which cannot wait."""

    def opened_connector(manners):
        source = Source(name="0180-exempel", owner="2120000142")
        connector = connect(
            source,
            Connection("narvaro_x", wire.url, password="fast-token"),
            Pseudonymiser(Key(b"k" * 32), source.name),
            ZoneInfo("Europe/Stockholm"),
            manners=manners,
        )
        connector.reader.walker.transport._limits._sleep = still_waiting
        return connector

    return opened_connector


def still_waiting(_):
    raise StillWaitingError


# --- the pace of a host


def test_requests_of_all_processes_of_a_machine_keep_one_pace(tmp_path):
    program = textwrap.dedent(
        """
        import sys, time
        from pathlib import Path
        from narvaro.sources.ss12000.limits import Pace

        pace = Pace(Path(sys.argv[1]), 0.01, clock=lambda: now)
        print("ready", flush=True)
        sys.stdin.readline()
        now = time.monotonic()
        print(*(now + pace.reserve() for _ in range(300)))
        """
    )
    command = [sys.executable, "-c", program, str(tmp_path / "hosts" / "a.pace")]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    readers = [subprocess.Popen(command, **pipes) for _ in range(4)]
    assert [reader.stdout.readline() for reader in readers] == ["ready\n"] * 4
    for reader in readers:
        reader.stdin.write("go\n")
        reader.stdin.flush()
    moments = sorted(float(moment) for reader in readers for moment in reader.communicate(timeout=60)[0].split())
    assert len(moments) == 1200
    assert all(later - earlier > 0.0099 for earlier, later in pairwise(moments))


def test_a_moment_is_taken_by_one_process_and_one_thread_at_a_time(tmp_path):
    path = tmp_path / "a.pace"

    def clock():
        with path.open() as other, pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        assert pace._lock.locked()
        return 100.0

    pace = Pace(path, 1.0, clock=clock)
    pace.reserve()
    with path.open() as other:
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    assert not pace._lock.locked()


def test_a_pace_lets_a_rested_host_be_asked_at_once(tmp_path):
    clock = iter([100.0, 100.0, 107.0])
    pace = Pace(tmp_path / "a.pace", 2.0, clock=clock.__next__)
    assert [pace.reserve() for _ in range(3)] == [0.0, 2.0, 0.0]


@pytest.mark.parametrize("written", [b"", b"half", b"\xff" * 8, b"\x00" * 6 + b"\xf0\x7f", b"\x00" * 6 + b"\xf8\x7f"])
def test_a_moment_that_cannot_be_is_forgotten(tmp_path, written):
    path = tmp_path / "a.pace"
    path.write_bytes(written)
    assert Pace(path, 1.0, clock=lambda: 100.0).reserve() == 0.0


def test_a_moment_of_before_the_machines_last_start_is_forgotten(tmp_path):
    before = Pace(tmp_path / "a.pace", 1.0, clock=lambda: 900_000.0)
    before.reserve()
    assert Pace(tmp_path / "a.pace", 1.0, clock=lambda: 20.0).reserve() == 0.0


def test_every_request_keeps_the_pace_and_those_for_tokens_that_of_their_own_host(wire, wired, tmp_path):
    manners = HostManners(tmp_path, requests_per_second=0.5)
    with serving(WireServer()) as token_server:
        token_server.answers = [answer(body=b'{"access_token": "a", "expires_in": 3600}')] * 2
        wire.answers = [answer(), answer(401), answer()]
        transport = wired(password="hemlig", extra={"token_url": token_server.url}, manners=manners, login="x")
        transport._limits._sleep = (slept := []).append
        transport.get("/persons", [])
        transport.get("/persons", [])
        assert [len(wire.said), len(token_server.said)] == [3, 2]
    # Nothing truly sleeps here: each host's later requests were told to wait for their turns.
    assert [round(seconds) for seconds in slept] == [2, 2, 4]
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".pace", ".pace"]


def test_one_vendor_is_one_host_whatever_the_path_and_spelling():
    same = {
        host_name(httpx.URL(url)) for url in ("https://API.vendor.example/a", "https://api.vendor.example:443/b?c=d")
    }
    assert same == {"api.vendor.example-443"}
    assert host_name(httpx.URL("http://[::1]:8081")) == "__1-8081"


@pytest.mark.parametrize(
    ("named", "extra", "pace"),
    [
        (None, {}, 20.0),
        (5.0, {}, 5.0),
        (5.0, {"requests_per_second": 2}, 2.0),
        (5.0, {"requests_per_second": "2.5"}, 2.5),
        (5.0, {"requests_per_second": 0}, None),
        (None, {"requests_per_second": "0"}, None),
        (None, {"requests_per_second": ""}, 20.0),
        (None, {"requests_per_second": None}, 20.0),
    ],
)
def test_a_sources_own_pace_goes_before_the_countys(tmp_path, named, extra, pace):
    chosen = manners_of(HostManners(tmp_path, 20.0, 4), named=named, extra=extra)
    assert (chosen.requests_per_second, chosen.concurrent_reads) == (pace, 4)


@pytest.mark.parametrize("pace", [-1, "snabbt", "nan", "inf", [1]])
def test_a_pace_that_is_no_number_is_a_settings_error(wired, tmp_path, pace):
    with pytest.raises(SettingsError, match="requests_per_second"):
        wired(extra={"requests_per_second": pace}, manners=HostManners(tmp_path, 20.0))


def test_a_folder_that_cannot_be_written_names_itself(wired, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match="cannot be written"):
        wired(manners=HostManners(tmp_path / "file" / "hosts", 20.0)).get("/persons", [])


# --- the readers of a host


def a_reader(folder, name="a", *, seats=1, url="https://api.example/v2.0"):
    return Limits(name, HostManners(folder, None, seats), url, sleep=still_waiting)


def a_request(url="https://api.example/v2.0/persons"):
    return httpx.Request("GET", url)


def test_a_host_has_no_more_readers_than_seats(tmp_path):
    first, second, third = (a_reader(tmp_path, name, seats=2) for name in "abc")
    first.before_request(a_request())
    second.before_request(a_request())
    with pytest.raises(StillWaitingError):
        third.before_request(a_request())
    first.before_request(a_request())
    second.close()
    third.before_request(a_request())
    with pytest.raises(StillWaitingError):
        second.before_request(a_request())
    for reader in (first, third):
        reader.close()


def test_another_host_has_seats_of_its_own(tmp_path):
    first, second = a_reader(tmp_path), a_reader(tmp_path, url="https://annan.example")
    first.before_request(a_request())
    second.before_request(a_request("https://annan.example/persons"))
    first.close()
    second.close()


def test_a_reader_that_is_killed_leaves_its_seat(tmp_path):
    program = textwrap.dedent(
        """
        import sys, threading
        from pathlib import Path
        import httpx
        from narvaro.sources.ss12000.limits import HostManners, Limits

        reader = Limits("b", HostManners(Path(sys.argv[1]), 100.0, 1), "https://api.example/v2.0")
        reader.before_request(httpx.Request("GET", "https://api.example/v2.0/persons"))
        print("in", flush=True)
        threading.Event().wait()
        """
    )
    other = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    try:
        assert other.stdout.readline() == "in\n"
        reader = a_reader(tmp_path)
        with pytest.raises(StillWaitingError):
            reader.before_request(a_request())
    finally:
        other.kill()
        other.communicate(timeout=60)
    reader.before_request(a_request())
    reader.close()


def test_a_reader_that_waits_for_hours_is_left_to_the_scheduler(tmp_path, monkeypatch):
    monkeypatch.setattr("narvaro.sources.ss12000.limits._LONGEST_TURN_SECONDS", -1.0)
    first, second = a_reader(tmp_path), a_reader(tmp_path, "b")
    first.before_request(a_request())
    with pytest.raises(SourceBusyError, match="concurrent_reads") as caught:
        second.before_request(a_request())
    first.close()
    assert caught.value.retry_after_seconds is not None


def test_a_transport_takes_its_seat_with_the_first_request_and_leaves_it_when_closed(wired, wire, tmp_path):
    manners = HostManners(tmp_path, None, 1)
    transport = wired(manners=manners)
    other = a_reader(tmp_path, url=wire.url)
    other.before_request(a_request())
    other.close()
    transport.get("/persons", [])
    with pytest.raises(StillWaitingError):
        other.before_request(a_request())
    transport.close()
    other.before_request(a_request())
    other.close()


def test_a_connector_waits_for_its_seat_where_it_can_be_interrupted(opened_connector, wire, tmp_path):
    other = a_reader(tmp_path, url=wire.url)
    other.before_request(a_request())
    with pytest.raises(StillWaitingError), opened_connector(HostManners(tmp_path, None, 1)):
        pass
    other.close()
    with opened_connector(HostManners(tmp_path, None, 1)), pytest.raises(StillWaitingError):
        other.before_request(a_request())
    other.before_request(a_request())
    other.close()
    assert wire.said == []
