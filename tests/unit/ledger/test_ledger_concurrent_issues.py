"""Many runs at once, and runs again: an issue is opened once, a letter queued once, an answer kept once."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from ledger_builders import NIGHT, SOURCE, a_finding

from narvaro.ledger import Ledger

HERE = [(SOURCE, "rows")]
RUNS = 6
UNITS = 20

# Forks from a process without threads of its own, as Airflow's executor does.
MANY_RUNS = """
import multiprocessing, sys
from ledger_builders import NIGHT, SOURCE, a_finding, a_letter
from narvaro.ledger import Ledger

def run_the_night(number):
    ledger = Ledger.open(sys.argv[1])
    found = [a_finding(school_unit_code=f"{unit:08d}") for unit in range(int(sys.argv[3]))]
    issues = ledger.record_findings(NIGHT, found, checked=[(SOURCE, "rows")])
    ledger.record_escalations(NIGHT, [issue.fingerprint for issue in issues])
    ledger.answer_issue(issues[0].fingerprint, "acknowledged", by="anna", reason="soon")
    if ledger.queue_letter(a_letter()):
        print("queued", flush=True)

context = multiprocessing.get_context("fork")
runs = [context.Process(target=run_the_night, args=(number,)) for number in range(int(sys.argv[2]))]
for run in runs:
    run.start()
for run in runs:
    run.join()
sys.exit(any(run.exitcode for run in runs))
"""


def test_runs_at_once_open_queue_and_answer_once(url):
    Ledger.open(url)
    command = [sys.executable, "-c", MANY_RUNS, url, str(RUNS), str(UNITS)]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent)}
    done = subprocess.run(command, check=True, timeout=120, env=environment, capture_output=True, text=True)
    assert done.stdout.split() == ["queued"]
    ledger = Ledger.open(url)
    issues = ledger.open_issues()
    assert len(issues) == UNITS
    steps = Counter(step.event for issue in issues for step in ledger.issue_history(issue.fingerprint))
    assert steps == {"opened": UNITS, "escalated": UNITS, "acknowledged": 1}
    assert len(ledger.pending_letters()) == 1


@pytest.fixture
def ledger(url):
    return Ledger.open(url)


def test_a_term_run_again_from_its_beginning_changes_nothing(ledger):
    nights = [NIGHT + timedelta(days=number) for number in range(6)]
    found = [[a_finding()], [], [a_finding()], [a_finding(count=4)], [], [a_finding()]]

    def run_all():
        for night, findings in zip(nights, found, strict=True):
            ledger.record_findings(night, findings, checked=HERE)

    run_all()
    before = ledger.issues(), ledger.issue_history("0180-stockholm/-/impossible_minutes")
    run_all()
    assert (ledger.issues(), ledger.issue_history("0180-stockholm/-/impossible_minutes")) == before


def test_a_killed_recording_is_whole_when_it_is_done_again(sqlite_url):
    ledger = Ledger.open(sqlite_url)
    program = (
        "import os, signal, sys; from ledger_builders import NIGHT, SOURCE, a_finding\n"
        "from narvaro.ledger import Ledger, issues\n"
        "issues.write_sightings = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "Ledger.open(sys.argv[1]).record_findings(NIGHT, [a_finding()], checked=[(SOURCE, 'rows')])"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent)}
    killed = subprocess.run([sys.executable, "-c", program, sqlite_url], check=False, env=environment)
    assert killed.returncode == -9
    assert ledger.issues() == []
    (issue,) = ledger.record_findings(NIGHT, [a_finding()], checked=HERE)
    assert issue.event == "opened"
