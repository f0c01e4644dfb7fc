"""Whoever is concerned gets one letter, and hears when the fault is gone."""

from __future__ import annotations

import email
import email.policy
import shutil
import socket
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq
import pytest
from simulated_line import SimulatedLine, simulated_line

from narvaro.alerts.catcher import MailCatcher
from narvaro.county import load_county
from narvaro.errors import AlertError, ConfigError
from narvaro.orchestration import county_steps
from narvaro.orchestration.known_units import require_known_units
from narvaro.simulator import canaries

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage
    from pathlib import Path

SWEDISH_TIME = ZoneInfo("Europe/Stockholm")
MENDED_AT = datetime(2026, 9, 20, 12, tzinfo=SWEDISH_TIME)
FAULTS = (
    {"source": "1060-olofstrom", "kind": "missing_reports", "from_date": date(2026, 9, 7)},
    {"source": "1080-karlskrona", "kind": "impossible_minutes", "rows": 7},
    {"source": "1081-ronneby", "kind": "wrong_header", "active_until": MENDED_AT},
    {"source": "1082-karlshamn", "kind": "silent", "active_until": MENDED_AT},
)
OLOFSTROM, KARLSKRONA, RONNEBY, KARLSHAMN = (
    f"skolkontoret@{name}.example" for name in ("olofstrom", "karlskrona", "ronneby", "karlshamn")
)


@dataclass
class Post:
    """An installation after its first night, and the letters that have come by then."""

    line: SimulatedLine
    catcher: MailCatcher
    first_letters: dict[str, EmailMessage]

    def letters(self, after: int = 0) -> list[EmailMessage]:
        return [message_from_path(path) for path in self.catcher.letters()[after:]]


def message_from_path(path: Path) -> EmailMessage:
    message: EmailMessage = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    return message


