"""One ASGI application: the API under /v1 and /health, the console everywhere else."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from headgate.api import PREFIXES, create_app
from headgate.console.app import create_console
from headgate.entry.watch import Watch
from headgate.wiring import App


def create_web(app: App) -> ASGIApp:
    """Dispatch by path; life-span events go to the API, which has the start-up work."""
    api, console = create_app(app), create_console(app)
    exact, below = frozenset(PREFIXES), tuple(f"{prefix}/" for prefix in PREFIXES)

    async def web(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        to_api = scope["type"] == "lifespan" or path.startswith(below) or path in exact
        await (api if to_api else console)(scope, receive, send)

    return Watch(web)
