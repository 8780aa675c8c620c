"""The portal as one ASGI application: every way in, listed once, and what all answers pass."""

from __future__ import annotations

import psycopg
from psycopg_pool import PoolClosed
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from headgate.kernel.errors import HeadgateError
from headgate.portal import urls
from headgate.portal.entrance import Entrance
from headgate.portal.guard import Guarded, Site, error_response
from headgate.portal.hosts import Hosts, hosts_for
from headgate.portal.pages import (
    account,
    company,
    deal_acts,
    deal_form,
    deals,
    export,
    files,
    home,
    live,
    messages,
    nowhere,
    orders,
    price_form,
    prices,
    return_form,
    returns,
    saved,
)
from headgate.portal.render import Portal
from headgate.portal.visit import Door
from headgate.ui.assets import PREFIX, load_assets
from headgate.ui.web import WELL_KNOWN, BodyLimit, Frame
from headgate.wiring import App

# Every page of somebody who is signed in.
DOORS: tuple[Door, ...] = (
    *home.DOORS,
    *deal_form.DOORS,  # before the deal pages: /deals/new is no deal
    *deals.DOORS,
    *deal_acts.DOORS,
    *files.DOORS,
    *orders.DOORS,
    *price_form.DOORS,  # before the prices: /prices/new is no price
    *prices.DOORS,
    *return_form.DOORS,  # before the returns: /returns/new is no return
    *returns.DOORS,
    *messages.DOORS,
    *company.DOORS,
    *export.DOORS,
    *account.DOORS,
    *saved.DOORS,
    *live.DOORS,
    *nowhere.DOORS,  # last: it takes every address that is left
)


def create_portal(app: App, hosts: Hosts | None = None) -> ASGIApp:
    """The portal over a built application. The caller owns `app` and closes it."""
    assets = load_assets()
    site = Site(app, Portal(assets), hosts or hosts_for(app.database, app.settings), app.settings.secure_cookies)
    entrance = Entrance(site, assets)

    def failed(request: Request, error: Exception) -> Response:
        return error_response(site, request, error)

    async def to_portal(request: Request) -> Response:
        return RedirectResponse(urls.HOME, 303)

    routes = [
        Route(f"{PREFIX}/{{version}}/{{name:path}}", entrance.asset, methods=["GET"]),
        Route(WELL_KNOWN, entrance.well_known, methods=["GET"]),
        Route(urls.SIGN_IN, entrance.show, methods=["GET"]),
        Route(urls.SIGN_IN, entrance.enter, methods=["POST"]),
        *entrance.steps().routes(),
        *entrance.mail_door().routes(),
        Route(urls.SIGN_OUT, entrance.leave, methods=["POST"]),
        Route(f"{urls.WELCOME}/{{token}}", entrance.welcome, methods=["GET"]),
        Route(f"{urls.WELCOME}/{{token}}", entrance.accept, methods=["POST"]),
        Route(urls.THEME, entrance.theme, methods=["POST"]),
        Route(urls.BRAND_CSS, entrance.brand, methods=["GET"]),
        Route(urls.LOGO, entrance.logo, methods=["GET"]),
        *(Route(_pattern(door.path), Guarded(site, door).answer, methods=[door.method]) for door in DOORS),
        Route("/", to_portal, methods=["GET"]),
        Route(urls.ROOT, to_portal, methods=["GET"]),
    ]
    told = (HTTPException, HeadgateError, psycopg.OperationalError, PoolClosed, Exception)
    inside = Starlette(routes=routes, exception_handlers=dict.fromkeys(told, failed))
    # Around everything, so that the answer to an unexpected error has the headers too.
    return Frame(BodyLimit(inside, app.settings.request_max_bytes), secure=app.settings.secure_cookies)


def _pattern(address: str) -> str:
    """An address made for a placeholder as a route: the placeholder's braces were escaped like any code's."""
    return address.replace("%7B", "{").replace("%7D", "}")
