"""Nobody gets at what is another partner's, whatever they ask for, post, upload or are sent."""

from __future__ import annotations

import html
import io
import json
import re
import zipfile
from uuid import uuid4

import pytest

from headgate import access
from headgate.access.devices import remember_device
from headgate.channel.evidence import MOST_BYTES, clean_name, read_evidence
from headgate.kernel.context import SYSTEM
from headgate.kernel.errors import Invalid
from headgate.portal.app import DOORS
from headgate.portal.urls import ANYWHERE
from headgate.process import case_of_subject
from headgate.process.messages import About, send_message
from tests.authenticator import Device, b64
from tests.integration.console.site import Visitor
from tests.integration.portal.site import DEAL, PASSWORD, Portal, mail, words
from tests.integration.portal.test_deals import PDF, number_of
from tests.integration.portal.test_returns import send_back

CANARY = "Canarybird"
EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'`{{7*7}}"
ROUTES = sorted({(door.method, door.path.replace("%7B", "{").replace("%7D", "}")) for door in DOORS})


def furnish(portal: Portal) -> dict[str, str]:
    """Something of every kind that is P-1's, with a canary in it; where each placeholder of a path is found."""
    channel = portal.channel
    portal.enter("pia")
    page = portal.register(customer_name=f"{CANARY} GmbH", notes=CANARY, files=[(f"{CANARY}.pdf", PDF)])
    deal = number_of(page)
    file = re.search(rf"/portal/deals/{deal}/files/([0-9a-f-]+)", page.text)
    assert file
    channel.order("O-1", ("S-1", "10", "8.00"), customer_reference=CANARY)
    channel.govern()
    ends = (channel.clock.now().date()).isoformat()
    wish = {"product": "S-1", "unit_price": "8,50", "currency": "EUR", "max_quantity": "20",
        "valid_from": ends, "valid_until": "2026-06-30", "justification": CANARY}  # fmt: skip
    asked = portal.post("/portal/prices/new", wish, files=[(f"{CANARY}-offer.pdf", PDF)])
    request = re.search(r"/portal/prices/(PX-[0-9A-F]+)", str(asked.url))
    assert request, words(asked)
    paper = re.search(rf"/portal/prices/{request[1]}/files/([0-9a-f-]+)", asked.text)
    assert paper
    portal.post(f"/portal/messages/deal/{deal}", {"message": CANARY})
    rma, picture = send_back(portal, note_1=CANARY, note=CANARY)
    page = portal.get("/portal/account").text
    options, sealed = (
        html.unescape(found)
        for found in re.findall(
            r'data-passkey="create" data-options="([^"]+)".*?name="sealed" value="([^"]+)"', page, re.DOTALL
        )[0]
    )
    device = Device()
    portal.post(
        "/portal/account/passkeys", {"response": device.make(json.loads(options)), "sealed": sealed, "name": CANARY}
    )
    passkey = b64(device.id)
    kept = {"list": "portal_deals", "query": f"q={CANARY}", "name": CANARY, "shared": "1"}
    view = portal.post("/portal/saved-views", kept, follow=False).headers["location"].partition("view=")[2]
    with channel.app.database.transaction(channel.tenant) as conn:
        me = f"user:{mail('pia')}"
        known = remember_device(conn, channel.context(SYSTEM), channel.app.envelope, me, user_agent="Firefox")
    assert known
    return {"device": str(known[0]), "deal": deal, "file": file[1], "order": "O-1", "request": request[1],
        "paper": paper[1],        "rma": rma, "picture": picture, "person": f"user:{mail('paul')}", "view": view,
        "passkey": passkey, "session": access.parse_session_token(portal.session)[1].hex()}  # fmt: skip


@pytest.fixture
def own(portal: Portal) -> dict[str, str]:
    return furnish(portal)


def filled(path: str, own: dict[str, str]) -> list[str]:
    """A path with P-1's ids in it; one that a test cannot fill fails here."""
    if path == "/portal/messages/{kind}/{code}":
        kinds = {"deal": own["deal"], "order": own["order"], "price_exception": own["request"], "rma": own["rma"]}
        return [f"/portal/messages/{kind}/{code}" for kind, code in kinds.items()]
    for name in re.findall(r"\{(\w+)(?::\w+)?\}", path):
        if path != ANYWHERE:
            assert name in own, f"say where an id for {{{name}}} in {path} is found"
        path = re.sub(r"\{" + name + r"(:\w+)?\}", own.get(name, "nothing"), path)
    return [path]


