"""Sign-in, brands by host, orders, prices, people and export in the portal."""

from __future__ import annotations

import base64
import io
import json
import re
import zipfile
from typing import Any

import pytest

from headgate import access
from headgate.access import Account
from headgate.access.branding import BrandDraft, read_logo, save_brand
from headgate.connectors.mail.post import opened
from headgate.kernel.context import SYSTEM
from headgate.ledger import outbox_list
from headgate.ui.brand import DEFAULT_BRAND, tenant_brand
from headgate.ui.colour import contrast, parse_hex
from tests.conftest import create_tenant
from tests.domains import serve_at
from tests.integration.portal.site import PASSWORD, Portal, mail, words
from tests.unit.access.test_branding import png

PNG = png(40, 20)


def test_signing_in_leads_to_where_one_wanted_to_go_and_out_again(portal: Portal) -> None:
    first = portal.get("/portal/deals?status=approved")
    assert first.headers["location"] == "/portal/sign-in?then=/portal/deals%3Fstatus%3Dapproved"
    done = portal.sign_in("pia", then="/portal/deals?status=approved")
    assert (done.status_code, done.headers["location"]) == (303, "/portal/deals?status=approved")
    assert "Amberlo Networks" in words(portal.get("/portal/"))
    token = portal.session
    assert portal.post("/portal/sign-out", follow=False).headers["location"] == "/portal/sign-in"
    portal.client.cookies.set("headgate_portal_session", token, domain="localhost.local")
    assert portal.get("/portal/").status_code == 303, "the session is over in the database too"


def test_two_tenants_on_two_hosts_show_two_brands_from_one_process(portal: Portal) -> None:
    channel = portal.channel
    database = channel.app.database
    other = create_tenant(database)
    hosts = {}
    for tenant, name, accent in (
        (channel.tenant, "Nordwind Partners", "#0b6e4f"),
        (other, "Südstern Portal", "#ffee00"),
    ):
        host = f"p-{tenant.hex[:10]}.example.com"
        hosts[host] = (name, tenant)
        with database.transaction(tenant) as conn:
            ctx = channel.context(SYSTEM)
            ctx = type(ctx)(tenant, SYSTEM, ctx.now)
            if tenant == other:
                save_brand(conn, ctx, BrandDraft(name, accent), read_logo(PNG))
            else:  # as settings held a brand before there were versions
                settings = {"brand": {"name": name, "accent": accent, "logo": base64.b64encode(PNG).decode()}}
                access.set_tenant(conn, ctx, settings={**access.get_tenant(conn).settings, **settings})
            serve_at(conn, ctx, host)
    from headgate.entry.web import create_web

    app = create_web(channel.app)
    sheets = set()
    for host, (name, _) in hosts.items():
        one = Portal(channel, app, portal.slug, f"http://{host}")
        assert one.get("/").headers["location"] == "/portal/"
        change = one.get("/.well-known/change-password")
        assert (change.status_code, change.headers["location"]) == (303, "/portal/account#password-title")
        assert one.get("/.well-known/anything-else").status_code == 404
        page = one.get("/portal/sign-in")
        assert name in page.text
        assert 'name="tenant"' not in page.text, "the host says whose portal it is"
        assert not any(n in page.text for n, _ in hosts.values() if n != name)
        css = re.search(r'href="(/portal/brand\.css[^"]*)"', page.text)
        assert css
        sheets.add(one.get(css[1]).text)
        assert '<link rel="icon" href="/portal/logo' in page.text, "the tab shows the tenant's mark as well"
        logo = one.get("/portal/logo")
        assert (logo.content, logo.headers["content-type"]) == (PNG, "image/png")
        for path in ("/orders", "/sign-in", "/v1/orders", "/work"):
            assert one.get(path).status_code in (303, 404), path
            assert "console" not in one.get(path).headers.get("location", "")
    assert len(sheets) == 2
    mine, theirs = (next(h for h, (_, t) in hosts.items() if (t == channel.tenant) is own) for own in (True, False))
    signed = Portal(channel, app, portal.slug, f"http://{mine}").enter("pia")
    assert signed.get("/portal/").status_code == 200
    strayed = Portal(channel, app, portal.slug, f"http://{theirs}").enter("pia")
    assert strayed.get("/portal/").status_code == 303, "a session of one tenant is none under another's host"


