from __future__ import annotations

import os
import stat
from dataclasses import dataclass, replace
from datetime import date
from zoneinfo import ZoneInfo

import pytest
from batches import LOAD_ID, RAW_DIR, a_batch, landed

from narvaro.errors import LandingError
from narvaro.quality import check_load
from narvaro.quality.data_docs import write_data_docs

# A value, a pupil, a record of ours, and an id that a letter may name: none of them belongs on a page.
CANARIES = ("987654", "kanariebetyg", "person_id-0", "kanarie-post")
NIGHT = date(2026, 9, 19)


@dataclass(frozen=True)
class Kept:
    """A verdict as a ledger gives it back."""

    suite: str
    status: str
    rows: int
    quarantined_rows: int
    failures: tuple
    night: date = NIGHT


def kept(verdict):
    return Kept(verdict.suite, verdict.status, verdict.rows, verdict.quarantined_rows, verdict.failures)


def a_verdict(tmp_path, entity, **columns):
    files = [landed(tmp_path / entity, a_batch(entity, **columns))]
    return check_load(
        RAW_DIR / f"raw__{entity}.yml",
        load_id=LOAD_ID,
        source="s",
        entity=entity,
        files=files,
        timezone=ZoneInfo("UTC"),
    )


def write(folder, verdicts, language="sv"):
    suites = sorted(RAW_DIR.glob("*.yml"))
    return write_data_docs(folder, suites, verdicts, title="Datakvalitet: Exempelstad", language=language)


@pytest.fixture
def page(tmp_path):
    os.umask(0o022)
    verdicts = [
        a_verdict(tmp_path, "attendances", invalid_absence_minutes=[987_654, 5, 5], attendance_id=["kanarie-post"] * 3),
        a_verdict(tmp_path, "grades", grade_value=["kanariebetyg", "A", "B"]),
        a_verdict(tmp_path, "pupils", person_id=["person_id-0"] * 3),
    ]
    assert [len(verdict.failures) for verdict in verdicts] == [2, 1, 1]
    return write(tmp_path / "home" / "data_docs" / "s", [kept(verdict) for verdict in verdicts])


def test_a_page_tells_rules_owners_and_counts(page):
    text = page.read_text(encoding="utf-8")
    row = next(line for line in text.splitlines() if ">impossible_minutes<" in line)
    assert ">reporting<" in row
    assert '<td class="count failed">1</td>' in row
    assert "2026-09-19" in text
    assert "quarantined, 3 poster, 1 hålls tillbaka" in text
    assert "raw__lessons" in text


def test_no_value_and_no_record_stands_on_a_page(page):
    text = page.read_text(encoding="utf-8")
    assert [canary for canary in CANARIES if canary in text] == []


def test_a_page_is_for_the_owners_eyes_only(page):
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in (page.parent, page.parent.parent)} == {0o700}
    assert list(page.parent.iterdir()) == [page]


def test_a_page_is_the_same_for_the_same_verdicts_and_shows_the_last_nights_only(tmp_path):
    verdict = kept(a_verdict(tmp_path, "attendances", invalid_absence_minutes=[-1, 5, 5]))
    nights = [replace(verdict, night=date(2026, 9, day)) for day in range(1, 21)]
    text = write(tmp_path / "docs", nights, "en").read_text(encoding="utf-8")
    assert text == write(tmp_path / "docs", reversed(nights), "en").read_text(encoding="utf-8")
    assert "2026-09-07" in text
    assert "2026-09-06" not in text


def test_a_page_that_cannot_be_written_is_a_clear_error(tmp_path):
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(LandingError, match="cannot be written"):
        write(tmp_path / "taken" / "s", [])
