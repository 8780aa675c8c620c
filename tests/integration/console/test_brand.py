"""The brand page: seen at once in console, portal and mails; versions; and nothing in any field that could do harm."""

from __future__ import annotations

import re
from typing import Any

import pytest
from starlette.testclient import TestClient

from headgate import access
from headgate.access.branding import BrandDraft, brand_versions, restore_brand, save_brand
from headgate.access.domains import trust_domain
from headgate.connectors.mail.core.letters import look_of
from headgate.entry.web import create_web
from headgate.kernel.context import SYSTEM
from headgate.kernel.errors import Forbidden, NotFound, Stale
from headgate.ledger import audit_list
from tests.conftest import create_tenant
from tests.domains import serve_at
from tests.integration.console.site import Visitor, words
from tests.scenarios.channel import person
from tests.unit.access.test_branding import SCRIPT, chunk, jpeg, png

PAGE = "/settings/brand"


@pytest.fixture
def admin(visitor: Visitor) -> Visitor:
    return visitor.enter("tom")


def seen(admin: Visitor) -> str:
    found = re.search(r'name="seen" value="(\d+)"', admin.get(PAGE).text)
    assert found
    return found[1]


def put(admin: Visitor, logo: tuple[str, bytes, str] | None = None, **fields: str) -> Any:
    """Fill the form in and send it, with a file as browsers do."""
    files = {"logo": logo or ("", b"", "application/octet-stream")}
    return admin.post(PAGE, {"seen": seen(admin), **fields}, files=files)


def test_a_change_is_seen_at_once_and_leaves_a_version_and_an_entry(admin: Visitor) -> None:
    channel = admin.channel
    picture = png(40, 20, chunk(b"tEXt", SCRIPT))
    done = put(admin, ("logo.png", picture, "image/svg+xml"), name="Northern Channel", accent="#ffee00",
               reply_to="desk@nordwind.example", sender="The desk",
               **{"word.en.partner.one": "dealer", "word.en.partner.many": "dealers"})  # fmt: skip
    assert "The brand is in force" in words(done)
    assert "<title>Brand · Northern Channel</title>" in done.text
    read = admin.enter("carl").get("/partners").text
    assert "<h1>Dealers</h1>" in read
    assert "<span>Dealers</span>" in read, "the navigation, too"
    assert not re.search(r">\s*Partners\b", read)
    sheet, logo = (re.search(rf'"({path}[^"]*)"', done.text) for path in (r"/brand\.css", r"/logo\?v="))
    assert sheet
    assert logo
    assert "light-dark(" in admin.get(sheet[1]).text
    shown = admin.get(logo[1])
    assert (shown.content, shown.headers["content-type"]) == (png(40, 20), "image/png")
    assert shown.headers["x-content-type-options"] == "nosniff"
    with channel.app.database.transaction(channel.tenant) as conn:
        tenant = access.get_tenant(conn)
        (version,) = brand_versions(conn)
        (entry,) = audit_list(conn, action="tenant.brand_changed")
    assert version.draft.words == {"en": {"partner": ("dealer", "dealers")}}
    assert entry.body["after"]["accent"] == "#ffee00"
    assert entry.actor == version.changed_by
    assert len(str(entry.body)) < 1000, "the picture is not in the audit chain"
    look = look_of(tenant.name, tenant.settings)
    assert (look.name, look.accent, look.reply_to) == ("The desk", "#ffee00", "desk@nordwind.example")
    assert "png" not in str(tenant.settings)


def test_a_brand_of_before_is_used_again_and_nothing_is_changed_blindly(admin: Visitor) -> None:
    put(admin, ("a.png", png(), "image/png"), name="One")
    stale = seen(admin)
    put(admin, name="Two", drop_logo="on")
    assert "/logo?v=" not in admin.get(PAGE).text
    late = admin.post(PAGE, {"seen": stale, "name": "Three"}, files={"logo": ("", b"", "text/plain")})
    assert late.status_code == 409
    assert "somebody else changed the brand" in words(late).lower()
    assert 'value="Three"' in late.text, "what was typed is not lost"
    assert admin.post("/settings/brand/restore", {"version": "1", "seen": stale}).status_code == 409
    back = admin.post("/settings/brand/restore", {"version": "1", "seen": seen(admin)})
    assert "· One</title>" in back.text
    assert "/logo?v=" in back.text
    assert admin.post("/settings/brand/restore", {"version": "99", "seen": seen(admin)}).status_code == 404
    before = seen(admin)
    put(admin, name="One")
    assert seen(admin) == before, "what is in force already makes no version"


MISCHIEF = "\"><script>alert(1)</script><img src=x onerror=alert(1)>'{{7*7}}"


