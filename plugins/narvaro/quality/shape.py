"""What a suite demands of a table's columns, and what it therefore may read."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from narvaro.quality.engine import Outcome, find_failures

if TYPE_CHECKING:
    from narvaro.quality.suite import Expectation, LoadedSuite


@lru_cache(maxsize=256)
def shape_outcomes(loaded: LoadedSuite, shape: frozenset[str]) -> tuple[Outcome, ...]:
    """Put the demands on columns to a frame that has them all and no rows; loads of one shape are asked once."""
    import pandas as pd

    demands = [expectation for expectation in loaded.suite.expectations if expectation.is_about_shape]
    return tuple(find_failures(loaded, demands, pd.DataFrame(columns=sorted(shape))))


def require_columns(loaded: LoadedSuite, shape: frozenset[str]) -> None:
    """Blame the suite for a column that it reads and never demanded; blame of data comes from its demands.

    Raises:
        ConfigError: it reads such a column.
    """
    for expectation in loaded.suite.expectations:
        if unknown := sorted(set(expectation.columns) - shape):
            raise loaded.problem(expectation, f"reads {unknown}, which the table does not have. Correct the name.")


def about_content(loaded: LoadedSuite, *, with_rows: bool = True) -> list[Expectation]:
    """Give the demands on content; an empty table has no rows to put demands to."""
    return [e for e in loaded.suite.expectations if not e.is_about_shape and (with_rows or e.level == "table")]


def is_critical(outcome: Outcome) -> bool:
    """Whether what was not met stops something."""
    return outcome.expectation.severity == "critical"