def text_of(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def run_night(line: SimulatedLine, night: date) -> None:
    line.land_all(night)
    line.build_and_publish(night)


@pytest.fixture(scope="module")
def post(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Post]:
    """A night with a fault of every kind; when its letters are sent the mail server is down at first."""
    folder = tmp_path_factory.mktemp("post")
    with simulated_line(folder / "home", scale=100.0, faults=FAULTS) as line:
        line.send_letters_to("127.0.0.1", closed_port())
        run_night(line, line.night)
        with pytest.raises(AlertError, match="4 letters wait for the next run"):
            county_steps.send_letters(line.line, line.night)
        assert len(line.line.ledger.pending_letters()) == 4
        with MailCatcher(folder / "mail") as catcher:
            line.send_letters_to("127.0.0.1", catcher.port)
            assert county_steps.send_letters(line.line, line.night) == 4
            messages = [message_from_path(path) for path in catcher.letters()]
            yield Post(line, catcher, {message["To"]: message for message in messages})


def closed_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def test_each_municipality_concerned_gets_one_letter_and_no_other_any(post: Post):
    assert sorted(post.first_letters) == sorted([OLOFSTROM, KARLSKRONA, RONNEBY, KARLSHAMN])
    recipients = [message["To"] for message in post.letters()]
    assert [recipients.count(recipient) for recipient in post.first_letters] == [1, 1, 1, 1]


def test_letters_are_in_swedish_and_from_the_county(post: Post):
    for message in post.first_letters.values():
        assert message["Content-Language"] == "sv"
        assert message["Subject"].startswith("Närvarodata 19 september:")
        assert message["From"] == "Närvaro <narvaro@region-blekinge.example>"
        assert message["Reply-To"] == "narvaro-support@region-blekinge.example"
        assert text_of(message).startswith("Hej!")
        assert message.get_body(("html",)) is not None


def test_letter_on_impossible_minutes_gives_their_number_and_their_record_ids(post: Post):
    text = text_of(post.first_letters[KARLSKRONA])
    assert "Orimliga närvarominuter" in text
    assert "Antal: 7\n" in text
    planted = impossible_ids(post.line, "1080-karlskrona")
    assert len(planted) == 7
    assert all(attendance_id in text for attendance_id in planted)
    (attachment,) = post.first_letters[KARLSKRONA].iter_attachments()
    assert attachment.get_filename() == "narvarofel-2026-09-19.csv"
    assert all(attendance_id in attachment.get_content() for attendance_id in planted)


def impossible_ids(line: SimulatedLine, source: str) -> set[str]:
    """Find the planted rows in what has landed, without the quarantine's help."""
    (path,) = line.line.settings.landing_dir.glob(f"attendances/{source}/*/part-0000.parquet")
    rows = pq.read_table(path).to_pylist()
    minutes = ("attended_minutes", "valid_absence_minutes", "invalid_absence_minutes", "other_attendance_minutes")
    return {row["attendance_id"] for row in rows if any(not 0 <= (row[name] or 0) <= 600 for name in minutes)}


@pytest.mark.parametrize(
    ("recipient", "title"),
    [
        (OLOFSTROM, "Närvaro är inte rapporterad"),
        (RONNEBY, "Leveransen gick inte att läsa"),
        (KARLSHAMN, "Inget svar från ert system"),
    ],
)
def test_letter_names_the_fault(post: Post, recipient: str, title: str):
    text = text_of(post.first_letters[recipient])
    assert title in text
    others = {"Närvaro är inte rapporterad", "Leveransen gick inte att läsa", "Inget svar från ert system"} - {title}
    assert not [other for other in others if other in text]


def test_letter_on_missing_reports_names_schools_and_weeks(post: Post):
    (unit, *_) = [issue for issue in post.line.line.ledger.issues("1060-olofstrom") if issue.rule == "reports_missing"]
    text = text_of(post.first_letters[OLOFSTROM])
    assert f"{unit.details['school_unit_name']} ({unit.school_unit_code}), veck" in text


def test_letters_name_no_pupil(post: Post):
    """Neither as the source knows them nor as we do."""
    texts = [path.read_text(encoding="utf-8") for path in post.catcher.letters()]
    attached = [str(part.get_content()) for message in post.letters() for part in message.iter_attachments()]
    assert attached
    bodies = [text_of(message) for message in post.letters()] + texts + attached
    landed = set()
    for path in post.line.line.settings.landing_dir.glob("pupils/*/*/part-0000.parquet"):
        table = pq.read_table(path, columns=["person_id", "pupil_id"])
        landed |= {value for column in table.columns for value in column.to_pylist() if value}
    assert len(landed) > 100
    secrets = landed | set(canaries(post.line.world))
    assert not [secret for secret in secrets if any(secret in body for body in bodies)]


def test_same_night_again_sends_nothing(post: Post):
    before = len(post.catcher.letters())
    post.line.land_all(post.line.night)
    assert county_steps.send_letters(post.line.line, post.line.night) == 0
    assert len(post.catcher.letters()) == before


def test_next_night_thanks_those_who_mended_and_leaves_the_others_alone(post: Post):
    """Two servers are well again; the minutes and the registers stay as they are, and were told already."""
    second = post.line.night + timedelta(days=3)
    before = len(post.catcher.letters())
    run_night(post.line, second)
    assert county_steps.send_letters(post.line.line, second) == 2
    letters = {message["To"]: message for message in post.letters(before)}
    assert sorted(letters) == sorted([RONNEBY, KARLSHAMN])
    for message in letters.values():
        assert message["Subject"] == "Närvarodata 22 september: åtgärdat, tack"
        assert "ÅTGÄRDAT" in text_of(message)
        assert "Tack, detta är åtgärdat." in text_of(message)
    assert county_steps.send_letters(post.line.line, second) == 0


def test_recipients_of_school_units_that_are_not_there_are_an_error(post: Post, tmp_path: Path):
    """Which units there are is known when the county has been built."""
    line = post.line.line
    unit = next(issue.school_unit_code for issue in line.ledger.issues("1060-olofstrom") if issue.school_unit_code)
    config = shutil.copytree(line.county.config_dir, tmp_path / "config")
    entry = f'{{owner: "2120000811", school_units: ["{unit}"], email: rektor@olofstrom.example}}'
    (config / "recipients.yml").write_text(f"recipients:\n  - {entry}\n", encoding="utf-8")
    require_known_units(replace(line, county=load_county(config)))

    strangers = entry.replace("2120000811", "2120000829"), entry.replace(str(unit), "99999999")
    (config / "recipients.yml").write_text("recipients:\n" + "".join(f"  - {one}\n" for one in strangers))
    with pytest.raises(ConfigError) as caught:
        require_known_units(replace(line, county=load_county(config)))
    assert f"recipients.yml:2: the school unit {unit} is another owner's" in str(caught.value)
    assert "recipients.yml:3: there is no school unit 99999999" in str(caught.value)
