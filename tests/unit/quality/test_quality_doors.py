from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
import yaml
from batches import LOAD_ID, MARTS_DIR, RAW_DIR, a_batch, landed

from narvaro.errors import ConfigError
from narvaro.quality import check_load, check_mart
from narvaro.sources.contract import ENTITIES

SECRET = 987_654


def the_verdict(files, entity="attendances", **changes):
    arguments = {"load_id": LOAD_ID, "source": "s", "entity": entity, "timezone": ZoneInfo("Europe/Stockholm")}
    return check_load(RAW_DIR / f"raw__{entity}.yml", files=files, **arguments | changes)


def rules(verdict):
    return {failure.rule: failure.count for failure in verdict.failures}


@pytest.mark.parametrize("entity", ENTITIES)
@pytest.mark.parametrize("rows", [0, 3])
def test_sound_and_empty_loads_pass(tmp_path, entity, rows):
    verdict = the_verdict([landed(tmp_path, a_batch(entity, rows))], entity)
    if (entity, rows) == ("school_units", 0):
        # It is read whole every night: a source without any has told nothing.
        assert (verdict.status, rules(verdict)) == ("refused", {"no_school_units": 1})
        return
    assert (verdict.status, verdict.failures, verdict.rows) == ("passed", (), rows)


def test_impossible_minutes_are_held_once_per_row_with_their_ids(tmp_path):
    table = a_batch(
        "attendances",
        invalid_absence_minutes=[-40, 5, 600],
        attended_minutes=[-1, 601, None],
    )
    verdict = the_verdict([landed(tmp_path, table)])

    (failure,) = verdict.failures
    assert (failure.rule, failure.count) == ("impossible_minutes", 2)
    assert failure.record_ids == ("attendance_id-0", "attendance_id-1")
    assert [(row.row, row.rule, row.is_held) for row in verdict.faulty_rows] == [
        (0, "impossible_minutes", True),
        (1, "impossible_minutes", True),
    ]
    assert (verdict.status, verdict.quarantined_rows) == ("quarantined", 2)


def test_no_value_leaves_in_a_verdict(tmp_path):
    table = a_batch("attendances", invalid_absence_minutes=[SECRET, 5, 5])
    verdict = the_verdict([landed(tmp_path, table)])
    assert str(SECRET) not in repr(verdict)
    assert str(SECRET) not in repr(verdict.summary())
    assert verdict.status == "quarantined"


def test_pupils_are_counted_and_never_named(tmp_path):
    table = a_batch("pupils", pupil_id=[None, "a", "b"], person_id=["x", "x", "y"])
    verdict = the_verdict([landed(tmp_path, table)], "pupils")
    assert rules(verdict) == {"pupil_without_pseudonym": 1, "repeated_pupil": 2}
    assert {failure.record_ids for failure in verdict.failures} == {()}
    assert {row.record_id for row in verdict.faulty_rows} == {None}


def test_a_warning_is_told_and_holds_nothing(tmp_path):
    table = a_batch("attendances", attendance_id=["a", "a", "b"])
    verdict = the_verdict([landed(tmp_path, table)])
    assert (verdict.status, rules(verdict), verdict.quarantined_rows) == ("passed", {"repeated_attendance": 2}, 0)
    assert [row.is_held for row in verdict.faulty_rows] == [False, False]


def test_a_repetition_over_two_files_of_a_load_is_seen(tmp_path):
    first = landed(tmp_path, a_batch("attendances", 1, attendance_id=["a"]), "part-0000.parquet")
    second = landed(tmp_path, a_batch("attendances", 1, first_row=1, attendance_id=["a"]), "part-0001.parquet")
    assert rules(the_verdict([first, second])) == {"repeated_attendance": 2}


def test_a_missing_column_refuses_the_load(tmp_path):
    verdict = the_verdict([landed(tmp_path, a_batch("attendances", is_reported=None))])
    assert (verdict.status, rules(verdict)) == ("refused", {"missing_columns": 1})
    assert verdict.is_refused


