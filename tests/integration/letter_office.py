"""An installation that has read nothing and writes letters about what a test finds."""

from __future__ import annotations

import base64
import json
import shutil
from dataclasses import dataclass
from datetime import date
from email import message_from_bytes
from email.policy import default
from typing import TYPE_CHECKING

from simulated_line import BLEKINGE
from typer.testing import CliRunner

from narvaro.alerts import DOOR_ARRIVAL, DOOR_ROWS, Finding
from narvaro.alerts.catcher import MailCatcher
from narvaro.cli import app
from narvaro.orchestration.letters import queue_letters, write_letters
from narvaro.orchestration.line import Line
from narvaro.settings import Settings

if TYPE_CHECKING:
    from email.message import EmailMessage
    from pathlib import Path

    from click.testing import Result

    from narvaro.ledger import IssueRecord

NIGHT = date(2026, 9, 18)  # a Friday
SOURCE, OFFICE = "1080-karlskrona", "skolkontoret@karlskrona.example"
TIMETABLE = "schema@karlskrona.example"
ENGINEER = "narvaro-drift@region-blekinge.example"
SECRET = "whsec_" + base64.b64encode(b"thirty-two bytes of our own key!").decode()
# Local time; two hours ahead of UTC in September.
MORNING = 'morning: "07:00"'
RECIPIENTS = """recipients:
  - {owner: "2120000829", roles: [timetable], email: schema@karlskrona.example, language: en}
  - {owner: "2120000829", conn_id: narvaro_hook}
"""


@dataclass
class Office:
    """An installation that has read nothing; its findings are what a test says."""

    line: Line
    env: dict[str, str]

    def connect(self, conn_id: str, **entry: object) -> None:
        path = self.line.settings.connections_path
        path.parent.mkdir(parents=True, exist_ok=True)
        entries = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        path.write_text(json.dumps(entries | {conn_id: entry}), encoding="utf-8")

    def mail_to(self, port: int) -> None:
        self.connect("narvaro_smtp", conn_type="smtp", host="127.0.0.1", port=port, extra={"tls": "none"})

    def meet(self, night: date, *findings: Finding) -> list[IssueRecord]:
        doors = [(SOURCE, DOOR_ROWS), (SOURCE, DOOR_ARRIVAL)]
        return self.line.ledger.record_findings(night, findings, checked=doors)

    def queue(self, night: date, *findings: Finding) -> None:
        queue_letters(self.line, write_letters(self.line, night, self.meet(night, *findings)))

    def statuses(self) -> dict[str, str]:
        return {letter.recipient: letter.status for letter in self.line.ledger.letters()}

    def run(self, *arguments: str) -> Result:
        return CliRunner(env=self.env | {"COLUMNS": "300", "NO_COLOR": "1"}).invoke(app, arguments)


def minutes(count: int = 2, **changes: object) -> Finding:
    ids = tuple(f"id-{number}" for number in range(count))
    values = {"source": SOURCE, "rule": "impossible_minutes", "door": DOOR_ROWS, "severity": "critical"}
    return Finding(**values | {"count": count, "record_ids": ids, "owner": "reporting"} | changes)  # type: ignore[arg-type]


def an_office(folder: Path, *, recipients: str = "", quiet: str = "") -> Office:
    config = shutil.copytree(BLEKINGE, folder / "config")
    if recipients:
        (config / "recipients.yml").write_text(recipients, encoding="utf-8")
    county = config / "county.yml"
    text = county.read_text(encoding="utf-8").replace("letters:\n", f"letters:\n  {quiet}\n" if quiet else "letters:\n")
    county.write_text(text, encoding="utf-8")
    env = {"NARVARO_HOME": str(folder / "home"), "NARVARO_CONFIG_DIR": str(config)}
    return Office(Line.open(Settings.from_env(env)), env)


def letters_in(catcher: MailCatcher) -> list[EmailMessage]:
    return [message_from_bytes(path.read_bytes(), policy=default) for path in catcher.letters()]  # type: ignore[misc]


def free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
