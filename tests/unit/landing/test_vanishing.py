"""What a night would make vanish, of rows that stood before it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from landed_school import MONDAY, YEAR, LandedSchool, a_night, deletions, lessons, registers

from narvaro.landing import absent_ids, is_emptied, losses, standing_rows
from narvaro.sources.contract import ENTITIES

FIRST, SECOND, THIRD = (date(2026, 9, 15) + timedelta(days=n) for n in range(3))


@pytest.fixture
def school(tmp_path):
    """Two units with ten lessons each and their registers, landed on the first night."""
    built = LandedSchool(tmp_path)
    for night in (FIRST, SECOND, THIRD):
        a_night(built, night)
    both = lessons("unit-a", 10) + lessons("unit-b", 10)
    built.land(FIRST, "lessons", both)
    built.land(FIRST, "attendances", registers(both))
    return built


def ask(school, night, question, *arguments, **options):
    with standing_rows(school.before(night), school.files[night], ENTITIES, school.folder) as rows:
        return question(rows, *arguments, **options)


def test_a_record_that_a_whole_read_does_not_bring_is_absent(school):
    school.land(SECOND, "lessons", lessons("unit-a", 9) + lessons("unit-b", 10))
    assert ask(school, SECOND, absent_ids, "lessons", SECOND, YEAR) == [f"unit-a-{MONDAY}-9"]


def test_a_record_that_is_gone_already_is_not_absent_again(school):
    school.land(SECOND, "deletions", deletions("lessons", [f"unit-a-{MONDAY}-9"]))
    school.land(THIRD, "lessons", lessons("unit-a", 9) + lessons("unit-b", 10))
    assert ask(school, THIRD, absent_ids, "lessons", THIRD, YEAR) == []


def test_a_record_that_came_back_after_its_deletion_stands_and_can_be_absent(school):
    school.land(SECOND, "deletions", deletions("lessons", [f"unit-a-{MONDAY}-9"]))
    school.land(SECOND, "lessons", lessons("unit-a", 10))
    school.land(THIRD, "lessons", lessons("unit-a", 9) + lessons("unit-b", 10))
    assert ask(school, THIRD, absent_ids, "lessons", THIRD, YEAR) == [f"unit-a-{MONDAY}-9"]


def test_what_lies_outside_the_asked_days_is_not_absent(school):
    old = lessons("unit-a", 3, date(2026, 5, 4))
    school.land(FIRST, "lessons", old)
    school.land(FIRST, "attendances", registers(old))
    school.land(SECOND, "lessons", lessons("unit-a", 10) + lessons("unit-b", 10))
    assert ask(school, SECOND, absent_ids, "lessons", SECOND, YEAR) == []
    gone = ask(school, SECOND, absent_ids, "attendances", SECOND, YEAR)
    assert len(gone) == 20
    assert not any("2026-05" in record_id for record_id in gone)


def test_a_window_speaks_for_its_own_days_only(school):
    school.land(FIRST, "lessons", lessons("unit-a", 2, MONDAY - timedelta(days=30)))
    window = (MONDAY - timedelta(days=7), MONDAY)
    assert len(ask(school, SECOND, absent_ids, "lessons", SECOND, window)) == 20


def test_a_lesson_that_moved_into_the_asked_days_is_judged_by_its_newest_version(school):
    moved = lessons("unit-a", 1, date(2026, 5, 4))
    school.land(FIRST, "lessons", moved)
    school.land(SECOND, "lessons", [moved[0] | {"school_date": MONDAY}])
    school.land(THIRD, "lessons", lessons("unit-a", 10) + lessons("unit-b", 10))
    assert ask(school, THIRD, absent_ids, "lessons", THIRD, YEAR) == [moved[0]["lesson_id"]]


def test_a_pupil_who_has_left_need_not_come_and_one_who_goes_here_must(school):
    people = [{"person_id": name} for name in ("left", "stays", "begins")]
    school.land(FIRST, "pupils", people)
    days = {"left": (date(2025, 8, 18), FIRST - timedelta(days=5)), "stays": (date(2025, 8, 18), None)}
    days["begins"] = (THIRD, None)
    enrolled = [{"person_id": name, "start_date": a, "end_date": b} for name, (a, b) in days.items()]
    school.land(FIRST, "enrolments", enrolled)
    assert ask(school, SECOND, absent_ids, "pupils", SECOND, YEAR) == ["stays"]


def test_a_group_that_has_ended_need_not_come(school):
    rows = [{"group_id": "over", "end_date": FIRST - timedelta(days=1)}, {"group_id": "runs"}, {"group_id": "runs"}]
    school.land(FIRST, "group_memberships", rows)
    assert ask(school, SECOND, absent_ids, "group_memberships", SECOND, YEAR) == ["runs"]


def test_losses_are_told_per_unit_with_their_share(school):
    ids = [f"r-unit-a-{MONDAY}-{n}" for n in range(4)]
    school.land(SECOND, "deletions", deletions("attendances", ids[:3]) + deletions("attendances", ids[3:], "inferred"))
    (loss,) = ask(school, SECOND, losses, "attendances", "attendances", least=1)
    assert (loss.school_unit_code, loss.rows, loss.told, loss.inferred, loss.share) == ("11111111", 10, 3, 1, 0.4)


def test_a_few_losses_are_not_worth_counting(school):
    school.land(SECOND, "deletions", deletions("attendances", [f"r-unit-a-{MONDAY}-0"]))
    assert ask(school, SECOND, losses, "attendances", "attendances", least=2) == []


def test_what_came_again_the_same_night_is_no_loss(school):
    school.land(SECOND, "deletions", deletions("lessons", [f"unit-a-{MONDAY}-0", f"unit-a-{MONDAY}-1"]))
    school.land(SECOND, "lessons", lessons("unit-a", 1))
    (loss,) = ask(school, SECOND, losses, "lessons", "lessons", least=1)
    assert loss.doomed == 1


def test_what_never_stood_or_stands_no_more_is_no_loss(school):
    school.land(SECOND, "deletions", deletions("lessons", [f"unit-a-{MONDAY}-0"]))
    school.land(THIRD, "deletions", deletions("lessons", [f"unit-a-{MONDAY}-0", "never-seen"]))
    assert ask(school, THIRD, losses, "lessons", "lessons", least=1) == []


def test_the_rows_of_a_unit_are_those_that_stand(school):
    school.land(SECOND, "deletions", deletions("lessons", [f"unit-a-{MONDAY}-{n}" for n in range(5)]))
    school.land(SECOND, "lessons", lessons("unit-a", 1))
    school.land(THIRD, "deletions", deletions("lessons", [f"unit-a-{MONDAY}-9"]))
    (loss,) = ask(school, THIRD, losses, "lessons", "lessons", least=1)
    assert (loss.rows, loss.doomed) == (6, 1)


def test_rows_that_name_no_unit_are_counted_together(school):
    nowhere = lessons("nowhere", 4)
    school.land(FIRST, "lessons", nowhere)
    school.land(SECOND, "deletions", deletions("lessons", [lesson["lesson_id"] for lesson in nowhere]))
    (loss,) = ask(school, SECOND, losses, "lessons", "lessons", least=1)
    assert (loss.school_unit_code, loss.rows, loss.doomed) == ("", 4, 4)


def test_a_unit_that_is_no_longer_listed_loses_its_lessons(tmp_path):
    school = LandedSchool(tmp_path)
    a_night(school, FIRST, units=2)
    school.land(FIRST, "lessons", lessons("unit-a", 10) + lessons("unit-b", 7))
    a_night(school, SECOND, units=1)
    (loss,) = ask(school, SECOND, losses, "activities", "lessons", least=1)
    assert (loss.school_unit_code, loss.entity, loss.counted, loss.doomed) == ("22222222", "activities", "lessons", 7)


def test_a_deleted_pupil_is_as_grave_as_its_registers_and_only_once(school):
    school.land(FIRST, "pupils", [{"person_id": "p"}, {"person_id": "q"}])
    school.land(SECOND, "deletions", deletions("pupils", ["p"]))
    found = ask(school, SECOND, losses, "pupils", "attendances", least=1)
    assert {loss.school_unit_code: loss.doomed for loss in found} == {"11111111": 10, "22222222": 10}
    school.land(THIRD, "deletions", deletions("pupils", ["p"]))
    assert ask(school, THIRD, losses, "pupils", "attendances", least=1) == []


def test_a_list_that_comes_back_empty_is_emptied_and_one_that_was_empty_is_not(school):
    assert ask(school, SECOND, is_emptied, "lessons")
    assert not ask(school, SECOND, is_emptied, "grades")
    assert not ask(school, SECOND, is_emptied, "activities")


def test_a_night_leaves_nothing_on_the_disk(school):
    before = sorted(school.folder.rglob("*"))
    ask(school, SECOND, absent_ids, "attendances", SECOND, YEAR)
    assert sorted(school.folder.rglob("*")) == before