def test_no_route_tells_or_changes_anything_of_another_partner(portal: Portal, own: dict[str, str]) -> None:
    """The routes come from the router, so a new one is tried without anybody thinking of it."""
    before = belongings(portal)
    for who in ("otto",):
        other = portal.another().enter(who)
        for method, path in ROUTES:
            for address in filled(path, own):
                fields = {
                    **DEAL,
                    "act": "draft",
                    "message": "x",
                    "reason": "x",
                    "role": "partner_user",
                    "until": "2026-12-01",
                    "name": "Theirs",
                    "list": "portal_deals",
                    "chosen": "1",
                }
                answer = other.get(address) if method == "GET" else other.post(address, fields, follow=False)
                assert answer.status_code < 500, address
                said = answer.text
                if method == "GET" and answer.headers.get("content-type") == "application/zip":
                    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
                        said = "".join(archive.read(name).decode() for name in archive.namelist())
                assert CANARY not in said, address
                assert "Amberlo" not in said, address
                if "{" in path and path != ANYWHERE and not path.endswith("/form") and "/discard" not in path:
                    assert answer.status_code in (403, 404, 409), f"{method} {address}: {answer.status_code}"
    assert belongings(portal) == before


def belongings(portal: Portal) -> list[object]:
    """What P-1 has."""
    with portal.channel.app.database.transaction(portal.channel.tenant, partner="P-1") as conn:
        return [
            conn.execute(f"select md5(string_agg(t::text, '|' order by t::text)) from {table} t".encode()).fetchone()
            for table in (
                "deals",
                "deal_files",
                "deal_drafts",
                "sent_forms",
                "orders",
                "price_exceptions",
                "price_exception_files",
                "return_requests",
                "return_lines",
                "return_milestones",
                "return_files",
                "case_messages",
                "principals",
                "role_grants",
                "passkeys",
                "known_devices",
                "session_forms",
                "mail_choices",
                "recovery_codes",
                "saved_views",
                "saved_view_choices",
            )
        ]


def test_every_route_asks_who_it_is(portal: Portal, own: dict[str, str]) -> None:
    stranger = portal.another()
    for method, path in ROUTES:
        for address in filled(path, own):
            answer = stranger.get(address) if method == "GET" else stranger.post(address, follow=False, token="x")
            assert answer.status_code == 303, address
            assert answer.headers["location"].startswith("/portal/sign-in"), address


def test_a_post_without_the_forms_token_or_from_another_site_changes_nothing(
    portal: Portal, own: dict[str, str]
) -> None:
    before = belongings(portal)
    for method, path in ROUTES:
        for address in filled(path, own) if method == "POST" else ():
            assert portal.post(address, {"reason": "x", "message": "x"}, token="", follow=False).status_code == 403, (
                address
            )
            token = portal.token()
            answer = portal.client.post(
                address, data={"csrf": token, "reason": "x"}, headers={"sec-fetch-site": "cross-site"}
            )
            assert answer.status_code == 403, address
    assert belongings(portal) == before


def test_a_post_of_another_site_which_brings_no_cookie_signs_nobody_out(portal: Portal) -> None:
    stranger = portal.another()
    for path in ("/portal/sign-out", "/portal/deals/new", "/portal/prices/new"):
        answer = stranger.client.post(path, headers={"sec-fetch-site": "cross-site"}, follow_redirects=False)
        assert answer.status_code in (303, 403, 405), path
        assert "headgate_portal_session" not in answer.headers.get("set-cookie", ""), path


# What records hold and no form has.
SMUGGLED = {
    "partner": "P-2",
    "tenant_id": "00000000-0000-0000-0000-000000000000",
    "status": "granted",
    "requested_by": "user:carl@nordwind.example",
    "submitted_by": "user:carl@nordwind.example",
    "actor": "user:carl@nordwind.example",
    "registered_at": "2020-01-01T00:00:00Z",
    "protected_until": "2099-01-01T00:00:00Z",
    "granted_days": "9999",
    "contract_price": "1",
    "stake": "0",
    "approved_by": "user:carl@nordwind.example",
    "agreement": "LIST",
    "evidence": "someone-elses",
    "deal": "D-OTHER",
    "request": "PX-OTHER",
    "permissions": "approvals.decide",
}


