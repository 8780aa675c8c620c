"""The page of one's own account: password, authenticator app, passkeys, recovery codes, sessions, and the question for
a proof before a sensitive act. Handlers answer in values; each edge turns them into its own pages and cookies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from psycopg import Connection
from starlette.requests import Request

from headgate.access import (
    ENROL,
    Denied,
    LiveSession,
    Sealer,
    Tenant,
    authenticate,
    factors_of,
    has_password,
    list_sessions,
    renew_session,
    revoke_session,
    revoke_sessions,
    set_password,
    start_session,
    unlimit_session,
)
from headgate.access.devices import forget_device, list_devices
from headgate.access.mfa import factors, passkeys
from headgate.access.mfa.passkeys import Site
from headgate.identity import views
from headgate.identity.devices import device_of, proofs_in_words
from headgate.identity.mail_choices import box_of, keep_choices
from headgate.identity.qr import app_setup
from headgate.identity.reading import keep_reading, reading_choice
from headgate.identity.where import Where
from headgate.kernel.context import Context
from headgate.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from headgate.kernel.phrases import phrase, sentence
from headgate.ui.cookies import Notice


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is signed in, with the transaction of their request."""

    conn: Connection[Any]
    ctx: Context
    tenant: Tenant
    form: Mapping[str, str]
    request: Request
    token: str
    live: LiveSession
    sealer: Sealer
    where: Where
    own_path: Callable[[str], str]


class Sealing(Protocol):
    """What of the application a page of the account needs."""

    @property
    def envelope(self) -> Sealer: ...


class Visiting(Protocol):
    """A request as the console and the portal know it; `live` is None for somebody who looks in for another."""

    @property
    def app(self) -> Sealing: ...
    @property
    def request(self) -> Request: ...
    @property
    def conn(self) -> Connection[Any]: ...
    @property
    def ctx(self) -> Context: ...
    @property
    def tenant(self) -> Tenant: ...
    @property
    def form(self) -> Mapping[str, str]: ...
    @property
    def token(self) -> str: ...
    @property
    def live(self) -> LiveSession | None: ...


def person_of(visit: Visiting, where: Where, own_path: Callable[[str], str]) -> Person:
    """Who asks. Raises `Forbidden` for support that looks in: another's account is not theirs to change."""
    if visit.live is None:
        raise Forbidden("support looks at nobody's own account")
    return Person(
        visit.conn,
        visit.ctx,
        visit.tenant,
        visit.form,
        visit.request,
        visit.token,
        visit.live,
        visit.app.envelope,
        where,
        own_path,
    )


@dataclass(frozen=True, slots=True)
class Show:
    """A page."""

    body: views.Account | views.Confirm
    status: int = 200


@dataclass(frozen=True, slots=True)
class Leave:
    """On to another page; `session` is the token that takes the place of the one before."""

    href: str
    notice: Notice | None = None
    session: str = ""


class Act(Protocol):
    """What is done at one address."""

    def __call__(self, person: Person, /) -> Show | Leave: ...


def site_of(request: Request) -> Site:
    """Host and origin as the browser that asks knows them."""
    host = request.headers.get("host", "").lower()
    name = host if host.startswith("[") else host.partition(":")[0]
    return Site(name, f"{request.url.scheme}://{host}")


def show(person: Person) -> Show:
    """The account."""
    return Show(_page(person))


def begin_app(person: Person) -> Show | Leave:
    """Show the secret of an authenticator app to be set up."""
    try:
        factors.begin_totp(person.conn, person.ctx, person.sealer, person.tenant.name)
    except Conflict as error:
        return _back(person, "risk", sentence(error.message))
    return Show(_page(person, setup=True))


