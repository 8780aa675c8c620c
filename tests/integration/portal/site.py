"""The portal of a small channel, and people of its partners in front of it."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeAlias

from starlette.testclient import TestClient
from starlette.types import ASGIApp

from headgate import access
from headgate.kernel.context import SYSTEM
from headgate.packs import find_pack, install_pack, read_pack
from tests.scenarios.channel import Channel, account, partner

Response: TypeAlias = Any
PASSWORD = "correct-horse-battery-staple"
PEOPLE = (("pia", "partner_admin", "P-1"), ("paul", "partner_user", "P-1"), ("otto", "partner_admin", "P-2"))
DEAL = {
    "customer_name": "Acme Robotics GmbH",
    "customer_country": "DE",
    "customer_domain": "acme-robotics.de",
    "customer_city": "München",
    "currency": "EUR",
    "line_1_product": "S-2",
    "line_1_quantity": "40",
    "line_1_amount": "40 000,00",
    "contact_name": "Ina Roth",
    "contact_email": "ina@acme-robotics.de",
}
ACME_TOO: dict[str, Any] = {
    "customer_name": "ACME Robotics",
    "customer_domain": "https://www.acme-robotics.de/impressum",
}


def mail(name: str) -> str:
    return f"{name}@partner.example"


@dataclass(slots=True)
class Portal:
    """A browser without scripts in front of the portal."""

    channel: Channel
    app: ASGIApp
    slug: str
    base: str = "http://localhost"
    client: TestClient = field(init=False)

    def __post_init__(self) -> None:
        self.client = TestClient(self.app, base_url=self.base, follow_redirects=False)

    def another(self, base: str = "") -> Portal:
        """Another browser."""
        return Portal(self.channel, self.app, self.slug, base or self.base)

    def get(self, path: str, *, follow: bool = False) -> Response:
        return self.client.get(path, follow_redirects=follow)

    def post(
        self,
        path: str,
        fields: Mapping[str, str] | None = None,
        *,
        token: str | None = None,
        files: Sequence[tuple[str, bytes]] = (),
        follow: bool = True,
    ) -> Response:
        data = {"csrf": self.token() if token is None else token, **(fields or {})}
        sent = [("evidence", (name, content, "application/octet-stream")) for name, content in files]
        return self.client.post(path, data=data, files=sent or None, follow_redirects=follow)

    def token(self, path: str = "/portal/") -> str:
        found = re.search(r'name="csrf" value="([^"]+)"', self.client.get(path).text)
        return found[1] if found else ""

    def sign_in(self, name: str, password: str = PASSWORD, then: str = "/portal/", email: str = "") -> Response:
        self.client.cookies.clear()
        token = self.token("/portal/sign-in")
        form = {"email": email or mail(name), "password": password, "then": then, "tenant": self.slug, "csrf": token}
        return self.client.post("/portal/sign-in", data=form, follow_redirects=False)

    @property
    def session(self) -> str:
        names = ("headgate_portal_session",)
        return next((c.value or "" for c in self.client.cookies.jar if c.name in names and c.value), "")

    def enter(self, name: str) -> Portal:
        """Be signed in as somebody of a partner, without the sign-in page."""
        with self.channel.app.database.transaction(self.channel.tenant) as conn:
            token = access.start_session(conn, self.channel.context(SYSTEM), f"user:{mail(name)}").token
        self.client.cookies.clear()
        domain = self.base.removeprefix("http://")
        self.client.cookies.set(
            "headgate_portal_session", token, domain="localhost.local" if domain == "localhost" else domain
        )
        return self

    def register(self, act: str = "send", files: Any = (), **fields: str) -> Response:
        """Fill in the form of a deal and press a button of it."""
        page = self.get("/portal/deals/new")
        number = re.search(r'action="(/portal/deals/DR-[0-9A-F]{12}/form)"', page.text)
        assert number, page.text
        closes = (self.channel.clock.now() + timedelta(days=80)).date().isoformat()
        return self.post(number[1], {**DEAL, "close_on": closes, "act": act, **fields}, files=files)


def words(response: Response) -> str:
    """What a page's main part says, without markup."""
    main = response.text.partition("<main")[2].partition("</main>")[0] or response.text
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", main))).strip()


def open_partners(channel: Channel) -> str:
    """A second partner, the deals pack and people of both partners; the tenant's short name."""
    channel.send("credit_account.recorded", items=[account("A-2", "100000")])
    channel.send(
        "partner.recorded",
        items=[partner("P-1", "A-1", name="Amberlo Networks"), partner("P-2", "A-2", name="Otterbach IT")],
    )
    channel.govern()
    with channel.app.database.transaction(channel.tenant) as conn:
        ctx = channel.context(SYSTEM)
        install_pack(conn, ctx, read_pack(find_pack("channel_revenue")), channel.app.policies, channel.app.actions)
        for name, role, code in PEOPLE:
            access.create_person(conn, ctx, email=mail(name), name=name.capitalize(), partner=code)
            access.grant_role(conn, ctx, f"user:{mail(name)}", role)
        access.set_password(conn, ctx, f"user:{mail('pia')}", PASSWORD)
        conn.execute(
            "update principals p set password_hash = c.password_hash from principals c where c.principal = %s",
            [f"user:{mail('pia')}"],
        )
        return access.get_tenant(conn).slug