def test_fields_that_a_form_does_not_have_are_nobodys_way_in(portal: Portal) -> None:
    channel = portal.channel
    portal.enter("pia")
    deal = number_of(portal.register(**SMUGGLED))
    wish = {"product": "S-1", "unit_price": "8,00", "currency": "EUR", "max_quantity": "20", "valid_from": "2026-03-01",
        "valid_until": "2026-06-30", "justification": "a tender"}  # fmt: skip
    asked = re.search(r"PX-[0-9A-F]{12}", str(portal.post("/portal/prices/new", SMUGGLED | wish).url))
    channel.govern()
    me = f"user:{mail('pia')}"
    with channel.app.database.transaction(channel.tenant) as conn:
        deals = conn.execute("select deal, partner, requested_by, content::text from deals").fetchall()
        prices = conn.execute("select request, partner, status, requested_by, content::text from price_exceptions")
        ((request, owner, status, requested_by, content),) = prices.fetchall()
    assert [row[:3] for row in deals] == [(deal, "P-1", me)]
    assert asked
    assert (request, owner, status, requested_by) == (asked[0], "P-1", "deciding", me)
    for smuggled in ("P-2", "carl@", "2099-", "9999", "someone-elses", "OTHER"):
        assert smuggled not in deals[0][3] + content, smuggled


@pytest.mark.parametrize("role", ["tenant_admin", "channel_manager", "partner_admin,tenant_admin", "operator"])
def test_who_manages_a_partners_people_gives_no_role_of_the_tenants(portal: Portal, role: str) -> None:
    channel = portal.channel
    portal.enter("pia")
    new = {"name": "Ned", "email": "ned@amberlo.example", "role": role, **SMUGGLED}
    assert portal.post("/portal/company/people", new).status_code >= 400
    given = portal.post(f"/portal/company/people/user:{mail('paul')}/role", {**SMUGGLED, "role": role})
    assert given.status_code >= 400
    with channel.app.database.transaction(channel.tenant) as conn:
        roles = access.load_principal(conn, f"user:{mail('paul')}", channel.clock.now()).permissions
        assert conn.execute("select count(*) from principals where principal like '%ned@%'").fetchone() == (0,)
    assert "approvals.decide" not in roles


def test_a_colleague_is_of_ones_own_company_whatever_the_form_says(portal: Portal) -> None:
    portal.enter("pia")
    new = {**SMUGGLED, "name": "Ned", "email": "ned@amberlo.example", "role": "partner_user"}
    assert portal.post("/portal/company/people", new).status_code == 200
    with portal.channel.app.database.transaction(portal.channel.tenant) as conn:
        ned = conn.execute("select partner from principals where principal = 'user:ned@amberlo.example'").fetchone()
    assert ned == ("P-1",)


def test_console_and_portal_take_each_others_people_and_sessions_for_nobody(portal: Portal) -> None:
    channel = portal.channel
    with channel.app.database.transaction(channel.tenant) as conn:
        access.set_password(conn, channel.context(SYSTEM), "user:carl@nordwind.example", PASSWORD)
        staff = access.start_session(conn, channel.context(SYSTEM), "user:carl@nordwind.example").token
    refused = portal.sign_in("carl", email="carl@nordwind.example")
    assert refused.status_code == 403
    assert "This portal is for partners" in words(refused)
    assert portal.session == ""
    portal.client.cookies.set("headgate_portal_session", staff, domain="localhost.local")
    assert portal.get("/portal/").status_code == 303
    visitor = Visitor(channel, portal.app, portal.slug)
    visitor.session = portal.another().enter("pia").session
    assert visitor.get("/").status_code == 403
    assert "headgate_session" not in portal.sign_in("pia").headers["set-cookie"].replace("headgate_portal_session", "")


def test_signing_in_is_throttled_locked_and_fixed_to_nothing(portal: Portal) -> None:
    planted = "0" * 32 + "." + "A" * 43
    portal.client.cookies.set("headgate_portal_session", planted, domain="localhost.local")
    assert portal.sign_in("pia").status_code == 303
    assert portal.session != planted
    cookie = portal.another().sign_in("pia").headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    answers = [portal.another().sign_in("paul", "wrong"), portal.another().sign_in("nobody")]
    assert len({re.search(r'role="alert".*?<p>(.*?)</p>', a.text, re.DOTALL)[1] for a in answers}) == 1  # type: ignore[index]
    for _ in range(5):
        portal.another().sign_in("paul", "wrong")
    assert portal.another().sign_in("paul").status_code in (401, 429)


