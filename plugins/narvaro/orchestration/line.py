"""One installation's line from the sources to the readers: what every step of the night needs."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from narvaro.connections import find_connection
from narvaro.county import County, load_county
from narvaro.ledger import Ledger
from narvaro.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from narvaro.connections import Connection

SMTP_CONN_ID = "narvaro_smtp"


@dataclass(frozen=True)
class Line:
    """An installation opened for work: its settings, county, ledger and connections."""

    settings: Settings
    county: County
    ledger: Ledger
    find_connection: Callable[[str], Connection]

    @classmethod
    def open(cls, settings: Settings | None = None, *, find: Callable[[str], Connection] | None = None) -> Line:
        """Open the installation that the environment names.

        `find` gives connections by conn_id; by default they come from the environment
        and the connections file.

        Raises:
            SettingsError: the environment is wrong.
            ConfigError: the county's configuration is wrong.
            LedgerError: the ledger cannot be opened.
        """
        settings = settings or Settings.from_env()
        return cls(
            settings=settings,
            county=load_county(settings.config_dir),
            ledger=Ledger.open(settings.ledger_url),
            find_connection=find or partial(find_connection, path=settings.connections_path, env=os.environ),
        )
