"""What is wrong in a county's folder is told with file, line and remedy."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from narvaro.county import load_county
from narvaro.county.loading import FILES
from narvaro.errors import ConfigError

CONFIG_DIR = Path(__file__).resolve().parents[2] / "config"

# file, what stands there, what it becomes, the line's text that the error must point to, what it must say
FAULTS = {
    "syntax": ("county.yml", "name_en: Blekinge County", "name_en: [Blekinge", "timezone:", "not valid YAML"),
    "tab": ("county.yml", "  language: sv", "\tlanguage: sv", "\tlanguage: sv", "not valid YAML"),
    "missing key": ("county.yml", "timezone: Europe/Stockholm\n", "", "code:", "timezone is missing. Add it"),
    "missing nested key": (
        "sources.yml",
        '    owner: "2120000811"\n',
        "",
        "  - name: 1060",
        "entry 1, owner is missing",
    ),
    "unknown key": ("county.yml", "build_at:", "bulid_at:", "bulid_at:", "Did you mean build_at?"),
    "unknown nested key": ("owners.yml", "owner_type: enskild", "ownertype: enskild", "ownertype", "mean owner_type?"),
    "doubled key": ("county.yml", "timezone:", 'code: "10"\ntimezone:', 'code: "10"\ntimezone', "a second time"),
    "number": ("county.yml", "count: 3", "count: three", "count: three", "Write a whole number"),
    "share": ("county.yml", "max_share: 0.05", "max_share: 5", "max_share: 5", "less than or equal to 1"),
    "flag": ("sources.yml", "system: ss12000", "enabled: maybe", "enabled: maybe", "Write true or false"),
    "list": ("sources.yml", "sources:", "sources: ja\nothers:", "sources: ja", "Write a list"),
    "choice": (
        "owners.yml",
        "owner_type: enskild",
        "owner_type: privat",
        "owner_type: privat",
        "'kommunal' or 'enskild'",
    ),
    "null": (
        "county.yml",
        "name_sv: Blekinge län",
        "name_sv:",
        "name_sv:",
        "name_sv should be a valid string. Write a text.",
    ),
    "time": ("county.yml", 'build_at: "06:00"', 'build_at: "25:00"', "build_at", 'Write a time as "03:00"'),
    "date": ("calendar.yml", "2026-08-17", "2026-08-32", "2026-08-32", "Write a day as 2026-08-17"),
    "timezone": ("county.yml", "Europe/Stockholm", "Europe/Stokholm", "timezone:", "there is no time zone"),
    "timezone path": ("county.yml", "Europe/Stockholm", "../etc", "timezone:", "there is no time zone"),
    "schedule": ("county.yml", '"0 3 * * *"', '"0 3 * *"', "schedule:", "five cron fields"),
    "slug": (
        "sources.yml",
        "name: 1083-solvesborg",
        "name: 1083_Sölvesborg",
        "1083_S",
        "Use a-z, 0-9 and single dashes",
    ),
    "e-mail": (
        "municipalities.yml",
        "skolkontoret@ronneby.example",
        "skolkontoret.ronneby",
        "kontoret.ronneby",
        "not an e-mail",
    ),
    "civic number": ("owners.yml", '"5567497051"', '"1212121212"', '"1212121212"', "third digit is 9"),
    "organisation number": ("owners.yml", '"5567497051"', '"5567497052"', '"5567497052"', "check digit is wrong"),
    "address": ("sources.yml", "system: ss12000", "base_url: ftp://x.example", "base_url", "Write https://host/path"),
    "doubled code": (
        "municipalities.yml",
        'code: "1083"',
        'code: "1082"',
        'code: "1082"',
        "code 1082 names entry 4 too",
    ),
    "doubled source": ("sources.yml", "1083-solvesborg", "1082-karlshamn", "1082-karlshamn", "names entry 4 too"),
    "other county": ("municipalities.yml", 'code: "1083"', 'code: "0180"', 'code: "0180"', "lies outside county 10"),
    "unknown owner": ("sources.yml", '"2120000811"', '"2120000126"', '"2120000126"', "there is no owner 2120000126"),
    "unknown municipality": (
        "owners.yml",
        'code: "1060"',
        'code: "1061"',
        'code: "1061"',
        "no municipality 1061 in municipalities.yml. Did you mean 10",
    ),
    "owner without municipality": (
        "owners.yml",
        '    municipality_code: "1060"\n',
        "",
        "2120000811",
        "needs municipality_code",
    ),
    "reversed dates": (
        "calendar.yml",
        "end_date: 2026-10-30",
        "end_date: 2026-10-03",
        "2026-10-03",
        "ends before it starts",
    ),
    "overlap": ("calendar.yml", "end_date: 2026-10-30", "end_date: 2026-12-19", "2026-12-19", "overlaps entry 1"),
    "term outside": (
        "calendar.yml",
        "end_date: 2027-06-11",
        "end_date: 2027-07-01",
        "2027-07-01",
        "lies outside 2026/27",
    ),
    "wrong half": (
        "calendar.yml",
        "{term: HT, start_date: 2026-",
        "{term: VT, start_date: 2026-",
        "VT, start_date: 2026-08",
        "VT cannot start on 2026-08-17",
    ),
    "school year": ("calendar.yml", "school_year: 2026/27", "school_year: 2026/28", "2026/28", "write it as 2026/27"),
    "doubled year": ("calendar.yml", "school_year: 2026/27", "school_year: 2025/26", "2025/26", "names entry 1 too"),
    "study day at weekend": (
        "calendar.yml",
        "2026-11-20",
        "2026-11-21",
        "2026-11-21",
        "no school day anyway: a weekend",
    ),
    "study day in break": ("calendar.yml", "2026-11-20", "2026-10-28", "study_date: 2026-10-28", "inside Höstlov"),
    "study day twice": ("calendar.yml", "2026-11-20", "2026-09-11", "2026-09-11", "2026-09-11 stands twice"),
    "study day elsewhere": ("calendar.yml", 'code: "1081"', 'code: "0180"', '"0180"', "there is no municipality 0180"),
    "open measures": (
        "publication.yml",
        "pupils_column: pupils_count",
        "pupils_column: null",
        "- name: county_absence_by_term",
        "measures need a pupils_column",
    ),
    "doubled column": (
        "publication.yml",
        "county_code, term_code",
        "term_code, term_code",
        "county_absence_by_term",
        "column term_code is named twice",
    ),
}


@pytest.fixture
def config_dir(tmp_path: Path) -> Path:
    return Path(shutil.copytree(CONFIG_DIR / "blekinge", tmp_path / "config"))


def message_of(config_dir: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        load_county(config_dir)
    return str(caught.value)


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_fault_is_told_with_file_line_and_remedy(config_dir, fault):
    name, before, after, place, words = fault
    path = config_dir / name
    text = path.read_text(encoding="utf-8")
    assert before in text
    head, tail = text.rsplit(before, 1) if name == "calendar.yml" else text.split(before, 1)
    changed = head + after + tail
    path.write_text(changed, encoding="utf-8")
    line = changed[: changed.rindex(place)].count("\n") + 1
    matching = [found for found in message_of(config_dir).splitlines() if words in found]
    assert matching, message_of(config_dir)
    assert matching[0].startswith(f"{path}:{line}: "), matching[0]
    assert matching[0].endswith((".", "?"))


@pytest.mark.parametrize("name", ["county", "municipalities", "owners", "sources", "calendar", "publication"])
def test_a_missing_file_is_named(config_dir, name):
    path = config_dir / f"{name}.yml"
    path.unlink()
    assert message_of(config_dir) == f"{path}: there is no such file. Write it; docs/configuration.md lists its keys."


def test_a_missing_folder_is_named(tmp_path):
    assert "Let NARVARO_CONFIG_DIR name a folder with county.yml" in message_of(tmp_path / "nowhere")


@pytest.mark.parametrize("text", ["", "# only a comment\n", "---\n"])
def test_an_empty_file_is_told(config_dir, text):
    (config_dir / "owners.yml").write_text(text, encoding="utf-8")
    assert "owners.yml:1: " in message_of(config_dir)


def test_a_list_where_keys_are_wanted_is_told(config_dir):
    (config_dir / "owners.yml").write_text("- owner_id: 1\n", encoding="utf-8")
    assert "owners.yml:1: the file should be keys with values" in message_of(config_dir)


def test_latin1_is_told(config_dir):
    (config_dir / "owners.yml").write_bytes("owners: [{name: Sölvesborg}]".encode("latin-1"))
    assert "not UTF-8 (byte 17). Save the file as UTF-8." in message_of(config_dir)


def test_an_alias_that_holds_itself_is_told(config_dir):
    (config_dir / "owners.yml").write_text("owners: &all\n  - *all\n", encoding="utf-8")
    assert "owners.yml:1: an alias holds itself" in message_of(config_dir)


def test_all_faults_of_all_files_are_told_at_once(config_dir):
    (config_dir / "sources.yml").unlink()
    path = config_dir / "county.yml"
    path.write_text(path.read_text("utf-8").replace("count: 3", "count: x").replace("build_at", "built"), "utf-8")
    message = message_of(config_dir)
    assert len(message.splitlines()) == 4
    for words in ("retries, count should be", "build_at is missing", "no key built", "sources.yml: there is no such"):
        assert words in message


@pytest.mark.parametrize(
    ("name", "before", "secret"),
    [
        ("municipalities.yml", "skolkontoret@ronneby.example", "anna.kanariesson"),
        ("owners.yml", "5567497051", "199002022380"),
        ("sources.yml", "system: ss12000", "base_url: https://user:hemligt@host.example"),
    ],
)
def test_values_that_may_be_personal_or_secret_are_not_repeated(config_dir, name, before, secret):
    path = config_dir / name
    path.write_text(path.read_text("utf-8").replace(before, secret, 1), "utf-8")
    message = message_of(config_dir)
    assert name in message
    assert secret.removeprefix("base_url: ") not in message


ORIGINAL = {name: (CONFIG_DIR / "blekinge" / name).read_text(encoding="utf-8") for name in FILES}


@given(
    name=st.sampled_from(sorted(ORIGINAL)),
    start=st.integers(0, 4000),
    length=st.integers(0, 40),
    inserted=st.text("abö019:-{}[]\"'&*#|>!%@, \n\t\x00\u2028", max_size=8),
)
@example(name="county.yml", start=0, length=4000, inserted="!!python/object:os.system {}")
@example(name="calendar.yml", start=0, length=4000, inserted="school_years: [{school_year: 9999/00}]")
@settings(max_examples=200, deadline=None)
def test_a_damaged_file_loads_or_is_told_and_nothing_else(tmp_path_factory, name, start, length, inserted):
    config_dir = tmp_path_factory.getbasetemp() / "damaged"
    config_dir.mkdir(exist_ok=True)
    for other, text in ORIGINAL.items():
        damaged = text[:start] + inserted + text[start + length :]
        (config_dir / other).write_text(damaged if other == name else text, encoding="utf-8")
    try:
        load_county(config_dir)
    except ConfigError as error:
        lines = str(error).splitlines()
        assert all(line.startswith(f"{config_dir}/") for line in lines), lines
        assert any(line.startswith(str(config_dir / name)) or "there is no" in line for line in lines), lines
