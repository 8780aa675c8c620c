"""One ASGI application: the API under /v1 and /health, the portal under /portal, the console everywhere else.

A host that a tenant has chosen for its portal serves the portal and nothing else. A host of the console is never one.
"""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from headgate.api import PREFIXES, create_app
from headgate.console.app import create_console
from headgate.entry.watch import Watch
from headgate.portal.app import create_portal
from headgate.portal.hosts import Hosts, hosts_for
from headgate.portal.urls import ROOT
from headgate.wiring import App


def create_web(app: App) -> ASGIApp:
    """Dispatch by host and path; life-span events go to the API, which has the start-up work."""
    hosts = hosts_for(app.database, app.settings)
    api, console, portal = create_app(app), create_console(app), create_portal(app, hosts)
    exact, below = frozenset(PREFIXES), tuple(f"{prefix}/" for prefix in PREFIXES)

    async def web(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if scope["type"] == "lifespan":
            await api(scope, receive, send)
        elif path == ROOT or path.startswith(f"{ROOT}/") or (path not in PROBES and await _is_portal(hosts, scope)):
            await portal(scope, receive, send)
        else:
            to_api = path.startswith(below) or path in exact
            await (api if to_api else console)(scope, receive, send)

    return Watch(web)


# What load balancers ask on any host.
PROBES = frozenset({"/health", "/health/live", "/health/ready"})


async def _is_portal(hosts: Hosts, scope: Scope) -> bool:
    """Whether the request's host is a portal's. The database is asked once in a while, off the event loop."""
    host = Headers(scope=scope).get("host", "")
    known = hosts.known(host)
    if known is None:
        await run_in_threadpool(hosts.all)
        known = hosts.known(host)
    return bool(known)
