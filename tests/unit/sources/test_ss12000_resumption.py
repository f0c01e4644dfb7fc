"""A walk that goes on where another one ended, over real HTTP: whole, or an error; never a row twice."""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from school_system import Answer, SchoolSystem, a_lesson, an_attendance, an_id, json_answer, served

from narvaro.connections import Connection
from narvaro.county import Source
from narvaro.errors import NarvaroError, SourceShapeError
from narvaro.privacy import Key, Pseudonymiser
from narvaro.sources import Anew, Given, Mark, Patience, Reading, Resumption, connect
from narvaro.sources.contract import RECORD_ID
from narvaro.sources.ss12000.place import Place

STOCKHOLM = ZoneInfo("Europe/Stockholm")
UNTIL = datetime(2026, 9, 19, 1, tzinfo=UTC)
SCHOOL_YEAR = (date(2026, 8, 1), date(2027, 6, 30))
SINCE = Reading("cursor", datetime(2026, 9, 18, tzinfo=UTC))
ATTENDANCES, LESSONS = "/attendances", "/calendarEvents"
MANY = [an_attendance(str(number)) for number in range(12)]


@pytest.fixture(autouse=True, scope="module")
def every_page_is_told():
    """Tell of every page, however few rows it has."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("narvaro.sources.ss12000.gathering.PAGES_A_BATCH", 1)
        yield


def pages_of(system):
    """The requests for pages; after a long walk a single row is asked for, to see whether the list has moved."""
    return [request for request in system.requests_of(ATTENDANCES) if request.get("limit") != "1"]


class Kept:
    """What a landing would keep: rows by entity and resource, up to the last mark."""

    def __init__(self, readings=None):
        self.readings = readings or {}
        self.rows = defaultdict(list)
        self.marked = defaultdict(list)
        self.complete = set()
        self.walk = None
        self.told = []

    def take(self, step):
        self.told.append(step)
        if isinstance(step, Given):
            self.rows[step.entity] += step.batch.to_pylist()
        elif isinstance(step, Anew):
            for entity in step.entities:
                self.rows[entity], self.marked[entity] = [], []
        elif isinstance(step, Mark):
            self.walk = step if step.token else None
            self.complete |= set() if step.token else {step.resource}
            for entity in step.entities:
                self.marked[entity] = list(self.rows[entity])

    def killed(self):
        """Lose what no mark has confirmed."""
        self.rows = defaultdict(list, {entity: list(rows) for entity, rows in self.marked.items()})
        walk = self.walk
        return Resumption(
            frozenset(self.complete),
            walk.resource if walk else None,
            walk.token if walk else None,
            walk.page if walk else 0,
        )

    def lookup(self, resource, entity, columns):
        assert self.walk.resource == resource
        assert columns == (RECORD_ID[entity], "_source_modified_at")
        rows = [[row[columns[0]], row["source_modified_at"]] for row in self.marked[entity]]
        ids, times = zip(*rows, strict=True) if rows else ((), ())
        yield pa.record_batch([pa.array(ids, pa.string()), pa.array(times, pa.timestamp("us", "UTC"))], names=columns)

    def ids(self, entity="attendances"):
        return [row[RECORD_ID[entity]] for row in self.rows[entity]]


def read(url, kept, *, resumption=None, stop_after=None, page_size=2):
    """Read a night into what is kept; stop, as if killed, after so many pages of a walk."""
    source = Source(
        name="exempel", owner="2120000142", base_url=url + "/v2.0", page_size=page_size, plan={"look_twice": False}
    )
    connection = Connection(
        "narvaro_exempel", host=url, login="client:å", password="hemlig+1", extra={"token_url": url + "/token"}
    )
    pseudonymiser = Pseudonymiser(Key(b"k" * 32), source.name)
    with connect(source, connection, pseudonymiser, STOCKHOLM, patience=Patience(3, sleep=lambda _: None)) as connector:
        connector.kept = kept.lookup
        pages = 0
        for step in connector.read(kept.readings, UNTIL, SCHOOL_YEAR, resumption=resumption):
            kept.take(step)
            pages += isinstance(step, Mark) and step.token is not None
            if stop_after is not None and pages == stop_after:
                return


@pytest.fixture
def system():
    return SchoolSystem()


@pytest.fixture
def url(system):
    with served(system) as url:
        yield url


def test_a_walk_goes_on_after_the_page_where_it_stopped(system, url):
    system.rows[ATTENDANCES] = MANY
    kept = Kept()
    read(url, kept, stop_after=3)
    system.requests.clear()
    read(url, kept, resumption=kept.killed())
    assert kept.ids() == [row["id"] for row in MANY]
    assert len(pages_of(system)) == 3
    assert all(request.token for request in pages_of(system))
    assert not system.requests_of("/persons")
    assert Anew(ATTENDANCES, ("attendances",)) not in kept.told


@pytest.mark.parametrize("status", [410, 400, 404, 422])
def test_a_token_that_is_refused_when_a_walk_goes_on_begins_it_anew(system, url, status):
    system.rows[ATTENDANCES] = MANY
    kept = Kept({ATTENDANCES: SINCE})
    read(url, kept, stop_after=3)
    resumption = kept.killed()
    system.requests.clear()
    system.misbehave_once(ATTENDANCES, Answer(status))
    read(url, kept, resumption=resumption)
    assert kept.ids() == [row["id"] for row in MANY]
    assert Anew(ATTENDANCES, ("attendances",)) in kept.told
    first = next(request for request in pages_of(system) if request.token is None)
    assert first.get("meta.modified.after") == "2026-09-18T00:00:00Z"


def test_rows_that_slid_while_nobody_read_are_given_once(system, url):
    system.rows[ATTENDANCES] = MANY[2:]
    kept = Kept()
    read(url, kept, stop_after=2)
    # A row comes before the place of the token: the next page repeats what was kept, and the list is walked again.
    system.rows[ATTENDANCES] = MANY[1:]
    read(url, kept, resumption=kept.killed())
    assert sorted(kept.ids()) == sorted(row["id"] for row in MANY[1:])


def test_a_walk_goes_on_with_the_limit_and_the_filters_that_it_began_with(system, url):
    system.wanted_filters = "always"
    system.rows[ATTENDANCES] = MANY
    kept = Kept()
    read(url, kept, stop_after=2, page_size=3)
    system.requests.clear()
    read(url, kept, resumption=kept.killed(), page_size=5)
    assert kept.ids() == [row["id"] for row in MANY]
    requests = pages_of(system)
    assert {request.get("limit") for request in requests} == {"3"}
    # What the server wants beside its tokens was found out once.
    assert all(request.get("meta.modified.before") for request in requests)


def test_lessons_go_on_too(system, url):
    lessons = [a_lesson(str(number)) for number in range(7)]
    system.rows[LESSONS] = lessons
    kept = Kept()
    read(url, kept, stop_after=2)
    read(url, kept, resumption=kept.killed())
    assert kept.ids("lessons") == [row["id"] for row in lessons]


def test_a_resource_that_is_gone_when_its_walk_goes_on_is_no_empty_one(system, url):
    system.rows["/grades"] = [
        {
            "id": an_id(f"grade {number}"),
            "student": {"id": an_id("pupil")},
            "syllabus": {"id": an_id("syllabus")},
            "registeredDate": "2026-09-01",
            "gradeValue": "C",
        }
        for number in range(7)
    ]
    kept = Kept()
    read(url, kept, stop_after=2)
    del system.rows["/grades"]
    with pytest.raises(SourceShapeError, match="/grades answered 404"):
        read(url, kept, resumption=kept.killed())


def test_a_place_is_shown_without_its_token():
    place = Place("hemligt", 3, 500, "never")
    assert "hemligt" not in repr(place)
    assert Place.from_text(place.text, 3) == place


@pytest.mark.parametrize(
    "text", ["", "t2", "[]", '["t", "many", "never"]', '["t", 500, "whatever"]', '["", 5, "never"]']
)
def test_a_place_that_we_did_not_write_begins_anew(system, url, text):
    system.rows[ATTENDANCES] = MANY
    kept = Kept()
    read(url, kept, stop_after=3)
    resumption = kept.killed()
    kept.walk = Mark(ATTENDANCES, ("attendances",), text, 3)
    read(url, kept, resumption=Resumption(resumption.complete, ATTENDANCES, text, 3))
    assert kept.ids() == [row["id"] for row in MANY]


# Servers that cannot bear a page, and what becomes of the walk.


def too_large(request, rows):
    return Answer(413) if int(request.get("limit")) > rows else None


def test_a_page_that_is_too_much_for_a_server_is_asked_for_smaller(system, url):
    system.rows[ATTENDANCES] = MANY
    system.misbehaviours.append(lambda request: too_large(request, 3) if request.path == ATTENDANCES else None)
    kept = Kept()
    read(url, kept, page_size=8)
    assert kept.ids() == [row["id"] for row in MANY]
    assert [request.get("limit") for request in pages_of(system)] == ["8", "4", *["2"] * 6]


def test_a_later_page_that_is_too_much_is_asked_for_smaller_with_the_same_token(system, url):
    system.rows[ATTENDANCES] = MANY
    system.misbehaviours.append(
        lambda request: too_large(request, 3) if request.path == ATTENDANCES and request.token else None
    )
    kept = Kept()
    read(url, kept, page_size=4)
    assert kept.ids() == [row["id"] for row in MANY]
    assert [request.get("limit") for request in pages_of(system)] == ["4", "4", *["2"] * 4]


def test_a_token_that_counts_pages_is_not_used_with_a_smaller_limit(system, url):
    """The third page of two rows is not what follows two pages of four."""

    def counting(request):
        if request.path != ATTENDANCES:
            return None
        limit, page = int(request.get("limit")), int(request.token or 1)
        if page == 3 and limit > 2:
            return Answer(413)
        rows = MANY[(page - 1) * limit : page * limit]
        token = str(page + 1) if page * limit < len(MANY) else None
        return json_answer({"data": rows, "pageToken": token})

    system.misbehaviours.append(counting)
    kept = Kept()
    read(url, kept, page_size=4)
    assert kept.ids() == [row["id"] for row in MANY]
    assert Anew(ATTENDANCES, ("attendances",)) in kept.told


# Tokens that forget what was asked.


def forgetful(system, rows, *, refuses=False):
    """Remember only the place, unless the filters come again; or refuse them there."""

    def answer(request):
        if request.path != ATTENDANCES:
            return None
        after = request.get("meta.modified.after")
        if request.token and after and refuses:
            return Answer(400)
        chosen = [row for row in rows if not after or row["meta"]["modified"] > after]
        start, limit = int(request.token or 0), int(request.get("limit"))
        token = str(start + limit) if start + limit < len(chosen) else None
        return json_answer({"data": chosen[start : start + limit], "pageToken": token})

    system.misbehaviours.append(answer)


OLD = [an_attendance(f"old {number}", meta={"modified": "2026-08-20T10:00:00Z"}) for number in range(9)]


def test_a_token_that_forgets_the_filters_is_sent_with_them_in_a_walk_from_the_beginning(system, url):
    forgetful(system, [*OLD[:5], *MANY, *OLD[5:]])
    kept = Kept({ATTENDANCES: SINCE})
    read(url, kept)
    assert kept.ids() == [row["id"] for row in MANY]
    assert Anew(ATTENDANCES, ("attendances",)) in kept.told


def test_a_token_that_forgets_the_filters_and_refuses_them_is_an_error_that_names_the_setting(system, url):
    forgetful(system, [*OLD[:5], *MANY, *OLD[5:]], refuses=True)
    with pytest.raises(SourceShapeError, match=r"forgot the filter .* resend_filters"):
        read(url, Kept({ATTENDANCES: SINCE}))


FAULTS = [Answer(status) for status in (401, 410, 400, 413, 429, 503, 404)]


@pytest.fixture(scope="module")
def running():
    system = SchoolSystem()
    with served(system) as url:
        yield system, url


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    count=st.integers(0, 12),
    page_size=st.integers(1, 5),
    stops=st.lists(st.integers(1, 4), min_size=1, max_size=3),
    faults=st.dictionaries(st.integers(1, 14), st.sampled_from(FAULTS), max_size=3),
)
def test_wherever_a_walk_is_stopped_and_whatever_goes_wrong_no_row_is_lost_or_doubled(
    running, count, page_size, stops, faults
):
    system, url = running
    rows = MANY[:count]
    system.rows[ATTENDANCES] = rows
    system.misbehaviours = []
    for on_page, answer in faults.items():
        system.misbehave_once(ATTENDANCES, answer, on_page=on_page)
    kept = Kept()
    resumption = None
    for stop in stops:
        with suppress(NarvaroError):
            read(url, kept, resumption=resumption, stop_after=stop, page_size=page_size)
        resumption = kept.killed()
    try:
        read(url, kept, resumption=resumption, page_size=page_size)
    except NarvaroError:
        assert faults
    else:
        assert sorted(kept.ids()) == sorted(row["id"] for row in rows)
