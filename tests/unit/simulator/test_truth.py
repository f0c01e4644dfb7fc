"""The truth equals the definitions, applied in plain Python to what the servers send."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date

import httpx
import pytest
from simulator_statistics import County, sums
from simulator_wire import LISTS, bearer, walk

NIGHTS = (1, 2)


@pytest.fixture(scope="module", params=NIGHTS)
def night(request, small_world, simulator):
    """The truth of a night beside everything that the servers gave then."""
    until = small_world.night_bound(request.param)
    simulator.set_clock(until)
    lists = {}
    with httpx.Client(base_url=simulator.base_url, timeout=30) as client:
        for source in small_world.sources:
            headers = bearer(client, source.name)
            lists[source.name] = {
                resource: walk(client, headers, source.name, resource, filters) for resource, filters in LISTS.items()
            }
    simulator.set_clock(small_world.as_of)
    county = County(lists, until)
    return small_world.truth(until), county, list(county.pupil_lessons())


def week_of(day):
    year, week, _ = date.fromisoformat(day).isocalendar()
    return f"{year}-W{week:02d}"


def check_weeks(table, place, found):
    assert len(table) == len(found) > 0
    for row in table.itertuples():
        total = found[getattr(row, place), row.iso_week]
        assert row.pupils_count == len(total["pupils"])
        assert row.scheduled_minutes == total["scheduled"]
        assert row.offered_minutes == total["offered"]
        assert row.valid_absent_minutes == total["valid"]
        assert row.invalid_absent_minutes == total["invalid"]
        assert row.absent_minutes == total["valid"] + total["invalid"]
        assert row.lessons_scheduled_count == len(total["lessons"])
        assert row.lessons_reported_count == len(total["reported"])


def test_weeks_of_the_county(night):
    truth, _, rows = night
    check_weeks(truth.county_absence_by_week, "county_code", sums(rows, lambda row: ("10", week_of(row["day"]))))


def test_weeks_of_municipalities(night):
    truth, _, rows = night
    found = sums(rows, lambda row: (row["unit"]["municipalityCode"], week_of(row["day"])))
    check_weeks(truth.municipality_absence_by_week, "municipality_code", found)


def test_weeks_of_units_without_protected_pupils(night):
    truth, county, rows = night
    open_rows = [row for row in rows if row["pupil"] not in county.protected]
    assert len(open_rows) < len(rows)
    found = sums(open_rows, lambda row: (row["unit"]["schoolUnitCode"], week_of(row["day"])))
    check_weeks(truth.school_unit_absence_by_week, "school_unit_code", found)


def bands_of(rows, min_days=20):
    """Class each pupil of a cell and count the bands, by fractions of integers."""
    days, totals = defaultdict(set), defaultdict(lambda: [0, 0, 0])
    for row in rows:
        total = totals[row["pupil"]]
        total[0] += row["scheduled"]
        if row["is_reported"]:
            total[1] += row["scheduled"]
            total[2] += row["valid"] + row["invalid"]
            days[row["pupil"]].add(row["day"])
    counts = Counter()
    for pupil, (scheduled, offered, absent) in totals.items():
        if len(days[pupil]) < min_days or 2 * offered < scheduled:
            continue
        counts["classed_pupils_count"] += 1
        for pct in (10, 15, 20, 50):
            counts[f"persistent_{pct}_count"] += 100 * absent >= pct * offered
        edges = [0, 5, 10, 15, 20, 30, 50, 100]
        lower = max(edge for edge in edges[:-1] if 100 * absent >= edge * offered)
        upper = edges[edges.index(lower) + 1]
        counts["band_00_count" if absent == 0 else f"band_{lower:02d}_{upper:02d}_count"] += 1
    return counts


CUTS = [
    (),
    ("school_form",),
    ("sex",),
    ("school_form", "grade"),
    ("school_form", "sex"),
    ("school_form", "grade", "sex"),
]


@pytest.mark.parametrize("cut", CUTS, ids=lambda cut: "+".join(cut) or "all")
def test_term_cells_of_the_county(night, cut):
    truth, county, rows = night
    rows = [row | {"sex": county.sex[row["pupil"]]} for row in rows]
    cells = defaultdict(list)
    for row in rows:
        cells[tuple(row[name] for name in cut)].append(row)
    table = truth.county_absence_by_term
    others = [name for name in ("school_form", "grade", "sex") if name not in cut]
    mask = (table[others] == "all").all(axis=1) & (table[list(cut)] != "all").all(axis=1)
    assert mask.sum() == len(cells)
    for row in table[mask].to_dict("records"):
        cell = cells[tuple(row[name] for name in cut)]
        total = sums(cell, lambda _: "cell")["cell"]
        assert row["term_code"] == "2026HT"
        assert row["pupils_count"] == len(total["pupils"])
        assert row["offered_minutes"] == total["offered"]
        assert row["absent_minutes"] == total["valid"] + total["invalid"]
        bands = bands_of(cell)
        for name in row:
            if name.startswith(("band_", "persistent_", "classed_")):
                assert row[name] == bands[name], name


def test_municipalities_have_owner_type_cuts(night, small_world):
    truth, _, rows = night
    table = truth.municipality_absence_by_term
    cells = table[(table.owner_type != "all") & (table.school_form == "all") & (table.sex == "all")]
    owner_types = {source.name: source.owner_type for source in small_world.sources}
    found = sums(rows, lambda row: (row["unit"]["municipalityCode"], owner_types[row["source"]]))
    keys = zip(cells.municipality_code, cells.owner_type, strict=True)
    assert dict(zip(keys, cells.scheduled_minutes, strict=True)) == {
        k: total["scheduled"] for k, total in found.items()
    }


def test_quarantined_rows_can_be_named(small_world):
    until = small_world.night_bound(1)
    default = small_world.truth(until).county_absence_by_week.offered_minutes.sum()
    assert small_world.truth(until, quarantined=()).county_absence_by_week.offered_minutes.sum() > default


def test_left_out_source_has_no_figures(small_world):
    truth = small_world.truth(small_world.night_bound(1), leave_out=["1080-karlskrona"])
    assert "1080" not in set(truth.municipality_absence_by_week.municipality_code)
    assert "1081" in set(truth.municipality_absence_by_week.municipality_code)


def test_stale_source_keeps_its_old_rows_and_loses_coverage(small_world):
    first, second = small_world.night_bound(1), small_world.night_bound(2)
    fresh = small_world.truth(second).municipality_absence_by_week
    stale = small_world.truth(second, until_by_source={"1080-karlskrona": first}).municipality_absence_by_week
    newest = fresh.iso_week.max()
    of_monday = (stale.municipality_code == "1080") & (stale.iso_week == newest)
    assert stale[of_monday].scheduled_minutes.item() > 0
    assert stale[of_monday].offered_minutes.item() == 0
    assert fresh[of_monday].offered_minutes.item() > 0


def test_second_night_changes_old_weeks(small_world):
    first = small_world.truth(small_world.night_bound(1)).county_absence_by_week.set_index("iso_week")
    second = small_world.truth(small_world.night_bound(2)).county_absence_by_week.set_index("iso_week")
    changed = [week for week in first.index if not first.loc[week].equals(second.loc[week])]
    assert len(changed) >= 2