def confirm_app(person: Person) -> Show | Leave:
    """Take the app into use by its first code."""
    try:
        codes = factors.confirm_totp(person.conn, person.ctx, person.sealer, person.form.get("code", "")[:20])
    except Invalid as error:
        problem = error.problems[0]
        said = phrase("The code %(message)s. %(fix)s", message=problem.message, fix=problem.fix)
        return Show(_page(person, setup=True, errors=(("code", said),)), 400)
    except Conflict as error:
        return _back(person, "risk", sentence(error.message))
    return _protected(person, codes, phrase("The authenticator app is set up."))


def remove_app(person: Person) -> Leave:
    """Take the app out of use."""
    factors.remove_totp(person.conn, person.ctx)
    return _back(person, "done", phrase("The authenticator app is removed."))


def make_codes(person: Person) -> Show | Leave:
    """Fresh recovery codes."""
    try:
        return Show(_page(person, codes=factors.new_codes(person.conn, person.ctx)))
    except Conflict as error:
        return _back(person, "risk", sentence(error.message))


def add_passkey(person: Person) -> Show | Leave:
    """Take a passkey into use."""
    form = person.form
    try:
        with person.conn.transaction():
            codes = passkeys.add_passkey(
                person.conn,
                person.ctx,
                person.sealer,
                site_of(person.request),
                response=form.get("response", ""),
                sealed=form.get("sealed", ""),
                name=form.get("name", "").strip() or str(device_of(person.request.headers.get("user-agent", ""))),
                bound_to=person.live.session.id,
            )
    except (Unauthenticated, Conflict, Invalid) as error:
        return Show(_page(person, errors=(("passkey", sentence(error.message)),)), 400)
    return _protected(person, codes, phrase("The passkey is ready to be used."))


def name_passkey(person: Person) -> Show | Leave:
    """Give a passkey another name."""
    passkey = str(person.request.path_params["passkey"])
    try:
        passkeys.name_passkey(person.conn, person.ctx, passkey, person.form.get("name", ""))
    except Invalid as error:
        return Show(_page(person, errors=(("passkey", sentence(error.message)),)), 400)
    return _back(person, "done", phrase("The passkey has its new name."))


def remove_passkey(person: Person) -> Leave:
    """Take a passkey out of use."""
    passkeys.remove_passkey(person.conn, person.ctx, str(person.request.path_params["passkey"]))
    return _back(person, "done", phrase("The passkey is removed."))


def change_password(person: Person) -> Show | Leave:
    """Choose another password; every session ends but this one, which gets another token."""
    conn, ctx, form = person.conn, person.ctx, person.form
    fresh, me = form.get("fresh", ""), ctx.principal.id
    if fresh != form.get("again", ""):
        return _wrong(person, "again", phrase("The two passwords differ. Type both again."))
    device = person.live.session.device
    found = authenticate(conn, ctx, me.removeprefix("user:"), form.get("password", ""), known=lambda _: device)
    if isinstance(found, Denied):
        return _wrong(
            person, "password", phrase("That is not your password. After several wrong ones the account is locked.")
        )
    try:
        with conn.transaction():
            set_password(conn, ctx, me, fresh)
    except Invalid as error:
        return _wrong(person, "fresh", sentence(error.message))
    before = person.live.session
    made = start_session(
        conn,
        ctx,
        me,
        user_agent=before.user_agent,
        address=before.address,
        proofs=before.proofs or ("password",),
        limited_to=before.limited_to,
    )
    done = Notice("done", phrase("Your password is changed. You are signed out everywhere else."))
    return Leave(person.where.account, done, made.token)


def end_session(person: Person) -> Leave:
    """End one of one's own sessions."""
    wanted = str(person.request.path_params["session"])
    if wanted not in {s.id for s in list_sessions(person.conn, person.ctx.principal.id, person.ctx.now)}:
        raise NotFound("there is no such session")
    revoke_session(person.conn, person.ctx, wanted)
    return _back(person, "done", phrase("That session is signed out."))


def end_others(person: Person) -> Leave:
    """End all of one's sessions but this one."""
    ended = revoke_sessions(person.conn, person.ctx, person.ctx.principal.id, keep_token=person.token)
    return _back(
        person,
        "done",
        phrase("You are signed out everywhere else.") if ended else phrase("There was no other session."),
    )


