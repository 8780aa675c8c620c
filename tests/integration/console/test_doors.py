"""Every way in has a check: none is reached without a session, a permission, and for posts a form of our own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import MethodType
from uuid import UUID

import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from headgate.access import PERMISSIONS
from headgate.console import urls
from headgate.console.app import DOORS
from headgate.console.guard import WHERE, Guarded
from headgate.console.pages.entrance import Entrance
from headgate.console.pages.federated import Federated
from headgate.console.pages.support import SupportLink
from headgate.console.visit import SIGNED_IN, Door
from headgate.identity.account import ways
from headgate.ui.assets import PREFIX
from headgate.ui.web import WELL_KNOWN
from tests.integration.console.site import Visitor, words

# What may be reached by anybody. A new entry here is a decision.
PUBLIC = {
    ("GET", urls.SIGN_IN),
    ("POST", urls.SIGN_IN),
    # The brand of whose console the host is.
    ("GET", urls.SIGN_IN_BRAND_CSS),
    ("GET", urls.SIGN_IN_LOGO),
    ("GET", PREFIX + "/{version}/{name:path}"),
    # Says where a password is changed, and that there is nothing else.
    ("GET", WELL_KNOWN),
    # There and back from an identity provider: what comes back proves itself.
    ("GET", urls.SIGN_IN_WITH + "/{provider}"),
    ("GET", urls.SIGN_IN_BACK),
    # A link of support proves itself as well.
    ("GET", urls.SUPPORT_LINK + "/{link}"),
    ("POST", urls.SUPPORT_LINK + "/{link}"),
}
STEPS = {
    # A link of a mail proves itself, and does one thing only.
    *((method, WHERE.stop_mails("{token}")) for method in ("GET", "POST")),
    ("POST", WHERE.passkey_sign_in),
    *((method, path) for path in (WHERE.second, WHERE.lost, WHERE.reset("{token}")) for method in ("GET", "POST")),
}
# What everybody of the tenant's own people may reach.
FOR_ALL = {
    urls.HOME,
    urls.THEME,
    urls.LANGUAGE,
    urls.SIGN_OUT,
    urls.KEYBOARD,
    urls.BRAND_CSS,
    urls.LOGO,
    "/from-mail/{token}",
    urls.SEARCH,
    urls.PALETTE,
    urls.STYLEGUIDE,
    urls.LIVE_NEWS,
    urls.LIVE_NAV,
    urls.ANYWHERE,
}
# What is not found with a made-up address, or before there is one.
NOTHING_THERE = (urls.ANYWHERE, urls.LOGO, urls.from_mail("{token}"))
FOR_ALL |= {way.path for way in ways(WHERE)}
SOME_ID = str(UUID(int=1))


def routes(app: object) -> Iterator[tuple[Route, str]]:
    """The routes of a console with a method each, through whatever is wrapped around it."""
    while not isinstance(app, Starlette):
        app = app.app  # type: ignore[attr-defined]
    for route in app.routes:
        assert isinstance(route, Route), f"{route} is no plain route, so this test cannot judge it"
        for method in (route.methods or set()) - {"HEAD"}:
            yield route, method


def address(door: Door) -> str:
    """An address that a door opens for, about things that do not exist."""
    path = door.path.replace("%7B", "{").replace("%7D", "}")
    return re.sub(r"\{(\w+)(?::path)?\}", lambda m: "1" if m[1] in ("version", "seq") else SOME_ID, path)


def test_every_route_is_guarded_or_meant_to_be_public(visitor: Visitor) -> None:
    found = list(routes(visitor.console))
    assert len(found) == len(DOORS) + len(PUBLIC) + len(STEPS)
    for route, method in found:
        if (method, route.path) in PUBLIC:
            assert isinstance(route.endpoint, MethodType)
            assert isinstance(route.endpoint.__self__, (Entrance, Federated, SupportLink))
            continue
        if (method, route.path) in STEPS:
            assert route.endpoint.__qualname__.startswith(("Door.", "MailDoor."))
            continue
        assert isinstance(route.endpoint, MethodType), route.path
        assert isinstance(route.endpoint.__self__, Guarded), route.path
        needs = route.endpoint.__self__.door.needs
        assert needs == SIGNED_IN or (needs and set(needs) <= PERMISSIONS.keys()), route.path
        assert (needs == SIGNED_IN) == (route.path in FOR_ALL), route.path


def test_a_password_manager_finds_where_a_password_is_changed(visitor: Visitor) -> None:
    found = visitor.get("/.well-known/change-password")
    assert (found.status_code, found.headers["location"]) == (303, "/account#password-title")
    visitor.sign_in("carl")
    assert 'id="password-title"' in visitor.get("/account").text
    # It asks for what cannot be there, to see whether answers mean anything.
    nothing = visitor.get("/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200")
    assert nothing.status_code == 404


def test_who_is_not_signed_in_gets_nowhere(visitor: Visitor) -> None:
    token = visitor.token("/sign-in")
    for door in DOORS:
        if door.method == "GET":
            answer = visitor.get(address(door))
            part = visitor.get(address(door), part="drawer-body")
            assert (part.status_code, part.headers.get("location")) == (401, None), door.path
        else:
            answer = visitor.post(address(door), token=token, follow=False)
        assert answer.status_code == 303, door.path
        assert answer.headers["location"].startswith("/sign-in"), door.path


def test_who_has_no_permission_is_refused_everywhere_but_at_home(visitor: Visitor) -> None:
    visitor.enter("dora")
    token = visitor.token()
    for door in DOORS:
        answer = visitor.get(address(door)) if door.method == "GET" else None
        if answer is None:
            if door.path == urls.SIGN_OUT:
                continue
            answer = visitor.post(address(door), token=token, follow=False)
        if door.needs == SIGNED_IN:
            # One's own account has nothing under a made-up id, and takes no wrong password or code.
            own = (400, 401, 404) if door.path.startswith(WHERE.account) else ()
            assert (
                answer.status_code == 404 if door.path in NOTHING_THERE else answer.status_code in (200, 303, *own)
            ), door.path
        else:
            assert answer.status_code == 403, door.path
            assert "Your role does not include it" in words(answer), door.path


@pytest.mark.parametrize("token", ["", "0" * 64, "é"])
def test_a_post_without_the_form_token_of_the_session_is_refused(visitor: Visitor, token: str) -> None:
    visitor.enter("carl")
    for door in DOORS:
        if door.method == "POST":
            assert visitor.post(address(door), token=token).status_code == 403, door.path
    assert visitor.get("/").status_code == 200, "nobody was signed out"


def test_the_token_of_another_session_is_refused(visitor: Visitor) -> None:
    visitor.enter("fay")
    foreign = visitor.token()
    visitor.enter("carl")
    assert visitor.post("/settings/theme", {"theme": "dark"}, token=foreign).status_code == 403
    assert visitor.post("/settings/theme", {"theme": "dark"}, follow=False).status_code == 303


def test_a_post_that_another_site_started_is_refused(visitor: Visitor) -> None:
    visitor.enter("carl")
    data = {"csrf": visitor.token(), "theme": "dark"}
    answer = visitor.client.post("/settings/theme", data=data, headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403


@pytest.mark.parametrize("path", ["/settings/theme", "/sign-out", "/orders"])
def test_a_post_of_another_site_which_brings_no_cookie_signs_nobody_out(visitor: Visitor, path: str) -> None:
    foreign = {"sec-fetch-site": "cross-site"}
    visitor.client.cookies.clear()
    answers = [
        visitor.client.post(path, headers=foreign, follow_redirects=False),
        visitor.client.get(path, headers=foreign),
    ]
    assert not any("headgate_session" in answer.headers.get("set-cookie", "") for answer in answers)


def test_a_session_that_is_over_is_forgotten_by_the_browser(visitor: Visitor) -> None:
    visitor.enter("carl")
    visitor.session = visitor.session[:-4] + "AAAA"
    assert 'headgate_session=""' in visitor.get("/").headers["set-cookie"]


def test_the_token_may_come_in_a_header_as_scripts_send_it(visitor: Visitor) -> None:
    visitor.enter("ada")
    headers = {"x-csrf-token": visitor.token(), "hx-request": "true", "hx-target": "proof"}
    answer = visitor.client.post("/audit/verify", headers=headers)
    assert answer.status_code == 200
    assert "The chain holds" in answer.text


@pytest.mark.parametrize("path", ["/", "/sign-in", "/nothing-here", "/orders/none", "/orders?since=x"])
def test_every_answer_carries_the_strict_headers(visitor: Visitor, path: str) -> None:
    visitor.enter("carl")
    headers = visitor.get(path).headers
    assert "default-src 'self'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert headers["x-request-id"]


def test_static_files_may_be_kept_and_come_compressed(visitor: Visitor) -> None:
    asset = re.search(r'href="(/assets/[^"]+app\.css)"', visitor.get("/sign-in").text)
    assert asset
    answer = visitor.get(asset[1])
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-encoding"] == "gzip"
    old = re.sub(r"/assets/\w+/", "/assets/0ld/", asset[1])
    assert answer.headers["content-type"].startswith("text/css")
    assert visitor.get(old).headers["cache-control"] == "no-store", "an old address does not pin new bytes"
    assert visitor.get("/assets/x/none.css").status_code == 404
    assert visitor.get("/assets/x/..%2f..%2fbrand.py").status_code == 404


def test_a_body_that_is_too_large_is_not_read(visitor: Visitor) -> None:
    visitor.enter("carl")
    most = visitor.channel.app.settings.request_max_bytes
    assert visitor.client.post("/settings/theme", content=b"x" * (most + 1)).status_code == 413


def test_files_are_not_taken(visitor: Visitor) -> None:
    visitor.enter("carl")
    answer = visitor.client.post("/settings/theme", files={"theme": ("a.txt", b"dark")}, data={"csrf": visitor.token()})
    assert answer.status_code == 400


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_another_method_is_told_so(visitor: Visitor, method: str) -> None:
    visitor.enter("carl")
    answer = visitor.client.request(method, "/orders")
    assert answer.status_code == 405
    assert "GET" in answer.headers["allow"]
