"""The definitions of the first statistics in plain Python over what the wire gave: slow and separate."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime
from zoneinfo import ZoneInfo

from narvaro.domain.civic_number import identify

LOCAL = ZoneInfo("Europe/Stockholm")
IMPOSSIBLE = 600


def pupil_key(source, person):
    """Tell pupils apart: across sources by a good civic number, else within the source."""
    number = identify((person.get("civicNo") or {}).get("value"), date(2026, 9, 19))
    if number.joins_across_sources:
        return number.normalised
    return (source, number.normalised) if number.kind in ("tf_number", "reserve") else (source, person["id"])


def is_marked(reference):
    return reference.get("securityMarking", "Ingen") != "Ingen"


class County:
    """Everything that the servers of a county gave, by source."""

    def __init__(self, lists, until):
        self.lists, self.until = lists, until
        self.protected, self.sex = set(), {}
        for source, objects in lists.items():
            people = {person["id"]: pupil_key(source, person) for person in objects["persons"]}
            references = [row["student"] for row in objects["attendances"]]
            references += [m["person"] for group in objects["groups"] for m in group["groupMemberships"]]
            marked = [p for p in objects["persons"] if is_marked(p)] + [r for r in references if is_marked(r)]
            self.protected |= {people[mark["id"]] for mark in marked}
            self.sex |= {people[p["id"]]: p.get("sex", "Okänt") for p in objects["persons"]}

    def pupil_lessons(self):
        """Give one row per expected pupil and lesson."""
        for source, objects in self.lists.items():
            yield from self._of_source(source, objects)

    def _of_source(self, source, objects):
        people = {person["id"]: person for person in objects["persons"]}
        units = {unit["id"]: unit for unit in objects["organisations"]}
        activities = {activity["id"]: activity for activity in objects["activities"]}
        groups = {group["id"]: group["groupMemberships"] for group in objects["groups"]}
        registers = defaultdict(dict)
        for row in objects["attendances"]:
            minutes = [row.get(f"{kind}Minutes", 0) for kind in ("validAbsence", "invalidAbsence", "attendance")]
            if any(value < 0 or value > IMPOSSIBLE for value in minutes):
                continue
            known = registers[row["calendarEvent"]["id"]].get(row["student"]["id"])
            if known is None or newness(row) > newness(known):
                registers[row["calendarEvent"]["id"]][row["student"]["id"]] = row
        for lesson in objects["calendarEvents"]:
            activity = activities[lesson["activity"]["id"]]
            started, ended = (datetime.fromisoformat(lesson[name]) for name in ("startTime", "endTime"))
            if lesson.get("cancelled") or ended > self.until:
                continue
            if activity["activityType"] not in ("Undervisning", "Elevaktivitet"):
                continue
            day = started.astimezone(LOCAL).date().isoformat()
            members = {
                member["person"]["id"]
                for group in activity["groups"]
                for member in groups[group["id"]]
                if member.get("startDate", "") <= day <= member.get("endDate", "9")
            }
            length = lesson.get("teachingLengthStudent", int((ended - started).total_seconds()) // 60)
            for person_id in (members & set(people)) | set(registers[lesson["id"]]):
                enrolment = enrolment_of(people[person_id], activity["organisation"]["id"], day)
                if enrolment is None:
                    continue
                row = registers[lesson["id"]].get(person_id, {})
                yield {
                    "pupil": pupil_key(source, people[person_id]),
                    "source": source,
                    "lesson": lesson["id"],
                    "day": day,
                    "unit": units[activity["organisation"]["id"]],
                    "school_form": enrolment["schoolType"],
                    "grade": str(enrolment.get("schoolYear", "unknown")),
                    "scheduled": length,
                    "is_reported": row.get("isReported", False),
                    "valid": row.get("validAbsenceMinutes", 0),
                    "invalid": row.get("invalidAbsenceMinutes", 0),
                }


def newness(row):
    return datetime.fromisoformat(row["meta"]["modified"]), row["id"]


def enrolment_of(person, unit_id, day):
    """Give the enrolment that counts at a unit on a day."""
    fit = [
        enrolment
        for enrolment in person["enrolments"]
        if enrolment["enroledAt"]["id"] == unit_id
        and not enrolment.get("cancelled")
        and enrolment["startDate"] <= day <= enrolment.get("endDate", "9")
    ]
    return max(fit, key=lambda enrolment: enrolment["startDate"], default=None)


def sums(rows, key):
    """Sum minutes, pupils and lessons of the rows by a key; a key of None is left out."""
    found = defaultdict(
        lambda: (
            dict.fromkeys(("scheduled", "offered", "valid", "invalid"), 0)
            | {name: set() for name in ("pupils", "lessons", "reported")}
        )
    )
    for row in rows:
        if (cell := key(row)) is None:
            continue
        total = found[cell]
        total["scheduled"] += row["scheduled"]
        total["lessons"].add(row["lesson"])
        if row["is_reported"]:
            total["offered"] += row["scheduled"]
            total["valid"] += row["valid"]
            total["invalid"] += row["invalid"]
            total["reported"].add(row["lesson"])
            if row["scheduled"]:
                total["pupils"].add(row["pupil"])
    return found