def test_a_missing_column_refuses_an_empty_load_too(tmp_path):
    assert the_verdict([landed(tmp_path, a_batch("attendances", 0, is_reported=None))]).is_refused


def test_too_large_a_share_of_held_rows_refuses_the_load(tmp_path):
    files = [landed(tmp_path, a_batch("attendances", 400, is_reported=[None] * 21 + [True] * 379))]
    refused = the_verdict(files, max_quarantine_share=0.05)
    assert refused.status == "refused"
    assert rules(refused)["too_many_quarantined"] == 21
    assert the_verdict(files, max_quarantine_share=0.06).status == "quarantined"


def test_a_small_night_is_not_refused_for_a_few_rows(tmp_path):
    files = [landed(tmp_path, a_batch("attendances", is_reported=[None, None, True]))]
    assert the_verdict(files).status == "quarantined"
    assert the_verdict(files, tolerated_rows=1).status == "refused"


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"ended_at": [datetime(2026, 9, 18, 6, 0, tzinfo=UTC)]}, "lesson_ends_before_start"),
        ({"lesson_minutes": [0]}, "impossible_lesson_minutes"),
        ({"lesson_minutes": [601]}, "impossible_lesson_minutes"),
        ({"school_date": [date(2026, 9, 17)]}, "lesson_on_other_date"),
        # 20:00 UTC is 22:00 in Stockholm's summer.
        ({"started_at": [datetime(2026, 9, 18, 20, 0, tzinfo=UTC)], "ended_at": [None]}, "lesson_at_night"),
        ({"started_at": [datetime(2026, 9, 18, 2, 59, tzinfo=UTC)]}, "lesson_at_night"),
        ({"ended_at": [None]}, "lesson_without_times"),
        ({"activity_id": pd.array([None], dtype="string")}, "lesson_without_activity"),
    ],
)
def test_lessons_that_cannot_be_are_met(tmp_path, changes, rule):
    assert rule in rules(the_verdict([landed(tmp_path, a_batch("lessons", 1, **changes))], "lessons"))


@pytest.mark.parametrize(
    "changes",
    [
        {"lesson_minutes": [None]},
        {"lesson_minutes": [600]},
        # 03:00 UTC is 05:00 in Stockholm's summer.
        {"started_at": [datetime(2026, 9, 18, 3, 0, tzinfo=UTC)]},
        # 19:59 UTC is 21:59.
        {
            "started_at": [datetime(2026, 9, 18, 19, 59, tzinfo=UTC)],
            "ended_at": [datetime(2026, 9, 18, 20, tzinfo=UTC)],
        },
    ],
)
def test_lessons_at_the_edge_pass(tmp_path, changes):
    assert the_verdict([landed(tmp_path, a_batch("lessons", 1, **changes))], "lessons").failures == ()


def test_a_suite_that_reads_an_unknown_column_is_blamed(tmp_path):
    suite = yaml.safe_load((RAW_DIR / "raw__attendances.yml").read_text())
    suite["expectations"].append(suite["expectations"][1] | {"id": "x", "kwargs": {"column": "atendance_id"}})
    path = tmp_path / "raw__attendances.yml"
    path.write_text(yaml.safe_dump(suite))
    files = [landed(tmp_path, a_batch("attendances"))]
    with pytest.raises(ConfigError, match=r"expectation 11 \(x, .*reads \['atendance_id'\]"):
        check_load(path, load_id=LOAD_ID, source="s", entity="attendances", files=files, timezone=ZoneInfo("UTC"))


def test_a_demand_that_does_not_fit_its_column_is_blamed_without_values(tmp_path):
    suite = yaml.safe_load((RAW_DIR / "raw__attendances.yml").read_text())
    suite["expectations"][1] |= {
        "type": "expect_column_values_to_be_between",
        "kwargs": {"column": "attendance_id", "min_value": 1},
    }
    path = tmp_path / "raw__attendances.yml"
    path.write_text(yaml.safe_dump(suite))
    files = [landed(tmp_path, a_batch("attendances", 1, attendance_id=["hemlig"]))]
    with pytest.raises(ConfigError, match=r"attendance_without_id, .*cannot be put to its column") as caught:
        check_load(path, load_id=LOAD_ID, source="s", entity="attendances", files=files, timezone=ZoneInfo("UTC"))
    assert "hemlig" not in str(caught.value)


