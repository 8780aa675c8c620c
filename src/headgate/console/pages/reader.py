"""The reader's own: theme, sign-out, keyboard help, and the tenant's colours."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.responses import RedirectResponse, Response

from headgate.access import end_session
from headgate.access.branding import brand_logo
from headgate.access.federation import Unreachable, get_provider, logout_hint
from headgate.access.mailing import choose_language
from headgate.console import auth, urls
from headgate.console.views.sign_in import KeyboardView
from headgate.console.views.sign_on import SignedOutView
from headgate.console.visit import SIGNED_IN, Answer, Door, Later, Visit
from headgate.kernel.errors import Invalid
from headgate.ui.brand import brand_css
from headgate.ui.languages import LANGUAGE_COOKIE, LANGUAGES
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


def set_language(visit: Visit) -> Answer:
    """The language of words, numbers and dates, kept by this browser and for one's mails; what is none of ours is the
    tenant's."""
    response = RedirectResponse(auth.own_path(visit.form.get("then", "")), 303)
    secure, chosen = visit.app.settings.secure_cookies, visit.form.get("language", "")
    choose_language(visit.conn, visit.ctx, chosen if chosen in LANGUAGES else "")
    if chosen in LANGUAGES:
        response.set_cookie(LANGUAGE_COOKIE, chosen, max_age=THEME_MAX_AGE_SECONDS, secure=secure, samesite="lax")
    else:
        response.delete_cookie(LANGUAGE_COOKIE, secure=secure, samesite="lax")
    return response


def sign_out(visit: Visit) -> Answer:
    """End the session here and in the database."""
    secure = visit.app.settings.secure_cookies
    token = auth.session_token(visit.request, secure=secure)
    hint = logout_hint(visit.conn, visit.app.envelope, token)
    end_session(visit.conn, visit.ctx, token)
    if hint is not None:
        return _also_there(visit, *hint)
    response = RedirectResponse(urls.SIGN_IN, 303)
    auth.drop_session(response, secure=secure)
    return response


def _also_there(visit: Visit, code: str, id_token: str) -> Answer:
    """Offer to end the session at the identity provider, too (OpenID Connect RP-Initiated Logout 1.0).

    A link and no redirect: what a form leads to may not leave this site, as our content security policy says.
    """
    provider = get_provider(visit.conn, code)
    found: list[str] = []

    def look() -> None:
        try:
            place = visit.app.discovery.metadata(provider.issuer, visit.now).end_session
        except (Unreachable, Invalid):
            place = ""
        if place:
            back = str(visit.request.url.replace(path=urls.SIGN_IN, query="", fragment=""))
            asked = {"id_token_hint": id_token, "client_id": provider.client_id, "post_logout_redirect_uri": back}
            found.append(f"{place}{'&' if '?' in place else '?'}{urlencode(asked)}")

    def tell(after: Visit) -> Answer:
        return SignedOutView(provider.name, found[0] if found else "")

    return Later(look, tell)


def keyboard(visit: Visit) -> Answer:
    """The keys, as a page."""
    return KeyboardView()


def brand(visit: Visit) -> Answer:
    """The tenant's accent. Its address changes with it, so it may be kept; only by this reader's browser."""
    headers = {"Cache-Control": "private, max-age=86400"}
    return Response(brand_css(visit.brand), headers=headers, media_type="text/css")


def logo(visit: Visit) -> Answer:
    """The tenant's logo: a PNG or JPEG, and nothing that could carry a script. Its address changes with it."""
    found = brand_logo(visit.conn)
    if found is None:
        return Response("There is no logo.", 404, media_type="text/plain")
    return Response(found.content, media_type=found.media_type, headers={"Cache-Control": "private, max-age=86400"})


DOORS = (
    Door("POST", urls.THEME, SIGNED_IN, set_theme),
    Door("POST", urls.LANGUAGE, SIGNED_IN, set_language),
    Door("POST", urls.SIGN_OUT, SIGNED_IN, sign_out),
    Door("GET", urls.KEYBOARD, SIGNED_IN, keyboard),
    Door("GET", urls.BRAND_CSS, SIGNED_IN, brand),
    Door("GET", urls.LOGO, SIGNED_IN, logo),
)
