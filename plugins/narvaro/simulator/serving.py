"""Running the simulated servers, and telling clients how to reach them."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import uvicorn

from narvaro.errors import ConfigError, SourceError
from narvaro.simulator.faults import EVERY_SOURCE
from narvaro.simulator.wire.app import SimulatedServers, create_app
from narvaro.simulator.wire.authority import Authority

if TYPE_CHECKING:
    from narvaro.county import County
    from narvaro.simulator.world import World

HOST = "127.0.0.1"
ADMIN_CONN_ID = "narvaro_simulator"
_START_SECONDS = 20.0


def connections(county: County, base_url: str, secret: str) -> dict[str, dict[str, Any]]:
    """Give the connections of every source, and of the simulator's own levers, by conn_id."""
    authority = Authority(secret)
    base = base_url.rstrip("/")
    found: dict[str, dict[str, Any]] = {
        source.conn_id: {
            "conn_type": "ss12000",
            "host": f"{base}/{source.name}/v2.0",
            "login": source.name,
            "password": authority.client_secret(source.name),
            # It is our own machine's: it may be asked as fast as it answers.
            "extra": {"token_url": f"{base}/{source.name}/token", "requests_per_second": 0},
        }
        for source in county.sources.values()
    }
    found[ADMIN_CONN_ID] = {"conn_type": "http", "host": base, "login": "admin", "password": authority.admin_token()}
    return found


def _server(world: World, secret: str, *, host: str, port: int, clock: datetime | None) -> uvicorn.Server:
    """Give a web server that leaves the Date header to the simulated clock."""
    return uvicorn.Server(
        uvicorn.Config(
            create_app(world, secret, clock=clock),
            host=host,
            port=port,
            date_header=False,
            server_header=False,
            access_log=False,
            log_level="warning",
            lifespan="off",
            timeout_graceful_shutdown=2,
        )
    )


def _listening_socket(host: str, port: int) -> socket.socket:
    """Take a port.

    Raises:
        SourceError: another program holds it.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise SourceError(
            f"The simulator cannot listen on {host}:{port} ({error.strerror}). "
            "Stop what holds the port or choose another."
        ) from None
    listener.listen(128)
    return listener


def serve(world: World, *, secret: str, host: str = HOST, port: int = 8512, clock: datetime | None = None) -> None:
    """Serve a county until the process is told to stop.

    Raises:
        SourceError: the port is taken.
        ConfigError: a fault is planted in a source that is not there.
    """
    known = {EVERY_SOURCE, *(source.name for source in world.sources)}
    if strangers := sorted({fault.source for fault in world.config.faults} - known):
        raise ConfigError(f"No such source: {', '.join(strangers)}. Plant faults in sources of sources.yml.")
    listener = _listening_socket(host, port)
    _server(world, secret, host=host, port=port, clock=clock).run(sockets=[listener])


@dataclass(frozen=True, slots=True)
class RunningSimulator:
    """A simulator that runs in a thread of this process."""

    base_url: str
    secret: str
    servers: SimulatedServers

    def set_clock(self, moment: datetime) -> None:
        """Let all servers live at another moment."""
        self.servers.clock = int(moment.timestamp())


@contextmanager
def running_simulator(
    world: World, *, secret: str, port: int = 0, clock: datetime | None = None
) -> Iterator[RunningSimulator]:
    """Serve a county in a thread, on a free port unless one is given, until the block ends."""
    listener = _listening_socket(HOST, port)
    server = _server(world, secret, host=HOST, port=listener.getsockname()[1], clock=clock)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    deadline = time.monotonic() + _START_SECONDS
    while not server.started and thread.is_alive() and time.monotonic() < deadline:
        time.sleep(0.01)
    app: Any = server.config.app
    try:
        yield RunningSimulator(f"http://{HOST}:{listener.getsockname()[1]}", secret, app.state.servers)
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        listener.close()
