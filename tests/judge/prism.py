"""Prism between us and the simulator: it holds every request and answer against the SS 12000 document."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import yaml

from narvaro.simulator.tables import MARKINGS

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
# `make judge` installs it; the document is the user's own copy, for it may not be spread.
PRISM = ROOT / "var" / "judge" / "node_modules" / ".bin" / "prism"
NEIGHBOUR = ROOT.parent / "shared" / "ss12000" / "openapi_2_1_0.yaml"
_START_SECONDS = 60.0


def document_path() -> Path:
    """Give the document, or skip with what is missing."""
    path = Path(os.environ.get("DOCUMENT") or NEIGHBOUR)
    if not PRISM.exists() or not shutil.which("node"):
        pytest.skip("the outside judge is not installed: run `make judge` (it needs Node.js 18.20 or newer)")
    if not path.is_file():
        pytest.skip("no SS 12000 document: `make judge DOCUMENT=path/to/openapi.yaml` names one")
    return path


def patched_document(path: Path) -> dict[str, Any]:
    """Read the document and mend what makes its own objects impossible; nothing of it is kept."""
    content: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    schemas = content["components"]["schemas"]
    # Two objects require what they do not have, and one time of day is an integer.
    schemas["Grade"]["required"].remove("schoolUnit")
    schemas["AttendanceSchedule"]["required"].remove("scheduleDays")
    schemas["AttendanceScheduleEntry"]["properties"]["endTime"]["type"] = "string"
    # Two lookups name another list than their own in the answer.
    for resource, row in (("calendarEvents", "CalendarEvent"), ("attendanceSchedule", "AttendanceSchedule")):
        answer = content["paths"][f"/{resource}/lookup"]["post"]["responses"]["200"]["content"]["application/json"]
        answer["schema"] = {"type": "array", "items": {"$ref": f"#/components/schemas/{row}"}}
    # Some simulated systems misspell a marking on purpose: readers must fail closed.
    for holder in ("Person", "PersonReference_1"):
        schemas[holder]["properties"]["securityMarking"]["enum"] = list(MARKINGS)
    return content


@dataclass(frozen=True, slots=True)
class Judgement:
    """One request that Prism has seen, and what it found wrong with either side of it."""

    method: str
    path: str
    parameters: tuple[str, ...]
    status: int
    violations: tuple[dict[str, Any], ...]

    def against(self, side: str) -> list[str]:
        """Say what is wrong with the request, or with the response; never a value."""
        found = [one for one in self.violations if one["location"][:1] == [side]]
        return [f"{self.method} {self.path}: {'.'.join(map(str, one['location']))}: {one['message']}" for one in found]

    def has_token_without_window(self) -> bool:
        """Tell whether a page was asked for by its token alone where the document also demands a window."""
        windows = {"/calendarEvents": "startTime.onOrAfter", "/aggregatedAttendance": "startDate"}
        return "pageToken" in self.parameters and windows.get(self.path, "pageToken") not in self.parameters


@dataclass(slots=True)
class Judge:
    """Where Prism listens, and everything that it has said."""

    url: str
    judgements: list[Judgement] = field(default_factory=list)

    def note(self, response: httpx.Response) -> None:
        """Keep what Prism says of a request of ours; hung into the client that sends them."""
        request = response.request
        if not str(request.url).startswith(self.url):
            return
        self.judgements.append(
            Judgement(
                method=request.method,
                path=request.url.path,
                parameters=tuple(request.url.params.keys()),
                status=response.status_code,
                violations=tuple(json.loads(response.headers.get("sl-violations", "[]"))),
            )
        )

    def said_against(self, side: str) -> list[str]:
        """Give every complaint about our requests, or about the simulator's responses."""
        return [said for judgement in self.judgements for said in judgement.against(side)]

    def asked(self) -> set[str]:
        """Give the paths that were asked for, an id in them as `{id}`."""
        return {_without_id(judgement.path) for judgement in self.judgements}


@contextmanager
def judging(document: dict[str, Any], upstream: str, folder: Path) -> Iterator[Judge]:
    """Let Prism stand before a server until the block ends."""
    copy = folder / "document.json"
    copy.write_text(json.dumps(document, default=str), encoding="utf-8")
    port = _free_port()
    command = [str(PRISM), "proxy", str(copy), upstream, "--host", "127.0.0.1", "--port", str(port)]
    log = folder / "prism.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_for(url, process, log)
        yield Judge(url)
    finally:
        process.terminate()
        process.wait(timeout=20)
        copy.unlink()


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until Prism answers anything at all."""
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            httpx.get(url, timeout=2, trust_env=False)
        except httpx.HTTPError:
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"Prism did not start:\n{log.read_text(encoding='utf-8')[-2000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _without_id(path: str) -> str:
    parts = path.split("/")
    return "/".join("{id}" if len(part) == len("00000000-0000-0000-0000-000000000000") else part for part in parts)
