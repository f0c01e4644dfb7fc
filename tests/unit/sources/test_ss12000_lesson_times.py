"""Whether lessons lie in the school day, and whether their times of change mean anything."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from school_system import a_lesson

from narvaro.errors import SourceShapeError
from narvaro.sources import Given, Reading

# A school day as it is: by Stockholm's clock.
STARTS = ["08:00", "08:20", "09:10", "09:40", "10:30", "11:00", "12:20", "13:00", "13:50", "14:40"]
SUMMER, WINTER = "2026-09-07", "2026-01-12"


def a_day(number):
    return (datetime(2026, 8, 17, tzinfo=UTC) + timedelta(days=number)).date().isoformat()


def school_days(count=10, *, shift=0, suffix="", starts=STARTS):
    """Lessons whose starts are written some hours from Stockholm's clock."""
    rows = []
    for number in range(count):
        for start in starts:
            begins = datetime.fromisoformat(f"{a_day(number)}T{start}:00") + timedelta(hours=shift)
            ends = begins + timedelta(minutes=50)
            name = f"{number} {start}"
            rows.append(
                a_lesson(name, startTime=f"{begins.isoformat()}{suffix}", endTime=f"{ends.isoformat()}{suffix}")
            )
    return rows


@pytest.mark.parametrize(
    ("naive_timezone", "shift"), [(None, 0), ("Europe/Stockholm", 0), ("UTC", -2), ("Europe/Helsinki", 1)]
)
def test_naive_times_in_the_zone_of_the_setting_are_taken(system, read_all, naive_timezone, shift):
    system.rows["/calendarEvents"] = school_days(shift=shift)
    tables = read_all(naive_timezone=naive_timezone, page_size=1000)
    assert min(row["started_at"].hour for row in tables["lessons"]) == 6


@pytest.mark.parametrize(
    ("naive_timezone", "shift", "fits"),
    [(None, -2, "UTC"), ("Europe/Stockholm", -2, "UTC"), ("UTC", 0, "Europe/Stockholm")],
)
def test_naive_times_in_another_zone_are_refused_and_the_right_one_is_named(
    system, read_all, naive_timezone, shift, fits
):
    system.rows["/calendarEvents"] = school_days(shift=shift)
    with pytest.raises(SourceShapeError, match=f"read in {fits} they fit. Set naive_timezone"):
        read_all(naive_timezone=naive_timezone, page_size=1000)


@pytest.mark.parametrize("shift", [-6, 8])
def test_naive_times_far_outside_the_school_day_are_refused(system, read_all, shift):
    system.rows["/calendarEvents"] = school_days(shift=shift)
    with pytest.raises(SourceShapeError, match="Set naive_timezone of the source"):
        read_all(page_size=1000)


def test_an_evening_school_is_believed(system, read_all):
    system.rows["/calendarEvents"] = school_days(starts=["16:30", "17:30", "18:30", "19:20"], count=15)
    assert len(read_all(page_size=1000)["lessons"]) == 60


@pytest.mark.parametrize("suffix", ["Z", "+00:00", "-0500"])
def test_times_with_an_offset_are_believed(system, read_all, suffix):
    system.rows["/calendarEvents"] = school_days(shift=8, suffix=suffix)
    assert len(read_all(page_size=1000)["lessons"]) == 100


def test_a_few_lessons_prove_nothing(system, read_all):
    system.rows["/calendarEvents"] = school_days(count=4, shift=-6)
    assert len(read_all(page_size=1000)["lessons"]) == 40


def modified_at_start(rows):
    return [row | {"meta": {"modified": row["startTime"]}} for row in rows]


def test_modified_that_is_the_start_makes_the_lessons_read_whole(system, read_all):
    """Trap: a cancellation never moves it, and a later lesson is changed in the future."""
    past = modified_at_start(school_days(suffix="+02:00"))
    future = modified_at_start(
        [a_lesson("f", startTime="2026-11-02T08:00:00+01:00", endTime="2026-11-02T09:00:00+01:00")]
    )

    def misbehaviour(request):
        if request.path == "/calendarEvents":
            system.rows["/calendarEvents"] = past if request.get("meta.modified.before") else past + future

    system.misbehaviours.append(misbehaviour)
    tables = read_all(page_size=1000)
    assert len(tables["lessons"]) == len(past) + 1
    assert {row["source_modified_at"] for row in tables["lessons"]} == {None}


def test_a_later_run_goes_on_in_no_walk_that_was_begun_again(system, opened):
    """Its page tokens are of another question than the one that the later run asks."""
    system.rows["/calendarEvents"] = modified_at_start(school_days(suffix="+02:00"))
    until, year = datetime(2026, 9, 19, 1, tzinfo=UTC), (date(2026, 8, 1), date(2027, 6, 30))
    steps = [step for step in opened(page_size=10).read({}, until, year) if not isinstance(step, Given)]
    kinds = [type(step).__name__ for step in steps if step.resource == "/calendarEvents"]
    assert kinds[-2:] == ["Anew", "Mark"]
    assert steps[-2].token is None


def test_modified_that_is_the_start_is_no_time_of_change_in_a_whole_read_either(system, read_all):
    system.rows["/calendarEvents"] = modified_at_start(school_days(suffix="+02:00"))
    tables = read_all(page_size=1000, readings={"/calendarEvents": Reading("full")})
    assert {row["source_modified_at"] for row in tables["lessons"]} == {None}
    assert len(system.requests_of("/calendarEvents")) == 1


def test_lessons_that_were_changed_when_they_were_are_read_once(system, read_all):
    system.rows["/calendarEvents"] = school_days(suffix="+02:00")
    assert None not in {row["source_modified_at"] for row in read_all(page_size=1000)["lessons"]}
    assert len(system.requests_of("/calendarEvents")) == 1


OFFSETS_SEEN = {"resources": {"/calendarEvents": {"access": "served", "row_times": "offset"}}}


def test_a_few_naive_times_are_refused_where_offsets_were_told_before(system, read_all):
    """Too few to show their zone by the school day: a correction of one lesson would land two hours off."""
    system.rows["/calendarEvents"] = school_days(count=1, starts=["08:00"])
    assert len(read_all()["lessons"]) == 1
    with pytest.raises(SourceShapeError, match="1 lessons begin at a time without an offset, and until now"):
        read_all(capabilities=OFFSETS_SEEN)


def test_a_zone_that_a_person_has_named_is_believed(system, read_all):
    system.rows["/calendarEvents"] = school_days(count=1, starts=["08:00"])
    (lesson,) = read_all(capabilities=OFFSETS_SEEN, naive_timezone="UTC")["lessons"]
    assert lesson["started_at"].hour == 8
