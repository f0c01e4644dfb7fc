from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from narvaro.errors import ConfigError
from narvaro.simulator import Fault, SimulatorConfig, load_simulator_config

CONFIG_DIR = Path(__file__).resolve().parents[3] / "config"


def test_shipped_files_load_and_plant_each_fault_in_its_own_municipality(stockholm):
    config = load_simulator_config(CONFIG_DIR)
    assert {fault.kind for fault in config.faults} == {
        "missing_reports",
        "impossible_minutes",
        "wrong_header",
        "silent",
    }
    sources = [fault.source for fault in config.faults]
    assert len(set(sources)) == 4
    assert set(sources) <= set(stockholm.sources)
    assert load_simulator_config(CONFIG_DIR / "blekinge").faults == ()


def test_without_a_file_the_defaults_hold(tmp_path):
    config = load_simulator_config(tmp_path)
    assert config == SimulatorConfig()
    assert config.as_of == datetime(2026, 9, 19, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("scale: 0", "scale"),
        ("pupils: 7", "pupils"),
        ("faults: [{source: a, kind: flood}]", "faults.0.kind"),
        ("faults: [", "line"),
        ("as_of: 2026-09-19", "as_of"),
        ("start_date: 2026-08-18", "Monday"),
    ],
)
def test_wrong_file_names_the_place(tmp_path, text, said):
    (tmp_path / "simulator.yml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=said) as caught:
        load_simulator_config(tmp_path)
    assert str(tmp_path / "simulator.yml") in str(caught.value)


def test_fault_can_end():
    fault = Fault(source="a", kind="silent", active_until=datetime(2026, 9, 20, tzinfo=UTC))
    assert fault.is_active(datetime(2026, 9, 19, tzinfo=UTC))
    assert not fault.is_active(datetime(2026, 9, 20, tzinfo=UTC))
