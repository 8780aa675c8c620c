"""The console as one ASGI application: every way in, listed once, and what all answers pass."""

from __future__ import annotations

import psycopg
from psycopg_pool import PoolClosed
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from headgate.console import urls
from headgate.console.guard import Guarded, Site, error_response
from headgate.console.hosts import ConsoleHosts
from headgate.console.pages import (
    access_reviews,
    account,
    agreements,
    approval,
    approving,
    audit,
    backtests,
    brand,
    bulk,
    calendars,
    case,
    connections,
    deals,
    delegations,
    domains,
    duties,
    exports,
    guests,
    handling,
    held,
    home,
    inheritance,
    live,
    machines,
    mailed,
    messages,
    moving,
    nowhere,
    operations,
    order,
    orders,
    packs,
    palette,
    partners,
    people,
    policies,
    policy_edit,
    policy_export,
    policy_life,
    processes,
    provisioning,
    quarantine,
    reader,
    return_one,
    returns,
    roles,
    saved,
    search,
    security,
    sign_on,
    stepping,
    styleguide,
    support,
    tenants,
    usage,
    work,
)
from headgate.console.pages.entrance import Entrance
from headgate.console.pages.federated import Federated
from headgate.console.render import Console
from headgate.console.visit import Door
from headgate.kernel.errors import HeadgateError
from headgate.ui.assets import PREFIX, load_assets
from headgate.ui.web import WELL_KNOWN, BodyLimit, Frame
from headgate.wiring import App

# Every page of somebody who is signed in.
DOORS: tuple[Door, ...] = (
    *home.DOORS,
    *work.DOORS,
    *handling.DOORS,
    *orders.DOORS,
    *order.DOORS,
    *bulk.DOORS,
    *held.DOORS,
    *approving.DOORS,  # before an approval: its address is taken for one otherwise
    *approval.DOORS,
    *delegations.DOORS,
    *mailed.DOORS,
    *messages.DOORS,
    *case.DOORS,
    *returns.DOORS,
    *return_one.DOORS,
    *deals.DOORS,
    *partners.DOORS,
    *agreements.DOORS,
    *policies.DOORS,
    *backtests.DOORS,
    *policy_life.DOORS,
    *policy_edit.DOORS,
    *policy_export.DOORS,
    *processes.DOORS,
    *provisioning.DOORS,
    *moving.DOORS,
    *calendars.DOORS,
    *stepping.DOORS,
    *audit.DOORS,
    *quarantine.DOORS,
    *operations.DOORS,
    *people.DOORS,
    *duties.DOORS,
    *roles.DOORS,
    *access_reviews.DOORS,
    *connections.DOORS,
    *machines.DOORS,
    *sign_on.DOORS,
    *security.DOORS,
    *brand.DOORS,
    *domains.DOORS,
    *support.DOORS,
    *tenants.DOORS,
    *usage.DOORS,
    *exports.DOORS,
    *guests.DOORS,
    *inheritance.DOORS,
    *packs.DOORS,
    *account.DOORS,
    *saved.DOORS,
    *search.DOORS,
    *palette.DOORS,
    *live.DOORS,
    *styleguide.DOORS,
    *reader.DOORS,
    *nowhere.DOORS,  # last: it takes every address that is left
)


def create_console(app: App) -> ASGIApp:
    """The console over a built application. The caller owns `app` and closes it."""
    assets = load_assets()
    hosts = ConsoleHosts(app.database, dict(app.settings.console_hosts))
    site = Site(app, Console(assets), hosts, app.settings.secure_cookies)
    entrance = Entrance(site, assets)
    federated, look = Federated(site), support.SupportLink(site)

    def failed(request: Request, error: Exception) -> Response:
        return error_response(site, request, error)

    routes = [
        Route(f"{PREFIX}/{{version}}/{{name:path}}", entrance.asset, methods=["GET"]),
        Route(WELL_KNOWN, entrance.well_known, methods=["GET"]),
        Route(urls.SIGN_IN, entrance.show, methods=["GET"]),
        Route(urls.SIGN_IN, entrance.enter, methods=["POST"]),
        Route(urls.SIGN_IN_BRAND_CSS, entrance.brand, methods=["GET"]),
        Route(urls.SIGN_IN_LOGO, entrance.logo, methods=["GET"]),
        Route(f"{urls.SIGN_IN_WITH}/{{provider}}", federated.leave, methods=["GET"]),
        Route(f"{urls.SUPPORT_LINK}/{{link}}", look.show, methods=["GET"]),
        Route(f"{urls.SUPPORT_LINK}/{{link}}", look.follow, methods=["POST"]),
        Route(urls.SIGN_IN_BACK, federated.come_back, methods=["GET"]),
        *entrance.steps().routes(),
        *entrance.mail_door().routes(),
        *(Route(_pattern(door.path), Guarded(site, door).answer, methods=[door.method]) for door in DOORS),
    ]
    told = (HTTPException, HeadgateError, psycopg.OperationalError, PoolClosed, Exception)
    inside = Starlette(routes=routes, exception_handlers=dict.fromkeys(told, failed))
    # Around everything, so that the answer to an unexpected error has the headers too.
    return Frame(BodyLimit(inside, app.settings.request_max_bytes), secure=app.settings.secure_cookies)


def _pattern(address: str) -> str:
    """An address made for a placeholder as a route: the placeholder's braces were escaped like any code's."""
    return address.replace("%7B", "{").replace("%7D", "}")
