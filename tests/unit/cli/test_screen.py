"""What a person, or their program, sees."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import typer

from narvaro import errors
from narvaro.cli.screen import errors_as_exit_codes, show

EXIT_CODES = {
    errors.SettingsError: 2,
    errors.ConfigError: 2,
    errors.SourceError: 3,
    errors.SourceBusyError: 3,
    errors.SourceDeniedError: 3,
    errors.SourceShapeError: 3,
    errors.ShortPullError: 3,
    errors.PrivacyError: 4,
    errors.LandingError: 5,
    errors.LedgerError: 5,
    errors.BusyError: 6,
    errors.DoorClosedError: 7,
    errors.BuildError: 8,
    errors.PublishError: 8,
    errors.AlertError: 9,
}


def shown(capsys: pytest.CaptureFixture[str], rows: list[dict[str, object]], *, as_json: bool) -> str:
    show(rows, title="Rows", as_json=as_json, columns=("name",))
    return capsys.readouterr().out


def refuse_constant(text: str) -> None:
    pytest.fail(f"{text} is not JSON")


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (None, None),
        (True, True),
        (7, 7),
        (2**80, 2**80),
        (1.5, 1.5),
        (float("nan"), None),
        (float("inf"), None),
        (Decimal("1.50"), "1.50"),
        ("åäö", "åäö"),
        (date(2026, 9, 19), "2026-09-19"),
        (datetime(2026, 9, 19, 1, tzinfo=UTC), "2026-09-19T01:00:00+00:00"),
        (("a", "b"), ["a", "b"]),
        ({date(2026, 9, 19): float("nan")}, {"2026-09-19": None}),
    ],
)
def test_every_value_has_a_form_in_json(capsys: pytest.CaptureFixture[str], value: object, wanted: object):
    text = shown(capsys, [{"value": value}], as_json=True)
    assert json.loads(text, parse_constant=refuse_constant) == [{"value": wanted}]


def test_no_rows_are_an_empty_array_and_a_table_with_its_columns(capsys: pytest.CaptureFixture[str]):
    assert json.loads(shown(capsys, [], as_json=True)) == []
    assert "name" in shown(capsys, [], as_json=False)


def test_value_in_brackets_is_shown_as_it_is(capsys: pytest.CaptureFixture[str]):
    assert "[red] and [/nothing]" in shown(capsys, [{"name": "[red] and [/nothing]"}], as_json=False)


@pytest.mark.parametrize(("error", "code"), EXIT_CODES.items())
def test_error_raised_on_purpose_is_told_and_becomes_its_exit_code(
    capsys: pytest.CaptureFixture[str], error: type[errors.NarvaroError], code: int
):
    with pytest.raises(typer.Exit) as ended, errors_as_exit_codes():
        raise error("config/owners.yml:3: [enskild is not closed. Close it.")
    assert ended.value.exit_code == code
    assert f"{error.__name__}: config/owners.yml:3: [enskild is not closed." in capsys.readouterr().err


def test_every_error_has_an_exit_code_here():
    classes = {error for error in vars(errors).values() if isinstance(error, type)}
    told = {error for error in classes if issubclass(error, errors.NarvaroError)} - {errors.NarvaroError}
    assert told == set(EXIT_CODES)


def test_error_that_nobody_raised_on_purpose_keeps_its_traceback():
    with pytest.raises(ZeroDivisionError), errors_as_exit_codes():
        _ = 1 / 0
