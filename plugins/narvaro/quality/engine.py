"""Great Expectations, kept in memory, quiet, and imported only when something is checked."""

from __future__ import annotations

import difflib
import logging
import os
import re
import warnings
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from narvaro.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from narvaro.quality.suite import Expectation, LoadedSuite

_RESULT_FORMAT = {
    "result_format": "COMPLETE",
    "partial_unexpected_count": 0,
    # The values themselves, which the library would else put beside the rows' numbers.
    "exclude_unexpected_values": True,
    "return_unexpected_index_query": False,
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """One demand that was not met: how often, and in which rows of the frame's index."""

    expectation: Expectation
    count: int
    rows: tuple[Any, ...]


def find_failures(loaded: LoadedSuite, expectations: Sequence[Expectation], frame: pd.DataFrame) -> list[Outcome]:
    """Run demands on a frame and give those that were not met.

    Raises:
        ConfigError: a demand does not exist, is written wrongly or cannot be put to its column.
    """
    if not expectations:
        return []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _find_failures(loaded, expectations, frame)


def check_suite(loaded: LoadedSuite) -> None:
    """Prove that every demand of a suite exists and is written rightly, without data.

    Raises:
        ConfigError: one is not.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for expectation in loaded.suite.expectations:
            _expectation(loaded, expectation, 0)


def _find_failures(loaded: LoadedSuite, expectations: Sequence[Expectation], frame: pd.DataFrame) -> list[Outcome]:
    gx = _library()
    suite = gx.ExpectationSuite(
        name=loaded.suite.suite,
        expectations=[_expectation(loaded, expectation, index) for index, expectation in enumerate(expectations)],
    )
    batch = _batch_definition().get_batch({"dataframe": frame})
    outcomes = []
    for result in batch.validate(suite, result_format=_RESULT_FORMAT).results:
        expectation = expectations[result.expectation_config.meta["index"]]
        if reason := _exception(result.exception_info):
            raise loaded.problem(expectation, f"cannot be put to its column: {reason} Mend the suite.")
        if not result.success:
            rows = tuple(result.result.get("unexpected_index_list") or ())
            outcomes.append(Outcome(expectation, len(rows) or 1, rows))
    return outcomes


def _expectation(loaded: LoadedSuite, expectation: Expectation, index: int) -> Any:  # noqa: ANN401 - GX has no types
    """Give the library's own form of a demand."""
    import great_expectations.expectations as library

    _library()
    name = "".join(part.title() for part in expectation.type.split("_"))
    kind = getattr(library, name, None)
    if not expectation.type.startswith("expect_") or kind is None:
        meant = difflib.get_close_matches(name, dir(library), n=1)
        hint = f"Did you mean {_snake(meant[0])}?" if meant else "Look for a misspelling."
        raise loaded.problem(expectation, f"is unknown to Great Expectations. {hint}")
    kwargs = dict(expectation.kwargs)
    if expectation.where:
        kwargs |= {"row_condition": expectation.where, "condition_parser": "pandas"}
    try:
        return kind(**kwargs, meta={"index": index})
    except Exception as error:  # noqa: BLE001 - pydantic v1's and others, the library's own affair
        raise loaded.problem(expectation, f"is written wrongly: {_first_fault(error)}. Mend its kwargs.") from None


def _snake(name: str) -> str:
    """Give a demand's name as suites write it."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def _first_fault(error: Exception) -> str:
    """Give the library's first complaint about a demand's arguments."""
    faults = getattr(error, "errors", None)
    if callable(faults):
        listed = [f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in faults()]
        return "; ".join(listed)
    return type(error).__name__


def _exception(info: Any) -> str:  # noqa: ANN401 - GX has no types
    """Give the library's own trouble with a demand, empty when it had none; it is about types, not values."""
    entries = [info] if "raised_exception" in info else list(info.values())
    for entry in entries:
        if entry.get("raised_exception"):
            return str(entry.get("exception_message") or "no reason given").splitlines()[0].rstrip(".") + "."
    return ""


@cache
def _library() -> Any:  # noqa: ANN401 - GX has no types
    """Import the library, with its telemetry off; five seconds, once per process."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    try:
        import great_expectations as gx
    except ImportError as error:
        raise ConfigError(f"Great Expectations cannot be imported ({error}). Run make setup.") from None
    return gx


@cache
def _batch_definition() -> Any:  # noqa: ANN401 - GX has no types
    """Give the place that frames are handed in at; it lives in memory and keeps nothing."""
    library = _library()
    from great_expectations.data_context.types.base import DataContextConfig, InMemoryStoreBackendDefaults

    # Left to itself the library makes a folder for a site that nobody builds, and tells every log of it.
    config = DataContextConfig(store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False))
    context = library.get_context(mode="ephemeral", project_config=config)
    context.variables.progress_bars = {"globally": False}
    asset = context.data_sources.add_pandas("door").add_dataframe_asset("frame")
    return asset.add_batch_definition_whole_dataframe("whole")
