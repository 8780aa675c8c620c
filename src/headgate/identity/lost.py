"""A lost password: who asks for it gets a link by mail, and chooses a new one by the link."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from psycopg import Connection
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from headgate.access import Invited, accept_invitation, find_invitation, get_tenant, only_tenant, parse_session_token
from headgate.access.core.tokens import secret_hash
from headgate.access.resets import Reset, ask_reset
from headgate.connectors.mail import changed_letter, reset_letter
from headgate.identity.door import OUT_OF_DATE, Door, patience
from headgate.identity.mails import base_of
from headgate.identity.views import ChooseStep, LostStep, OverStep
from headgate.kernel.context import SYSTEM, Context
from headgate.kernel.errors import Forbidden, Invalid, Unauthenticated
from headgate.kernel.phrases import phrase, sentence


@dataclass(frozen=True, slots=True)
class Lost:
    """The pages of a lost password at one door."""

    door: Door

    def routes(self) -> list[Route]:
        """The addresses of the steps."""
        door, where = self.door, self.door.where
        return [
            Route(where.lost, door.get(self._ask_lost), methods=["GET"]),
            Route(where.lost, door.post(self._take_lost), methods=["POST"]),
            Route(where.reset("{token}"), door.get(self._ask_reset), methods=["GET"]),
            Route(where.reset("{token}"), door.post(self._take_reset), methods=["POST"]),
        ]

    def _ask_lost(self, request: Request) -> Response:
        return self.door.draw(request, self._lost(), 200)

    def _lost(self, **more: Any) -> LostStep:
        return LostStep(self.door.where, ask_tenant=only_tenant(self.door.app.database) is None, **more)

    def _take_lost(self, request: Request, form: Mapping[str, str]) -> Response:
        try:
            self.door.cookies.check_form(request, form, self.door.cookies.sent_before(request))
        except Forbidden:
            return self.door.draw(request, self._lost(error=OUT_OF_DATE), 403)
        if wait := self.door.wait(request):
            return self.door.draw(request, self._lost(error=patience(wait)), 429)
        tenant_id = self.door.tenant_of(request, form.get("tenant", "").strip().lower()[:64])
        if tenant_id is not None:
            ctx = Context(tenant_id, SYSTEM, self.door.app.clock.now(), str(request.scope["state"]["request_id"]))
            with self.door.app.database.transaction(tenant_id) as conn:
                tenant = get_tenant(conn)
                base = base_of(self.door.app, request, None if self.door.staff else tenant.portal_host)

                def send(conn: Connection[Any], made: Reset) -> None:
                    letter = reset_letter(made.email, made.name, f"{base}{self.door.where.reset(made.token)}")
                    key = f"reset:{secret_hash(made.token).hex()}"
                    self.door.app.mailroom.send(conn, ctx, tenant, letter, about=made.principal, key=key)

                ask_reset(conn, ctx, form.get("email", "")[:254], staff=self.door.staff, send=send)
        return self.door.draw(request, self._lost(sent=True), 200)

    def _ask_reset(self, request: Request) -> Response:
        token = str(request.path_params["token"])
        try:
            found = self._found(request, token)
        except Unauthenticated:
            return self.door.draw(request, self._over(), 404)
        return self.door.draw(request, ChooseStep(self.door.where, token, found.name, found.email, found.shortest), 200)

    def _take_reset(self, request: Request, form: Mapping[str, str]) -> Response:
        token = str(request.path_params["token"])
        if wait := self.door.wait(request):
            return self.door.fail(request, patience(wait), 429)
        try:
            found = self._found(request, token)
            error, status = self._choose(request, form, token)
        except Unauthenticated:
            return self.door.draw(request, self._over(), 404)
        if error:
            return self.door.draw(
                request, ChooseStep(self.door.where, token, found.name, found.email, found.shortest, error), status
            )
        return self.door.enter(request, found.email, "Your password is set. Sign in with it.")

    def _choose(self, request: Request, form: Mapping[str, str], token: str) -> tuple[str, int]:
        """Take the password that was chosen; what is wrong, and the status of that."""
        try:
            self.door.cookies.check_form(request, form, self.door.cookies.sent_before(request))
        except Forbidden:
            return OUT_OF_DATE, 403
        if form.get("password", "") != form.get("again", ""):
            return "The two passwords differ. Type both again.", 400
        tenant_id, _ = parse_session_token(token)
        ctx = Context(tenant_id, SYSTEM, self.door.app.clock.now(), str(request.scope["state"]["request_id"]))
        try:
            with self.door.app.database.transaction(tenant_id) as conn:
                done = accept_invitation(conn, ctx, token, form.get("password", ""))
                said = phrase("A new password was chosen for your account by a link.")
                letter = changed_letter(done.email, done.name, said)
                key = f"chosen:{secret_hash(token).hex()}"
                self.door.app.mailroom.send(conn, ctx, get_tenant(conn), letter, about=done.principal, key=key)
        except Invalid as error:
            return sentence(error.message), 400
        return "", 200

    def _found(self, request: Request, token: str) -> Invited:
        """Whom a link is for, if it is for people of this edge. Raises `Unauthenticated`."""
        tenant_id, _ = parse_session_token(token)
        self.door.ours(request, tenant_id)
        with self.door.app.database.transaction(tenant_id, read_only=True) as conn:
            found = find_invitation(conn, token, self.door.app.clock.now())
        if (found.partner is None) != self.door.staff:
            raise Unauthenticated("this link is for another door")
        return found

    def _over(self) -> OverStep:
        said = "It was used already, or its time is up. Ask for another one where you sign in."
        return OverStep(self.door.where, "This link is over", said)
