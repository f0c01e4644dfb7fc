"""A local server of prepared attendance pages: as fast as Python lets a server be."""

from __future__ import annotations

import argparse
import json
import random
import socket
import uuid

PUPILS = 9_000
LESSONS_PER_PAGE = 40


def prepared_pages(rows: int, page_rows: int, seed: int = 1) -> list[bytes]:
    """Give the bodies of all pages; each row has about 500 bytes, as real ones do."""
    dice = random.Random(seed)  # noqa: S311 - no secret rests on this
    pupils = [_uuid(dice) for _ in range(PUPILS)]
    count = -(-rows // page_rows)
    pages = []
    for number in range(1, count + 1):
        lessons = [_uuid(dice) for _ in range(LESSONS_PER_PAGE)]
        body = [_row(dice, pupils, lessons) for _ in range(min(page_rows, rows - (number - 1) * page_rows))]
        token = f'"{number + 1}"' if number < count else "null"
        pages.append(f'{{"data":[{",".join(body)}],"pageToken":{token}}}'.encode())
    return pages


def _uuid(dice: random.Random) -> str:
    """Give a random uuid."""
    return str(uuid.UUID(int=dice.getrandbits(128), version=4))


def _row(dice: random.Random, pupils: list[str], lessons: list[str]) -> str:
    """Give one attendance as JSON text."""
    day, minute, micros = dice.randint(1, 18), dice.randint(0, 59), dice.randint(0, 999_999)
    changed = f"2026-09-{day:02d}T10:{minute:02d}:07.{micros:06d}+02:00"
    absent = dice.choice((0, 0, 0, 0, 0, 0, 0, 0, 20, 60))
    return json.dumps(
        {
            "id": _uuid(dice),
            "meta": {"created": changed, "modified": changed},
            "calendarEvent": {"id": dice.choice(lessons)},
            "student": {"id": dice.choice(pupils), "securityMarking": "Ingen"},
            "isReported": True,
            "reporter": {"id": dice.choice(pupils)},
            "attendanceMinutes": 60 - absent,
            "validAbsenceMinutes": absent,
            "invalidAbsenceMinutes": 0,
            "otherAttendanceMinutes": 0,
            "absenceReason": "",
            "reportedTimestamp": changed,
        },
        separators=(",", ":"),
    )


def serve(rows: int, page_rows: int) -> None:
    """Prepare the pages, print the port, and answer one connection after another; other lists are empty."""
    answers = [_answer(body) for body in prepared_pages(rows, page_rows)]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        while True:
            connection, _ = listener.accept()
            with connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                _talk(connection, answers)


def _answer(body: bytes) -> bytes:
    """Give a page's whole HTTP answer."""
    head = (
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
        f"Date: Sat, 19 Sep 2026 01:00:00 GMT\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


_NOTHING = _answer(b'{"data":[],"pageToken":null}')


def _talk(connection: socket.socket, answers: list[bytes]) -> None:
    """Answer the requests of one kept connection."""
    received = b""
    while chunk := connection.recv(65_536):
        received += chunk
        while b"\r\n\r\n" in received:
            head, _, received = received.partition(b"\r\n\r\n")
            _, _, after = head.split(b"\r\n", 1)[0].partition(b"pageToken=")
            number = int(after.split(b"&")[0].split(b" ")[0]) if after else 1
            connection.sendall(answers[number - 1] if b"/attendances" in head else _NOTHING)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--page-rows", type=int, default=1_000)
    arguments = parser.parse_args()
    serve(arguments.rows, arguments.page_rows)
