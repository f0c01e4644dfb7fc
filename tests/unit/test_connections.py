"""Connections: found where Airflow would find them, and never shown."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narvaro.connections import Connection, conn_id_from_name, connection_from_text, find_connection
from narvaro.errors import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "hemlig/nyckel+1"


def test_conn_id_follows_the_source_name():
    assert conn_id_from_name("0180-stockholm") == "narvaro_0180_stockholm"


def test_environment_wins_over_the_file(tmp_path: Path):
    path = tmp_path / "connections.json"
    path.write_text(json.dumps({"narvaro_a": {"host": "https://file.example"}}), encoding="utf-8")
    env = {"AIRFLOW_CONN_NARVARO_A": json.dumps({"host": "https://env.example"})}
    assert find_connection("narvaro_a", path, env).host == "https://env.example"
    assert find_connection("narvaro_a", path, {}).host == "https://file.example"


def test_uri_form_is_read_like_airflow_reads_it(tmp_path: Path):
    env = {"AIRFLOW_CONN_NARVARO_SMTP": "smtp://user%40a:p%2Fw@mail.example:2525/?tls=starttls"}
    found = find_connection("narvaro_smtp", tmp_path / "none.json", env)
    assert (found.host, found.port, found.login, found.password) == ("mail.example", 2525, "user@a", "p/w")
    assert found.extra == {"tls": "starttls"}


def test_uri_form_holds_a_whole_address_as_airflow_writes_it():
    address = "https://api.example/SE00100/v2.0"
    quoted = "api.example%2FSE00100%2Fv2.0"
    found = connection_from_text(
        "c", f"ss12000://https://kommun:p%40w@{quoted}/?token_url=https%3A%2F%2Ft", origin="test"
    )
    assert (found.host, found.login, found.password) == (address, "kommun", "p@w")
    assert found.extra == {"token_url": "https://t"}
    nested = connection_from_text(
        "c", f"ss12000://https://{quoted}/?__extra__=%7B%22requests_per_second%22%3A+2%7D", origin="test"
    )
    assert (nested.host, nested.extra) == (address, {"requests_per_second": 2})


def test_extra_may_be_text_or_an_object():
    as_text = connection_from_text("c", json.dumps({"host": "h", "extra": '{"token_url": "u"}'}), origin="test")
    as_object = connection_from_text("c", json.dumps({"host": "h", "extra": {"token_url": "u"}}), origin="test")
    assert as_text == as_object


@pytest.mark.parametrize(
    "text",
    [
        f'{{"host": "h", "password": "{SECRET}"',
        "no-scheme",
        f"://{SECRET}",
        '{"password": "x"}',
        f"ss12000://user:{SECRET}@host.example",
        f"ss12000://user:x@host.example/?__extra__={SECRET}",
        f"ss12000://user:x@host.example:{SECRET}",
    ],
)
def test_broken_connection_says_where_and_never_what(text: str):
    with pytest.raises(SettingsError) as caught:
        connection_from_text("narvaro_a", text, origin="AIRFLOW_CONN_NARVARO_A")
    assert "AIRFLOW_CONN_NARVARO_A" in str(caught.value)
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("wrong", [{"port": SECRET}, {"extra": SECRET}, {"extra": [SECRET]}, {"extra": f"[{SECRET}"}])
def test_entry_with_a_wrong_part_says_where_and_never_what(tmp_path: Path, wrong: dict[str, object]):
    path = tmp_path / "connections.json"
    path.write_text(json.dumps({"narvaro_a": {"host": "https://a.example"} | wrong}), encoding="utf-8")
    with pytest.raises(SettingsError, match="narvaro_a") as caught:
        find_connection("narvaro_a", path, {})
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None


def test_field_that_nobody_filled_in_is_no_value():
    """Airflow's form saves every field of the type."""
    extra = {"token_url": "https://t.example", "scope": None, "proxy": "", "requests_per_second": 0}
    found = connection_from_text("c", json.dumps({"host": "h", "extra": extra}), origin="test")
    assert found.extra == {"token_url": "https://t.example", "requests_per_second": 0}


def test_missing_connection_says_what_was_wanted(tmp_path: Path):
    with pytest.raises(SettingsError, match="AIRFLOW_CONN_NARVARO_NY"):
        find_connection("narvaro_ny", tmp_path / "none.json", {})


@given(st.text(min_size=8, alphabet=st.characters(whitelist_categories=["L", "N"])))
def test_secret_is_in_no_repr(secret: str):
    connection = Connection("c", "https://host.example", login="client", password=secret, extra={"key": secret})
    assert secret not in repr(connection).replace("https://host.example", "").replace("client", "")