@pytest.mark.parametrize(
    "then", ["https://evil.example/", "//evil.example", "/\\evil", "/orders", "/portal/../orders", "javascript:x"]
)
def test_nobody_is_sent_to_another_place_than_the_portal(portal: Portal, then: str) -> None:
    assert portal.sign_in("pia", then=then).headers["location"] == "/portal/"
    assert portal.post("/portal/theme", {"then": then, "theme": "dark"}, follow=False).headers["location"] == "/portal/"


def test_what_partners_write_is_text_in_portal_and_console(portal: Portal) -> None:
    channel = portal.channel
    portal.enter("pia")
    fields = {
        name: f"{name} {EVIL}"[:60]
        for name in (
            "customer_city",
            "customer_street",
            "customer_parent_name",
            "contact_name",
            "contact_title",
            "incumbent",
            "competitor",
        )
    }
    page = portal.register(
        customer_name=f"Big {EVIL}", notes=EVIL, line_1_amount="300000", files=[(f"{EVIL}.pdf", PDF)], **fields
    )
    number = number_of(page)
    portal.post(f"/portal/messages/deal/{number}", {"message": EVIL})
    portal.post("/portal/company/people", {"name": EVIL, "email": "eve@partner.example", "role": "partner_user"})
    portal.register("draft", customer_name=EVIL)
    rma, _ = send_back(portal, note_1=EVIL, note=EVIL, picture=f"{EVIL}.png")
    portal.post(f"/portal/messages/rma/{rma}", {"message": EVIL})
    portal.post(f"/portal/returns/{rma}/sent", {"carrier": EVIL[:80], "tracking": EVIL})
    with channel.app.database.transaction(channel.tenant) as conn:
        case = case_of_subject(conn, "deal", number)
    assert case is not None
    console = Visitor(channel, portal.app, portal.slug).enter("carl")
    approval = console.approval_of(number)
    pages = [
        portal.get(p)
        for p in (f"/portal/deals/{number}", "/portal/deals", "/portal/", "/portal/company", f"/portal/returns/{rma}")
    ]
    pages += [
        console.get(p) for p in (f"/deals/{number}", "/deals", f"/cases/{case['case_id']}", approval, "/work", "/cases")
    ]
    for answer in pages:
        assert answer.status_code == 200, answer.url
        assert "<script>alert" not in answer.text, answer.url
        assert "<img src=x" not in answer.text, answer.url
        assert "onerror=alert(2)>" not in answer.text, answer.url
        assert "unsafe-inline" not in answer.headers["content-security-policy"]
    assert "alert(1)" in portal.get(f"/portal/deals/{number}").text, "it is shown, as text"


def test_the_partner_and_staff_write_to_each_other_and_names_of_staff_stay_inside(portal: Portal) -> None:
    channel = portal.channel
    number = number_of(portal.enter("pia").register(line_1_amount="300000"))
    portal.post(f"/portal/messages/deal/{number}", {"message": "The customer asks about the date"})
    with channel.app.database.transaction(channel.tenant) as conn:
        case = case_of_subject(conn, "deal", number)
        assert case is not None
        audit = conn.execute("select body from audit_entries where action = 'case.message_sent'").fetchall()
    assert "asks about the date" not in str(audit), "what is said stands in the chain as a marker"
    console = Visitor(channel, portal.app, portal.slug).enter("carl")
    assert "The customer asks about the date" in words(console.get(f"/cases/{case['case_id']}"))
    assert "1 partner waits for an answer" in words(console.get("/work"))
    assert "The customer asks about the date" in words(console.get("/messages"))
    console.post(f"/cases/{case['case_id']}/messages", {"message": "By Friday"})
    assert "Nobody waits for an answer" in words(console.get("/messages"))
    assert f"Answer the message about {number}" in words(portal.get("/portal/"))
    page = portal.get(f"/portal/deals/{number}")
    assert "By Friday" in words(page)
    assert "Carl" not in page.text
    assert "carl@" not in page.text
    assert f"Answer the message about {number}" not in words(portal.get("/portal/")), "it was opened"
    assert portal.another().enter("otto").post(f"/portal/messages/deal/{number}", {"message": "x"}).status_code == 404


