"""Airflow's way to a school system: the hook of the connection type `SS 12000` and its Test button."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from airflow.sdk import BaseHook

from narvaro.county import Source
from narvaro.errors import NarvaroError
from narvaro.orchestration.airflow_connections import find_airflow_connection
from narvaro.orchestration.provider import CONN_NAME, CONN_TYPE

if TYPE_CHECKING:
    from narvaro.sources import HostManners
    from narvaro.sources.ss12000.transport import Transport

# Somebody waits for the answer with a finger on the button.
_TEST_SECONDS = 15.0
_NOTABLE_SKEW = timedelta(minutes=1)
_ASKED = "/organisations"


class Ss12000Hook(BaseHook):
    """Opens a school system's wire from an Airflow connection of the type `SS 12000`."""

    conn_name_attr = "ss12000_conn_id"
    conn_type = CONN_TYPE
    hook_name = CONN_NAME

    def __init__(self, ss12000_conn_id: str, source: Source | None = None, manners: HostManners | None = None) -> None:
        """Name the connection.

        Args:
            ss12000_conn_id: the connection.
            source: its entry in the county's configuration, when it has one.
            manners: what its host is asked to bear by all readers of this machine; no limit when absent.
        """
        super().__init__()
        self.ss12000_conn_id = ss12000_conn_id
        self._manners = manners
        # A connection is tested before its source is configured, so there may be none to validate.
        self._source = source or Source.model_construct(name="connection", owner="", conn_id=ss12000_conn_id)

    def get_conn(self) -> Transport:
        """Give the wire, ready to be asked; close it afterwards.

        Raises:
            SettingsError: there is no such connection, or an address or credential in it cannot be used.
        """
        from narvaro.sources.ss12000.opening import open_transport

        return open_transport(self._source, find_airflow_connection(self.ss12000_conn_id), manners=self._manners)

    def test_connection(self) -> tuple[bool, str]:
        """Take a token and ask for one organisation; gives whether it went well, and a sentence for people."""
        try:
            return True, self._ask()
        except NarvaroError as error:
            return False, str(error)
        except Exception as error:  # noqa: BLE001 - its text may hold an address or a secret; its kind does not
            return False, f"{type(error).__name__} when the connection was opened. Check the fields of the form."

    def _ask(self) -> str:
        """Send one small request, and say what came of it."""
        from narvaro.sources import Patience
        from narvaro.sources.ss12000.decode import open_envelope
        from narvaro.sources.ss12000.opening import open_transport

        source = self._source.model_copy(update={"timeout_seconds": _TEST_SECONDS})
        # The button gives what is in the form a passing name, which would tell nobody anything.
        connection = replace(find_airflow_connection(self.ss12000_conn_id), conn_id="this connection")
        transport = open_transport(source, connection, patience=Patience(attempts=1))
        try:
            body = transport.get(_ASKED, [("limit", "1")])
            rows = open_envelope(body, transport.where(_ASKED)).data
            server_date = transport.server_date
        finally:
            transport.close()
        came = (
            "no organisation: is our client let in to any school?"
            if not bytes(rows).strip(b"[] \r\n\t")
            else "an organisation."
        )
        return f"The server let us in and answered {_ASKED} with {came}{_clock(server_date)}"


def _clock(server_date: datetime | None) -> str:
    """Say what is worth knowing of the server's clock: the next night is read from its time."""
    if server_date is None:
        return " It tells no time (no Date header); our own clock is used."
    skew = server_date - datetime.now(UTC).replace(microsecond=0)
    if abs(skew) < _NOTABLE_SKEW:
        return ""
    return f" Its clock is {abs(skew)} {'ahead of' if skew > timedelta(0) else 'behind'} ours."
