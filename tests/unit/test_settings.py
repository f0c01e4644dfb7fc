"""Settings: read from an argument, defaults for all, clear when wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from narvaro.errors import SettingsError
from narvaro.settings import PROJECT_DIR, Settings

if TYPE_CHECKING:
    from pathlib import Path


def test_empty_environment_means_the_project_itself():
    settings = Settings.from_env({})
    assert settings.config_dir == PROJECT_DIR / "config"
    assert settings.home == PROJECT_DIR / "var"
    assert settings.ledger_url == f"sqlite:///{PROJECT_DIR / 'var' / 'ledger.db'}"


def test_home_moves_every_store(tmp_path: Path):
    settings = Settings.from_env({"NARVARO_HOME": str(tmp_path)})
    stores = (settings.landing_dir, settings.quarantine_dir, settings.warehouse_path, settings.published_dir)
    assert all(store.is_relative_to(tmp_path) for store in (*stores, settings.mail_dir, settings.pseudonym_key_path))
    assert str(tmp_path) in settings.ledger_url


def test_relative_paths_become_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    assert Settings.from_env({"NARVARO_HOME": "here"}).home == tmp_path / "here"


def test_missing_config_folder_is_named(tmp_path: Path):
    with pytest.raises(SettingsError, match="NARVARO_CONFIG_DIR"):
        Settings.from_env({"NARVARO_CONFIG_DIR": str(tmp_path / "nowhere")})


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1", "80.5"])
def test_wrong_port_is_named(port: str):
    with pytest.raises(SettingsError, match="NARVARO_AIRFLOW_PORT"):
        Settings.from_env({"NARVARO_AIRFLOW_PORT": port})


def test_password_comes_from_its_file_and_stays_out_of_sight(tmp_path: Path):
    secret = tmp_path / "ledger_password"
    secret.write_text("p@ss:w/rd\n", encoding="utf-8")
    url = "postgresql+psycopg2://narvaro_ledger@db.example.se:5432/ledger"
    settings = Settings.from_env({"NARVARO_LEDGER_URL": url, "NARVARO_LEDGER_PASSWORD_PATH": str(secret)})
    wanted = "postgresql+psycopg2://narvaro_ledger:p%40ss%3Aw%2Frd@db.example.se:5432/ledger?"
    assert settings.ledger_url.startswith(wanted)
    assert "p%40ss" not in repr(settings)


@pytest.mark.parametrize("room", ["NARVARO_LEDGER", "NARVARO_PUBLISHED"])
def test_password_file_that_is_missing_is_named(tmp_path: Path, room: str):
    env = {f"{room}_URL": "postgresql://reader@db/name", f"{room}_PASSWORD_PATH": str(tmp_path / "nowhere")}
    with pytest.raises(SettingsError, match=rf"{room}_PASSWORD_PATH.*nowhere"):
        Settings.from_env(env)


@pytest.mark.parametrize("url", ["postgresql://user:hidden@db/name", "postgresql://db/name"])
def test_password_file_beside_a_url_that_cannot_take_it_is_refused(tmp_path: Path, url: str):
    secret = tmp_path / "password"
    secret.write_text("x", encoding="utf-8")
    env = {"NARVARO_LEDGER_URL": url, "NARVARO_LEDGER_PASSWORD_PATH": str(secret)}
    with pytest.raises(SettingsError, match="NARVARO_LEDGER_URL") as caught:
        Settings.from_env(env)
    assert "hidden" not in str(caught.value)


def test_password_file_without_a_url_changes_nothing(tmp_path: Path):
    settings = Settings.from_env({"NARVARO_PUBLISHED_PASSWORD_PATH": str(tmp_path / "nowhere")})
    assert settings.published_url is None


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("postgresql://a@db.example/x", "postgresql://a@db.example/x?sslmode=verify-full&sslrootcert=system"),
        (
            "postgresql+psycopg2://a@db.example/x?sslrootcert=/ca.pem",
            "postgresql+psycopg2://a@db.example/x?sslrootcert=/ca.pem&sslmode=verify-full",
        ),
        ("postgresql://a@db.example/x?sslmode=disable", "postgresql://a@db.example/x?sslmode=disable"),
        ("postgresql://a@localhost:5432/x", "postgresql://a@localhost:5432/x"),
        ("postgresql:///x?host=/run/postgresql", "postgresql:///x?host=/run/postgresql"),
        ("sqlite:////tmp/x.db", "sqlite:////tmp/x.db"),
    ],
)
def test_a_database_on_another_machine_is_spoken_to_over_verified_tls(url, wanted):
    settings = Settings.from_env({"NARVARO_LEDGER_URL": url, "NARVARO_PUBLISHED_URL": url})
    assert (settings.ledger_url, settings.published_url) == (wanted, wanted)


@pytest.mark.parametrize(("value", "is_on"), [("on", True), ("off", False), ("", False)])
def test_sealing_is_switched_on_by_a_word(value, is_on):
    assert Settings.from_env({"NARVARO_ENCRYPT_AT_REST": value}).encrypt_at_rest is is_on


def test_another_word_for_sealing_is_refused():
    """Whoever wrote `true` must not be left with plain files."""
    with pytest.raises(SettingsError, match="wanted on or off"):
        Settings.from_env({"NARVARO_ENCRYPT_AT_REST": "true"})