@pytest.mark.parametrize("accent", ["#ffee00", "#ffffff", "#000000", "#ff00ff", "#7f7f7f"])
def test_an_accent_is_corrected_until_it_can_be_read(accent: str) -> None:
    from headgate.ui.brand import brand_css

    css = brand_css(tenant_brand("N", {"brand": {"accent": accent}}))
    solid = re.search(r"--accent-solid: light-dark\((#\w+), (#\w+)\)", css)
    assert solid
    assert contrast(parse_hex(solid[1]), (255, 255, 255)) >= 4.5
    assert contrast(parse_hex(solid[2]), (16, 17, 20)) >= 4.5


@pytest.mark.parametrize(
    "brand",
    [
        None, "red", {"accent": "red;} body{display:none"}, {"accent": 7}, {"logo": "<svg onload=alert(1)>"},
        {"logo": 5},
        {"logo": base64.b64encode(b"<svg/>").decode()}, {"name": "  "}, {"logo": base64.b64encode(PNG * 9000).decode()},
    ],
)  # fmt: skip
def test_a_brand_that_cannot_be_used_is_left_out(brand: Any) -> None:
    found = tenant_brand("Nordwind", {"brand": brand})
    assert (found.name, found.accent, found.logo) == ("Nordwind", DEFAULT_BRAND.accent, "")


def test_an_order_says_what_holds_it_and_nothing_of_cost_or_margin(portal: Portal) -> None:
    channel = portal.channel
    channel.order("O-1", ("S-1", "10", "8.00"), ("S-2", "5", "61.00"), customer_reference="PO 7")
    channel.order("O-2", ("S-1", "1", "10.00"), partner="P-2")
    channel.govern()
    portal.enter("pia")
    page = portal.get("/portal/orders/O-1")
    said = words(page)
    assert "A price is below your contract" in said
    assert "Being checked" in said
    for secret in ("margin", "cost", "6.00", "60.00", "stake", "channel_manager"):
        assert secret not in page.text, secret
    assert "O-1" in words(portal.get("/portal/orders"))
    assert "O-2" not in words(portal.get("/portal/orders"))
    assert "Order O-1 is held" in words(portal.get("/portal/"))
    assert words(portal.get("/portal/orders?q=PO+7")).count("O-1") == 1
    assert "Both are meant" in words(portal.post("/portal/messages/order/O-1", {"message": "Both are meant"}))


def test_a_price_exception_goes_from_the_portal_to_the_approver_to_release(portal: Portal) -> None:
    channel = portal.channel
    channel.order("O-1", ("S-1", "10", "8.00"), customer_reference="PO 7")
    channel.govern()
    portal.enter("paul")
    form = portal.get("/portal/prices/new?product=S-1&order=O-1")
    assert 'value="S-1"' in form.text
    wish = {"product": "S-1", "unit_price": "8,00", "currency": "EUR", "max_quantity": "10", "valid_from": "2026-03-01",
            "valid_until": "2026-03-31", "justification": "a tender", "order": "O-1"}  # fmt: skip
    wrong = portal.post(
        "/portal/prices/new", {**wish, "unit_price": "cheap", "valid_until": "never", "max_quantity": "1"}
    )
    assert wrong.status_code == 400
    assert 'id="unit_price-error"' in wrong.text
    assert "a tender" in wrong.text
    asked = portal.post("/portal/prices/new", wish)
    assert "Being decided" in words(asked), words(asked)
    number = re.search(r"PX-[0-9A-F]{12}", str(asked.url))
    assert number
    with channel.app.database.transaction(channel.tenant) as conn:
        approval = channel.approval(number[0])
        assert approval.requested_by == f"user:{mail('paul')}"
        assert conn.execute("select status from approvals where approval = %s", (approval.approval,)).fetchone() == (
            "pending",
        )
    for _ in range(3):
        with channel.app.database.transaction(channel.tenant) as conn:
            row = conn.execute("select status from price_exceptions where request = %s", (number[0],)).fetchone()
        if row != ("deciding",):
            break
        step = next(s for s in channel.approval(number[0]).steps if s.status == "open")
        channel.decide({"channel_manager": "carl", "finance_director": "fiona", "finance": "fay"}[step.role], number[0])
    channel.govern()
    assert "Granted" in words(portal.get(f"/portal/prices/{number[0]}"))
    assert channel.status("O-1") == "released"
    assert "Released" in words(portal.get("/portal/orders/O-1"))


