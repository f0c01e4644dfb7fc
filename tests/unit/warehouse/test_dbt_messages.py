"""What dbt and the database say is let through only when it cannot hold data."""

from __future__ import annotations

import pytest

from narvaro.warehouse.dbt_run import NodeResult, _failure_text, _safe


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("Got 3 results, configured to fail if != 0", "Got 3 results, configured to fail if != 0"),
        ("Got 1 result, configured to warn if != 0", "Got 1 result, configured to warn if != 0"),
        (
            "Runtime Error in model stg_pupils\n  Conversion Error: Could not convert string 'Kanarie' to INT32",
            "Conversion Error",
        ),
        ('Runtime Error in model a\n  Constraint Error: Duplicate key "191212121212"', "Constraint Error"),
        ("something with Kanarie in it", "an error whose text may hold data"),
    ],
)
def test_only_counts_and_names_are_shown(message, shown):
    assert _safe(message) == shown


def test_an_error_of_names_is_shown_whole():
    message = 'Runtime Error in model a\n  Binder Error: Referenced column "x" not found in FROM clause!'
    assert 'Referenced column "x" not found' in _safe(message)


def test_a_long_list_of_failures_is_cut():
    nodes = [NodeResult(f"model_{number}", "model", "error", 0.0) for number in range(25)]
    assert "and 5 more" in _failure_text(nodes)
