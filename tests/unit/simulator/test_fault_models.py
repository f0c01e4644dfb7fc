"""A fault says what it is, and nothing that it cannot do."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

from narvaro.errors import ConfigError
from narvaro.simulator import FAULT_KINDS, Fault, load_faults
from narvaro.simulator.fault_kinds import BUILT, DEFAULTS, GROUPS, LASTING, OWN_RESOURCE, SHAPES
from narvaro.simulator.wire.distortion import handled
from narvaro.simulator.wire.visit import Schedule

ROOT = Path(__file__).resolve().parents[3]
CLOCK = int(datetime(2026, 9, 19, tzinfo=UTC).timestamp())


def met(schedule, name="attendances", source="a", clock=CLOCK):
    return [fault.kind for fault in schedule.meet(source, name, clock)]


@pytest.mark.parametrize("kind", FAULT_KINDS)
def test_every_kind_can_be_planted_by_name_alone(kind):
    fault = Fault(source="a", kind=kind)
    assert fault.shape == SHAPES.get(kind, ("",))[0]
    assert Fault.model_validate(fault.model_dump(exclude_unset=True)) == fault


def test_every_table_of_kinds_knows_the_same_ones():
    named = {*SHAPES, *DEFAULTS, *OWN_RESOURCE, *handled()}
    assert named - set(FAULT_KINDS) == set()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"kind": "flood"}, "there is no fault"),
        ({"kind": "same_page", "shape": "square"}, "no shape"),
        ({"kind": "busy", "shape": "square"}, "no shape"),
        ({"kind": "narrowed", "times": 1}, "no single request"),
        ({"kind": "missing_reports", "from_request": 2}, "no single request"),
        ({"kind": "busy", "times": 0}, "times"),
        ({"kind": "busy", "colour": "red"}, "colour"),
    ],
)
def test_impossible_fault_is_refused(given, said):
    with pytest.raises(ValidationError, match=said):
        Fault(source="a", **given)


def test_resource_is_the_same_with_and_without_a_slash():
    assert Fault(source="a", kind="busy", resource="/grades") == Fault(source="a", kind="busy", resource="grades")


def test_fault_shows_in_the_third_and_fourth_request_of_its_resource_only():
    schedule = Schedule([Fault(source="a", kind="busy", resource="attendances", from_request=3, times=2)])
    assert met(schedule, "grades") == met(schedule, source="b") == []
    assert [bool(met(schedule)) for _ in range(6)] == [False, False, True, True, False, False]


def test_every_fault_counts_for_itself():
    schedule = Schedule(
        [
            Fault(source="*", kind="busy", from_request=2, times=1),
            Fault(source="a", kind="server_error", resource="grades", times=1),
        ]
    )
    assert [met(schedule, "persons"), met(schedule, "grades"), met(schedule, "grades")] == [
        [],
        ["busy", "server_error"],
        [],
    ]


def test_token_must_be_named_to_be_meant():
    schedule = Schedule([Fault(source="a", kind="busy"), Fault(source="a", kind="server_error", resource="token")])
    assert met(schedule, "token") == ["server_error"]


def test_fault_before_its_time_does_not_count():
    later = datetime(2026, 9, 20, tzinfo=UTC)
    schedule = Schedule([Fault(source="a", kind="busy", times=1, active_from=later)])
    assert met(schedule) == []
    assert met(schedule, clock=int(later.timestamp())) == ["busy"]


def test_rows_are_distorted_wherever_they_are_sent():
    schedule = Schedule([Fault(source="a", kind="no_meta", resource="attendances")])
    asked = ("attendances", "attendances/lookup", "attendances/id", "calendarEvents", "grades")
    assert [name for name in asked if met(schedule, name)] == list(asked[:4])


def test_built_faults_are_none_of_the_wire():
    schedule = Schedule([Fault(source="a", kind=kind) for kind in (*BUILT, *LASTING)])
    assert set(met(schedule)) == set(LASTING)


def test_file_of_faults_is_a_list_or_like_the_simulators_own(tmp_path):
    path = tmp_path / "faults.yml"
    path.write_text("- {source: a, kind: busy, times: 1}", encoding="utf-8")
    assert load_faults(path) == (Fault(source="a", kind="busy", times=1),)
    path.write_text("faults: [{source: a, kind: silent}]", encoding="utf-8")
    assert load_faults(path) == (Fault(source="a", kind="silent"),)
    path.write_text("", encoding="utf-8")
    assert load_faults(path) == ()


@pytest.mark.parametrize(("text", "said"), [("[", "YAML"), ("- {source: a, kind: flood}", "0.kind"), ("7", "the file")])
def test_wrong_file_of_faults_names_the_place(tmp_path, text, said):
    path = tmp_path / "faults.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=said):
        load_faults(path)
    with pytest.raises(ConfigError, match="readable"):
        load_faults(tmp_path / "missing.yml")


def reference() -> str:
    """Give the document's tables of faults."""
    lines = []
    for title, kinds in GROUPS.items():
        lines += [f"{title}:", "", "| kind | what happens | unless given |", "|---|---|---|"]
        for kind, meaning in kinds.items():
            given = {"shape": SHAPES[kind][0]} if kind in SHAPES else {}
            given |= {"resource": OWN_RESOURCE[kind]} if kind in OWN_RESOURCE else {}
            given |= DEFAULTS.get(kind, {})
            words = (", ".join(value) if isinstance(value, tuple) else value for value in given.values())
            unless = "; ".join(f"`{key}` {value}" for key, value in zip(given, words, strict=True))
            lines.append(f"| `{kind}` | {meaning} | {unless} |")
        lines.append("")
    return "\n".join(lines)


def test_the_document_tells_every_kind():
    path = ROOT / "docs" / "simulator.md"
    pattern = re.compile(r"(<!-- reference: faults -->\n).*?(<!-- end of reference -->)", re.DOTALL)
    text = path.read_text(encoding="utf-8")
    wanted = pattern.sub(lambda match: match[1] + reference() + match[2], text)
    assert "reference: faults" in text
    if os.environ.get("NARVARO_WRITE_DOCS"):
        path.write_text(wanted, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == wanted


def test_every_kind_names_its_shapes():
    mute = [(kind, s) for kind, shapes in SHAPES.items() for s in shapes if f"`{s}`" not in FAULT_KINDS[kind]]
    assert mute == []
