"""Commands that ask a server what it can do: one of ours, or a vendor's own before it connects."""

from __future__ import annotations

import getpass
import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from narvaro.cli.planning import show_plan
from narvaro.cli.screen import OUT, errors_as_exit_codes, show
from narvaro.connections import Connection
from narvaro.errors import SettingsError
from narvaro.orchestration.line import Line

if TYPE_CHECKING:
    from narvaro.sources.ss12000.probe import Capabilities


class Form(StrEnum):
    """How a report is written."""

    MD = "md"
    JSON = "json"


# Facts that only a server with such a limit has.
_LIMITS = ("page_cap", "too_large")
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    sources_app = typer.Typer(help="What the school systems can do, and how they are read.", no_args_is_help=True)
    sources_app.command("probe")(probe_source)
    sources_app.command("plan")(show_plan)
    app.add_typer(sources_app, name="sources")
    app.command()(conformance)


def probe_source(
    source: Annotated[str, typer.Argument(help="Name of the source, e.g. 0180-stockholm.")],
    as_json: JsonOption = False,  # noqa: FBT002 - a command line flag
) -> None:
    """Ask a source what it can do, keep it in the ledger and show it, with what has changed."""
    from narvaro.orchestration.probing import probe_source as probe

    with errors_as_exit_codes():
        found, changes = probe(Line.open(), source)
    if as_json:
        show([{**found.to_dict(), "changes": changes}], title=source, as_json=True)
        return
    show(_lists(found), title=f"Lists of {source}", as_json=False)
    show(_facts(found), title="The server as a whole", as_json=False)
    for change in changes:
        OUT.print(f"changed: {change}", markup=False, highlight=False)


def conformance(  # noqa: PLR0913, PLR0917 - a command's options
    url: Annotated[str, typer.Argument(help="Base address of the server, up to and with v2.0.")],
    token_url: Annotated[str, typer.Option(help="Address of the OAuth2 token, with --client-id.")] = "",
    client_id: Annotated[str, typer.Option(help="Client id; its secret is read from standard input.")] = "",
    scope: Annotated[str, typer.Option(help="Scope of the OAuth2 token.")] = "",
    form: Annotated[Form, typer.Option("--format", help="md or json.")] = Form.MD,
    document: Annotated[
        Path | None, typer.Option(help="Your copy of the standard's OpenAPI document, to hold rows against.")
    ] = None,
    output: Annotated[Path | None, typer.Option(help="File to write; the screen when absent.")] = None,
    page_size: Annotated[int, typer.Option(min=1, help="Rows that a night will ask for on a page.")] = 1000,
    ca_file: Annotated[str, typer.Option(help="Private CA that signed the server's certificate.")] = "",
    client_cert: Annotated[str, typer.Option(help="Our certificate, where the server asks for one.")] = "",
    client_key: Annotated[str, typer.Option(help="Its key.")] = "",
    api_key_header: Annotated[str, typer.Option(help="Header of its own for the token.")] = "",
) -> None:
    """Tell how well a server keeps to SS 12000; needs no county. The secret or token is read from standard input.

    Exit code 0: it can be connected. 1: it must be mended first. 2: an option is wrong. 3: it does not answer.
    """
    from narvaro.sources.ss12000.probe.conformance import examine
    from narvaro.sources.ss12000.probe.report import markdown

    with errors_as_exit_codes():
        extra = {"scope": scope, "ca_file": ca_file, "client_cert": client_cert, "client_key": client_key}
        extra["api_key_header"] = api_key_header
        connection = _connection(url, token_url, client_id, extra)
        report = examine(connection, document=document, page_size=page_size)
        is_json = form is Form.JSON
        text = json.dumps(report.to_dict(), ensure_ascii=False, indent=2) + "\n" if is_json else markdown(report)
        _write(text, output)
    raise typer.Exit(0 if report.is_conforming else 1)


def _connection(url: str, token_url: str, client_id: str, extra: dict[str, str]) -> Connection:
    """Give the way in, its secret read from standard input, where no list of processes shows it."""
    if bool(token_url) != bool(client_id):
        message = "--token-url and --client-id belong together. Give both, or neither and a bearer token."
        raise SettingsError(message)
    what = "client secret" if client_id else "bearer token"
    secret = getpass.getpass(f"{what}: ") if sys.stdin.isatty() else sys.stdin.readline().strip()
    if not secret and not extra["client_cert"]:
        message = f"No {what} on standard input. Write it there: narvaro conformance URL < file-with-the-secret."
        raise SettingsError(message)
    return Connection("conformance", url, client_id, secret, extra={**extra, "token_url": token_url})


def _write(text: str, output: Path | None) -> None:
    """Write the report to its file, else to the screen as it is."""
    if output is None:
        sys.stdout.write(text)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        message = f"{output} cannot be written ({error.strerror}). Choose another file."
        raise SettingsError(message) from None


def _lists(found: Capabilities) -> list[dict[str, Any]]:
    """Give a row per list."""
    return [
        {
            "list": path,
            "access": facts.access,
            "with a token": facts.paging,
            "limit": facts.limit,
            "filters": [f"{name} {use}" for name, use in facts.filters.items() if use != "honoured"]
            or _all(facts.filters),
            "meta": facts.has_meta,
            "times": facts.modified_times,
            "not sent": facts.missing,
        }
        for path, facts in found.resources.items()
    ]


def _all(filters: object) -> str | None:
    """Say that every filter that was tried works, when any was."""
    return "all honoured" if filters else None


def _facts(found: Capabilities) -> list[dict[str, Any]]:
    """Give a row per fact of the whole server."""
    return [
        {
            "fact": name.replace("_", " "),
            "found": ("none seen" if name in _LIMITS else "not known") if value is None else value,
        }
        for name, value in found.to_dict().items()
        if name not in ("resources", "format")
    ]
