"""Commands about the suites: are they written rightly, and what they found, as pages."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from narvaro.cli.screen import OUT, errors_as_exit_codes
from narvaro.orchestration.line import Line


class Tongue(StrEnum):
    """The language of a page."""

    SV = "sv"
    EN = "en"


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    quality_app = typer.Typer(help="What is demanded of data, and what was found.", no_args_is_help=True)
    quality_app.command("docs")(write_docs)
    quality_app.command("check")(check_suites)
    app.add_typer(quality_app, name="quality")


def write_docs(
    language: Annotated[Tongue, typer.Option(help="Language of the pages.")] = Tongue.SV,
) -> None:
    """Write each source's Data Docs: every rule and its counts of the last nights, never a value."""
    from narvaro.orchestration.quality_docs import write_source_docs

    with errors_as_exit_codes():
        pages = write_source_docs(Line.open(), language.value)
    for page in pages:
        OUT.print(str(page), markup=False, highlight=False, soft_wrap=True)


def check_suites() -> None:
    """Prove that every suite is written rightly, before a night meets it."""
    from narvaro.quality import load_suite
    from narvaro.quality.engine import check_suite

    with errors_as_exit_codes():
        paths = sorted(Line.open().settings.expectations_dir.glob("*/*.yml"))
        for path in paths:
            check_suite(load_suite(path))
    OUT.print(f"{len(paths)} suites are written rightly.", markup=False, highlight=False)
