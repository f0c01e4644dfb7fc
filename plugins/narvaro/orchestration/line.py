"""One installation's line from the sources to the readers: what every step of the night needs."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from narvaro.connections import find_connection
from narvaro.county import County, load_county
from narvaro.ledger import Ledger
from narvaro.orchestration.pseudonym_key import require_no_switch, seal_stores
from narvaro.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from narvaro.connections import Connection
    from narvaro.sources import HostManners

SMTP_CONN_ID = "narvaro_smtp"


@dataclass(frozen=True)
class Line:
    """An installation opened for work: its settings, county, ledger and connections."""

    settings: Settings
    county: County
    ledger: Ledger
    find_connection: Callable[[str], Connection]

    @classmethod
    def open(
        cls,
        settings: Settings | None = None,
        *,
        find: Callable[[str], Connection] | None = None,
        during_switch: bool = False,
    ) -> Line:
        """Open the installation that the environment names.

        `find` gives connections by conn_id; by default they come from the environment
        and the connections file. `during_switch` opens it though landed rows of two keys may lie side by side.

        Raises:
            SettingsError: the environment is wrong.
            ConfigError: the county's configuration is wrong.
            LedgerError: the ledger cannot be opened.
            PrivacyError: the pseudonym key is being rotated, or its rotation was interrupted.
        """
        settings = settings or Settings.from_env()
        if not during_switch:
            require_no_switch(settings.landing_dir)
        line = cls(
            settings=settings,
            county=load_county(settings.config_dir),
            ledger=Ledger.open(settings.ledger_url),
            find_connection=find or partial(find_connection, path=settings.connections_path, env=os.environ),
        )
        seal_stores(line)
        return line

    @property
    def manners(self) -> HostManners:
        """What every host is asked to bear, by all readers of this machine together."""
        from narvaro.sources import HostManners

        limits = self.county.manners
        return HostManners(self.settings.home / "run" / "hosts", limits.requests_per_second, limits.concurrent_reads)
