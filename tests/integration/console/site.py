"""The console of a small channel, and a person in front of it."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from unittest.mock import patch

import psycopg
from starlette.testclient import TestClient
from starlette.types import ASGIApp

from headgate import access
from headgate.kernel.context import SYSTEM
from tests.scenarios.channel import Channel, person

Response: TypeAlias = Any  # of whichever client Starlette's test client is built on
PASSWORD = "correct-horse-battery-staple"


@dataclass(slots=True)
class Visitor:
    """A browser without scripts. `channel` is what the console shows."""

    channel: Channel
    console: ASGIApp
    slug: str
    client: TestClient = field(init=False)
    queries: int = 0

    def __post_init__(self) -> None:
        self.client = TestClient(self.console, base_url="http://localhost", follow_redirects=False)

    def get(self, path: str, *, part: str = "", follow: bool = False) -> Response:
        """Ask for a page, or for a part of it as HTMX does."""
        headers = {"hx-request": "true", "hx-target": part} if part else {}
        return self.client.get(path, headers=headers, follow_redirects=follow)

    def post(
        self,
        path: str,
        fields: Mapping[str, str] | None = None,
        *,
        token: str | None = None,
        follow: bool = True,
        files: Mapping[str, tuple[str, bytes, str]] | None = None,
    ) -> Response:
        """Send a form, with files if there are any; its token is taken from a page unless it is given."""
        data = {"csrf": self.token() if token is None else token, **(fields or {})}
        return self.client.post(path, data=data, files=files, follow_redirects=follow)

    def token(self, path: str = "/help/keyboard") -> str:
        """The form token of a page."""
        found = re.search(r'name="csrf" value="([^"]+)"', self.client.get(path).text)
        assert found, "the page has no form"
        return found[1]

    def sign_in(self, name: str, password: str = PASSWORD, then: str = "/", slug: str = "") -> Response:
        """Fill in the sign-in page as somebody of the channel."""
        self.client.cookies.clear()
        form = {"email": f"{name}@nordwind.example", "password": password, "then": then, "tenant": slug or self.slug}
        token = self.token("/sign-in")
        return self.client.post("/sign-in", data={**form, "csrf": token}, follow_redirects=False)

    @property
    def session(self) -> str:
        """The session token that the browser holds, or ''."""
        return next((c.value or "" for c in self.client.cookies.jar if c.name == "headgate_session" and c.value), "")

    @session.setter
    def session(self, token: str) -> None:
        self.client.cookies.clear()
        self.client.cookies.set("headgate_session", token, domain="localhost.local")

    def enter(self, name: str) -> Visitor:
        """Be signed in as somebody, without the sign-in page."""
        channel = self.channel
        with channel.app.database.transaction(channel.tenant) as conn:
            self.session = access.start_session(conn, channel.context(SYSTEM), person(name)).token
        return self

    def approval_of(self, subject: str) -> str:
        """The address of the approval that waits for a subject."""
        return f"/approvals/{self.channel.approval(subject).approval}"

    def decide(
        self, subject: str, outcome: str = "approve", because: str = "agreed with the partner", **more: str
    ) -> Any:
        """Decide what waits for a subject by its form."""
        path = self.approval_of(subject)
        digest = re.search(r'name="digest" value="([^"]+)"', self.client.get(path).text)
        fields: dict[str, Any] = {
            "digest": digest[1] if digest else "",
            "outcome": outcome,
            "justification": because,
            **more,
        }
        return self.post(f"{path}/decision", fields)

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Count the statements sent to the database meanwhile, but those that read whose host is whose now and then."""
        plain = psycopg.Cursor.execute
        self.queries = 0

        def counting(cursor: psycopg.Cursor[Any], *args: Any, **kwargs: Any) -> psycopg.Cursor[Any]:
            self.queries += 1
            return plain(cursor, *args, **kwargs)

        standing = patch("headgate.portal.hosts.monotonic", lambda: 0.0)
        with patch.object(psycopg.Cursor, "execute", counting), standing:
            yield


def words(response: Response) -> str:
    """What a page's main part says, without markup."""
    main = response.text.partition("<main")[2].partition("</main>")[0] or response.text
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", main))).strip()


def open_accounts(channel: Channel) -> str:
    """Give everybody of the channel a password and add an auditor; the tenant's short name."""
    with channel.app.database.transaction(channel.tenant) as conn:
        ctx = channel.context(SYSTEM)
        add(channel, conn, "ada", "auditor")
        add(channel, conn, "tom", "tenant_admin")
        access.set_password(conn, ctx, person("carl"), PASSWORD)
        # Everybody has the same password: a hash takes its time, on purpose.
        conn.execute(
            "update principals p set password_hash = c.password_hash from principals c where c.principal = %s",
            [person("carl")],
        )
        return access.get_tenant(conn).slug


def add(channel: Channel, conn: Any, name: str, role: str = "", partner: str | None = None) -> str:
    """A further person of the channel."""
    ctx = channel.context(SYSTEM)
    access.create_person(conn, ctx, email=f"{name}@nordwind.example", name=name.capitalize(), partner=partner)
    if role:
        access.grant_role(conn, ctx, person(name), role)
    return person(name)
