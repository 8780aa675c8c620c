"""The tenant's brand: name, colour, logo, words, the portal's host, and whose name mails come in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from starlette.responses import Response

from headgate.access import get_tenant, set_portal_host
from headgate.access.branding import (
    NOUNS,
    WORD_LANGUAGES,
    BrandDraft,
    brand_versions,
    check_brand,
    colour,
    draft_of,
    read_logo,
    restore_brand,
    save_brand,
)
from headgate.access.branding.service import LogoChange
from headgate.access.domains import list_domains, sender_address, under
from headgate.console import urls
from headgate.console.present.brand import brand_view
from headgate.console.views.brand import BrandView
from headgate.console.views.common import Notice
from headgate.console.visit import Answer, Door, Go, Shown, Visit
from headgate.kernel.errors import Conflict, Invalid, NotFound, Stale, invalid
from headgate.ui.brand import DEFAULT_BRAND, Brand, brand_css, logo_address

ADMIN = ("admin",)
_LONGEST = 300
PREVIEW = ".brand-preview"


def show(visit: Visit) -> Answer:
    """What is in force; or, for the preview, with what is typed and not kept yet."""
    draft, typed = _in_force(visit), visit.request.query_params
    return _page(visit, _typed(typed) if typed else draft, visit.tenant.portal_host or "")


def save(visit: Visit) -> Answer:
    """Put it in force, with a version to come back to."""
    draft, host = _typed(visit.form), visit.form.get("host", "").strip()[:_LONGEST]
    try:
        with visit.conn.transaction():
            check_brand(draft)
            if host != (visit.tenant.portal_host or ""):
                # First: it waits for its turn among all tenants, and nobody should wait for this one meanwhile.
                set_portal_host(visit.conn, visit.ctx, host, visit.app.prover.rules)
            save_brand(visit.conn, visit.ctx, draft, _logo(visit), seen=_seen(visit))
    except Invalid as error:
        told = {p.field: f"{_capital(p.message)}. {p.fix}".strip() for p in error.problems}
        return Shown(_page(visit, draft, host, told), 422)
    except Stale as error:
        return Shown(_page(visit, draft, host, {"": _capital(error.message) + "."}), 409)
    except Conflict as error:
        return Shown(_page(visit, draft, host, {"host": _capital(error.message) + "."}), 409)
    said = visit.lens.fmt.say("The brand is in force. The console and the portal show it from the next page on.")
    return Go(urls.BRAND, Notice("done", said))


def restore(visit: Visit) -> Answer:
    """Use a brand again that was in force once."""
    number = visit.form.get("version", "")
    if not (number.isascii() and number.isdigit() and len(number) <= 9):
        raise NotFound("there is no such version of the brand")
    try:
        with visit.conn.transaction():
            restore_brand(visit.conn, visit.ctx, int(number), seen=_seen(visit))
    except Stale as error:
        view = _page(visit, _in_force(visit), visit.tenant.portal_host or "", {"": _capital(error.message) + "."})
        return Shown(view, 409)
    return Go(urls.BRAND, Notice("done", visit.lens.fmt.say("The brand of before is in force again.")))


def preview_css(visit: Visit) -> Answer:
    """The shades of a colour that is being tried, for the preview alone."""
    try:
        accent = colour(visit.text("accent"))
    except Invalid:
        accent = DEFAULT_BRAND.accent
    return Response(brand_css(Brand("", accent), PREVIEW), media_type="text/css")


def _logo(visit: Visit) -> LogoChange:
    if "logo" in visit.files:
        return read_logo(visit.files["logo"])
    return "drop" if "drop_logo" in visit.form else "keep"


def _seen(visit: Visit) -> int:
    try:
        return int(visit.form.get("seen", ""))
    except ValueError:
        raise invalid("seen", "", "is missing", "Load the page again.") from None


def _in_force(visit: Visit) -> BrandDraft:
    kept = visit.tenant.settings.get("brand")
    return draft_of(kept if isinstance(kept, Mapping) else {})


def _typed(fields: Mapping[str, str]) -> BrandDraft:
    """The draft in a form's fields; what is wrong in it is told by the service."""

    def text(name: str) -> str:
        return fields.get(name, "").replace("\0", "").strip()[:_LONGEST]

    words = {
        language: {noun: (text(f"word.{language}.{noun}.one"), text(f"word.{language}.{noun}.many")) for noun in NOUNS}
        for language in WORD_LANGUAGES
    }
    return BrandDraft(text("name"), text("accent"), text("sender"), text("reply_to"), words, text("from_address"))


def _page(visit: Visit, draft: BrandDraft, host: str, errors: Mapping[str, str] | None = None) -> BrandView:
    tenant = get_tenant(visit.conn) if errors else visit.tenant
    logo = logo_address(visit.brand, urls.LOGO)
    kept = _in_force(visit).from_address
    unused = kept if kept and not sender_address(visit.conn, visit.tenant.settings) else ""
    versions = brand_versions(visit.conn)
    view = brand_view(visit.lens, tenant, logo, draft, host, versions, errors)
    return replace(view, unused=unused, missing=_missing(visit))


def _missing(visit: Visit) -> str:
    """The domain that the portal is served below while its proof is missing; '' where all is well."""
    host = visit.tenant.portal_host or ""
    found = list_domains(visit.conn) if host else []
    over = [each for each in found if each.stands and under(host, each.name)]
    return over[0].name if over and all(each.standing.status == "missing" for each in over) else ""


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


DOORS = (
    Door("GET", urls.BRAND, ADMIN, show),
    Door("POST", urls.BRAND, ADMIN, save, files=1, fresh=True),
    Door("POST", urls.BRAND_RESTORE, ADMIN, restore, fresh=True),
    Door("GET", urls.BRAND_PREVIEW_CSS, ADMIN, preview_css),
)
