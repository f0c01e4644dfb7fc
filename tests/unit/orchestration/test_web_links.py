from __future__ import annotations

import stat
from types import SimpleNamespace

import pytest

from narvaro.connections import Connection
from narvaro.errors import AlertError, PrivacyError, SettingsError
from narvaro.orchestration.web_links import links_of_server, secret_path, web_links

SECRET = "k" * 40


def a_line(tmp_path, *, web_url="", connection=None):
    def find(_conn_id):
        if connection is None:
            message = "no such connection"
            raise SettingsError(message)
        return connection

    settings = SimpleNamespace(connections_path=tmp_path / "secrets" / "connections.json", web_url=web_url)
    return SimpleNamespace(settings=settings, find_connection=find)


def test_letters_have_no_links_without_an_address(tmp_path):
    assert web_links(a_line(tmp_path)) is None
    assert not secret_path(a_line(tmp_path)).exists()


def test_secret_is_made_once_and_is_its_owners_alone(tmp_path):
    line = a_line(tmp_path, web_url="https://narvaro.example")
    assert web_links(line).base_url == "https://narvaro.example"
    first = secret_path(line).read_text(encoding="ascii")
    assert len(first.strip()) == 64
    assert stat.S_IMODE(secret_path(line).stat().st_mode) == 0o600
    links_of_server(line, "http://localhost:8083")
    assert secret_path(line).read_text(encoding="ascii") == first
    assert [path.name for path in secret_path(line).parent.iterdir()] == ["web.secret"]


def test_server_stands_without_an_address(tmp_path):
    assert links_of_server(a_line(tmp_path), "http://localhost:8083").base_url == "http://localhost:8083"


def test_secret_that_others_may_read_is_refused(tmp_path):
    line = a_line(tmp_path, web_url="https://narvaro.example")
    web_links(line)
    secret_path(line).chmod(0o644)
    with pytest.raises(PrivacyError, match="644"):
        web_links(line)


def test_connection_gives_address_and_secret(tmp_path):
    connection = Connection("narvaro_web", "https://other.example", password=SECRET)
    links = web_links(a_line(tmp_path, web_url="https://narvaro.example", connection=connection))
    assert links.base_url == "https://other.example"
    assert not secret_path(a_line(tmp_path)).exists()


def test_several_secrets_stand_one_a_line(tmp_path):
    line = a_line(tmp_path, web_url="https://narvaro.example")
    web_links(line)
    secret_path(line).write_text(f"{SECRET}\n{'o' * 32}\n", encoding="ascii")
    assert web_links(line).seal is not None
    secret_path(line).write_text("short\n", encoding="ascii")
    with pytest.raises(AlertError, match="32 characters"):
        web_links(line)


def test_folder_that_cannot_be_written_says_what_to_do(tmp_path):
    (tmp_path / "secrets").write_text("a file where the folder should be", encoding="ascii")
    with pytest.raises(PrivacyError, match="cannot be read or made"):
        web_links(a_line(tmp_path, web_url="https://narvaro.example"))
