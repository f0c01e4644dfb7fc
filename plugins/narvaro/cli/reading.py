"""Commands that read the state and the restricted figures."""

from __future__ import annotations

import getpass
import json
from dataclasses import asdict
from typing import Annotated

import typer

from narvaro.cli.screen import ERR, errors_as_exit_codes, show
from narvaro.county import load_county
from narvaro.orchestration.line import Line
from narvaro.orchestration.pools import pools as airflow_pools
from narvaro.orchestration.source_standing import source_standings
from narvaro.settings import Settings

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(status)
    app.command()(releases)
    app.command()(sql)
    app.command()(pools)


def status(as_json: JsonOption = False) -> None:  # noqa: FBT002 - a command line flag
    """Show how every source stands: last deliveries, verdict, coverage, open issues and the oldest of them."""
    from narvaro.web.coverage import source_coverage

    with errors_as_exit_codes():
        line = Line.open()
        found = source_standings(line.county, line.ledger)
        coverage = source_coverage(line.settings.published_dir)
    columns = (
        "source", "status", "last_good_night", "is_stale", "verdict", "coverage_pct", "open_issues",
        "oldest_issue_night", "reason",
    )  # fmt: skip
    rows = [asdict(standing) | {"coverage_pct": coverage.get(standing.source)} for standing in found]
    if not as_json:
        rows = [{name: row[name] for name in columns} for row in rows]
        for row in rows:
            row["coverage_pct"] = None if row["coverage_pct"] is None else round(row["coverage_pct"], 1)
    show(rows, title=f"Sources of {line.county.name('en')}", as_json=as_json, columns=columns)


def releases(as_json: JsonOption = False) -> None:  # noqa: FBT002
    """Show the publications, newest first."""
    with errors_as_exit_codes():
        found = Line.open().ledger.releases()
    columns = ("release_id", "night", "made_at", "status", "code_version")
    rows = [asdict(release) if as_json else {name: getattr(release, name) for name in columns} for release in found]
    show(rows, title="Releases", as_json=as_json, columns=columns)


def sql(
    query: Annotated[str, typer.Argument(help="One SELECT over the restricted marts.")],
    purpose: Annotated[str, typer.Option(help="Why you read; kept in the access log.")],
    as_json: JsonOption = False,  # noqa: FBT002
) -> None:
    """Read the restricted marts; who asked what, and why, is logged before the answer is shown."""
    from narvaro.orchestration.restricted import read_restricted

    with errors_as_exit_codes():
        rows = read_restricted(Line.open(), query, purpose=purpose, actor=getpass.getuser())
    show(rows, title=f"{len(rows)} rows", as_json=as_json)
    # Said always: said only when it is so, it would tell where they are.
    ERR.print("Pupils with protected identity may be missing: rows of pupils, and sums over them, are without them.")


def pools() -> None:
    """Print the Airflow pools of the county, for `airflow pools import`."""
    with errors_as_exit_codes():
        typer.echo(json.dumps(airflow_pools(load_county(Settings.from_env().config_dir)), indent=2))
