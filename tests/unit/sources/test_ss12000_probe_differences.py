"""What counts as a change at a server, and what is only the data's own coming and going."""

from __future__ import annotations

from dataclasses import replace

import pytest

from narvaro.sources.ss12000.probe import Capabilities, ResourceFacts, differences

SERVED = ResourceFacts(
    "served",
    paging="never",
    token_ways={"never": "accepted"},
    limit="honoured",
    filters={"meta.modified.after": "honoured"},
    has_meta=True,
    modified_times="offset",
)


def a_server(**changes) -> Capabilities:
    lists = {"/attendances": SERVED, "/persons": SERVED} | changes.pop("lists", {})
    return replace(Capabilities(lists, version="2.1", deletions="lists", clock="in_step", requests=80), **changes)


def test_same_server_has_no_differences():
    assert differences(a_server(), a_server(requests=99, clock_skew_seconds=3, civic_spellings=("12 digits",))) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"access": "forbidden"}, "/attendances is forbidden; it was: served"),
        ({"access": "not_served"}, "/attendances is not served; it was: served"),
        ({"paging": "always"}, "/attendances: what page tokens need beside them: always; it was: never"),
        ({"limit": "ignored"}, "/attendances: `limit`: ignored; it was: honoured"),
        ({"has_meta": False}, "/attendances: `meta`: no; it was: yes"),
        ({"modified_times": "naive"}, "/attendances: the writing of `meta.modified`: naive; it was: offset"),
        (
            {"filters": {"meta.modified.after": "ignored"}},
            "/attendances: the filter meta.modified.after is ignored; it was honoured",
        ),
        ({"missing": ("attendanceMinutes",)}, "/attendances: no longer sent: attendanceMinutes"),
    ],
)
def test_changed_list_is_told(change, words):
    new = a_server(lists={"/attendances": replace(SERVED, **change)})
    assert differences(a_server(), new) == [words]


def test_same_change_in_several_lists_is_told_once():
    naive = replace(SERVED, modified_times="naive")
    changes = differences(a_server(), a_server(lists={"/attendances": naive, "/persons": naive}))
    assert changes == ["/attendances, /persons: the writing of `meta.modified`: naive; it was: offset"]


def test_attribute_that_comes_back_is_told():
    stripped = a_server(lists={"/persons": replace(SERVED, missing=("civicNo",))})
    assert differences(stripped, a_server()) == ["/persons: now sent: civicNo"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"version": "2.0"}, "the version of the standard: 2.0; it was: 2.1"),
        ({"clock": "behind"}, "the server's clock: behind; it was: in step"),
        ({"deletions": "flat"}, "/deletedEntities: flat; it was: lists"),
        ({"deletions": "not_served"}, "/deletedEntities: not served; it was: lists"),
    ],
)
def test_changed_server_is_told(change, words):
    assert differences(a_server(), a_server(**change)) == [words]


def test_list_without_rows_for_the_moment_is_no_change():
    empty = a_server(lists={"/attendances": ResourceFacts("empty")})
    assert differences(a_server(), empty) == []
    assert differences(empty, a_server()) == []


def test_list_that_is_never_empty_in_a_school_and_now_is_has_changed():
    empty = a_server(lists={"/persons": ResourceFacts("empty")})
    assert differences(a_server(), empty) == ["/persons is served without rows; it was: served"]


def test_server_that_deleted_nothing_lately_has_not_changed():
    assert differences(a_server(), a_server(deletions="empty")) == []
    assert differences(a_server(deletions="empty"), a_server(deletions="flat")) == []


def test_what_only_one_probe_could_find_out_is_no_change():
    unknown = replace(SERVED, paging=None, limit=None, has_meta=None, modified_times=None, filters={})
    assert differences(a_server(), a_server(lists={"/attendances": unknown}, clock=None)) == []
    assert differences(a_server(lists={"/attendances": unknown}), a_server()) == []


def test_what_could_not_be_found_out_rests_on_what_was_known():
    summer = a_server(lists={"/attendances": ResourceFacts("empty")}, version=None)
    kept = summer.resting_on(a_server())
    assert kept.of("/attendances") == replace(SERVED, access="empty")
    assert kept.version == "2.1"
    assert kept.fingerprint() == a_server().fingerprint()


def test_what_is_served_again_whole_does_not_keep_its_old_gaps():
    stripped = a_server(lists={"/persons": replace(SERVED, missing=("civicNo",))})
    assert a_server().resting_on(stripped).of("/persons").missing == ()


def test_page_that_was_too_large_once_is_not_so_for_ever():
    small = a_server(too_large=1000, page_cap=None)
    assert a_server().resting_on(small).too_large is None
    summer = a_server(lists={"/attendances": ResourceFacts("empty"), "/persons": ResourceFacts("empty")})
    assert summer.resting_on(small).too_large == 1000


def test_list_that_is_forbidden_keeps_no_habits():
    forbidden = a_server(lists={"/persons": ResourceFacts("forbidden")}).resting_on(a_server())
    assert forbidden.of("/persons") == ResourceFacts("forbidden")
