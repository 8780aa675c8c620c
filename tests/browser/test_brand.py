"""A tenant's brand as people meet it: a preview that follows the typing, and a change that others see at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect

from headgate.access import get_tenant
from headgate.access.branding import BrandDraft, read_logo, save_brand
from headgate.kernel.context import SYSTEM, Context
from headgate.store.hearing import Hearing
from tests.browser.stage import Stage, served
from tests.conftest import create_tenant
from tests.integration.console.site import PASSWORD
from tests.unit.access.test_branding import png

pytestmark = pytest.mark.slow

COLOUR = "element => getComputedStyle(element).backgroundColor"


def test_a_brand_is_tried_put_in_force_and_seen_at_once(stage: Stage, tmp_path: Path) -> None:
    admin, reader = stage.tab("tom"), stage.tab("carl")
    reader.goto("/deals")
    expect(reader.get_by_role("heading", name="Deals", level=1)).to_be_visible()
    admin.goto("/settings/brand")
    previews = admin.locator(".brand-preview .button-primary")
    before = previews.first.evaluate(COLOUR)
    admin.get_by_label("Colour").fill("#ffd400")
    expect(admin.locator("#brand-preview")).to_contain_text("corrected")
    expect(previews.first).not_to_have_css("background-color", before)
    light, dark = previews.first.evaluate(COLOUR), previews.last.evaluate(COLOUR)
    assert light != dark, "each theme has a shade of its own"
    assert light != "rgb(255, 212, 0)", "white on yellow could not be read"
    english = admin.get_by_role("group", name="English")
    english.get_by_label("deal (singular)").fill("opportunity")
    english.get_by_label("deals (plural)").fill("opportunities")
    expect(previews.first).to_have_text("Register an opportunity")
    picture = tmp_path / "logo.png"
    picture.write_bytes(png(200, 60))
    admin.get_by_label("Logo").set_input_files(picture)
    admin.get_by_role("textbox", name="Name", exact=True).fill("Northern Channel")
    admin.get_by_role("button", name="Put the brand in force").click()
    expect(admin.get_by_text("The brand is in force")).to_be_visible()
    reader.reload()
    expect(reader.get_by_role("heading", name="Opportunities", level=1)).to_be_visible()
    expect(reader).to_have_title("Opportunities · Northern Channel")
    shown = reader.locator(".side .brand-logo")
    expect(shown).to_be_visible()
    assert shown.evaluate("image => image.naturalWidth") == 200
    accent = reader.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--accent-solid')")
    assert "light-dark(" in accent
    guest = stage.tab(phone=True)
    guest.goto(f"/portal/sign-in?tenant={stage.slug}")
    expect(guest.get_by_text("Northern Channel")).to_be_visible()
    assert guest.locator(".portal-logo").evaluate("image => image.naturalWidth") == 200


def test_the_sign_in_pages_of_two_hosts_show_two_brands(stage: Stage) -> None:
    channel = stage.channel
    other = create_tenant(channel.app.database)
    with channel.app.database.transaction(other) as conn:
        ctx = Context(other, SYSTEM, channel.clock.now())
        save_brand(conn, ctx, BrandDraft("Südstern", "#0b6e4f"), read_logo(png(200, 60)))
        slug = get_tenant(conn).slug
    with channel.app.database.transaction(channel.tenant) as conn:
        save_brand(conn, channel.context(SYSTEM), BrandDraft("Nordwind", "#a01040"), "drop")
    hosts = (("nordwind.localhost", stage.slug), ("suedstern.localhost", slug))
    settings = replace(channel.app.settings, console_hosts=hosts)
    app = replace(channel.app, settings=settings, hearing=Hearing(channel.app.database, channel.clock))
    with served(replace(channel, app=app)) as base:
        port = base.rpartition(":")[2]
        grounds = set()
        for host, name, logo in (("nordwind", "Nordwind", 0), ("suedstern", "Südstern", 1)):
            page = stage.tab()
            page.goto(f"http://{host}.localhost:{port}/orders")
            expect(page).to_have_title(f"Sign in · {name}")
            expect(page.get_by_label("Organisation")).to_have_count(0)
            expect(page.locator(".brand-logo")).to_have_count(logo)
            if logo:
                assert page.locator(".brand-logo").evaluate("image => image.naturalWidth") == 200
            grounds.add(page.get_by_role("button", name="Sign in", exact=True).evaluate(COLOUR))
        assert len(grounds) == 2
        page = stage.tab()
        page.goto(f"{base}/sign-in")
        expect(page).to_have_title("Sign in · Headgate")
        expect(page.get_by_label("Organisation")).to_be_visible()


def test_what_was_typed_is_there_again_after_a_proof_of_who_one_is(stage: Stage) -> None:
    admin = stage.tab("tom")
    admin.goto("/settings/brand")
    answers = admin.get_by_label("Answers to mails go to")
    answers.fill("desk@nordwind.example")
    stage.channel.clock.move(timedelta(minutes=25))
    admin.get_by_role("button", name="Put the brand in force").click()
    admin.wait_for_url("**/account/confirm**")
    admin.get_by_label("Password").fill(PASSWORD)
    admin.get_by_label("Password").press("Enter")
    admin.wait_for_url("**/settings/brand?kept=*")
    expect(answers).to_have_value("desk@nordwind.example")
    admin.get_by_role("button", name="Put the brand in force").click()
    expect(admin.get_by_text("The brand is in force")).to_be_visible()
    admin.reload()
    expect(answers).to_have_value("desk@nordwind.example")
