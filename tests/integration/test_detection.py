"""What the doors find of planted faults in a county that is read over real HTTP, and what they find where nothing is.

Two counties: a whole sound term with holidays, a flu week and a strike; and eight weeks with every kind of data
fault. NARVARO_WRITE_DOCS=1 writes what was found into docs/rules/detection.md.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import date

import numpy as np
import pytest
from simulated_line import BLEKINGE, simulated_line

from narvaro.orchestration import county_steps
from narvaro.orchestration.findings import examine_sources
from narvaro.quality import load_suite
from narvaro.settings import PROJECT_DIR
from narvaro.simulator import SimulatorConfig

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("detection")]

PAGE = PROJECT_DIR / "docs" / "rules" / "detection.md"
START, WEEKS = date(2026, 8, 17), 8
EVENTS = (
    {"kind": "flu_week", "from_date": "2026-09-28", "until_date": "2026-10-02", "share": 0.4},
    {"kind": "strike", "from_date": "2026-10-05", "until_date": "2026-10-07", "share": 0.8},
)
# Said by the landing of what the suites cannot see; tried with the connector.
OF_LANDING = {"unknown_references", "surplus_minutes", "short_pull", "silent_source", "records_left_out"}


@dataclass(frozen=True)
class Planted:
    """One planted fault and what is to be said of it: so many rows, or these weeks of a unit."""

    fault: dict
    rule: str
    rows: int = 0
    weeks: tuple[str, ...] = ()
    also: str = ""


def week(number):
    return f"2026-W{number}"


def planted(kind, source, unit, rule, *numbers, first="2026-09-14", **changes):
    fault = {"kind": kind, "source": source, "unit": unit, "from_date": first, **changes}
    return Planted(fault, rule, weeks=tuple(week(number) for number in numbers))


FAULTS = (
    Planted({"kind": "impossible_minutes", "source": "1060-olofstrom", "rows": 12}, "impossible_minutes", rows=12),
    Planted({"kind": "unknown_grade", "source": "1060-olofstrom", "rows": 7}, "unknown_grade_value", rows=7),
    Planted(
        {"kind": "lesson_outside_day", "source": "1060-olofstrom", "rows": 4, "from_date": "2026-09-21"},
        "lesson_at_night",
        rows=4,
    ),
    planted("missing_reports", "1080-karlskrona", 1, "reports_missing", 38, 39, 40, 41),
    # The Friday before is a study day; the first lost one is no pattern yet.
    planted("unreported_weekday", "1080-karlskrona", 2, "weekday_without_reports", 39, 40, until_date="2026-10-02"),
    planted("reporting_jump", "1080-karlskrona", 3, "reporting_jump", 38, 39, 40, share=0.35, until_date="2026-10-02"),
    planted("lost_weekday", "1080-karlskrona", 4, "weekday_without_lessons", 39, 40, first="2026-09-07"),
    planted("no_absence_for_weeks", "1082-karlshamn", 1, "no_absence_for_weeks", 39, 40, 41, first="2026-09-07"),
    planted("whole_class_absent", "1080-karlskrona", 1, "whole_class_absent", 37, first="2026-09-07", rows=3),
    planted("minutes_beyond_lesson", "1082-karlshamn", 3, "minutes_beyond_lesson", 38, rows=12),
    planted("half_registers", "1081-ronneby", 1, "unexplained_minutes", 38),
    planted("doubled_registers", "1081-ronneby", 1, "doubled_registers", 39, first="2026-09-21", rows=150),
    planted("attendance_outside_enrolment", "1081-ronneby", 2, "attendance_outside_enrolment", 38, rows=90),
    planted("lesson_on_free_day", "1060-olofstrom", 1, "lessons_on_free_day", 38, rows=5),
)
SILENT, LAST_HEARD = "fri-skolalliansen", date(2026, 10, 6)


def rules_of_suites():
    files = (PROJECT_DIR / "expectations").glob("*/*.yml")
    return {expectation.id for path in files for expectation in load_suite(path).suite.expectations}


def found_at(installation, night):
    """Examine a landed night as the county's night does; give the findings."""
    county_steps.build(installation.line, night)
    county_steps.check_marts(installation.line, night)
    examination = examine_sources(installation.line, night)
    installation.line.ledger.record_findings(night, examination.findings, checked=examination.checked)
    return installation.line.ledger.open_issues()


def unit_code(world, fault):
    """Give the code of a source's n-th largest unit."""
    place = [source.name for source in world.sources].index(fault["source"])
    size = np.bincount(world.enrolments.unit, minlength=len(world.units.code))
    units = np.flatnonzero(world.units.source == place)
    return world.units.code[units[np.argsort(-size[units], kind="stable")][fault["unit"] - 1]]


