"""The simulated servers as one web application: a base path per source."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import orjson
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from narvaro.simulator.calendar import seconds
from narvaro.simulator.fault_kinds import TELLING
from narvaro.simulator.wire import lookup
from narvaro.simulator.wire.aggregates import AGGREGATES
from narvaro.simulator.wire.answers import NOT_FOUND, answer, mute_cuts, refusal
from narvaro.simulator.wire.authority import TOKEN_SECONDS, Authority
from narvaro.simulator.wire.credentials import bearer, check_bearer, client_of
from narvaro.simulator.wire.deletions import otherwise_told
from narvaro.simulator.wire.distortion import distorted
from narvaro.simulator.wire.doors import Asked, Doors
from narvaro.simulator.wire.levers import moved
from narvaro.simulator.wire.pages import Names, Pages, Part
from narvaro.simulator.wire.request import WireError, asked_limit, bad_request
from narvaro.simulator.wire.visit import TOKEN, Schedule, Visit
from narvaro.simulator.wire.walks import Position, Walks

if TYPE_CHECKING:
    from starlette.requests import Request

    from narvaro.simulator.faults import Fault
    from narvaro.simulator.world import World

_DELETIONS = "deletedEntities"
_LISTS = {*lookup.RESOURCES, _DELETIONS, AGGREGATES}


class SimulatedServers:
    """Answers every request; keeps the simulated clock, the faults of the wire and the counts."""

    def __init__(self, world: World, secret: str, *, clock: datetime | None = None) -> None:
        self.world = world
        self.authority = Authority(secret)
        self.requests: Counter[str] = Counter()
        self.clock = seconds(clock or world.as_of)
        self.faults = world.config.faults
        self._pages = Pages(world)
        self._walks = Walks(world, self.authority)
        self._places = {source.name: place for place, source in enumerate(world.sources)}

    @property
    def clock(self) -> int:
        """The simulated time, which every source starts from."""
        return self._clock

    @clock.setter
    def clock(self, moment: int) -> None:
        self._clock = moment
        # Sources whose data move while they are read are ahead of the others.
        self._ahead: Counter[str] = Counter()

    @property
    def faults(self) -> tuple[Fault, ...]:
        """The planted faults; setting them starts the count of every fault's requests anew."""
        return self._schedule.faults

    @faults.setter
    def faults(self, faults: Sequence[Fault]) -> None:
        self._schedule, self._doors = Schedule(faults), Doors()

    def _visit(self, source: str, name: str) -> Visit:
        """Give what a request meets, and count it."""
        clock = self.clock + self._ahead[source]
        if source not in self._places:
            return Visit(source, -1, name, clock)
        self.requests[f"{source}/{name}" if name == TOKEN else f"{source}/v2.0/{name}"] += 1
        visit = Visit(source, self._places[source], name, clock, self._schedule.meet(source, name, clock))
        if (moving := visit.fault("offset_tokens")) is not None:
            self._ahead[source] += moving.seconds
        return visit

    async def token(self, request: Request) -> Response:
        """Issue a bearer token (OAuth2 client credentials, by header or by form)."""
        visit = self._visit(request.path_params["source"], TOKEN)
        try:
            self._enter(visit)
            self._doors.check(visit, Asked(bearer="", has_page_token=False, size=0))
            source = client_of(request, await request.body(), self.authority)
        except WireError as error:
            if error.body is not None or error.status == NOT_FOUND:
                return refusal(visit, error)
            # OAuth2 has its own shape of error.
            said = {"error": error.code, "error_description": error.message}
            return answer(visit, orjson.dumps(said), error.status, dict(error.headers))
        grant = {
            "access_token": self.authority.bearer_token(source),
            "token_type": "Bearer",
            "expires_in": TOKEN_SECONDS,
        }
        return answer(visit, orjson.dumps(grant), headers={"cache-control": "no-store"})

    async def resource(self, request: Request) -> Response:
        """Answer with a page of a resource."""
        name = request.path_params["resource"]
        return await self._guarded(request, name, name in _LISTS, self._page)

    async def one(self, request: Request) -> Response:
        """Answer with one object."""
        resource = request.path_params["resource"]
        return await self._guarded(request, f"{resource}/id", resource in lookup.RESOURCES, self._one)

    async def lookup(self, request: Request) -> Response:
        """Answer with the objects that a body names."""
        resource = request.path_params["resource"]
        return await self._guarded(request, f"{resource}/lookup", resource in lookup.RESOURCES, self._found)

    async def _guarded(
        self,
        request: Request,
        name: str,
        is_known: bool,  # noqa: FBT001 - passed on from one line
        give: Callable[[Request, Visit], Awaitable[bytes]],
    ) -> Response:
        """Give an answer, or the refusal that stands in its way."""
        visit = self._visit(request.path_params["source"], name)
        try:
            self._enter(visit)
            check_bearer(self.authority.is_bearer(visit.source, bearer(request)))
            if not is_known:
                return answer(visit, b"", NOT_FOUND)
            if (slow := visit.fault("slow")) is not None:
                await asyncio.sleep(slow.seconds)
            return answer(visit, await give(request, visit))
        except WireError as error:
            return refusal(visit, error)

    def _enter(self, visit: Visit) -> None:
        """Refuse visits to nobody, and all visits to a source that is silent."""
        if visit.place < 0:
            raise WireError(NOT_FOUND, "not_found", "There is no such source.")
        if visit.has("silent"):
            raise WireError(503, "source_unavailable", "The source cannot answer right now.")

    async def _page(self, request: Request, visit: Visit) -> bytes:
        """Write the page that a request means."""
        limit = asked_limit(request.query_params.get("limit")) or self.world.config.page_size
        parameters = tuple(request.query_params.multi_items())
        has_token = "pageToken" in request.query_params
        self._doors.check(visit, Asked(bearer(request), has_token, limit))
        if (fixed := visit.fault("ignores_limit")) is not None:
            limit = fixed.rows
        position = self._walks.position(visit, parameters)
        slipping = visit.fault("unordered")
        part = Part(position.offset, limit, slipping.rows * (position.offset // limit) if slipping else 0)
        body, total = self._pages.page(position.walk, part, _names(visit))
        if visit.has("empty"):
            body, total = (b"{}" if visit.resource == _DELETIONS else b"[]"), 0
        if visit.resource == _DELETIONS:
            for fault in visit.faults:
                if fault.kind in TELLING:
                    body = otherwise_told(body, fault, visit.clock)
        else:
            body = distorted(visit, body, self.world.timezone)
        token = self._walks.token(visit, position, limit, total)
        if token is None and (omitted := visit.fault("token_omitted")) is not None:
            return b'{"data":' + body + (b"}" if omitted.shape == "absent" else b',"pageToken":""}')
        return b'{"data":' + body + b',"pageToken":' + orjson.dumps(token) + b"}"

    async def _one(self, request: Request, visit: Visit) -> bytes:
        """Write the object that a path names."""
        parameters = tuple(request.query_params.multi_items())
        rows = await self._objects(request, visit, {"ids": [request.path_params["id"]]}, parameters)
        if not orjson.loads(rows):
            raise WireError(NOT_FOUND, "not_found", "There is no such object.")
        return rows[1:-1]

    async def _found(self, request: Request, visit: Visit) -> bytes:
        """Write the objects that a body names, as a bare list."""
        try:
            content = orjson.loads(await request.body())
        except ValueError:
            raise bad_request("The body is not JSON.") from None
        return await self._objects(request, visit, lookup.wanted(visit.resource, content))

    async def _objects(
        self, request: Request, visit: Visit, asked: dict[str, list[str]], parameters: tuple[tuple[str, str], ...] = ()
    ) -> bytes:
        """Write the objects that are asked for by their ids."""
        size = sum(map(len, asked.values()))
        self._doors.check(visit, Asked(bearer(request), has_page_token=False, size=size))
        position: Position = self._walks.position(visit, parameters)
        walk = lookup.everything(position.walk)
        body = self._pages.written(walk, lookup.found(self._pages, walk, asked), _names(visit))
        return distorted(visit, body, self.world.timezone)

    async def health(self, _request: Request) -> Response:
        """Tell that the servers are up."""
        now = datetime.fromtimestamp(self.clock, UTC).isoformat()
        content = {"status": "ok", "clock": now, "sources": len(self.world.sources)}
        return answer(Visit("", -1, "", self.clock), orjson.dumps(content))

    async def lever(self, request: Request) -> Response:
        """Read or move one of the simulator's own levers: clock, faults, stats."""
        own = Visit("", -1, "", self.clock)
        try:
            check_bearer(self.authority.is_admin(bearer(request)))
            content = orjson.loads(await request.body()) if request.method == "PUT" else None
            return answer(own, orjson.dumps(moved(self, request.path_params["lever"], content)))
        except WireError as error:
            return refusal(own, error)
        except ValueError:
            return refusal(own, bad_request("The body is not what this lever takes."))


def _names(visit: Visit) -> Names:
    """Give whose references carry names."""
    return Names(of_all=visit.has("names_unasked"), of_protected=visit.has("protected_complete"))


def create_app(world: World, secret: str, *, clock: datetime | None = None) -> Starlette:
    """Give the web application of a simulated county; `app.state.servers` holds its levers."""
    servers = SimulatedServers(world, secret, clock=clock)
    mute_cuts()
    app = Starlette(
        routes=[
            Route("/_simulator/health", servers.health),
            Route("/_simulator/{lever}", servers.lever, methods=["GET", "PUT"]),
            Route("/{source}/token", servers.token, methods=["POST"]),
            Route("/{source}/v2.0/{resource}", servers.resource),
            Route("/{source}/v2.0/{resource}/lookup", servers.lookup, methods=["POST"]),
            Route("/{source}/v2.0/{resource}/{id}", servers.one),
        ]
    )
    app.state.servers = servers
    return app
