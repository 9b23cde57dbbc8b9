"""The application: finds the route, checks the credential, lets the family answer, and wraps every reply alike."""

import importlib
import pkgutil
import sys
import traceback
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from conformance.hub import cors
from conformance.hub.auth import account_of
from conformance.hub.errors import GateError, HubError, refusal
from conformance.hub.ids import unique
from conformance.hub.latency import NO_LATENCY, Latency
from conformance.hub.memory import ACCOUNT
from conformance.hub.routes import Match, Route, Table, contract_routes

Connection = HTTPConnection[Any]
Envelope = Callable[[Connection, Route], str]
GATE_ENVELOPES = ("openai", "claude", "gemini")
TASK_SECONDS = 0.0
"""Time that a video, a picture in Midjourney's format or a song takes; 0 has it end after a few look-ups, so that
its caller sees every stage, however fast or slow the machine is."""


@dataclass(frozen=True)
class Settings:
    """How the hub behaves; all times in seconds."""

    token: str
    latency: Latency = NO_LATENCY
    chunk_delay: float = 0.004
    first_delay: float = 0.010
    task_seconds: float = TASK_SECONDS
    second_token: str = ""


@dataclass(frozen=True)
class Call:
    """One authorised request on its way to the family that answers it."""

    request: Request
    route: Route
    params: Mapping[str, str]
    settings: Settings


Handler = Callable[[Call], Awaitable[Response]]
SocketHandler = Callable[[WebSocket, Settings], Awaitable[None]]


@dataclass
class Families:
    """What the family modules offer.

    Each may define, by operation id: HANDLERS, SOCKETS (handlers of WebSockets, called before the handshake is
    accepted), ENVELOPES (functions that name the error envelope of a request) and ALSO_ACCEPTED (more auth schemes);
    and EXTRA_ROUTES, a sequence."""

    handlers: dict[str, Handler] = field(default_factory=dict)
    routes: list[Route] = field(default_factory=list)
    envelopes: dict[str, Envelope] = field(default_factory=dict)
    schemes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    sockets: dict[str, SocketHandler] = field(default_factory=dict)

    def add(self, module: ModuleType) -> None:
        self.handlers |= getattr(module, "HANDLERS", {})
        self.routes += getattr(module, "EXTRA_ROUTES", ())
        self.envelopes |= getattr(module, "ENVELOPES", {})
        self.schemes |= getattr(module, "ALSO_ACCEPTED", {})
        self.sockets |= getattr(module, "SOCKETS", {})


def load_families(names: set[str]) -> Families:
    """Imports the module of each named family that this hub has."""
    package = importlib.import_module("conformance.hub")
    present = {module.name for module in pkgutil.iter_modules(package.__path__)}
    families = Families()
    for name in sorted(names & present):
        families.add(importlib.import_module(f"conformance.hub.{name}"))
    return families


