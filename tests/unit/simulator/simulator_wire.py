"""Reads simulated servers over the wire as plainly as can be: the tests' own client."""

from __future__ import annotations

from narvaro.simulator.wire.authority import Authority

SECRET = "a secret of the tests"
WINDOW = {"startTime.onOrAfter": "2026-07-01T00:00:00+02:00", "startTime.onOrBefore": "2027-07-01T00:00:00+02:00"}
LISTS = {
    "organisations": {},
    "persons": {"relationship.entity.type": "enrolment"},
    "groups": {},
    "activities": {"expand": ["syllabus", "groups"]},
    "syllabuses": {},
    "calendarEvents": WINDOW,
    "attendances": {},
    "absences": {},
    "grades": {},
}


def bearer(client, source, secret=SECRET):
    """Give the headers of a client that has asked for a token."""
    form = {
        "grant_type": "client_credentials",
        "client_id": source,
        "client_secret": Authority(secret).client_secret(source),
    }
    answer = client.post(f"/{source}/token", data=form)
    assert answer.status_code == 200, answer.text
    return {"authorization": f"Bearer {answer.json()['access_token']}"}


def walk(client, headers, source, resource, filters=None, *, limit=5000):  # noqa: PLR0913
    """Give every object of a list, page by page, as the standard says."""
    parameters = {**(filters or {}), "limit": limit}
    found = []
    while True:
        answer = client.get(f"/{source}/v2.0/{resource}", params=parameters, headers=headers)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        found += body["data"]
        if not body["pageToken"]:
            return found
        parameters = {"pageToken": body["pageToken"], "limit": limit}
