"""Servers that refuse, tire, break off or answer something else, over real HTTP."""

from __future__ import annotations

import logging
import socket

import pytest
from school_system import Answer, an_attendance, json_answer

from narvaro.errors import SettingsError, SourceBusyError, SourceDeniedError, SourceError, SourceShapeError

MANY = [an_attendance(str(number)) for number in range(5)]


def test_a_token_is_fetched_once_for_a_whole_night(system, read_all):
    system.rows["/attendances"] = MANY
    read_all()
    assert system.tokens_given == 1


def test_a_token_that_runs_out_in_the_middle_of_a_walk_is_renewed(system, read_all):
    system.rows["/attendances"] = MANY
    system.misbehave_once("/attendances", Answer(401), on_page=2)
    assert len(read_all()["attendances"]) == 5
    assert system.tokens_given == 2


def test_a_token_is_renewed_before_it_ends(system, read_all):
    given = []

    def short_lived(request):
        if request.path != "/token":
            return None
        given.append(request)
        return json_answer({"access_token": f"token-{len(given)}", "expires_in": 0.000001})

    system.misbehaviours.append(short_lived)
    read_all()
    assert len(given) == len(system.requests) - len(given)


def test_a_renewed_token_that_is_refused_too_ends_the_read(system, read_all):
    system.misbehave_once("/attendances", Answer(401), times=100)
    with pytest.raises(SourceDeniedError, match=r"/attendances answered 401"):
        read_all()
    assert system.count()["/attendances"] == 2


def test_a_wrong_secret_is_denied_at_once(system, read_all):
    with pytest.raises(SourceDeniedError, match="refused our client") as caught:
        read_all(password="wrong-kanarie")
    assert "wrong-kanarie" not in str(caught.value)
    assert system.count() == {"/token": 2}


def test_credentials_go_into_the_form_where_a_server_wants_them_there(system, read_all):
    def form_only(request):
        if request.path != "/token":
            return None
        if request.authorization:
            return json_answer({"error": "invalid_client"}, 401)
        return json_answer({"access_token": "token-form", "token_type": "Bearer"})

    system.misbehaviours.append(form_only)
    read_all()
    assert system.count()["/token"] == 2


def test_a_fixed_bearer_token_needs_no_token_address(system, read_all):
    read_all(password="token-fixed\n", extra={"token_url": ""}, login="")
    assert {request.authorization for request in system.requests} == {"Bearer token-fixed"}


@pytest.mark.parametrize("extra", [{"token_url": ""}, {}])
def test_missing_credentials_are_a_settings_error(opened, extra):
    with pytest.raises(SettingsError, match="password"):
        opened(password="", extra=extra)


@pytest.mark.parametrize("key", ["ca_file", "client_cert"])
def test_a_certificate_that_cannot_be_read_is_a_settings_error(opened, tmp_path, key):
    with pytest.raises(SettingsError, match="ca_file, client_cert"):
        opened(extra={key: str(tmp_path / "absent.pem")})


def test_a_refused_resource_is_denied(system, read_all):
    system.misbehave_once("/persons", json_answer({"code": "forbidden", "message": "Kanariefågel"}, 403))
    with pytest.raises(SourceDeniedError, match=r"/persons answered 403 \(forbidden\)") as caught:
        read_all()
    assert "Kanarie" not in str(caught.value)


@pytest.mark.parametrize(
    ("retry_after", "least"),
    [("0", 0), ("3", 3), ("Sat, 19 Sep 2026 01:00:05 GMT", 5), ("Sat, 19 Sep 2026 00:00:00 GMT", 0)],
)
def test_a_busy_server_is_waited_for_as_long_as_it_asks(system, read_all, waits, retry_after, least):
    system.rows["/attendances"] = MANY
    system.misbehave_once("/attendances", Answer(429, headers={"Retry-After": retry_after}), on_page=2)
    assert len(read_all()["attendances"]) == 5
    (wait,) = waits
    assert least <= wait <= least * 1.1


@pytest.mark.parametrize("headers", [{}, {"Retry-After": "soon"}, {"Retry-After": "-4"}])
def test_a_busy_server_that_names_no_wait_is_backed_off_from(system, read_all, waits, headers):
    system.misbehave_once("/attendances", Answer(503, headers=headers), times=2)
    read_all()
    assert len(waits) == 2
    assert 0 <= waits[0] <= 0.5
    assert 0 <= waits[1] <= 1.0


def test_a_server_that_stays_busy_is_left_to_the_scheduler(system, read_all, waits):
    system.misbehave_once("/attendances", Answer(503, headers={"Retry-After": "7"}), times=100)
    with pytest.raises(SourceBusyError) as caught:
        read_all()
    assert caught.value.retry_after_seconds == 7
    assert len(waits) == 2