def forget_browser(person: Person) -> Leave:
    """Let a known browser be like any other again."""
    try:
        wanted = UUID(str(person.request.path_params["device"]))
    except ValueError:
        raise NotFound("there is no such browser") from None
    if not forget_device(person.conn, person.ctx, person.ctx.principal.id, wanted):
        raise NotFound("there is no such browser")
    return _back(person, "done", phrase("That browser is forgotten."))


def choose_reading(person: Person) -> Show | Leave:
    """In which time zone and in which region's way pages and mails are written."""
    try:
        with person.conn.transaction():
            keep_reading(person.conn, person.ctx, person.form)
    except Invalid as error:
        field = error.problems[0].field
        said = {
            "timezone": phrase("This is no time zone. Use a name such as Europe/Berlin, or leave it empty."),
            "region": phrase("This is none of the regions. Choose one of the list."),
        }[field]
        return Show(_page(person, errors=((field, said),), zone=person.form.get("timezone", "")[:64]), 400)
    return Leave(f"{person.where.account}#reading", Notice("done", phrase("Times and numbers come as you chose.")))


def choose_mails(person: Person) -> Leave:
    """Which mails one gets, in which language."""
    with person.conn.transaction():
        keep_choices(person.conn, person.ctx, person.form)
    return Leave(f"{person.where.account}#mails", Notice("done", phrase("Your mails come as you chose.")))


def ask_proof(person: Person) -> Show:
    """The question for a proof."""
    return Show(_confirm(person))


def take_proof(person: Person) -> Show | Leave:
    """A code, or the password of who has no second factor: a right one gives the session another token."""
    conn, ctx = person.conn, person.ctx
    me, device = ctx.principal.id, person.live.session.device
    if factors_of(conn, me).on:
        code = person.form.get("code", "")[:40]
        proof: str | None = factors.prove_code(conn, ctx, person.sealer, me, code, device=device)
        said = phrase("That code does not fit, or was used already. Type the one that the app shows now.")
    else:
        given = person.form.get("password", "")
        found = authenticate(conn, ctx, me.removeprefix("user:"), given, known=lambda _: device)
        proof = None if isinstance(found, Denied) else "password"
        said = phrase("That is not your password. After several wrong ones the account is locked for a while.")
    if proof is None:
        return Show(_confirm(person, said), 401)
    return _proved(person, proof)


def take_passkey(person: Person) -> Show | Leave:
    """A passkey as proof."""
    try:
        with person.conn.transaction():
            found = passkeys.prove_passkey(
                person.conn,
                person.ctx,
                person.sealer,
                site_of(person.request),
                response=person.form.get("response", ""),
                sealed=person.form.get("sealed", ""),
                bound_to=person.live.session.id,
            )
            if found != person.ctx.principal.id:
                raise Unauthenticated("that passkey is somebody else's")
    except Unauthenticated as error:
        return Show(_confirm(person, sentence(error.message)), 401)
    return _proved(person, "passkey")


def _proved(person: Person, proof: str) -> Leave:
    made = renew_session(person.conn, person.ctx, person.token, proof)
    then = person.own_path(person.form.get("then", ""))
    return Leave(then, Notice("done", phrase("Thank you. Go on with what you wanted to do.")), made.token)


def _protected(person: Person, codes: tuple[str, ...], said: str) -> Show | Leave:
    """There is a second factor now: a session that waited for it is good for everything."""
    if person.live.session.limited_to == ENROL:
        unlimit_session(person.conn, person.token)
    return Show(_page(person, codes=codes, released=True)) if codes else _back(person, "done", said)


def _back(person: Person, tone: str, said: str) -> Leave:
    return Leave(person.where.account, Notice(tone, said))


def _wrong(person: Person, field: str, said: str) -> Show:
    return Show(_page(person, errors=((field, said),)), 400)


