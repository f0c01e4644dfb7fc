"""What a probe finds out of a server's habits, each habit switched on alone."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from probed_server import BASE_URL, CANARY, NOW, PATHS, ProbedServer, rows_of

from narvaro.errors import SourceDeniedError, SourceError
from narvaro.sources import Patience
from narvaro.sources.ss12000.probe import Capabilities, probe
from narvaro.sources.ss12000.probe.asking import MOST_QUESTIONS
from narvaro.sources.ss12000.transport import Transport

NAMES = ("id", "meta", "modified", "startTime", "student", "civicNo", "value", "displayName", "enrolments", "_embedded")
SWEDISH_TIME = ZoneInfo("Europe/Stockholm")


def probed(server: ProbedServer, **options) -> Capabilities:
    patience = Patience(attempts=2, sleep=lambda _: None)
    transport = Transport("0180-exempel", BASE_URL, server.client(), patience)
    return probe(transport, timezone=SWEDISH_TIME, clock=lambda: NOW, **options)


def without(rows: list[dict], *names: str) -> list[dict]:
    return [{name: value for name, value in row.items() if name not in names} for row in rows]


def with_changes(path: str, change) -> dict[str, list[dict]]:
    rows = {p: rows_of(p) for p in PATHS}
    return rows | {path: [change(row) for row in rows[path]]}


def test_server_that_keeps_to_the_standard_has_no_habits():
    found = probed(ProbedServer())
    assert {facts.access for facts in found.resources.values()} == {"served"}
    assert {facts.paging for facts in found.resources.values()} == {"never"}
    assert {facts.limit for facts in found.resources.values()} == {"honoured"}
    assert {use for facts in found.resources.values() for use in facts.filters.values()} == {"honoured"}
    assert not any(facts.missing for facts in found.resources.values())
    assert (found.version, found.deletions, found.deletions_after) == ("2.1", "lists", "honoured")
    assert (found.expand_attendance, found.lookup_by_lessons) == ("honoured", True)
    assert (found.filter_offsets, found.unknown_filters, found.tokens) == ("honoured", "refused", "opaque")
    assert (found.clock, found.modified_is_start, found.lesson_hours) == ("in_step", False, "plausible")
    assert found.of("/attendances").lookup
    assert found.of("/attendances").by_id
    assert found.civic_spellings == ("12 digits",)


def test_probe_asks_little_and_for_small_pages():
    server = ProbedServer()
    found = probed(server, page_size=500)
    limits = [int(request.url.params["limit"]) for request in server.requests if "limit" in request.url.params]
    assert found.requests == len(server.requests) < MOST_QUESTIONS
    assert sorted(limits)[-2:] == [50, 500], "one question is for a night's own page"


@pytest.mark.parametrize(
    ("status", "access"), [(403, "forbidden"), (404, "not_served"), (422, "failing"), (400, "failing")]
)
def test_list_that_is_refused_is_told_apart(status, access):
    found = probed(ProbedServer(statuses={"/grades": status}))
    assert found.of("/grades").access == access
    assert found.of("/absences").access == "served"


def test_list_without_rows_is_empty():
    found = probed(ProbedServer(rows={path: rows_of(path) for path in PATHS} | {"/absences": []}))
    assert found.of("/absences").access == "empty"
    assert found.of("/absences").filters == {}


@pytest.mark.parametrize(
    ("beside", "paging", "of_lessons"),
    [("none", "never", "never"), ("required", "never", "required_only"), ("all", "always", "always")],
)
def test_what_a_token_wants_beside_it_is_found_out(beside, paging, of_lessons):
    found = probed(ProbedServer(wants_beside_token=beside))
    assert found.of("/attendances").paging == paging
    assert found.of("/calendarEvents").paging == of_lessons


def test_token_that_forgets_the_filters_is_found_out():
    found = probed(ProbedServer(forgets=True))
    assert found.of("/attendances").token_ways == {"never": "forgets", "always": "accepted"}
    assert found.of("/attendances").paging == "always"
    assert found.of("/calendarEvents").paging == "always"


def test_token_that_leads_nowhere_is_unsafe():
    assert probed(ProbedServer(repeats=True)).of("/attendances").paging == "unsafe"


def test_token_that_is_a_place_in_a_list_is_found_out():
    assert probed(ProbedServer(decimal_tokens=True)).tokens == "offset"


def test_ignored_limit_is_found_out():
    assert probed(ProbedServer(ignores_limit=True)).of("/attendances").limit == "ignored"


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/attendances", "meta.modified.after"),
        ("/persons", "meta.modified.before"),
        ("/attendances", "organisation"),
        ("/grades", "registeredDate.onOrAfter"),
        ("/calendarEvents", "startTime.onOrAfter"),
    ],
)
def test_ignored_filter_is_found_out(path, name):
    ignored = {name, "startTime.onOrBefore"} if name.startswith("startTime") else {name}
    found = probed(ProbedServer(ignores=frozenset(ignored)))
    assert found.of(path).filters[name] == "ignored"


def test_ignored_relationship_is_found_out_by_a_person_without_enrolment():
    rows = with_changes("/persons", lambda row: row)
    rows["/persons"][1].pop("enrolments")
    found = probed(ProbedServer(rows=rows, ignores=frozenset({"relationship.entity.type"})))
    assert found.of("/persons").filters["relationship.entity.type"] == "ignored"


def test_filter_that_loses_known_changes_is_found_out():
    assert probed(ProbedServer(loses_all=True)).of("/attendances").filters["meta.modified.after"] == "loses_rows"


def test_ignored_offset_is_found_out():
    assert probed(ProbedServer(ignores_offset=True)).filter_offsets == "ignored"


def test_unknown_filters_that_pass_are_found_out():
    assert probed(ProbedServer(refuses_unknown=False)).unknown_filters == "ignored"


def test_rows_without_meta_are_found_out():
    rows = {
        path: without(rows_of(path), "meta") if path in ("/grades", "/persons") else rows_of(path) for path in PATHS
    }
    found = probed(ProbedServer(rows=rows))
    assert (found.of("/grades").has_meta, found.of("/attendances").has_meta) == (False, True)
    assert found.version == "2.0"


def test_times_without_offset_are_found_out():
    def naive(row):
        return {**row, "meta": {"modified": row["meta"]["modified"].rstrip("Z") + ".123456"}}

    found = probed(ProbedServer(rows=with_changes("/attendances", naive)))
    facts = found.of("/attendances")
    assert (facts.modified_times, facts.has_microseconds) == ("naive", True)
    assert found.of("/persons").modified_times == "offset"


def test_stripped_attributes_are_found_out():
    rows = with_changes("/persons", lambda row: without([row], "civicNo", "sex")[0])
    assert probed(ProbedServer(rows=rows)).of("/persons").missing == ("civicNo", "sex")


def test_lessons_that_change_when_they_begin_are_found_out():
    rows = with_changes("/calendarEvents", lambda row: {**row, "meta": {"modified": row["startTime"]}})
    assert probed(ProbedServer(rows=rows)).modified_is_start is True


def test_lessons_at_night_are_found_out():
    rows = with_changes("/calendarEvents", lambda row: {**row, "startTime": row["startTime"][:11] + "23:00:00Z"})
    assert probed(ProbedServer(rows=rows)).lesson_hours == "implausible"


@pytest.mark.parametrize(
    ("deleted", "shape"),
    [
        ([{"entityType": "Attendance", "id": "x"}], "flat"),
        ({"attendances": []}, "empty"),
        ({}, "empty"),
        (None, "empty"),
        ("nothing", "failing"),
    ],
)
def test_shape_of_deletions_is_found_out(deleted, shape):
    server = ProbedServer(deleted=deleted)
    server.answer_first = lambda request: (
        httpx.Response(200, json={"data": deleted}) if deleted is None and "deleted" in request.url.path else None
    )
    assert probed(server).deletions == shape


@pytest.mark.parametrize(("status", "shape"), [(404, "not_served"), (403, "forbidden")])
def test_deletions_that_are_refused_are_told_apart(status, shape):
    assert probed(ProbedServer(statuses={"/deletedEntities": status})).deletions == shape


def test_deletions_that_ignore_after_are_found_out():
    assert probed(ProbedServer(ignores=frozenset({"after"}))).deletions_after == "ignored"


def test_missing_expand_and_lookup_are_found_out():
    found = probed(ProbedServer(has_expand=False, has_lookup=False))
    assert (found.expand_attendance, found.lookup_by_lessons) == ("ignored", False)
    assert (found.of("/persons").lookup, found.of("/persons").by_id) == (False, False)


def test_page_that_is_too_large_is_found_out():
    found = probed(ProbedServer(largest_page=100), page_size=1000)
    assert found.too_large == 1000


@pytest.mark.parametrize(("minutes", "clock"), [(-61, "behind"), (61, "ahead"), (1, "in_step")])
def test_clock_of_the_server_is_held_against_ours(minutes, clock):
    assert probed(ProbedServer(date=NOW + timedelta(minutes=minutes))).clock == clock


def test_server_without_a_clock_is_probed_by_ours():
    found = probed(ProbedServer(has_date=False))
    assert (found.clock, found.of("/calendarEvents").access) == (None, "served")


def test_names_that_nobody_asked_for_are_found_out():
    def named(row):
        return {**row, "student": {**row["student"], "displayName": CANARY}}

    assert probed(ProbedServer(rows=with_changes("/attendances", named))).names_unasked is True


@pytest.mark.parametrize(
    ("number", "spelling"),
    [
        ("20120803-2381", "8+4 digits with a dash"),
        ("120803-2381", "6+4 digits with a dash"),
        ("120803+2381", "6+4 digits with a plus"),
        ("20120803TF01", "other"),
    ],
)
def test_spelling_of_civic_numbers_is_found_out(number, spelling):
    rows = with_changes("/persons", lambda row: {**row, "civicNo": {"value": number}})
    assert probed(ProbedServer(rows=rows)).civic_spellings == (spelling,)


def test_what_is_kept_holds_no_value_of_anybody():
    def named(row):
        return {**row, "student": {**row["student"], "displayName": CANARY}}

    server = ProbedServer(rows=with_changes("/attendances", named))
    text = repr(probed(server)) + str(probed(server).to_dict())
    values = {CANARY, "201208032381", "2012-08-03", *(row["id"] for path in PATHS[:9] for row in server.rows[path])}
    assert not [value for value in values if value in text]


def test_probe_says_what_the_server_says_when_nobody_is_let_in():
    with pytest.raises(SourceDeniedError):
        probed(ProbedServer(statuses=dict.fromkeys((*PATHS, "/deletedEntities"), 403)))


def test_probe_waits_for_another_time_when_a_list_of_the_night_does_not_answer():
    with pytest.raises(SourceError):
        probed(ProbedServer(statuses={"/groups": 500}))


def test_probe_goes_on_without_sums_that_do_not_answer():
    assert probed(ProbedServer(statuses={"/aggregatedAttendance": 500})).of("/aggregatedAttendance").access == "failing"


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["0001-01-01T00:00:00Z", "9999"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5),
    max_leaves=25,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    path=st.sampled_from(PATHS), rows=st.lists(st.dictionaries(st.sampled_from(NAMES), _json, max_size=6), max_size=8)
)
def test_whatever_rows_hold_a_probe_gives_facts(path, rows):
    server = ProbedServer()
    whole = httpx.Response(200, json={"data": rows, "pageToken": None})
    server.answer_first = lambda request: whole if request.url.path.endswith(path) else None
    found = probed(server)
    assert found.of(path).access == ("served" if rows else "empty")
    assert Capabilities.from_dict(found.to_dict()) == found


def test_capabilities_survive_being_kept():
    found = probed(ProbedServer(forgets=True, rows=with_changes("/persons", lambda row: without([row], "sex")[0])))
    kept = Capabilities.from_dict(found.to_dict())
    assert kept == found
    assert kept.fingerprint() == found.fingerprint()


def test_facts_of_another_version_of_ours_are_let_go():
    plain = probed(ProbedServer()).to_dict() | {"of_tomorrow": 1}
    plain["resources"]["/persons"]["of_tomorrow"] = 1
    assert Capabilities.from_dict(plain).of("/persons").access == "served"


def test_fingerprint_minds_habits_and_neither_counts_nor_the_hour():
    usual = probed(ProbedServer()).fingerprint()
    rows = {path: rows_of(path, 9) for path in PATHS}
    assert probed(ProbedServer(rows=rows, date=NOW + timedelta(seconds=30))).fingerprint() == usual
    assert probed(ProbedServer(forgets=True)).fingerprint() != usual
