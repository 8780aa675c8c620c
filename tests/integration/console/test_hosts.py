"""Hosts of the console that belong to one tenant: its brand before sign-in, its people only, and nobody else's name."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from uuid import UUID

import pytest
from starlette.types import ASGIApp

from headgate import access
from headgate.access.branding import BrandDraft, read_logo, save_brand
from headgate.entry.web import create_web
from headgate.kernel.context import SYSTEM, Context
from tests.conftest import create_tenant
from tests.domains import serve_at
from tests.integration.console.site import Visitor
from tests.unit.access.test_branding import png

OURS, THEIRS, NOBODYS = "console.ours.example", "console.theirs.example", "headgate.example"
PNG = png(40, 20)


@dataclass(frozen=True, slots=True)
class Two:
    """Two tenants behind one application, each with a host of the console; the first is the visitor's."""

    visitor: Visitor
    app: ASGIApp
    other: UUID
    slug: str

    def at(self, host: str, slug: str = "") -> Visitor:
        """Somebody with a fresh browser at a host."""
        one = Visitor(self.visitor.channel, self.app, slug)
        one.client.base_url = f"http://{host}"
        return one


@pytest.fixture
def two(visitor: Visitor) -> Two:
    channel = visitor.channel
    database, other = channel.app.database, create_tenant(channel.app.database)
    with database.transaction(channel.tenant) as conn:
        save_brand(conn, channel.context(SYSTEM), BrandDraft("Nordwind Channel", "#0b6e4f"), read_logo(PNG))
    with database.transaction(other) as conn:
        save_brand(conn, Context(other, SYSTEM, channel.clock.now()), BrandDraft("Südstern", "#a01040"), "keep")
        slug = access.get_tenant(conn).slug
    hosts = ((OURS, visitor.slug), (THEIRS, slug))
    settings = replace(channel.app.settings, console_hosts=hosts, public_url=f"https://{NOBODYS}")
    return Two(visitor, create_web(replace(channel.app, settings=settings)), other, slug)


def test_two_hosts_show_two_brands_before_anybody_signs_in(two: Two) -> None:
    sheets = set()
    for host, name, not_name in ((OURS, "Nordwind Channel", "Südstern"), (THEIRS, "Südstern", "Nordwind")):
        page = two.at(host).get("/sign-in").text
        assert f"Sign in · {name}" in page
        assert not_name not in page
        assert 'name="tenant"' not in page, "the host says whose console it is"
        sheet = re.search(r'href="(/sign-in/brand\.css\?v=[^"]+)"', page)
        assert sheet
        answer = two.at(host).get(sheet[1])
        assert answer.headers["content-type"].startswith("text/css")
        sheets.add(answer.text)
        assert name in two.at(host).get("/sign-in/lost").text
    assert len(sheets) == 2
    logo = two.at(OURS).get("/sign-in/logo")
    assert (logo.status_code, logo.content, logo.headers["content-type"]) == (200, PNG, "image/png")
    assert two.at(THEIRS).get("/sign-in/logo").status_code == 404


def test_no_other_host_tells_who_is_behind_it(two: Two) -> None:
    for host in (NOBODYS, "localhost", "unknown.example", f"x.{OURS}"):
        for path in ("/sign-in", f"/sign-in?tenant={two.slug}", f"/sign-in/lost?tenant={two.slug}"):
            page = two.at(host).get(path).text
            assert "Südstern" not in page
            assert "Nordwind" not in page
        assert two.at(host).get(f"/sign-in/brand.css?tenant={two.slug}").text == ""
        assert two.at(host).get(f"/sign-in/logo?tenant={two.visitor.slug}").status_code == 404
    named = two.at(NOBODYS)
    refused = named.sign_in("nobody", slug=two.slug)
    assert refused.status_code == 401
    assert "Südstern" not in refused.text, "who names an organisation is not told whether it is here"


def test_a_host_lets_in_its_own_people_only_whatever_they_say(two: Two) -> None:
    inside = two.at(OURS)
    assert inside.sign_in("carl", slug=two.slug).status_code == 303, "the host counts, not the name in the form"
    assert inside.get("/orders").status_code == 200
    assert two.at(THEIRS).sign_in("carl", slug=two.visitor.slug).status_code == 401
    for host, status in ((OURS, 200), (NOBODYS, 200), (THEIRS, 303)):
        carried = two.at(host)
        carried.client.cookies.set("headgate_session", inside_session(inside), domain=host)
        assert carried.get("/orders").status_code == status, host
        assert carried.get("/brand.css").status_code == status, host


def inside_session(visitor: Visitor) -> str:
    assert visitor.session
    return visitor.session


def test_a_stream_of_news_and_support_end_at_another_tenants_host_too(two: Two) -> None:
    inside = two.at(OURS)
    inside.sign_in("carl")
    carried = two.at(THEIRS)
    carried.client.cookies.set("headgate_session", inside_session(inside), domain=THEIRS)
    answer = carried.client.get("/live/news", headers={"accept": "text/event-stream"})
    assert answer.text == "event: over\ndata: the session has ended\n\n"


def test_a_link_for_a_lost_password_is_good_at_its_own_tenants_host_only(two: Two) -> None:
    channel = two.visitor.channel
    with channel.app.database.transaction(channel.tenant) as conn:
        ctx = channel.context(SYSTEM)
        token = access.invite_person(conn, ctx, email="nina@nordwind.example", name="Nina", roles=("finance",)).token
    assert two.at(THEIRS).get(f"/sign-in/reset/{token}").status_code == 404
    assert two.at(OURS).get(f"/sign-in/reset/{token}").status_code == 200


def test_a_tenant_cannot_take_a_host_of_the_console_for_its_portal(two: Two) -> None:
    channel = two.visitor.channel
    for host in (OURS, NOBODYS):
        with channel.app.database.transaction(two.other) as conn:
            serve_at(conn, Context(two.other, SYSTEM, channel.clock.now()), host)
        page = two.at(host).get("/sign-in")
        assert page.status_code == 200
        assert "Südstern" not in page.text


def test_a_host_of_a_tenant_that_there_is_not_is_everybodys(two: Two) -> None:
    channel = two.visitor.channel
    settings = replace(channel.app.settings, console_hosts=((OURS, "nowhere"),))
    one = Visitor(channel, create_web(replace(channel.app, settings=settings)), two.visitor.slug)
    one.client.base_url = f"http://{OURS}"
    assert 'name="tenant"' in one.get("/sign-in").text
    assert one.sign_in("carl").status_code == 303