def test_a_message_that_needs_no_answer_is_put_aside_and_the_record_says_by_whom(portal: Portal) -> None:
    channel = portal.channel
    number = number_of(portal.enter("pia").register(line_1_amount="300000"))
    portal.post(f"/portal/messages/deal/{number}", {"message": "Thank you"})
    console = Visitor(channel, portal.app, portal.slug).enter("carl")
    aside = re.search(r'action="(/messages/[^"]+/read)"', console.get("/messages").text)
    assert aside
    assert "It is put aside" in words(console.post(aside[1]))
    assert "Somebody has answered it or put it aside already" in words(console.post(aside[1]))
    assert "waits for an answer" not in words(console.get("/work"))
    with channel.app.database.transaction(channel.tenant) as conn:
        said = conn.execute("select actor, subject from audit_entries where action = 'case.messages_read'").fetchall()
    assert [(actor.partition("@")[0], subject) for actor, subject in said] == [("user:carl", number)]


def test_a_message_to_another_partners_case_is_refused_by_service_and_database(portal: Portal) -> None:
    channel = portal.channel
    with channel.app.database.transaction(channel.tenant) as conn:
        otto = access.load_principal(conn, f"user:{mail('otto')}", channel.clock.now())
    about = About(uuid4(), "deal", "D-1", "P-1")
    for limited in ("P-2", None):
        with (
            pytest.raises(Exception, match="not your company"),
            channel.app.database.transaction(channel.tenant, partner=limited) as conn,
        ):
            send_message(conn, channel.context(otto), about, "hello")


def office(**entries: bytes) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<w/>", **entries}.items():
            archive.writestr(name, content)
    return held.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("page.pdf", b"<!doctype html><script>alert(1)</script>", "not what its name says"),
        ("page.html", b"<html></html>", "kind that is not taken"),
        ("logo.svg", b"<svg onload=alert(1)>", "kind that is not taken"),
        ("notes.txt", b"<script>alert(1)</script>", "not what its name says"),
        ("notes.txt", b"MZ\x00\x01", "not what its name says"),
        ("photo.png", b"GIF89a", "not what its name says"),
        ("empty.pdf", b"", "is empty"),
        ("huge.pdf", b"%PDF-" + b"0" * MOST_BYTES, "larger than 5 MB"),
        ("bomb.docx", office(bomb=b"0" * 50_000_000), "unpack to far more"),
        ("macro.docx", office(**{"word/vbaProject.bin": b"x"}), "carries macros"),
        ("slip.docx", office(**{"../../etc/passwd": b"x"}), "not what its name says"),
        ("wrong.xlsx", office(), "not what its name says"),
        # Its bytes hold the time, which must not come into the name of the test.
        pytest.param("cut.docx", office()[:60], "not what its name says", id="cut.docx"),
        ("run.exe", b"MZ", "kind that is not taken"),
        ("noending", PDF, "kind that is not taken"),
    ],
)
def test_a_file_that_is_not_what_it_should_be_is_refused(name: str, content: bytes, why: str) -> None:
    with pytest.raises(Invalid, match=why):
        read_evidence(name, content)


def test_a_sound_file_is_taken_whatever_its_name_tries() -> None:
    assert read_evidence("offer.docx", office()).media_type.endswith("wordprocessingml.document")
    assert clean_name("../../etc/passwd.pdf") == "passwd.pdf"
    assert clean_name("C:\\temp\\a\r\nb.pdf") == "a__b.pdf"
    assert clean_name('x".pdf') == "x_.pdf"
    assert len(clean_name("a" * 500 + ".pdf")) <= 120
    assert clean_name("...") == "file"


def test_an_upload_that_is_refused_is_told_beside_its_field_and_costs_nothing(portal: Portal) -> None:
    portal.enter("pia")
    page = portal.register(files=[("page.pdf", b"<html>")])
    assert page.status_code == 400
    assert 'id="evidence-error"' in page.text
    assert 'value="Acme Robotics GmbH"' in page.text
    assert portal.register(files=[("huge.pdf", b"%PDF-" + b"0" * 9_000_000)]).status_code == 413
