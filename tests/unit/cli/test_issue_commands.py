"""Issues on the command line: shown, answered, refused."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from typer.testing import CliRunner

from narvaro.alerts import Finding
from narvaro.cli.app import app
from narvaro.errors import LedgerError
from narvaro.ledger import Ledger
from narvaro.settings import PROJECT_DIR, Settings

SOURCE = "1081-ronneby"
ISSUE = f"{SOURCE}/-/impossible_minutes"
NIGHT = date(2026, 9, 19)


@pytest.fixture
def ledger(tmp_path, monkeypatch):
    """The ledger of an installation with one issue."""
    monkeypatch.setenv("NARVARO_HOME", str(tmp_path))
    monkeypatch.setenv("NARVARO_CONFIG_DIR", str(PROJECT_DIR / "config" / "blekinge"))
    ledger = Ledger.open(Settings.from_env().ledger_url)
    found = Finding(SOURCE, "impossible_minutes", "rows", "critical", 3, owner="reporting")
    ledger.record_findings(NIGHT, [found], checked=[(SOURCE, "rows")])
    return ledger


def run(*arguments):
    return CliRunner(env={"COLUMNS": "300", "NO_COLOR": "1"}).invoke(app, ["issues", *arguments])


def rows(*arguments):
    done = run(*arguments, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@pytest.mark.usefixtures("ledger")
@pytest.mark.parametrize("command", [[], ["list"]], ids=["issues", "issues list"])
def test_issues_are_listed(command):
    (issue,) = rows(*command)
    assert (issue["fingerprint"], issue["owner"], issue["standing"]) == (ISSUE, "reporting", "open")
    assert rows(*command, "--source", "1080-karlskrona") == []
    assert "impossible_minutes" in run(*command).stdout


def test_an_issue_is_shown_with_its_life(ledger):
    ledger.record_findings(NIGHT + timedelta(days=1), [], checked=[(SOURCE, "rows")])
    (issue,) = rows("show", ISSUE)
    assert [step["event"] for step in issue["history"]] == ["opened", "resolved"]
    assert issue["standing"] == "resolved"
    assert "resolved" in run("show", ISSUE).stdout


def test_an_issue_is_acknowledged_verified_and_taken_back(ledger):
    assert run("acknowledge", ISSUE, "--by", "anna").exit_code == 0
    until = (datetime.now(UTC) + timedelta(days=40)).date()
    done = run("verify", ISSUE, "--reason", "the lessons were called off", "--until", until.isoformat())
    assert done.stdout.strip() == f"{ISSUE}: verified until {until}"
    (issue,) = rows("list")
    assert (issue["standing"], issue["answer"]["until"]) == ("verified", until.isoformat())
    assert run("withdraw", ISSUE, "--reason", "a mistake").exit_code == 0
    assert [(answer.kind, answer.answered_by == "anna") for answer in ledger.answers(ISSUE)] == [
        ("acknowledged", True),
        ("verified", False),
        ("withdrawn", False),
    ]


@pytest.mark.usefixtures("ledger")
@pytest.mark.parametrize(
    "arguments",
    [
        ("show", "1081-ronneby/-/no_such_rule"),
        ("acknowledge", "1081-ronneby/-/no_such_rule"),
        ("verify", ISSUE, "--reason", " "),
        ("verify", ISSUE, "--reason", "right", "--until", "2020-01-01"),
        ("withdraw", ISSUE),
    ],
    ids=lambda arguments: arguments[0],
)
def test_what_cannot_be_answered_exits_with_the_ledgers_code(arguments):
    done = run(*arguments)
    assert done.exit_code == LedgerError.exit_code
    assert "LedgerError" in done.output


@pytest.mark.usefixtures("ledger")
def test_a_verification_needs_a_reason():
    assert run("verify", ISSUE).exit_code == 2