def test_the_form_for_a_price_knows_what_the_order_asks_for_and_nothing_of_anothers_order(portal: Portal) -> None:
    channel = portal.channel
    channel.order("O-1", ("S-1", "10", "8.00"))
    channel.order("O-2", ("S-1", "10", "8.00"), partner="P-2")
    channel.govern()
    portal.enter("paul")

    def given(query: str) -> dict[str, str]:
        page = portal.get(f"/portal/prices/new?{query}").text
        form = page[page.index("<form") :]
        return dict(re.findall(r'name="(\w+)"[^>]*? value="([^"]*)"', form))

    mine = given("order=O-1")
    assert (mine["product"], mine["unit_price"], mine["max_quantity"]) == ("S-1", "8", "10")
    for query in ("order=O-2", "order=O-99", "order=O-1&product=S-2"):
        assert given(query).get("unit_price", "") == "", query


def test_an_administrator_invites_and_the_colleague_chooses_a_password(portal: Portal) -> None:
    portal.enter("pia")
    page = portal.post(
        "/portal/company/people", {"name": "Zoe Arp", "email": "zoe@partner.example", "role": "partner_user"}
    )
    link = re.search(r'id="invitation-link">(http://localhost(/portal/welcome/[^<]+))<', page.text)
    assert link, words(page)
    assert "invitation-link" not in portal.get("/portal/company").text, "the link is shown once"
    with portal.channel.app.database.transaction(portal.channel.tenant) as conn:
        (sent,) = outbox_list(conn, target="mail")
    letter, _ = opened(portal.channel.app.envelope, sent.payload)
    assert (letter.to, letter.name, letter.link) == ("zoe@partner.example", "Zoe Arp", link[1])
    guest = portal.another()
    welcome = guest.get(link[2])
    assert "Zoe Arp" in words(welcome)
    token = re.search(r'name="csrf" value="([^"]+)"', welcome.text)
    assert token
    for fields, status in (
        ({"password": PASSWORD, "again": "other"}, 400),
        ({"password": "short", "again": "short"}, 400),
    ):
        assert guest.client.post(link[2], data={"csrf": token[1], **fields}).status_code == status
    assert guest.client.post(link[2], data={"csrf": "x", "password": PASSWORD, "again": PASSWORD}).status_code == 403
    done = guest.client.post(link[2], data={"csrf": token[1], "password": PASSWORD, "again": PASSWORD})
    assert "Your password is set" in words(done)
    assert guest.get(link[2]).status_code == 404, "a link works once"
    assert guest.sign_in("zoe").status_code == 303
    assert "Invite a colleague" not in words(guest.get("/portal/company"))
    assert (
        guest.post("/portal/company/people", {"name": "X", "email": "x@x.example", "role": "partner_admin"}).status_code
        == 403
    )
    zoe = f"user:{mail('zoe')}"
    assert "User" in words(portal.post(f"/portal/company/people/{zoe}/role", {"role": "partner_user"}))
    assert portal.post(f"/portal/company/people/{zoe}/role", {"role": "tenant_admin"}).status_code == 400
    portal.post(f"/portal/company/people/{zoe}/deactivate")
    assert guest.get("/portal/").status_code == 303, "signed out at once"
    assert account(portal, zoe).status == "suspended"
    assert portal.post(f"/portal/company/people/user:{mail('pia')}/deactivate").status_code == 403


def account(portal: Portal, principal: str) -> Account:
    with portal.channel.app.database.transaction(portal.channel.tenant) as conn:
        return access.get_account(conn, principal, portal.channel.clock.now())


def test_the_export_holds_ones_own_records_and_no_formula_runs(portal: Portal) -> None:
    channel = portal.channel
    channel.order("O-1", ("S-1", "10", "8.00"), customer_reference="=cmd|' /C calc'!A0")
    channel.order("O-2", ("S-1", "1", "10.00"), partner="P-2")
    channel.govern()
    portal.enter("pia").register(customer_name="@Sum GmbH")
    answer = portal.get("/portal/export.zip")
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        deals = json.loads(archive.read("deals.json"))
        orders = archive.read("orders.csv").decode("utf-8-sig")
        text = "".join(archive.read(n).decode() for n in archive.namelist())
    assert deals[0]["customer"] == "@Sum GmbH"
    assert deals[0]["content"]["contact"]["name"] == "Ina Roth"
    assert "'=cmd" in orders
    assert "O-2" not in text
    assert "margin" not in text
