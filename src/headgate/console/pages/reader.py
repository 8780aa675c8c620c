"""The reader's own: theme, sign-out, keyboard help, and the tenant's colours."""

from __future__ import annotations

from starlette.responses import RedirectResponse, Response

from headgate.access import end_session
from headgate.console import auth, urls
from headgate.console.frame import brand_style
from headgate.console.views.sign_in import KeyboardView
from headgate.console.visit import SIGNED_IN, Answer, Door, Visit
from headgate.ui.theme import THEME_COOKIE, THEME_MAX_AGE_SECONDS, parse_theme


def set_theme(visit: Visit) -> Answer:
    """Light, dark, or as the device: for readers without scripts."""
    response = RedirectResponse(auth.own_path(visit.form.get("then", "")), 303)
    secure = visit.app.settings.secure_cookies
    # Scripts set it as well, so that no page load is needed.
    response.set_cookie(
        THEME_COOKIE,
        parse_theme(visit.form.get("theme")),
        max_age=THEME_MAX_AGE_SECONDS,
        secure=secure,
        samesite="lax",
    )
    return response


def sign_out(visit: Visit) -> Answer:
    """End the session here and in the database."""
    secure = visit.app.settings.secure_cookies
    end_session(visit.conn, visit.ctx, auth.session_token(visit.request, secure=secure))
    response = RedirectResponse(urls.SIGN_IN, 303)
    auth.drop_session(response, secure=secure)
    return response


def keyboard(visit: Visit) -> Answer:
    """The keys, as a page."""
    return KeyboardView()


def brand(visit: Visit) -> Answer:
    """The tenant's accent. Its address changes with it, so it may be kept; only by this reader's browser."""
    headers = {"Cache-Control": "private, max-age=86400"}
    return Response(brand_style(visit.tenant), headers=headers, media_type="text/css")


DOORS = (
    Door("POST", urls.THEME, SIGNED_IN, set_theme),
    Door("POST", urls.SIGN_OUT, SIGNED_IN, sign_out),
    Door("GET", urls.KEYBOARD, SIGNED_IN, keyboard),
    Door("GET", urls.BRAND_CSS, SIGNED_IN, brand),
)