class Hub:
    """The ASGI application."""

    def __init__(self, settings: Settings) -> None:
        routes = contract_routes()
        self.settings = settings
        self.families = load_families({route.family for route in routes})
        self.table = Table.of([*routes, *self.families.routes])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)

    def operation(self, method: str, path: str) -> str | None:
        """The operation that a request leads to; that of another method of the path when this one is not served."""
        match = self.table.match(path)
        if match is None:
            return None
        return (match.route(method) or next(iter(match.methods.values()))).operation

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        request_id = unique("req_")
        match = self.table.match(scope["path"])
        try:
            response = await self._answer(request, match)
        except HubError as error:
            response = self._refusal(error, request, match, request_id)
        except ClientDisconnect:
            return
        except Exception:
            traceback.print_exc(file=sys.stderr)
            broken = HubError(500, "The hub failed.", "internal_error", type="server_error")
            response = self._refusal(broken, request, match, request_id)
        await self.settings.latency.pass_by()
        await response(scope, receive, _outgoing(request, request_id, self.settings.latency.over(send)))

    async def _answer(self, request: Request, match: Match | None) -> Response:
        if cors.is_preflight(request.method, request.headers):
            return cors.preflight()
        if match is None:
            what = f"There is no {request.method} {request.url.path}."
            raise GateError(404, what, "unknown_url")
        if request.method == "OPTIONS":
            return Response(status_code=204, headers={"allow": match.allow})
        route = match.route(request.method)
        self._check_credential(request, route or next(iter(match.methods.values())))
        if route is None:
            message = f"{request.url.path} does not support {request.method}."
            raise GateError(405, message, "method_not_allowed", headers={"allow": match.allow})
        return await self._serve(Call(request, route, match.params, self.settings))

    def _check_credential(self, request: Connection, route: Route) -> None:
        more = self.families.schemes.get(route.operation, ())
        tokens = (self.settings.token, self.settings.second_token)
        ACCOUNT.set(account_of(request, {*route.auth, *more}, tokens))

    async def _serve(self, call: Call) -> Response:
        handler = self.families.handlers.get(call.route.operation)
        if handler is not None:
            return await handler(call)
        word = "not_yet_available" if call.route.implemented else "not_implemented"
        raise HubError(501, f"{call.route.operation} is not implemented.", word, type="server_error")

    def _refusal(self, error: HubError, request: Connection, match: Match | None, request_id: str) -> Response:
        envelope = self._envelope(request, match)
        if isinstance(error, GateError) and envelope not in GATE_ENVELOPES:
            envelope = "openai"
        return refusal(error, envelope, request_id)

    def _envelope(self, request: Connection, match: Match | None) -> str:
        if match is None:
            return _vendor_of(request.url.path)
        route = match.route(request.scope.get("method", "GET")) or next(iter(match.methods.values()))
        chosen = self.families.envelopes.get(route.operation)
        return chosen(request, route) if chosen else route.error

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuses as an HTTP reply to the handshake, or hands the socket to its family."""
        connection = HTTPConnection(scope)
        request_id = unique("req_")
        match = self.table.match(scope["path"])
        await self.settings.latency.pass_by()
        socket = WebSocket(scope, receive, self.settings.latency.over(send))
        try:
            await self._socket_handler(connection, match)(socket, self.settings)
        except HubError as error:
            response = self._refusal(error, connection, match, request_id)
            await response(scope, receive, _outgoing(connection, request_id, send))

    def _socket_handler(self, connection: Connection, match: Match | None) -> SocketHandler:
        route = match.route("GET") if match else None
        if route is None:
            raise GateError(404, f"There is no WebSocket at {connection.url.path}.", "unknown_url")
        self._check_credential(connection, route)
        handler = self.families.sockets.get(route.operation)
        if handler is None:
            raise HubError(501, f"{route.operation} is not implemented.", "not_yet_available", type="server_error")
        return handler


def _vendor_of(path: str) -> str:
    if path.startswith("/v1beta"):
        return "gemini"
    return "claude" if path.startswith("/v1/messages") else "openai"


def _outgoing(request: Connection, request_id: str, send: Send) -> Send:
    """Adds what every reply carries, and takes the body away from replies to HEAD."""
    headers = [(b"x-request-id", request_id.encode()), *cors.reply_headers(request.headers)]
    if "anthropic-version" in request.headers or request.url.path.startswith("/v1/messages"):
        headers.append((b"request-id", request_id.encode()))
    head = request.scope.get("method") == "HEAD"

    async def outgoing(message: Message) -> None:
        if message["type"].endswith("http.response.start"):
            message = {**message, "headers": [*message.get("headers", ()), *headers]}
        elif head and message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return outgoing


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


def create_app(
    token: str,
    latency: Latency = NO_LATENCY,
    chunk_delay: float = 0.004,
    first_delay: float = 0.010,
    task_seconds: float = TASK_SECONDS,
    second_token: str = "",
) -> Hub:
    """A hub that accepts `token`, and `second_token` as that of another account, and nothing else.

    `latency` is waited before every answer, `first_delay` before the first content of a stream and `chunk_delay`
    before each further event; a task takes `task_seconds`, or a few look-ups where that is 0. All in seconds.
    """
    return Hub(Settings(token, latency, chunk_delay, first_delay, task_seconds, second_token))
