"""Data Docs of every source, from the ledger's verdicts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from narvaro.quality.data_docs import write_data_docs

if TYPE_CHECKING:
    from pathlib import Path

    from narvaro.orchestration.line import Line

FOLDER = "data_docs"


def write_source_docs(line: Line, language: str = "sv") -> list[Path]:
    """Write a page per source under `data_docs/<source>/` of the installation's home; gives their paths.

    Raises:
        ConfigError: a suite is wrong.
        LandingError: a page cannot be written.
    """
    suites = sorted((line.settings.expectations_dir / "raw").glob("*.yml"))
    pages = []
    for source in line.county.enabled_sources:
        owner = line.county.owners[source.owner]
        title = f"{'Datakvalitet' if language == 'sv' else 'Data quality'}: {owner.name} ({source.name})"
        verdicts = line.ledger.verdicts(source=source.name)
        folder = line.settings.home / FOLDER / source.name
        pages.append(write_data_docs(folder, suites, verdicts, title=title, language=language))
    return pages
