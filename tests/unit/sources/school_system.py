"""A small school system on loopback that speaks SS 12000, well or as badly as a test asks."""

from __future__ import annotations

import base64
import json
import threading
import uuid
from collections import Counter
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

SERVER_DATE = datetime.fromisoformat("2026-09-19T01:00:00+00:00")
MODIFIED = "2026-09-18T10:00:00Z"
CLIENT_ID, CLIENT_SECRET = "client:å", "hemlig+1"


def an_id(name: str) -> str:
    """The same uuid for the same name."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, name))


def an_attendance(name: str = "a", **changes):
    row = {
        "id": an_id(f"attendance {name}"),
        "meta": {"created": MODIFIED, "modified": MODIFIED},
        "calendarEvent": {"id": an_id("lesson")},
        "student": {"id": an_id("pupil"), "displayName": "Kanariefågel, Åsa"},
        "isReported": True,
        "attendanceMinutes": 40,
        "validAbsenceMinutes": 20,
        "invalidAbsenceMinutes": 0,
        "absenceReason": "Kanariefeber",
    }
    return row | changes


def a_person(name: str = "p", **changes):
    row = {
        "id": an_id(f"person {name}"),
        "meta": {"created": MODIFIED, "modified": MODIFIED},
        "givenName": "Åsa",
        "familyName": "Kanariefågel",
        "civicNo": {"value": "201208032381"},
        "sex": "Kvinna",
        "securityMarking": "Ingen",
        "emails": [{"value": "asa@kanarie.example", "type": "Privat"}],
        "enrolments": [
            {
                "enroledAt": {"id": an_id("school")},
                "schoolType": "GR",
                "startDate": "2026-08-17",
                "schoolYear": 8,
            }
        ],
    }
    return row | changes


def a_lesson(name: str = "l", **changes):
    row = {
        "id": an_id(f"lesson {name}"),
        "meta": {"created": MODIFIED, "modified": MODIFIED},
        "activity": {"id": an_id("activity")},
        "startTime": "2026-09-18T08:00:00+02:00",
        "endTime": "2026-09-18T09:00:00+02:00",
    }
    return row | changes


def a_group(name: str = "g", **changes):
    row = {
        "id": an_id(f"group {name}"),
        "meta": {"created": MODIFIED, "modified": MODIFIED},
        "displayName": "8 Kanarie",
        "groupType": "Undervisning",
        "organisation": {"id": an_id("school")},
        "startDate": "2026-08-17",
        "groupMemberships": [{"person": {"id": an_id("person p")}, "startDate": "2026-08-17"}],
    }
    return row | changes


def a_school(name: str = "s", **changes):
    row = {
        "id": an_id(f"school {name}"),
        "meta": {"created": MODIFIED, "modified": MODIFIED},
        "displayName": "Exempelskolan",
        "organisationType": "Skolenhet",
        "schoolUnitCode": "01234567",
        "municipalityCode": "0180",
        "schoolTypes": ["GR"],
    }
    return row | changes


@dataclass
class Request:
    path: str
    parameters: list[tuple[str, str]]
    authorization: str
    body: bytes = b""

    def get(self, name: str) -> str | None:
        return dict(self.parameters).get(name)

    @property
    def token(self) -> str | None:
        return self.get("pageToken")


@dataclass
class Answer:
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


def json_answer(value: object, status: int = 200, **headers: str) -> Answer:
    return Answer(status, json.dumps(value).encode(), {"Content-Type": "application/json", **headers})


Misbehaviour = Callable[[Request], Answer | None]


class SchoolSystem:
    """Serves rows by resource; `misbehaviours` may answer first."""

    def __init__(self) -> None:
        self.rows: dict[str, object] = {
            path: []
            for path in (
                "/organisations",
                "/syllabuses",
                "/activities",
                "/persons",
                "/groups",
                "/calendarEvents",
                "/attendances",
                "/absences",
                "/grades",
            )
        }
        self.rows["/deletedEntities"] = {}
        self.misbehaviours: list[Misbehaviour] = []
        self.requests: list[Request] = []
        self.tokens_given = 0
        self.has_date = True
        self.wanted_filters = "never"
        # What a lookup may ask for at most; 0: there is no lookup.
        self.most_looked_up = 0
        self.lookups: list[dict[str, list[str]]] = []
        self.lesson_key = "calendareEvents"
        self.has_single_objects = False
        self.expands = False
        self._walks: dict[str, tuple[str, int]] = {}
        self._expanded_walks: set[str | None] = set()

    def requests_of(self, path: str) -> list[Request]:
        return [request for request in self.requests if request.path == path]

    def count(self) -> Counter[str]:
        return Counter(request.path for request in self.requests)

    def misbehave_once(self, path: str, answer: Answer, *, on_page: int = 1, times: int = 1) -> None:
        """Give another answer to the n-th request of a resource, and the ones after it, `times` times."""
        seen = Counter()

        def misbehaviour(request: Request) -> Answer | None:
            if request.path != path:
                return None
            seen[path] += 1
            return answer if on_page <= seen[path] < on_page + times else None

        self.misbehaviours.append(misbehaviour)

    def answer(self, request: Request) -> Answer:
        self.requests.append(request)
        for misbehaviour in self.misbehaviours:
            answer = misbehaviour(request)
            if answer is not None:
                return answer
        if request.path == "/token":
            return self._token(request)
        if not request.authorization.startswith("Bearer token-"):
            return Answer(401)
        resource, _, rest = request.path.removeprefix("/").partition("/")
        if rest and f"/{resource}" in self.rows:
            return self._lookup(resource, request) if rest == "lookup" else self._single(resource, rest)
        if request.path not in self.rows:
            return Answer(404)
        return self._page(request)

    def _lookup(self, resource: str, request: Request) -> Answer:
        asked = json.loads(request.body)
        (key, ids) = next(iter(asked.items()))
        if not self.most_looked_up:
            return Answer(404)
        if key not in ("ids", self.lesson_key):
            return json_answer({"code": "bad_request"}, 400)
        if len(ids) > self.most_looked_up:
            return Answer(413)
        self.lookups.append(asked)
        rows = self.rows[f"/{resource}"]
        id_of = (lambda row: row["id"]) if key == "ids" else (lambda row: row["calendarEvent"]["id"])
        return json_answer([row for row in rows if id_of(row) in ids])

    def _single(self, resource: str, object_id: str) -> Answer:
        rows = self.rows[f"/{resource}"] if self.has_single_objects else ()
        return next((json_answer(row) for row in rows if row["id"] == object_id), Answer(404))

    def _expanded(self, lesson: dict[str, object]) -> dict[str, object]:
        inside = [row for row in self.rows["/attendances"] if row["calendarEvent"]["id"] == lesson["id"]]
        unnamed = [{name: value for name, value in row.items() if name != "calendarEvent"} for row in inside]
        return lesson | {"_embedded": {"attendance": unnamed}}

    def _is_expanded(self, request: Request) -> bool:
        return request.get("expand") == "attendance" or request.token in self._expanded_walks

    def _token(self, request: Request) -> Answer:
        basic = "Basic " + base64.b64encode(b"client%3A%C3%A5:hemlig%2B1").decode()
        if request.authorization != basic:
            return json_answer({"error": "invalid_client"}, 401)
        self.tokens_given += 1
        return json_answer({"access_token": f"token-{self.tokens_given}", "expires_in": 3600})

    def _page(self, request: Request) -> Answer:
        filters = [(name, value) for name, value in request.parameters if name not in ("pageToken", "limit")]
        start = 0
        if request.token is not None:
            if (self.wanted_filters == "never" and filters) or (self.wanted_filters == "always" and not filters):
                return json_answer({"code": "bad_request", "message": "Kanariefågel"}, 400)
            if request.token not in self._walks:
                return json_answer({"code": "gone"}, 410)
            start = self._walks[request.token][1]
        rows = self.rows[request.path]
        if isinstance(rows, dict):
            return json_answer({"data": rows})
        if self.expands and request.path == "/calendarEvents" and self._is_expanded(request):
            rows = [self._expanded(lesson) for lesson in rows]
        limit = int(request.get("limit") or 1000)
        token = None
        if start + limit < len(rows):
            token = uuid.uuid4().hex
            self._walks[token] = (request.path, start + limit)
            if self._is_expanded(request):
                self._expanded_walks.add(token)
        return json_answer({"data": rows[start : start + limit], "pageToken": token})


@contextmanager
def served(system: SchoolSystem):
    """Serve the system on a free port; gives its base address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def _respond(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            request = Request(
                parts.path.removeprefix("/v2.0"),
                parse_qsl(parts.query, keep_blank_values=True),
                self.headers.get("Authorization", ""),
                body,
            )
            answer = system.answer(request)
            self.send_response_only(answer.status)
            if system.has_date and "Date" not in answer.headers:
                self.send_header("Date", format_datetime(SERVER_DATE, usegmt=True))
            for name, value in answer.headers.items():
                self.send_header(name, value)
            if "Content-Length" in answer.headers:
                self.close_connection = True
            else:
                self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)
            self.wfile.flush()

        do_GET = do_POST = _respond  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
