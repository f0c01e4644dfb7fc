"""Connections as Airflow keeps them: its secrets backends, its environment, its database."""

from __future__ import annotations

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException

from narvaro.connections import Connection, filled_in
from narvaro.errors import SettingsError


def find_airflow_connection(conn_id: str) -> Connection:
    """Give one of Airflow's connections as ours.

    Raises:
        SettingsError: Airflow knows no such connection.
    """
    try:
        found = BaseHook.get_connection(conn_id)
    except AirflowNotFoundException:
        message = f"Airflow has no connection {conn_id}. Add it (Admin, Connections) as docs/onboarding.md shows."
        raise SettingsError(message) from None
    return Connection(
        conn_id=conn_id,
        host=found.host or "",
        login=found.login or "",
        password=found.password or "",
        port=found.port,
        schema=found.schema or "",
        extra=filled_in(found.extra_dejson),
    )