@pytest.fixture(scope="module")
def sound_term(tmp_path_factory):
    """A whole autumn term without a fault: 17 weeks, höstlov, study days, a flu week, a strike."""
    home = tmp_path_factory.mktemp("sound") / "home"
    with simulated_line(home, BLEKINGE, **a_county(weeks=17, scale=60.0, faults=())) as installation:
        assert installation.land_all(installation.night) == {}
        yield found_at(installation, installation.night)


@pytest.fixture(scope="module")
def faulty_county(tmp_path_factory):
    """Eight weeks with every kind of data fault; one source falls silent in the last week."""
    home = tmp_path_factory.mktemp("faulty") / "home"
    faults = tuple(each.fault for each in FAULTS)
    with simulated_line(home, BLEKINGE, **a_county(weeks=WEEKS, scale=30.0, faults=faults)) as installation:
        line, night = installation.line, installation.night
        early = line.county.night_bound_at(LAST_HEARD)
        installation.simulator.set_clock(early)
        from narvaro.orchestration import landing_steps

        assert landing_steps.land_and_judge(line, SILENT, LAST_HEARD)[1] is None
        installation.simulator.servers.faults = [*installation.simulator.servers.faults, silence()]
        failures = installation.land_all(night)
        assert set(failures) == {SILENT}
        yield installation, found_at(installation, night)


def silence():
    from narvaro.simulator import Fault

    return Fault(source=SILENT, kind="silent")


def a_county(**changes):
    given = {"start_date": START, "events": EVENTS, **changes}
    # The first night follows from the weeks, and not from the demo's.
    return {**given, "as_of": SimulatorConfig(start_date=START, weeks=given["weeks"]).as_of}


def said(issues):
    """Give what the suites said: (source, unit, rule) and its weeks, or its number of rows."""
    return {
        (issue.source, issue.school_unit_code, issue.rule): tuple(issue.details.get("periods") or ()) or issue.count
        for issue in issues
        if issue.rule not in OF_LANDING
    }


def test_a_sound_term_with_flu_and_strike_raises_no_alarm(sound_term):
    assert [(issue.source, issue.rule) for issue in sound_term] == []


def expected(world):
    wanted = {}
    for each in FAULTS:
        unit = unit_code(world, each.fault) if each.weeks else None
        wanted[each.fault["source"], unit, each.rule] = each.weeks or each.rows
    return wanted | {(SILENT, None, "late_delivery"): 1}


def test_every_planted_fault_is_found_and_nothing_else(faulty_county):
    installation, issues = faulty_county
    assert said(issues) == expected(installation.world)


def test_the_page_tells_what_was_found(faulty_county, sound_term):
    installation, issues = faulty_county
    pattern = re.compile(r"(<!-- detection -->\n).*?(<!-- end of detection -->)", re.DOTALL)
    text = PAGE.read_text(encoding="utf-8")
    table = detection_table(expected(installation.world), said(issues), said(sound_term))
    wanted = pattern.sub(lambda match: match[1] + table + match[2], text)
    if os.environ.get("NARVARO_WRITE_DOCS"):
        PAGE.write_text(wanted, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == wanted


def detection_table(wanted, found, in_sound_term):
    """Give a line per planted fault: what was planted, found, missed, and found without having been planted."""
    kinds = {(each.fault["source"], each.rule): (each.fault["kind"], bool(each.weeks)) for each in FAULTS}
    lines = ["| planted fault | rule | counted | planted | found | missed | false |", "|---|---|---|---|---|---|---|"]
    for key, what in wanted.items():
        source, _, rule = key
        kind, by_weeks = kinds.get((source, rule), ("silent", False))
        planted_set = set(what) if by_weeks else set(range(what))
        came = found.get(key, 0)
        found_set = set(came or ()) if by_weeks else set(range(came))
        counted = "unit-weeks" if by_weeks else ("sources" if rule == "late_delivery" else "rows")
        counts = (len(planted_set), len(planted_set & found_set), len(planted_set - found_set))
        others = [other for other in (*found, *in_sound_term) if other[2] == rule and other not in wanted]
        cells = [f"`{kind}`", f"`{rule}`", counted, *counts, len(found_set - planted_set) + len(others)]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines) + "\n"


def test_every_rule_of_the_quality_marts_is_among_the_planted():
    """A rule about weeks and weekdays cannot be tried on a single row: it needs a county."""
    marts = {
        expectation.id
        for path in (PROJECT_DIR / "expectations" / "marts").glob("fct_quality_*.yml")
        for expectation in load_suite(path).suite.expectations
    }
    assert marts - {each.rule for each in FAULTS} == {"missing_columns", "late_delivery"}
