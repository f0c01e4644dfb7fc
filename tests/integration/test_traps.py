"""Every trap of the standard, by number, over real HTTP, through the real line.

The numbers are those of the notes on SS 12000 that this project was built from; the habits of
servers stand in `test_habits.py`.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import test_habits
from landed_values import landed
from one_source import NAME, OneSource, is_told, lands_true, one_source, second

from narvaro.sources import ENTITIES

if TYPE_CHECKING:
    from pathlib import Path

HABITS, TRAPS = 15, 17


def test_trap_01_paging_contract_is_found_out_and_every_row_checked(new: OneSource):
    faults = [{"kind": "wants_filters", "resource": "calendarEvents"}, {"kind": "token_alone", "resource": "grades"}]
    lands_true(new, *faults, night=new.first_night)


def test_trap_01_rows_that_come_twice_are_landed_once(new: OneSource):
    lands_true(new, {"kind": "duplicate_rows"}, night=new.first_night)


@pytest.mark.parametrize("status", [410, 400])
def test_trap_02_expired_token_is_never_the_end(new: OneSource, status: int):
    expired = {"kind": "expired_token", "status": status, "resource": "attendances"}
    is_told(new, "refused", expired, night=new.first_night)


def test_trap_02_token_of_another_run_begins_the_list_anew(new: OneSource):
    """The run dies in the middle of a walk; when it is taken up, the token that it had kept is gone."""
    new.plant({"kind": "server_error", "resource": "attendances", "from_request": 6})
    assert new.night(new.first_night).status == "silent"
    lands_true(new, {"kind": "expired_token", "resource": "attendances", "times": 1}, night=new.first_night)


@pytest.mark.parametrize("seconds", [-7200, -60, 60, 7200])
def test_trap_03_cursor_rests_on_the_clock_of_the_server(new: OneSource, seconds: int):
    lands_true(new, {"kind": "clock_skew", "seconds": seconds}, night=new.first_night)
    lands_true(new, {"kind": "clock_skew", "seconds": seconds})


def test_trap_03_cursor_without_any_clock(new: OneSource):
    lands_true(new, {"kind": "no_date_header"}, night=new.first_night)
    lands_true(new, {"kind": "no_date_header"})


@pytest.mark.parametrize("shape", ["changed", "unchanged"])
@pytest.mark.parametrize("resource", ["attendances", "calendarEvents", "persons", "groups"])
def test_trap_04_deleted_and_added_again(source: OneSource, resource: str, shape: str):
    lands_true(source, {"kind": "readded", "resource": resource, "shape": shape})


@pytest.mark.parametrize("resource", ["attendances", "calendarEvents"])
def test_trap_04_mass_deletion_waits_for_a_person(source: OneSource, resource: str):
    is_told(source, "held", {"kind": "mass_deletion", "resource": resource, "shape": "told"})


def test_trap_04_untold_mass_deletion_is_found_by_a_whole_read_and_waits(source: OneSource):
    source.set_up(plan={"full_every_days": 1})
    is_told(source, "held", {"kind": "mass_deletion", "resource": "attendances", "shape": "untold"})


def test_trap_04_narrowed_access_looks_like_mass_deletion_and_waits(source: OneSource):
    source.set_up(plan={"full_every_days": 1})
    is_told(source, "held", {"kind": "narrowed", "share": 0.3})


def test_trap_05_protected_identity_is_known_by_any_sign(new: OneSource):
    lands_true(new, {"kind": "protected_nameless"}, night=new.first_night)
    rows = landed(new, "attendances", ["person_id", "is_protected"])
    assert (
        {row["person_id"] for row in rows if row["is_protected"]}
        == {row["person_id"] for row in landed(new, "pupils", ["person_id", "is_protected"]) if row["is_protected"]}
        != set()
    )


def test_trap_05_protected_pupils_left_out_keep_their_registers(new: OneSource):
    new.plant({"kind": "protected_omitted"})
    assert new.night(new.first_night).status == "accepted", new.error
    assert new.standing()["attendances"] == new.truth(new.first_night)["attendances"]
    assert any(row["is_protected"] for row in landed(new, "attendances", ["is_protected"]))


def test_trap_06_pupil_keeps_the_pseudonym_when_the_spelling_changes(source: OneSource):
    lands_true(source, {"kind": "civic_spelling", "shape": "mixed"})


def test_trap_07_not_reported_is_not_present(new: OneSource):
    lands_true(new, night=new.first_night)
    minutes = {
        row["is_reported"]
        for row in landed(new, "attendances", ["is_reported", "attended_minutes"])
        if not row["attended_minutes"]
    }
    assert False in minutes


@pytest.mark.usefixtures("in_haste")
def test_trap_08_impossible_minutes_are_set_aside_not_clipped(tmp_path: Path):
    faults = ({"source": NAME, "kind": "impossible_minutes", "rows": 3},)
    with one_source(tmp_path / "home", faults=faults) as source:
        assert source.night(source.first_night).status == "accepted", source.error
        verdicts = source.line.ledger.verdicts(source=NAME)
        assert sum(verdict.quarantined_rows for verdict in verdicts if "attendances" in verdict.suite) == 3
        minutes = [name for name in ENTITIES["attendances"].names if name.endswith("_minutes")]
        found = {value for row in landed(source, "attendances", minutes) for value in row.values()}
        assert {-40, 4000} & found


def test_trap_09_corrections_of_any_age_arrive(source: OneSource):
    before = source.standing()
    lands_true(source)
    after = source.standing()
    begun = {key: lesson[1] for key, lesson in after["lessons"].items()}
    old = min(begun.values()) + timedelta(weeks=3)
    changed = [key for key, row in after["attendances"].items() if before["attendances"].get(key, row) != row]
    assert [key for key in changed if begun[after["attendances"][key][0]] < old]


def test_trap_09_republished_schedule_changes_the_ids_of_lessons(source: OneSource):
    moment = source.line.county.night_bound_at(second(source)) - timedelta(hours=12)
    fault = {"kind": "republished", "share": 0.05, "active_from": moment.isoformat()}
    source.plant(fault)
    record = source.night(second(source))
    assert record.status in ("accepted", "held"), source.error
    if record.status == "accepted":
        rows, lessons = source.standing()["attendances"], source.standing()["lessons"]
        assert {row[0] for row in rows.values()} <= lessons.keys()


def test_trap_10_pupil_with_several_enrolments_keeps_them_all(source: OneSource):
    lands_true(source)
    assert [held for held in source.standing()["enrolments"].values() if held.total() > 1]


@pytest.mark.usefixtures("in_haste")
@pytest.mark.parametrize("shape", ["offset", "naive"])
def test_trap_11_night_of_the_changing_clock(tmp_path: Path, shape: str):
    changes = {"start_date": date(2026, 10, 5), "weeks": 3, "as_of": "2026-10-25T03:00:00+01:00", "scale": 400.0}
    faults = ({"kind": "naive_times"},) if shape == "naive" else ()
    with one_source(tmp_path / "home", **changes) as source:
        lands_true(source, *faults, night=source.first_night)
        lands_true(source, *faults, night=source.first_night + timedelta(days=2))


def test_trap_11_naive_times_in_another_zone_than_set_are_refused(new: OneSource):
    reason = is_told(new, "refused", {"kind": "naive_times", "shape": "utc"}, night=new.first_night)
    assert "naive_timezone" in reason


def test_trap_11_naive_times_in_utc_when_the_source_says_so(new: OneSource):
    new.set_up(naive_timezone="UTC")
    lands_true(new, {"kind": "naive_times", "shape": "utc"}, night=new.first_night)


def test_trap_12_cancelled_lessons_are_landed_as_cancelled(source: OneSource):
    lands_true(source)
    assert [lesson for lesson in source.standing()["lessons"].values() if lesson[2]]


def test_trap_13_filter_ignored_is_an_alarm(source: OneSource):
    reason = is_told(source, "refused", {"kind": "ignores_filters", "resource": "attendances"})
    assert "meta.modified" in reason


def test_trap_14_stripped_attributes_still_give_pupils_of_the_source(new: OneSource):
    new.plant({"kind": "stripped", "fields": ("civicNo", "sex")})
    assert new.night(new.first_night).status == "accepted", new.error
    assert {row["identity_type"] for row in landed(new, "pupils", ["identity_type"])} == {"none"}


def test_trap_14_optional_list_that_is_not_served(new: OneSource):
    new.plant({"kind": "not_served", "resource": "grades"})
    assert new.night(new.first_night).status == "accepted", new.error
    truth = new.truth(new.first_night)
    standing = new.standing()
    assert standing.pop("grades") == {}
    truth.pop("grades")
    assert standing == truth


@pytest.mark.parametrize("kind", ["not_served", "forbidden"])
def test_trap_14_necessary_list_that_is_not_served(source: OneSource, kind: str):
    source.plant({"kind": kind, "resource": "attendances"})
    assert source.night(second(source)).status in ("refused", "silent")


@pytest.mark.parametrize(
    "fault", [{"kind": "decomposed"}, {"kind": "unknown_enum", "share": 0.01, "fields": ("groupType",)}]
)
def test_trap_15_letters_and_enums_drift(new: OneSource, fault: dict[str, Any]):
    lands_true(new, fault, night=new.first_night)
    lands_true(new, fault)


def test_trap_15_version_2_0(new: OneSource):
    """Its attended minutes are never missing: where 2.1 sends none, it sends 0."""
    for night in (new.first_night, second(new)):
        new.plant({"kind": "version_2_0"})
        assert new.night(night).status == "accepted", new.error
        standing, truth = new.standing(), new.truth(night)
        for side in (standing, truth):
            side["attendances"] = {key: (*row[:3], row[3] or 0, *row[4:]) for key, row in side["attendances"].items()}
        assert standing == truth


def test_trap_16_grades_without_meta(new: OneSource):
    lands_true(new, {"kind": "no_meta", "resource": "grades"}, night=new.first_night)
    lands_true(new, {"kind": "no_meta", "resource": "grades"})


@pytest.mark.parametrize("kind", ["server_error", "broken_body"])
def test_trap_17_long_walk_goes_on_where_it_was_cut(new: OneSource, kind: str):
    cut = {"kind": kind, "resource": "attendances", "from_request": 6}
    new.plant(cut)
    assert new.night(new.first_night).status == "silent"
    new.simulator.servers.requests.clear()
    lands_true(new, night=new.first_night)


def test_every_habit_and_every_trap_has_a_test_named_after_it():
    """A number without a test would be a promise without a proof."""
    for kind, count, names in (("habit", HABITS, vars(test_habits)), ("trap", TRAPS, globals())):
        told = {int(match[1]) for name in names if (match := re.match(rf"test_{kind}_(\d\d)_", name))}
        assert told == set(range(1, count + 1))