def a_mart(**columns):
    frame = {
        "school_unit_code": ["12345678", "87654321"],
        "iso_week": ["2026-W37", "2026-W38"],
        "pupils_count": [10, 10],
        "scheduled_minutes": [10_000, 10_000],
        "offered_minutes": [9_000, 9_000],
        "valid_absent_minutes": [500, 0],
        "invalid_absent_minutes": [100, 0],
        "absent_minutes": [600, 0],
        "coverage_pct": [90.0, 90.0],
        "absence_rate_pct": [6.7, None],
    }
    return pd.DataFrame(frame | columns)


UNIT_WEEK = MARTS_DIR / "fct_absence_by_school_unit_week.yml"


def test_a_sound_mart_passes_and_so_does_an_empty_one():
    assert check_mart(UNIT_WEEK, a_mart()).failures == ()
    assert check_mart(UNIT_WEEK, a_mart().iloc[:0]).failures == ()


@pytest.mark.parametrize(
    ("columns", "rule"),
    [
        ({"absence_rate_pct": [100.1, 0.0]}, "impossible_rate"),
        ({"coverage_pct": [101.0, 90.0]}, "impossible_coverage"),
        ({"valid_absent_minutes": [501, 0]}, "parts_differ_from_sum"),
        ({"offered_minutes": [-1, 0]}, "negative_minutes"),
    ],
)
def test_a_mart_that_cannot_be_is_refused(columns, rule):
    verdict = check_mart(UNIT_WEEK, a_mart(**columns))
    assert (verdict.status, rules(verdict)) == ("refused", {rule: 1})


def test_a_mart_without_its_columns_is_refused():
    verdict = check_mart(UNIT_WEEK, a_mart().drop(columns="coverage_pct"))
    assert (verdict.status, rules(verdict)) == ("refused", {"missing_columns": 1})


def test_bands_that_do_not_add_up_are_refused():
    path = MARTS_DIR / "fct_absence_by_county_term.yml"
    bands = [f"band_{edges}_count" for edges in ["00", "00_05", "05_10", "10_15", "15_20", "20_30", "30_50", "50_100"]]
    cells = {band: [1, 1] for band in bands} | {"classed_pupils_count": [8, 7]}
    keys = {key: ["all", "all"] for key in ("term_code", "school_form", "grade", "sex")}
    verdict = check_mart(path, a_mart(**keys, **cells))
    assert rules(verdict) == {"bands_differ_from_sum": 1}


def test_importing_the_room_does_not_import_the_library():
    program = "import sys, narvaro.quality; sys.exit('great_expectations' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_checking_makes_no_noise_and_leaves_no_files(tmp_path):
    path = landed(tmp_path / "data", a_batch("grades"))
    home = tmp_path / "home"
    home.mkdir()
    program = (
        "import logging, sys; logging.basicConfig(level=logging.INFO)\n"
        "from pathlib import Path; from zoneinfo import ZoneInfo; from narvaro.quality import check_load\n"
        "v = check_load(Path(sys.argv[1]), load_id='l', source='s', entity='grades', files=[Path(sys.argv[2])],"
        " timezone=ZoneInfo('UTC')); assert v.status == 'passed'"
    )
    command = [sys.executable, "-c", program, str(RAW_DIR / "raw__grades.yml"), str(path)]
    done = subprocess.run(
        command, check=True, capture_output=True, cwd=home, env={"HOME": str(home), "TMPDIR": str(home)}
    )
    assert (done.stdout, done.stderr) == (b"", b"")
    assert list(home.rglob("*")) == []
