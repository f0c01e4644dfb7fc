"""Commands that start servers: the demo, the simulator, the mail catcher, the report page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from narvaro.cli.screen import ERR, errors_as_exit_codes
from narvaro.county import load_county
from narvaro.errors import SettingsError
from narvaro.settings import Settings

HostOption = Annotated[str, typer.Option(help="Address to listen on.")]
PortOption = Annotated[int | None, typer.Option(help="Port to listen on; the setting's by default.")]
FaultsOption = Annotated[
    Path | None, typer.Option(help="YAML file of faults, in place of those of simulator.yml; see docs/simulator.md.")
]
_LOOPBACK = "127.0.0.1"


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(demo)
    app.command()(up)
    simulator_app = typer.Typer(help="A county of simulated school systems.", no_args_is_help=True)
    simulator_app.command("serve")(serve_simulator)
    app.add_typer(simulator_app, name="simulator")
    report_app = typer.Typer(help="The published page and files.", no_args_is_help=True)
    report_app.command("serve")(serve_report)
    app.add_typer(report_app, name="report")
    app.command("mail-catcher")(serve_mail_catcher)
    app.command()(parse)


def demo() -> None:
    """Run one county night end to end with Airflow's own scheduler, then stop."""
    _run_demo(stay=False)


def up() -> None:
    """Run the night and leave Airflow, the simulator and the report running until Ctrl-C."""
    _run_demo(stay=True)


def serve_simulator(host: HostOption = _LOOPBACK, port: PortOption = None, faults: FaultsOption = None) -> None:
    """Serve the simulated school systems of the county, one base path per source."""
    from narvaro.simulator import build_world, load_faults, load_simulator_config, serve

    with errors_as_exit_codes():
        settings = Settings.from_env()
        secret_path = settings.connections_path.with_name("simulator.secret")
        if not secret_path.is_file():
            message = f"The simulator has no secret: {secret_path} is missing. Run `narvaro demo`, or write one there."
            raise SettingsError(message)
        config = load_simulator_config(settings.config_dir)
        if faults is not None:
            config = config.model_copy(update={"faults": load_faults(faults)})
        world = build_world(load_county(settings.config_dir), config)
        serve(world, host=host, port=port or settings.simulator_port, secret=secret_path.read_text(encoding="ascii"))


def serve_report(host: HostOption = _LOOPBACK, port: PortOption = None) -> None:
    """Serve the published page and files, and nothing else."""
    from narvaro.publish import serve_published

    with errors_as_exit_codes():
        settings = Settings.from_env()
        serve_published(settings.published_dir, host=host, port=port or settings.report_port)


def serve_mail_catcher(host: HostOption = _LOOPBACK, port: PortOption = None) -> None:
    """Receive letters over SMTP and keep each as an .eml file."""
    from narvaro.alerts.catcher import serve_catcher

    with errors_as_exit_codes():
        settings = Settings.from_env()
        serve_catcher(host=host, port=port or settings.mail_port, folder=settings.mail_dir)


def parse() -> None:
    """Parse the dbt project, as `make check` does."""
    from narvaro.warehouse import parse_project

    with errors_as_exit_codes():
        parse_project(Settings.from_env())


def _run_demo(*, stay: bool) -> None:
    """Run the demo on the installation that the environment names."""
    from narvaro.orchestration.demo import Demo

    def say(text: str) -> None:
        ERR.print(text, highlight=False)

    with errors_as_exit_codes():
        settings = Settings.from_env()
        Demo(settings, say=say, show_result=lambda: _show_result(settings)).run(stay=stay)


def _show_result(settings: Settings) -> None:
    """Show how the sources stand, what is wrong and what was written."""
    from narvaro.cli.issues import list_
    from narvaro.cli.reading import status

    status()
    list_()
    letters = sorted(settings.mail_dir.glob("*.eml"))
    for name, value in (
        ("Report", settings.published_dir / "index.html"),
        ("Figures", settings.published_dir / "narvaro.duckdb"),
        ("Letters", f"{len(letters)} in {settings.mail_dir}"),
    ):
        ERR.print(f"{name:9} {value}", highlight=False)
