"""An installation with a few nights, issues and published figures, for the web pages."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb

from narvaro.alerts import Finding
from narvaro.alerts.links import Links
from narvaro.county import load_county
from narvaro.errors import SettingsError
from narvaro.ledger import FailureRecord, Ledger, LoadRecord, VerdictRecord
from narvaro.orchestration.line import Line
from narvaro.settings import Settings
from narvaro.web.site import Site

PROJECT_DIR = Path(__file__).resolve().parents[3]
SECRET = "s" * 64
NOW = datetime(2026, 9, 21, 7, 30, tzinfo=UTC)
NIGHT = date(2026, 9, 21)
OURS, THEIRS = "1080-karlskrona", "1081-ronneby"
UNIT = "10800001"
WEEKS = [f"2026-W{week}" for week in range(32, 39)]
RECORD_ID = "3f1c6a52-row"


class Clock:
    """A clock that a test may move."""

    def __init__(self, moment: datetime = NOW) -> None:
        self.moment = moment

    def __call__(self) -> datetime:
        return self.moment


def a_finding(**changes) -> Finding:
    values = {"source": OURS, "rule": "impossible_minutes", "door": "rows", "severity": "critical", "count": 40}
    return Finding(**(values | {"record_ids": (RECORD_ID,), "owner": "reporting"} | changes))


def reports_missing(source: str = OURS, unit: str = UNIT) -> Finding:
    details = {"school_unit_name": "Östra skolan", "periods": ["2026-W37", "2026-W38"]}
    return a_finding(
        source=source, rule="reports_missing", door="marts", severity="warning", count=2, school_unit_code=unit,
        record_ids=(), details=details,
    )  # fmt: skip


def no_connection(conn_id: str):
    message = f"No connection {conn_id}."
    raise SettingsError(message)


def open_line(home: Path, find=no_connection) -> Line:
    env = {"NARVARO_HOME": str(home), "NARVARO_CONFIG_DIR": str(PROJECT_DIR / "config" / "blekinge")}
    settings = Settings.from_env(env)
    return Line(settings, load_county(settings.config_dir), Ledger.open(settings.ledger_url), find)


def a_site(
    home: Path, *, base_url: str = "http://localhost:8083", clock: Clock | None = None, find=no_connection
) -> Site:
    """Give an installation whose first source has two issues, whose second has one, and whose third is new."""
    line = open_line(home, find)
    return Site(line, Links(base_url, SECRET), clock=clock or Clock())


def furnish(home: Path) -> None:
    """Write what an installation has after four nights."""
    line = open_line(home)
    for back in (3, 2, 1, 0):
        for source in (OURS, THEIRS):
            _a_night(line.ledger, source, NIGHT - timedelta(days=back), silent=source == THEIRS and back == 0)
    for back, findings in ((3, [a_finding(rule="minutes_off", count=3)]), (1, [a_finding()]), (0, [a_finding()])):
        line.ledger.record_findings(NIGHT - timedelta(days=back), findings, checked=[(OURS, "rows")])
    line.ledger.record_findings(NIGHT, [reports_missing()], checked=[(OURS, "marts")])
    line.ledger.record_findings(NIGHT, [reports_missing(THEIRS, "10810001")], checked=[(THEIRS, "marts")])
    _publish(line.settings.published_dir, line.county.sources[OURS].owner)


def _a_night(ledger: Ledger, source: str, night: date, *, silent: bool) -> None:
    if silent:
        ledger.settle_silent(source, night, reason="the server did not answer")
        return
    load_id, moment = f"{source}-{night}", datetime(night.year, night.month, night.day, 1, tzinfo=UTC)
    load = LoadRecord(load_id, source, "attendances", night, 12_345, 1, None, moment, schema_fingerprint="f")
    failures = (FailureRecord("impossible_minutes", "critical", "row", 40),)
    verdict = VerdictRecord(
        "raw__attendances", "quarantined", 12_345, load_id, source, "attendances", night, 40, failures
    )  # fmt: skip
    ledger.record_landing(source, night, [load])
    ledger.settle_accepted(source, night, [verdict], {"attendances": moment})


def _publish(published_dir: Path, owner_id: str) -> None:
    """Write a release with three units: one well covered, one badly, one too small to be shown."""
    release = published_dir / "releases" / "r1"
    release.mkdir(parents=True)
    (published_dir / "current").symlink_to("releases/r1")
    rows = []
    for number, week in enumerate(WEEKS):
        rows += [
            (UNIT, week, 95.0 - 9 * number, 1000, 950 - 90 * number, "EXISTS"),
            ("10800002", week, 98.0, 2000, 1960, "EXISTS"),
            ("10800003", week, None, None, None, "OMITTED_DUE_TO_BASED_ON_FEW_PUPILS"),
        ]
    with duckdb.connect(str(release / "narvaro.duckdb")) as store:
        store.execute("create table school_units (school_unit_code text, school_unit_name text, owner_id text)")
        names = [(UNIT, "Östra skolan"), ("10800002", "Västra <skolan>"), ("10800003", "Lilla skolan")]
        store.executemany("insert into school_units values (?, ?, ?)", [(*name, owner_id) for name in names])
        store.execute(
            "create table school_unit_absence_by_week (school_unit_code text, iso_week text, coverage_pct double,"
            " scheduled_minutes bigint, offered_minutes bigint, value_type text)"
        )
        store.executemany("insert into school_unit_absence_by_week values (?, ?, ?, ?, ?, ?)", rows)
        store.execute("create table source_status (source_name text, coverage_pct double)")
        store.execute(f"insert into source_status values ('{OURS}', 91.5)")
