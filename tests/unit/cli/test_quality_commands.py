from __future__ import annotations

import shutil
from datetime import date

import pytest
from typer.testing import CliRunner

from narvaro.cli.app import app
from narvaro.ledger import FailureRecord, Ledger, VerdictRecord
from narvaro.settings import PROJECT_DIR

NIGHT = date(2026, 9, 19)


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("NARVARO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NARVARO_CONFIG_DIR", str(PROJECT_DIR / "config" / "blekinge"))
    ledger = Ledger.open(f"sqlite:///{tmp_path / 'home' / 'ledger.db'}")
    failure = FailureRecord("impossible_minutes", "critical", "row", 17, record_ids=("post-1",), owner="reporting")
    verdict = VerdictRecord(
        "raw__attendances", "quarantined", 900, source="1080-karlskrona", entity="attendances", night=NIGHT,
        quarantined_rows=17, failures=(failure,),
    )  # fmt: skip
    ledger.record_verdicts([verdict])
    return tmp_path / "home"


def run(*arguments):
    return CliRunner().invoke(app, ["quality", *arguments])


def test_docs_are_written_for_every_source_with_counts_and_without_ids(home):
    done = run("docs", "--language", "en")
    assert done.exit_code == 0, done.output
    pages = sorted((home / "data_docs").glob("*/index.html"))
    assert [str(page) for page in pages] == sorted(done.output.split())
    assert len(pages) == 6
    (page,) = (page for page in pages if page.parent.name == "1080-karlskrona")
    text = page.read_text(encoding="utf-8")
    assert '<td class="count failed">17</td>' in text
    assert "post-1" not in text
    assert "Last verdict: none yet" in pages[0].read_text(encoding="utf-8")


def test_check_tells_that_the_shipped_suites_are_written_rightly(home):
    assert home
    done = run("check")
    count = len(list((PROJECT_DIR / "expectations").glob("*/*.yml")))
    assert (done.exit_code, done.output) == (0, f"{count} suites are written rightly.\n")


def test_check_names_the_file_and_the_line_of_a_wrong_demand(home, tmp_path, monkeypatch):
    assert home
    folder = tmp_path / "expectations"
    shutil.copytree(PROJECT_DIR / "expectations", folder)
    monkeypatch.setattr("narvaro.settings.Settings.expectations_dir", property(lambda _settings: folder))
    path = folder / "raw" / "raw__grades.yml"
    lines = path.read_text(encoding="utf-8").splitlines()
    place = lines.index("    type: expect_column_values_to_be_in_set")
    lines[place] += "s"
    path.write_text("\n".join(lines), encoding="utf-8")
    done = run("check")
    assert done.exit_code != 0
    # The entry begins a line above its type, and people count from one.
    assert f"raw__grades.yml, line {place}:" in done.output.replace("\n", "")
    assert "Did you mean expect_column_values_to_be_in_set?" in " ".join(done.output.split())