HARM: tuple[tuple[dict[str, str], str], ...] = (
    ({"accent": "#fff;} body{display:none} x{"}, "accent"),
    ({"accent": "url(https://evil.example)"}, "accent"),
    ({"word.en.partner.one": MISCHIEF[:30], "word.en.partner.many": "dealers"}, "word.en.partner.one"),
    ({"word.de.deal.one": "%(x)s", "word.de.deal.many": "Projekte"}, "word.de.deal.one"),
    ({"word.en.deal.one": "opportunity"}, "word.en.deal.many"),
    ({"reply_to": "a@b.example\r\nBcc: all@b.example"}, "reply_to"),
    ({"from_address": "a@b.example\r\nBcc: all@b.example"}, "from_address"),
    ({"from_address": "=?utf-8?q?a?=@b.example"}, "from_address"),
    ({"from_address": "Boss <a@b.example>"}, "from_address"),
    ({"sender": "Desk\r\nBcc: all@b.example"}, "sender"),
    ({"name": "x" * 61}, "name"),
    ({"host": "evil.example/path?<script>"}, "host"),
    ({"host": "localhost"}, "host"),
)
NO_PICTURES = (
    (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "is no png or jpeg"),
    (b"GIF89a<script>alert(1)</script>", "is no png or jpeg"),
    (b"\x89PNG\r\n\x1a\n<script>alert(1)</script>", "ends before its picture does"),
    (png() + b"0" * 100_000, "larger than 100 kb"),
    (png(9999, 1), "pixels a side"),
)


def test_what_could_do_harm_is_refused_by_its_field_and_nothing_changes(admin: Visitor) -> None:
    for fields, named in HARM:
        answer = put(admin, None, **fields)
        assert answer.status_code == 422, words(answer)
        assert f'id="{named}-error"' in answer.text, named
        assert "<script>alert" not in answer.text
        assert "<img src=x" not in answer.text
    for content, said in NO_PICTURES:
        answer = put(admin, ("logo.png", content, "image/png"), name="Nordwind")
        assert answer.status_code == 422
        assert said in words(answer).lower()
    assert admin.get("/logo").status_code == 404
    assert seen(admin) == "0"


def test_a_name_is_shown_as_it_is_written_wherever_it_stands(admin: Visitor) -> None:
    name = "<b>N&W</b> \"quoted\" '{{7*7}}'"
    put(admin, ("l.jpg", jpeg(), "image/jpeg"), name=name)
    for path in ("/", PAGE, "/orders"):
        page = admin.get(path).text
        assert "<b>N&amp;W" not in page
        assert "&lt;b&gt;N&amp;W&lt;/b&gt;" in page
        assert "{{7*7}}" in page


def test_the_preview_follows_what_is_typed_and_keeps_nothing(admin: Visitor) -> None:
    typed = f"{PAGE}?name=Trial&accent=%23ffee00&word.en.deal.one=opportunity&word.en.deal.many=opportunities"
    part = admin.get(typed, part="brand-preview")
    assert "<html" not in part.text
    assert "Trial" in part.text
    assert "Register an opportunity" in part.text
    assert "corrected" in part.text
    sheet = re.search(r'href="(/settings/brand/preview\.css[^"]*)"', part.text)
    assert sheet
    css = admin.get(sheet[1])
    assert css.headers["content-type"].startswith("text/css")
    assert css.text.startswith(".brand-preview {")
    for wrong in ("%23fff;}body{display:none", "nonsense", ""):
        assert "display" not in admin.get(f"{PAGE}/preview.css?accent={wrong}").text
    said = admin.get(f"{PAGE}?accent=%3Cscript%3E", part="brand-preview").text
    assert "is not a colour" in said
    assert "<script>" not in said
    assert seen(admin) == "0"


def test_only_administrators_change_the_brand(visitor: Visitor) -> None:
    visitor.enter("carl")
    assert visitor.get(PAGE).status_code == 403
    assert visitor.post(PAGE, {"seen": "0", "name": "Mine"}).status_code == 403
    channel = visitor.channel
    with channel.app.database.transaction(channel.tenant) as conn:
        carl = channel.context(access.get_account(conn, person("carl"), channel.app.clock.now()).as_principal())
        with pytest.raises(Forbidden):
            save_brand(conn, carl, BrandDraft("Mine"))
        ours = channel.context(SYSTEM)
        with pytest.raises(NotFound):
            restore_brand(conn, ours, 1)
        save_brand(conn, ours, BrandDraft("Ours"), seen=0)
        with pytest.raises(Stale):
            save_brand(conn, ours, BrandDraft("Ours again"), seen=0)


def test_a_tenant_takes_no_host_of_another_and_keeps_its_brand(admin: Visitor) -> None:
    channel = admin.channel
    database = channel.app.database
    other, host = create_tenant(database), f"p-{channel.tenant.hex[:10]}.example.com"
    with database.transaction(other) as conn:
        ctx = channel.context(SYSTEM)
        serve_at(conn, type(ctx)(other, SYSTEM, ctx.now), host)
    taken = put(admin, name="Taken", host=host)
    assert taken.status_code == 422
    assert 'id="host-error"' in taken.text
    assert "Prove first that it is yours" in words(taken)
    assert seen(admin) == "0", "the brand is not half changed"
    free = host.replace("p-", "q-")
    with database.transaction(channel.tenant) as conn:
        trust_domain(conn, channel.context(SYSTEM), free, "a test")
    put(admin, name="Free", host=free, accent="#0b6e4f")
    client = TestClient(create_web(channel.app), base_url=f"http://{free}", follow_redirects=False)
    page = client.get("/portal/sign-in")
    assert "Free" in page.text
    sheet = re.search(r'href="(/portal/brand\.css[^"]*)"', page.text)
    assert sheet
    assert "#0b6e4f" in client.get(sheet[1].replace("&amp;", "&")).text
