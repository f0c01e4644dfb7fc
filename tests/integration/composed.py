"""docker-compose.yml, read as Compose reads it and run outside containers.

A service keeps its command, its environment and its health check; only the places change:
container paths become folders of the test, host names and ports become free ports of loopback.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import yaml
from open_ports import free_ports

ROOT = Path(__file__).resolve().parents[2]
_VARIABLE = re.compile(r"\$\{(?P<name>[A-Z_]+)(?::-(?P<default>[^}]*))?\}")
_ENV_LINE = re.compile(r"^(?P<hash># )?(?P<name>[A-Z][A-Z0-9_]*)=(?P<value>.*)$")


@cache
def compose_text() -> str:
    return (ROOT / "docker-compose.yml").read_text(encoding="utf-8")


def interpolated(text: str, env: dict[str, str]) -> str:
    """Replace ${NAME:-default} as Compose does."""
    return _VARIABLE.sub(lambda found: env.get(found["name"]) or found["default"] or "", text)


@cache
def compose() -> dict:
    """Give the composition with every variable at its default."""
    return yaml.safe_load(interpolated(compose_text(), {}))


def services() -> dict[str, dict]:
    return compose()["services"]


def compose_variables() -> dict[str, str]:
    """Give every variable that Compose fills in, with its default."""
    return {found["name"]: found["default"] for found in _VARIABLE.finditer(compose_text())}


def example_variables() -> tuple[dict[str, str], dict[str, str]]:
    """Give .env.example's variables: those that are set, and those in comments."""
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    found = [match for line in lines if (match := _ENV_LINE.match(line))]
    return (
        {line["name"]: line["value"] for line in found if not line["hash"]},
        {line["name"]: line["value"] for line in found if line["hash"]},
    )


def dockerfile() -> list[tuple[str, str]]:
    """Give the Dockerfile's instructions in order, continuation lines joined and comments dropped."""
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    text = "\n".join(line for line in lines if not line.lstrip().startswith("#"))
    logical = text.replace("\\\n", " ").splitlines()
    return [
        (word.upper(), " ".join(rest.split())) for word, _, rest in (line.partition(" ") for line in logical) if word
    ]


def image_environment() -> dict[str, str]:
    """Give the ENV of the image's last stage."""
    instructions = dockerfile()
    last_stage = max(index for index, (word, _) in enumerate(instructions) if word == "FROM")
    pairs = [rest for word, rest in instructions[last_stage:] if word == "ENV"]
    return dict(pair.split("=", 1) for rest in pairs for pair in rest.split(" "))


@dataclass
class Places:
    """Where a container's paths, hosts and ports are on this machine."""

    folder: Path
    ports: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        wanted = (5432, 6379, 8080, 8081, 8082, 8083, 8025, 8974, 8793, 8794)
        self.ports = dict(zip(wanted, free_ports(len(wanted)), strict=True))
        for name in ("secrets", "dags", "narvaro", "log", "redis"):
            (self.folder / name).mkdir()

    def local(self, text: str, service: str) -> str:
        """Give a container's text as it reads here."""
        moved = {
            "/opt/narvaro/dags": self.folder / "dags",
            "/opt/narvaro": ROOT,
            "/run/secrets": self.folder / "secrets",
            # The second county: small, and another folder than the default.
            "/etc/narvaro/config": ROOT / "config/blekinge",
            "/var/lib/narvaro": self.folder / "narvaro",
            "/var/lib/airflow": self.folder / f"airflow-{service}",
            "/var/log/airflow": self.folder / "log",
        }
        for there, here in moved.items():
            text = text.replace(there, str(here))
        for host in ("airflow-api-server", "postgres", "redis", "simulator", "mail-catcher", "localhost"):
            text = re.sub(rf"(?<=[/@]){re.escape(host)}(?=:\d)", "127.0.0.1", text)
        text = re.sub(r"^0\.0\.0\.0$", "127.0.0.1", text)
        for there, here in self.ports.items():
            text = re.sub(rf"(?<=[:=]){there}\b|^{there}$", str(here), text)
        return text

    def environment(self, service: str) -> dict[str, str]:
        """Give the image's environment and the service's, and nothing of this machine's but the programs."""
        here = {"PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin"}
        declared = image_environment() | services()[service].get("environment", {})
        env = {name: self.local(str(value), service) for name, value in declared.items()} | here
        return env | {
            # What a container has to itself: its home, its log ports, its secrets' folder, Redis's place.
            "HOME": str(self.folder),
            # The image is compiled when it is built; this machine's environment as it is used.
            "PYTHONDONTWRITEBYTECODE": "",
            "SECRETS_DIR": str(self.folder / "secrets"),
            "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(self.ports[8793]),
            "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(self.ports[8794]),
            "REDIS_BIND": "127.0.0.1",
            "REDIS_PORT": str(self.ports[6379]),
            "REDIS_DIR": str(self.folder / "redis"),
        }

    def command(self, service: str) -> list[str]:
        """Give the image's entrypoint with the service's command, as this machine runs it."""
        parts = [*entrypoint(service), *services()[service]["command"]]
        return [self.local(part, service) for part in parts]

    def health_command(self, service: str) -> list[str]:
        """Give the service's health check, as this machine runs it."""
        first, *rest = services()[service]["healthcheck"]["test"]
        assert first == "CMD"
        return [self.local(part, service) for part in rest]


def entrypoint(service: str) -> list[str]:
    """Give the entrypoint that a service starts with."""
    described = services()[service]
    if "entrypoint" in described:
        return described["entrypoint"]
    if not described["image"].startswith("narvaro:"):
        return []
    return yaml.safe_load(next(rest for word, rest in dockerfile() if word == "ENTRYPOINT"))
