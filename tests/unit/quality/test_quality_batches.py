"""A load is examined some rows at a time, and nothing that is examined is told."""

from __future__ import annotations

import logging
from zoneinfo import ZoneInfo

import numpy as np
import pytest
import yaml
from batches import LOAD_ID, RAW_DIR, a_batch, landed

from narvaro.errors import ConfigError
from narvaro.quality import check_load, engine, load_suite, write_quarantine
from narvaro.quality.frames import read_frames, repeated_rows
from narvaro.sources.contract import ENTITIES

ROWS = 40


def the_verdict(files, entity="attendances", suite=None):
    return check_load(
        suite or RAW_DIR / f"raw__{entity}.yml",
        load_id=LOAD_ID,
        source="s",
        entity=entity,
        files=files,
        timezone=ZoneInfo("UTC"),
    )


@pytest.fixture
def files(tmp_path):
    """Three files; an id that comes in the first and in the last, nulls, and minutes that cannot be."""
    minutes, ids = [5] * ROWS, [f"id-{row}" for row in range(ROWS)]
    minutes[3], minutes[37] = -1, 601
    ids[0] = ids[39] = "twice"
    ids[10] = ids[20] = None
    whole = a_batch("attendances", ROWS, attendance_id=ids, attended_minutes=minutes)
    cuts = [(0, 15), (15, 20), (35, 5)]
    return [landed(tmp_path, whole.slice(*cut), f"part-{number}.parquet") for number, cut in enumerate(cuts)]


def test_rows_come_some_at_a_time_and_all_of_them_once(files):
    frames = list(read_frames(files, ["attended_minutes"], most_rows=16))
    assert max(len(frame) for frame in frames) <= 16
    assert [row for frame in frames for row in frame.index] == list(range(ROWS))


def test_the_verdict_does_not_depend_on_how_the_rows_are_cut(files, monkeypatch):
    at_once = the_verdict(files)
    assert {failure.rule: failure.count for failure in at_once.failures} == {
        "attendance_without_id": 2,
        "repeated_attendance": 2,
        "impossible_minutes": 2,
    }
    monkeypatch.setattr("narvaro.quality.frames.read_frames.__kwdefaults__", {"most_rows": 4})
    assert len(list(read_frames(files, []))) > 8
    assert the_verdict(files) == at_once


def test_only_rows_that_share_a_value_are_held_against_each_other(files):
    doubtful = repeated_rows(files, ["attendance_id"], ["attended_minutes"])
    assert doubtful.index.tolist() == [0, 39]
    assert repeated_rows(files[1:2], ["attendance_id"], []) is None
    assert repeated_rows([], ["attendance_id"], []) is None


def test_values_of_one_hash_are_told_apart(files, monkeypatch):
    """The hash only chooses whom to look at."""
    monkeypatch.setattr("narvaro.quality.frames._hash", lambda known: np.full(len(known), 7, np.uint64))
    assert len(repeated_rows(files, ["attendance_id"], [])) == ROWS - 2
    (failure,) = [failure for failure in the_verdict(files).failures if failure.rule == "repeated_attendance"]
    assert failure.count == 2


def test_a_demand_on_a_whole_column_of_a_load_is_blamed(tmp_path, files):
    suite = yaml.safe_load((RAW_DIR / "raw__attendances.yml").read_text(encoding="utf-8"))
    demand = suite["expectations"][1] | {"id": "mean", "level": "table", "type": "expect_column_mean_to_be_between"}
    suite["expectations"].append(demand | {"kwargs": {"column": "attended_minutes", "min_value": 1}})
    path = tmp_path / "raw__attendances.yml"
    path.write_text(yaml.safe_dump(suite), encoding="utf-8")
    with pytest.raises(ConfigError, match="put to columns of a whole load"):
        the_verdict(files, suite=path)


# What no rule wants to see, in every column that takes a text or a number.
CANARY_TEXT, CANARY_NUMBER = "kanarieberg", 20_051_217


@pytest.mark.parametrize("entity", ENTITIES)
def test_no_value_is_kept_in_results_verdicts_logs_or_files(tmp_path, monkeypatch, caplog, entity):
    """Ids of rows are told, and no other value: neither by the library's results nor by what we make of them."""
    caplog.set_level(logging.DEBUG)
    loaded = load_suite(RAW_DIR / f"raw__{entity}.yml")
    columns = {
        field.name: [CANARY_TEXT if str(field.type) == "string" else CANARY_NUMBER] * 3
        for field in ENTITIES[entity]
        if str(field.type) in {"string", "int32"} and field.name != loaded.suite.record_id
    }
    seen = []
    honest = engine._find_failures

    def told(*arguments):
        outcomes = honest(*arguments)
        seen.extend(outcomes)
        return outcomes

    monkeypatch.setattr(engine, "_find_failures", told)
    verdict = the_verdict([landed(tmp_path / "landing", a_batch(entity, **columns))], entity)
    write_quarantine(tmp_path / "quarantine", verdict)
    written = b"".join(path.read_bytes() for path in (tmp_path / "quarantine").rglob("*") if path.is_file())
    for text in (repr(seen), repr(verdict), repr(verdict.summary()), verdict.explain(), caplog.text):
        assert CANARY_TEXT not in text
        assert str(CANARY_NUMBER) not in text
    assert CANARY_TEXT.encode() not in written


def test_the_library_gives_no_value_back(monkeypatch, tmp_path):
    """Its results hold the rows' numbers; the values themselves are dropped before anybody can keep them."""
    results = []
    library = engine._batch_definition()
    honest = type(library).get_batch

    def watched(self, *arguments, **changes):
        batch = honest(self, *arguments, **changes)
        validate = batch.validate
        object.__setattr__(batch, "validate", lambda *a, **k: results.append(validate(*a, **k)) or results[-1])
        return batch

    monkeypatch.setattr(type(library), "get_batch", watched)
    minutes = [CANARY_NUMBER, 5, 5]
    verdict = the_verdict([landed(tmp_path, a_batch("attendances", invalid_absence_minutes=minutes))])
    assert verdict.status == "quarantined"
    assert results
    assert str(CANARY_NUMBER) not in repr([result.to_json_dict() for result in results])
