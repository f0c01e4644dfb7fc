"""A server of SS 12000 in memory that keeps to the standard, but for the habits that a test gives it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx

BASE_URL = "https://skola.example/v2.0"
NOW = datetime(2026, 9, 19, 1, tzinfo=UTC)
CANARY = "Kanariefågel"
REQUIRED = {
    "/calendarEvents": ("startTime.onOrAfter", "startTime.onOrBefore"),
    "/aggregatedAttendance": ("startDate", "endDate"),
}
KNOWN = {
    "/persons": {"relationship.entity.type"},
    "/calendarEvents": {"expand", "organisation"},
    "/attendances": {"organisation"},
    "/grades": {"registeredDate.onOrAfter"},
    "/deletedEntities": {"after"},
}
META = {"meta.modified.after", "meta.modified.before"}


def an_id(name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, name))


def wire(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def rows_of(path: str, count: int = 12) -> list[dict]:
    """Rows of a list, each changed an hour after the one before."""
    own = {
        "/organisations": lambda _: {
            "displayName": "Exempelskolan",
            "organisationType": "Skolenhet",
            "schoolUnitCode": "01234567",
            "municipalityCode": "0180",
            "schoolTypes": ["GR"],
        },
        "/syllabuses": lambda _: {"schoolType": "GR", "subjectCode": "GRGRMAT01", "subjectName": "Matematik"},
        "/activities": lambda _: {
            "organisation": {"id": an_id("unit")},
            "activityType": "Undervisning",
            "groups": [{"id": an_id("group")}],
            "syllabus": {"id": an_id("syllabus")},
        },
        "/persons": lambda _: {
            "givenName": CANARY,
            "familyName": CANARY,
            "civicNo": {"value": "201208032381"},
            "birthDate": "2012-08-03",
            "sex": "Kvinna",
            "enrolments": [{"enroledAt": {"id": an_id("unit")}, "schoolType": "GR", "startDate": "2026-08-17"}],
        },
        "/groups": lambda _: {
            "organisation": {"id": an_id("unit")},
            "groupType": "Klass",
            "groupMemberships": [{"person": {"id": an_id("/persons 0")}}],
        },
        "/calendarEvents": lambda place: {
            "activity": {"id": an_id("activity")},
            "startTime": wire(NOW - timedelta(days=place % 9 + 1, hours=18 - place % 4)),
            "endTime": wire(NOW - timedelta(days=place % 9 + 1, hours=17 - place % 4)),
        },
        "/attendances": lambda place: {
            "calendarEvent": {"id": an_id(f"/calendarEvents {place}")},
            "student": {"id": an_id("/persons 0")},
            "isReported": True,
            "attendanceMinutes": 40,
        },
        "/absences": lambda _: {
            "student": {"id": an_id("/persons 0")},
            "organisation": {"id": an_id("unit")},
            "startTime": wire(NOW),
            "endTime": wire(NOW),
            "type": "Anmäld frånvaro",
        },
        "/grades": lambda _: {
            "student": {"id": an_id("/persons 0")},
            "organisation": {"id": an_id("unit")},
            "syllabus": {"id": an_id("syllabus")},
            "registeredDate": "2026-06-10",
            "gradeValue": "C",
            "semester": "VT",
        },
    }
    if path == "/aggregatedAttendance":
        sums = {"attendanceSum": 40, "reportedSum": 60, "offeredSum": 60}
        return [{"activity": {"id": an_id("a")}, "student": {"id": an_id("p")}, **sums} for _ in range(count)]
    changed = [wire(NOW - timedelta(days=30, hours=-place)) for place in range(count)]
    return [
        {
            "id": an_id(f"{path} {place}"),
            "meta": {"created": changed[0], "modified": changed[place]},
            **own[path](place),
        }
        for place in range(count)
    ]


PATHS = (
    "/organisations", "/syllabuses", "/activities", "/persons", "/groups", "/calendarEvents", "/attendances",
    "/absences", "/grades", "/aggregatedAttendance",
)  # fmt: skip


@dataclass
class ProbedServer:
    """Answers as the standard says; each habit is a departure."""

    rows: dict[str, list[dict]] = field(default_factory=lambda: {path: rows_of(path) for path in PATHS})
    deleted: object = field(default_factory=lambda: {"attendances": [an_id("gone")], "persons": []})
    statuses: dict[str, int] = field(default_factory=dict)
    # none, all or required: what must stand beside a token; forgets: a token alone loses the filters.
    wants_beside_token: str = "none"
    forgets: bool = False
    repeats: bool = False
    decimal_tokens: bool = False
    ignores: frozenset[str] = frozenset()
    ignores_limit: bool = False
    ignores_offset: bool = False
    refuses_unknown: bool = True
    loses_all: bool = False
    has_date: bool = True
    largest_page: int = 100_000
    has_lookup: bool = True
    has_expand: bool = True
    date: datetime = NOW
    requests: list[httpx.Request] = field(default_factory=list)
    answer_first: Callable[[httpx.Request], httpx.Response | None] = lambda _: None
    walks: dict[str, tuple[list[tuple[str, str]], int]] = field(default_factory=dict)

    def client(self) -> httpx.Client:
        return httpx.Client(transport=httpx.MockTransport(self.handle))

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answer_first(request) or self.answer(request)
        if self.has_date:
            answer.headers["Date"] = format_datetime(self.date, usegmt=True)
        # A body that is still to be read, as from a real wire.
        return httpx.Response(answer.status_code, headers=answer.headers, stream=httpx.ByteStream(answer.content))

    def answer(self, request: httpx.Request) -> httpx.Response:
        path = "/" + request.url.path.removeprefix("/v2.0/")
        if path in self.statuses:
            return httpx.Response(self.statuses[path], json={"code": "x", "message": "y"})
        if path == "/deletedEntities":
            return self.deletions(request)
        if request.method == "POST":
            return self.look_up(path, json.loads(request.content))
        if path not in self.rows:
            listed, _, record_id = path[1:].partition("/")
            found = [row for row in self.rows.get(f"/{listed}", []) if row.get("id") == record_id]
            return httpx.Response(200, json=found[0]) if found and self.has_lookup else httpx.Response(404)
        return self.page(path, request)

    def look_up(self, path: str, body: dict) -> httpx.Response:
        listed = path.removesuffix("/lookup")
        if not self.has_lookup:
            return httpx.Response(404)
        if "calendareEvents" in body:
            return httpx.Response(200, json=self.rows[listed][:3])
        return httpx.Response(200, json=[row for row in self.rows[listed] if row["id"] in body["ids"]])

    def deletions(self, request: httpx.Request) -> httpx.Response:
        is_late = dict(request.url.params.multi_items()).get("after", "") > wire(NOW)
        is_told = not is_late or "after" in self.ignores
        return httpx.Response(200, json={"data": self.deleted if is_told else type(self.deleted)()})

    def page(self, path: str, request: httpx.Request) -> httpx.Response:
        given = request.url.params.multi_items()
        limit, token = int(dict(given)["limit"]), dict(given).get("pageToken")
        filters = [(name, value) for name, value in given if name not in ("limit", "pageToken")]
        start, beside = 0, filters
        if token is not None:
            if token not in self.walks:
                return httpx.Response(410)
            wanted = {"none": [], "all": self.walks[token][0]}.get(
                self.wants_beside_token, [f for f in self.walks[token][0] if f[0] in REQUIRED.get(path, ())]
            )
            if filters != wanted and not self.forgets:
                return httpx.Response(400, json={"code": "bad_request", "message": CANARY})
            filters, start = self.walks[token]
            filters = beside if self.forgets else filters
        elif problem := self.problem(path, filters):
            return problem
        if limit > self.largest_page:
            return httpx.Response(413)
        rows = [row for row in self.rows[path] if self.is_meant(row, filters)]
        if ("expand", "attendance") in filters and self.has_expand:
            rows = [{**row, "_embedded": {"attendance": []}} for row in rows]
        limit = len(rows) if self.ignores_limit else limit
        part = rows[start : start + limit]
        following = None
        if start + limit < len(rows):
            following = str(len(self.walks) + 1) if self.decimal_tokens else f"t{len(self.walks)}x"
            following = token or following if self.repeats else following
            self.walks[following] = (filters, 0 if self.repeats else start + limit)
        return httpx.Response(200, json={"data": part, "pageToken": following})

    def problem(self, path: str, filters: list[tuple[str, str]]) -> httpx.Response | None:
        names = {name for name, _ in filters}
        known = KNOWN.get(path, set()) | set(REQUIRED.get(path, ())) | META
        is_wrong = not set(REQUIRED.get(path, ())) <= names or (self.refuses_unknown and not names <= known)
        return httpx.Response(400, json={"code": "bad_request", "message": CANARY}) if is_wrong else None

    def is_meant(self, row: dict, filters: list[tuple[str, str]]) -> bool:
        return all(self.satisfies(row, name, value) for name, value in filters if name not in self.ignores)

    def satisfies(self, row: dict, name: str, value: str) -> bool:  # noqa: PLR0911 - a filter a line
        if name.startswith("meta.modified"):
            if self.loses_all:
                return False
            changed = self.moment(row.get("meta", {}).get("modified", wire(NOW)))
            return changed > self.moment(value) if name.endswith("after") else changed <= self.moment(value)
        if name.startswith("startTime"):
            start = self.moment(row["startTime"])
            return start >= self.moment(value) if name.endswith("After") else start <= self.moment(value)
        if name == "registeredDate.onOrAfter":
            return row["registeredDate"] >= value
        if name == "organisation":
            return row.get("organisation", {}).get("id") == value
        if name == "relationship.entity.type":
            return bool(row.get("enrolments"))
        return True

    def moment(self, text: str) -> datetime:
        found = datetime.fromisoformat(text)
        return found.replace(tzinfo=UTC) if self.ignores_offset or not found.tzinfo else found
