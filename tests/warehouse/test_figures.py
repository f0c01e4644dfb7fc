"""Every published figure of an invented county against the plain reckoning of the same rows."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from landed_rows import (
    FIRST_NIGHT,
    INDEPENDENT,
    MONDAY,
    MUNICIPALITIES,
    SECOND_NIGHT,
    LandedCounty,
    a_lesson,
    a_membership,
    a_pupil,
    a_unit,
    an_activity,
    an_attendance,
    an_enrolment,
    at,
    school_days,
)
from plain_reckoning import Reckoning

DAYS = school_days(24)
COUNTY_CUTS = [
    set(),
    {"school_form"},
    {"sex"},
    {"school_form", "grade"},
    {"school_form", "sex"},
    {"school_form", "grade", "sex"},
]
UNIT_CUTS = [set(), {"sex"}, {"school_form", "grade"}, {"school_form", "grade", "sex"}]
OWNER_CUTS = [{"owner_type"}, {"owner_type", "school_form"}, {"owner_type", "school_form", "grade", "sex"}]


@pytest.fixture(scope="module", params=[1, 2])
def pair(request, tmp_path_factory, build_at):
    """A built county and its plain reckoning, at two seeds."""
    county = LandedCounty(tmp_path_factory.mktemp("landed"))
    chance = random.Random(request.param)  # noqa: S311 - invented data
    for source in [*MUNICIPALITIES.values(), INDEPENDENT]:
        _land_source(county, source, chance)
    built = build_at(tmp_path_factory.mktemp("home"), county.content(SECOND_NIGHT))
    return built, Reckoning(county, SECOND_NIGHT)


def _land_source(county: LandedCounty, source: str, chance: random.Random) -> None:
    """Land two nights of two units, with every irregularity that a school system has."""
    home = next((code for code, name in MUNICIPALITIES.items() if name == source), None)
    units = [f"{source}-U{number}" for number in (1, 2)]
    codes = dict(zip(units, [home or "0901", home or "0902"], strict=True))
    rows = [a_unit(unit, municipality_code=codes[unit], school_unit_code=f"{abs(hash_of(unit)):08d}") for unit in units]
    for night in (FIRST_NIGHT, SECOND_NIGHT):
        county.land("school_units", rows, source=source, night=night)
    people = [f"{source}-p{number}" for number in range(30)]
    county.land("pupils", [_pupil(person, number, chance) for number, person in enumerate(people)], source=source)
    county.land("enrolments", [row for p in people for row in _enrolments(p, units, chance)], source=source)
    groups = {f"{source}-G{number}": chance.sample(people, 14) for number in range(6)}
    memberships = [
        a_membership(group, person, start_date=chance.choice([None, DAYS[3]]), end_date=chance.choice([None, DAYS[18]]))
        for group, members in groups.items()
        for person in members
    ]
    county.land("group_memberships", memberships, source=source)
    _land_teaching(county, source, chance, (units, list(groups), people))


def hash_of(text: str) -> int:
    return sum(ord(letter) * 31**place for place, letter in enumerate(text)) % 10**8


def _pupil(person: str, number: int, chance: random.Random) -> dict:
    # The first pupils go to school in every source: they move, or study in two places.
    pupil_id = f"human-{number}" if number < 4 else f"human-{person}"
    return a_pupil(
        person,
        pupil_id=pupil_id,
        sex=chance.choice(["Kvinna", "Man", "Okänt", None, "X"]),
        is_protected=chance.random() < 0.05,
        source_modified_at=at(MONDAY) + timedelta(seconds=chance.randrange(10**6)),
    )


def _enrolments(person: str, units: list[str], chance: random.Random) -> list[dict]:
    form = {"school_type": chance.choice(["GR", "GY"]), "grade": chance.choice([1, 7, 9, None])}
    rows = [an_enrolment(person, chance.choice(units), **form, end_date=chance.choice([None, None, DAYS[20]]))]
    if chance.random() < 0.3:
        rows.append(an_enrolment(person, chance.choice(units), grade=3, start_date=chance.choice(DAYS[:15])))
    if chance.random() < 0.1:
        rows.append(an_enrolment(person, chance.choice(units), grade=2, is_cancelled=True, start_date=DAYS[2]))
    return rows


def _land_teaching(county, source, chance, who) -> None:
    units, groups, people = who
    activities = [
        an_activity(
            f"{source}-A{number}",
            chance.choice(units),
            chance.sample(groups, 2),
            activity_type="Undervisning" if number < 6 else ["Elevaktivitet", "Läraraktivitet"][number - 6],
        )
        for number in range(8)
    ]
    for night in (FIRST_NIGHT, SECOND_NIGHT):
        county.land("activities", activities, source=source, night=night)
    lessons = [
        a_lesson(
            f"{activity['activity_id']}-{day}",
            activity["activity_id"],
            day,
            lesson_minutes=chance.choice([40, 60, None]),
            is_cancelled=chance.random() < 0.05,
            source_modified_at=at(MONDAY),
        )
        for activity in activities
        for day in [*DAYS, SECOND_NIGHT]
    ]
    county.land("lessons", lessons, source=source)
    taken = [lesson for lesson in lessons if chance.random() < 0.9]
    entries = [_entry(lesson, p, chance) for lesson in taken for p in chance.sample(people, 18)]
    entries += [row | {"attendance_id": row["attendance_id"] + "-b", "valid_absence_minutes": 3} for row in entries[:9]]
    county.land("attendances", entries, source=source)
    changed = [row | {"source_modified_at": at(SECOND_NIGHT, 0), "valid_absence_minutes": 20} for row in entries[50:90]]
    county.land("attendances", changed, source=source, night=SECOND_NIGHT)
    gone = [{"entity": "attendances", "record_id": row["attendance_id"]} for row in entries[80:140]]
    gone += [{"entity": "lessons", "record_id": row["lesson_id"]} for row in lessons[5:8]]
    county.land("deletions", gone, source=source, night=SECOND_NIGHT)


def _entry(lesson: dict, person: str, chance: random.Random) -> dict:
    # Some pupils are never absent, some hardly ever, some mostly: every band gets its share.
    inclination = (hash_of(person) % 7) ** 2 / 40
    is_absent = chance.random() < inclination
    minutes = chance.choice([10, 40, 60]) if is_absent else 0
    is_valid = chance.random() < 0.6
    return an_attendance(
        lesson["lesson_id"],
        person,
        is_reported=chance.random() < 0.95,
        is_protected=chance.random() < 0.0005,
        valid_absence_minutes=minutes if is_valid else None,
        invalid_absence_minutes=0 if is_valid else minutes,
        source_modified_at=at(FIRST_NIGHT, 0) - timedelta(seconds=chance.randrange(10**6)),
    )


def figures(built, mart: str, key: list[str]) -> dict:
    frame = built.frame(f"select * from marts.{mart}").set_index(key)
    numbers = frame.select_dtypes("integer")
    return {cell if isinstance(cell, tuple) else (cell,): row for cell, row in numbers.to_dict("index").items()}


@pytest.mark.parametrize(
    ("mart", "key", "openly"),
    [
        ("fct_absence_by_county_week", [], False),
        ("fct_absence_by_municipality_week", ["municipality_code"], False),
        ("fct_absence_by_school_unit_week", ["school_unit_code"], True),
    ],
)
def test_week_figures_equal_the_plain_reckoning(pair, mart, key, openly):
    built, reckoning = pair
    assert figures(built, mart, [*key, "iso_week"]) == reckoning.weeks(*key, openly=openly)


def test_county_term_figures_equal_the_plain_reckoning(pair):
    built, reckoning = pair
    found = figures(built, "fct_absence_by_county_term", ["school_form", "grade", "sex"])
    assert found == {cell[1:]: row for cell, row in reckoning.terms(cuts=COUNTY_CUTS).items()}


def test_municipality_term_figures_equal_the_plain_reckoning(pair):
    built, reckoning = pair
    key = ["municipality_code", "owner_type", "school_form", "grade", "sex"]
    found = figures(built, "fct_absence_by_municipality_term", key)
    assert found == reckoning.terms("municipality_code", cuts=COUNTY_CUTS + OWNER_CUTS)


def test_school_unit_term_figures_equal_the_plain_reckoning(pair):
    built, reckoning = pair
    found = figures(built, "fct_absence_by_school_unit_term", ["school_unit_code", "school_form", "grade", "sex"])
    reckoned = reckoning.terms("school_unit_code", cuts=UNIT_CUTS, openly=True)
    assert found == {(unit, *cell): row for (unit, _, *cell), row in reckoned.items()}
    assert any(row["classed_pupils_count"] for row in found.values())


def test_the_invented_county_tries_every_band(pair):
    """A comparison of zeros would prove nothing."""
    built, _ = pair
    bands = {band for (band,) in built.rows("select distinct band from marts.fct_absence_by_pupil_term")}
    assert len(bands) >= 8
    assert None in bands


def test_rates_are_the_quotients_of_their_minutes(pair):
    built, _ = pair
    frame = built.frame("select * from marts.fct_absence_by_county_term")
    assert (frame.absence_rate_pct == 100.0 * frame.absent_minutes / frame.offered_minutes).all()
    assert (frame.coverage_pct == 100.0 * frame.offered_minutes / frame.scheduled_minutes).all()