def test_a_wait_longer_than_our_patience_is_left_to_the_scheduler_at_once(system, read_all, waits):
    system.misbehave_once("/attendances", Answer(429, headers={"Retry-After": "86400"}))
    with pytest.raises(SourceBusyError) as caught:
        read_all()
    assert caught.value.retry_after_seconds == 86400
    assert waits == []


def test_a_silent_source_is_busy_from_its_token_on(system, read_all, waits):
    system.misbehaviours.append(lambda _: Answer(503))
    with pytest.raises(SourceBusyError, match="token address"):
        read_all()
    assert len(waits) == 2


@pytest.mark.parametrize("status", [500, 502, 504])
def test_a_server_that_fails_once_is_asked_again(system, read_all, status):
    system.rows["/attendances"] = MANY
    system.misbehave_once("/attendances", Answer(status, b"<html>proxy</html>"), on_page=2)
    assert len(read_all()["attendances"]) == 5


def test_an_answer_that_breaks_off_is_asked_for_again(system, read_all):
    system.rows["/attendances"] = MANY
    broken = Answer(200, b'{"data": [', {"Content-Type": "application/json", "Content-Length": "500"})
    system.misbehave_once("/attendances", broken, on_page=2)
    assert len(read_all()["attendances"]) == 5


def test_nobody_at_the_address_is_worth_a_retry(read_all, waits):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    with pytest.raises(SourceError, match="broke off") as caught:
        read_all(base_url=f"{address}/v2.0", extra={"token_url": f"{address}/token"})
    assert type(caught.value) is SourceError
    assert len(waits) == 2


def test_a_server_that_does_not_answer_in_time_is_worth_a_retry(read_all, waits):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(SourceError, match="did not answer in time"):
            read_all(base_url=address, extra={"token_url": f"{address}/token"}, timeout_seconds=0.05)
    assert len(waits) == 2


def test_a_wrong_base_path_names_the_remedy(read_all):
    with pytest.raises(SourceShapeError, match=r"answered 404.* base_url"):
        read_all(path="/v3.0")


@pytest.mark.parametrize("path", ["/absences", "/grades", "/syllabuses"])
def test_an_optional_resource_may_be_missing(system, opened, read_all, path):
    del system.rows[path]
    connector = opened()
    read_all(connector=connector)
    assert connector.not_served == {path}


def test_a_web_page_instead_of_json_names_the_remedy(system, read_all):
    page = Answer(200, b"<html>Logga in</html>", {"Content-Type": "text/html; charset=utf-8"})
    system.misbehave_once("/organisations", page)
    with pytest.raises(SourceShapeError, match=r"web page.* base_url"):
        read_all()


def test_a_redirect_is_not_followed(system, read_all):
    system.misbehave_once("/organisations", Answer(302, headers={"Location": "/login"}))
    with pytest.raises(SourceShapeError, match=r"answered 302.* login page"):
        read_all()


@pytest.mark.parametrize("body", [b"", b"not json", b'{"data": [', b"[]", b"{}", b'{"data": 3}', b'{"data": [1]}'])
def test_a_body_that_is_no_page_is_refused(system, read_all, body):
    system.misbehave_once("/organisations", Answer(200, body, {"Content-Type": "application/json"}))
    with pytest.raises(SourceShapeError, match="/organisations"):
        read_all()


def test_a_page_larger_than_memory_allows_is_refused(system, read_all, monkeypatch):
    monkeypatch.setattr("narvaro.sources.ss12000.transport.LARGEST_PAGE_BYTES", 100)
    system.rows["/attendances"] = MANY
    with pytest.raises(SourceShapeError, match="Lower page_size"):
        read_all()


def test_a_token_page_without_a_token_is_refused(system, read_all):
    system.misbehave_once("/token", json_answer({"token": "token-kanarie"}))
    with pytest.raises(SourceShapeError, match="access_token") as caught:
        read_all()
    assert "kanarie" not in str(caught.value)


def test_the_servers_clock_is_told(opened, read_all):
    connector = opened()
    assert connector.server_date is None
    read_all(connector=connector)
    assert connector.server_date.isoformat() == "2026-09-19T01:00:00+00:00"


def test_a_server_without_a_clock_is_read_too(system, opened, read_all):
    system.has_date = False
    connector = opened()
    read_all(connector=connector)
    assert connector.server_date is None


def test_no_query_is_ever_logged(system, read_all, caplog):
    caplog.set_level(logging.DEBUG)
    # Airflow, imported by another test of the same process, lets this one speak of warnings only.
    caplog.set_level(logging.DEBUG, logger="httpx")
    system.rows["/attendances"] = MANY
    read_all()
    assert "/attendances" in caplog.text
    assert "meta.modified" not in caplog.text
    assert "pageToken" not in caplog.text


def test_no_secret_shows_in_a_connector(opened):
    connector = opened(password="hemlig-kanarie")
    assert "hemlig" not in repr(connector)
