"""Signing in step by step, for every edge alike: after the password a second factor where there is one, or a passkey
instead of both. An edge says whom it lets in and draws the pages; what a proof is worth is decided here."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from psycopg import Connection
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from headgate.access import (
    ENROL,
    Denied,
    end_session,
    factors_of,
    load_principal,
    parse_session_token,
    read_session,
    security_of,
    start_session,
)
from headgate.access.lockout import is_locked
from headgate.access.mfa import factors, passkeys
from headgate.access.mfa.pending import LASTS, begin_pending, end_pending, read_pending, take_attempt
from headgate.identity.browsers import Browsers, Met
from headgate.identity.door import OUT_OF_DATE, Door, patience
from headgate.identity.lost import Lost
from headgate.identity.mails import locked_mail
from headgate.identity.person import site_of
from headgate.identity.views import OverStep, SecondStep
from headgate.kernel.context import SYSTEM, Context, Principal
from headgate.kernel.errors import Forbidden, HeadgateError, Unauthenticated

log = logging.getLogger("headgate.identity")

# What nobody needs a second factor beside.
STRONG = frozenset({"passkey", "totp", "recovery"})
WRONG_CODE = "That code does not fit, or was used already. Type the one that the app shows now, or a recovery code."


@dataclass(frozen=True, slots=True)
class Entered:
    """Signed in, with a browser that is known from now on."""

    token: str
    met: Met | None = None


@dataclass(frozen=True, slots=True)
class Awaited:
    """A second factor is missing; the token stands for the sign-in until then."""

    token: str


@dataclass(frozen=True, slots=True)
class Outside(Door):
    """The steps after the first page of an edge: a second factor, a passkey, a lost password."""

    def routes(self) -> list[Route]:
        """The addresses of the steps."""
        return [
            Route(self.where.second, self.get(self._ask_second), methods=["GET"]),
            Route(self.where.second, self.post(self._take_second), methods=["POST"]),
            Route(self.where.passkey_sign_in, self.post(self._take_passkey), methods=["POST"]),
            *Lost(self).routes(),
        ]

    def tell_locked(self, conn: Connection[Any], ctx: Context, found: object) -> None:
        """Write to somebody whose account a wrong password has just locked."""
        if isinstance(found, Denied) and found.locked:
            locked_mail(self.app, conn, ctx, found.locked)

    def admit(
        self,
        conn: Connection[Any],
        request: Request,
        tenant_id: UUID,
        found: Principal,
        proofs: tuple[str, ...],
        *,
        limited_to: str = "",
    ) -> Entered | Awaited:
        """Start a session, or ask for the second factor that somebody has. Who should have one and has none gets a
        session that is good for setting one up and nothing else."""
        now, trace = self.app.clock.now(), str(request.scope["state"]["request_id"])
        ctx = Context(tenant_id, found, now, trace)
        strong = not STRONG.isdisjoint(proofs)
        has = strong or factors_of(conn, found.id).on
        if has and not strong:
            return Awaited(begin_pending(conn, ctx, found.id, proofs, limited_to=limited_to))
        rules = security_of(conn)
        if not has and rules.needs_second_factor(found.roles) and "demo" not in proofs:
            limited_to = ENROL
        met = None
        if "demo" not in proofs and not limited_to:
            met = self.browsers.meet(conn, ctx, request, proofs)
        made = start_session(
            conn,
            ctx,
            found.id,
            user_agent=request.headers.get("user-agent", ""),
            address=request.client.host if request.client else "",
            proofs=proofs,
            limited_to=limited_to,
            device=None if met is None else met.device,
        )
        return Entered(made.token, met)

    @property
    def browsers(self) -> Browsers:
        """The browsers that are known here."""
        return Browsers(self.app, self.cookies, self.where, self.secure)

    def known_device(self, conn: Connection[Any], ctx: Context, request: Request, principal: str) -> UUID | None:
        """The known browser of this person that a request comes from, if it is one."""
        return self.browsers.known(conn, ctx, request, principal)

    def go_on(self, request: Request, reached: Entered | Awaited, then: str) -> Response:
        """Where somebody goes after a step, with the cookies of it."""
        if isinstance(reached, Awaited):
            response: Response = RedirectResponse(f"{self.where.second}?{_then(then)}", 303)
            self.cookies.keep_pending(response, reached.token, secure=self.secure, seconds=int(LASTS.total_seconds()))
            return response
        self._end_old(request)
        response = RedirectResponse(self._first_page(reached.token, then), 303)
        self.cookies.keep_session(response, reached.token, secure=self.secure)
        if reached.met is not None:
            self.browsers.keep(request, response, reached.met)
        self.cookies.drop_pending(response, secure=self.secure)
        return response

    def _first_page(self, token: str, then: str) -> str:
        tenant_id, _ = parse_session_token(token)
        with self.app.database.transaction(tenant_id, read_only=True) as conn:
            live = read_session(conn, token, self.app.clock.now())
        return self.where.account if live.session.limited_to == ENROL else then

    def _ask_second(self, request: Request) -> Response:
        token = self.cookies.pending_token(request)
        then = self.cookies.own_path(request.query_params.get("then", ""))
        try:
            tenant_id, _ = parse_session_token(token)
            with self.app.database.transaction(tenant_id, read_only=True) as conn:
                return self.draw(request, self._second(conn, request, token, then), 200)
        except Unauthenticated:
            return RedirectResponse(f"{self.where.sign_in}?{_then(then)}", 303)

    def _take_second(self, request: Request, form: Mapping[str, str]) -> Response:
        token, then = self.cookies.pending_token(request), self.cookies.own_path(form.get("then", ""))
        try:
            self.cookies.check_form(request, form, self.cookies.sent_before(request))
            tenant_id, _ = parse_session_token(token)
        except (Forbidden, Unauthenticated):
            return self.fail(request, OUT_OF_DATE, 403)
        if wait := self.wait(request):
            return self.fail(request, patience(wait), 429)
        now, trace = self.app.clock.now(), str(request.scope["state"]["request_id"])
        try:
            # Two transactions: the first counts the try whatever becomes of it.
            with self.app.database.transaction(tenant_id) as conn:
                ctx = Context(tenant_id, SYSTEM, now, trace)
                waiting = take_attempt(conn, token, now)
                before = is_locked(conn, ctx, waiting.principal)
                proof = self._proof(conn, ctx, request, waiting.principal, form, token)
                if not before and is_locked(conn, ctx, waiting.principal):
                    locked_mail(self.app, conn, ctx, waiting.principal)
            with self.app.database.transaction(tenant_id) as conn:
                if proof is None:
                    return self.draw(request, self._second(conn, request, token, then, WRONG_CODE), 401)
                found = load_principal(conn, waiting.principal, now)
                end_pending(conn, token)
                proofs = (*waiting.proofs, proof)
                reached = self.admit(conn, request, tenant_id, found, proofs, limited_to=waiting.limited_to)
        except HeadgateError:
            return self.fail(request, "The sign-in took too long or was tried too often. Begin again.", 401)
        return self.go_on(request, reached, then)

    def _proof(
        self,
        conn: Connection[Any],
        ctx: Context,
        request: Request,
        principal: str,
        form: Mapping[str, str],
        token: str,
    ) -> str | None:
        """What somebody has shown beside the password; None when that does not hold."""
        if not form.get("response"):
            device = self.known_device(conn, ctx, request, principal)
            code = form.get("code", "")[:40]
            return factors.prove_code(conn, ctx, self.app.envelope, principal, code, device=device)
        try:
            with conn.transaction():
                found = passkeys.prove_passkey(
                    conn,
                    ctx,
                    self.app.envelope,
                    site_of(request),
                    response=form["response"],
                    sealed=form.get("sealed", ""),
                    bound_to=token,
                )
        except Unauthenticated:
            return None
        return "passkey" if found == principal else None

    def _take_passkey(self, request: Request, form: Mapping[str, str]) -> Response:
        before, then = self.cookies.sent_before(request), self.cookies.own_path(form.get("then", ""))
        try:
            self.cookies.check_form(request, form, before)
        except Forbidden:
            return self.fail(request, OUT_OF_DATE, 403)
        if wait := self.wait(request):
            return self.fail(request, patience(wait), 429)
        now, trace = self.app.clock.now(), str(request.scope["state"]["request_id"])
        try:
            tenant_id = passkeys.tenant_of(form.get("response", ""))
            self.ours(request, tenant_id)
            with self.app.database.transaction(tenant_id) as conn:
                principal = passkeys.prove_passkey(
                    conn,
                    Context(tenant_id, SYSTEM, now, trace),
                    self.app.envelope,
                    site_of(request),
                    response=form.get("response", ""),
                    sealed=form.get("sealed", ""),
                    bound_to=before,
                )
                found = load_principal(conn, principal, now)
                if not security_of(conn).passkeys:
                    raise Unauthenticated("this tenant does not let passkeys take the place of a password")
                if isinstance(self.permit(conn, Context(tenant_id, SYSTEM, now, trace), found), Denied):
                    raise Unauthenticated("this tenant wants sign-ins by its identity provider")
                reached = self.admit(conn, request, tenant_id, found, ("passkey",)) if self.lets_in(found) else None
        except HeadgateError as error:
            log.info("sign-in by passkey refused: %s", error.message)
            return self.fail(request, "The passkey was not accepted. Try again, or use your password.", 401)
        if reached is None:
            return self.fail(request, self.not_here, 403)
        return self.go_on(request, reached, then)

    def _second(
        self, conn: Connection[Any], request: Request, token: str, then: str, error: str = ""
    ) -> SecondStep | OverStep:
        now = self.app.clock.now()
        waiting = read_pending(conn, token, now)
        has = factors_of(conn, waiting.principal)
        offer = None
        if has.passkeys:
            offer = passkeys.offer_sign_in(self.app.envelope, site_of(request), now, token)
        return SecondStep(self.where, then, has.totp_since is not None, offer, error)

    def _end_old(self, request: Request) -> None:
        """A session that this browser had before is over: nobody goes on in it."""
        old = self.cookies.session_token(request, secure=self.secure)
        try:
            tenant_id, _ = parse_session_token(old)
            with self.app.database.transaction(tenant_id) as conn:
                now = self.app.clock.now()
                owner = read_session(conn, old, now).principal
                end_session(conn, Context(tenant_id, owner, now), old)
        except HeadgateError:
            return


def _then(then: str) -> str:
    return urlencode({"then": then})