def _page(
    person: Person,
    *,
    setup: bool = False,
    codes: tuple[str, ...] = (),
    errors: tuple[tuple[str, str], ...] = (),
    released: bool = False,
    zone: str | None = None,
) -> views.Account:
    conn, ctx, me = person.conn, person.ctx, person.ctx.principal.id
    has, mine = factors_of(conn, me), person.live.session.device
    waiting = None
    if setup and has.totp_since is None:
        waiting = factors.pending_totp(conn, ctx, person.sealer, person.tenant.name)
    offer = passkeys.offer_passkey(
        conn, ctx, person.sealer, site_of(person.request), person.tenant.name, person.live.session.id
    )
    return views.Account(
        where=person.where,
        email=me.removeprefix("user:"),
        has_password=has_password(conn, me),
        shortest=person.live.rules.password_length,
        app_since=has.totp_since,
        setup=None if waiting is None else app_setup(waiting.address, waiting.secret),
        passkeys=tuple(passkeys.list_passkeys(conn, me)),
        offer=offer,
        codes_left=has.codes_left,
        codes_made_at=has.codes_made_at,
        sessions=tuple(
            views.SessionRow(
                s.id,
                device_of(s.user_agent),
                proofs_in_words(s.proofs),
                s.address,
                s.created_at,
                s.last_seen,
                s.id == person.live.session.id,
            )
            for s in list_sessions(conn, me, ctx.now)
        ),
        devices=tuple(
            views.DeviceRow(str(d.id), device_of(d.user_agent), d.created_at, d.last_used, d.id == mine)
            for d in list_devices(conn, me, ctx.now)
        ),
        mails=box_of(conn, ctx.principal),
        reading=reading_choice(person.tenant, person.request, person.live, ctx.now, zone),
        codes=codes,
        must_enrol=person.live.session.limited_to == ENROL and not released,
        errors=errors,
    )


def _confirm(person: Person, error: str = "") -> views.Confirm:
    has = factors_of(person.conn, person.ctx.principal.id)
    offer = None
    if has.passkeys:
        site = site_of(person.request)
        offer = passkeys.offer_sign_in(person.sealer, site, person.ctx.now, person.live.session.id)
    given = person.form.get("then") or person.request.query_params.get("then", "")
    return views.Confirm(
        where=person.where,
        then=person.own_path(given),
        app=has.totp_since is not None,
        codes=has.codes_left > 0,
        password=not has.on and has_password(person.conn, person.ctx.principal.id),
        offer=offer,
        error=error,
    )


@dataclass(frozen=True, slots=True)
class Way:
    """An address of the account pages. `fresh`: only for who has proved lately who they are."""

    method: str
    path: str
    act: Act
    fresh: bool = False


def ways(where: Where) -> tuple[Way, ...]:
    """Every address of the account pages. What gives or takes a way of signing in wants a fresh proof."""
    return (
        Way("GET", where.account, show),
        Way("POST", where.password, change_password),
        Way("POST", where.app, begin_app, fresh=True),
        Way("POST", where.app_confirm, confirm_app, fresh=True),
        Way("POST", where.app_remove, remove_app, fresh=True),
        Way("POST", where.codes, make_codes, fresh=True),
        Way("POST", where.passkeys, add_passkey, fresh=True),
        Way("POST", where.passkey_name("{passkey}"), name_passkey),
        Way("POST", where.passkey_remove("{passkey}"), remove_passkey, fresh=True),
        Way("POST", where.sessions_end, end_others),
        Way("POST", where.session_end("{session}"), end_session),
        Way("POST", where.device_forget("{device}"), forget_browser),
        Way("POST", where.reading, choose_reading),
        Way("POST", where.mails, choose_mails),
        Way("GET", where.confirm, ask_proof),
        Way("POST", where.confirm, take_proof),
        Way("POST", where.confirm_passkey, take_passkey),
    )
