"""The page of one's own account: password, authenticator app, passkeys, recovery codes, sessions. Handlers answer in
values; each edge turns them into its own pages and cookies."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from headgate.access import (
    ENROL,
    Denied,
    authenticate,
    factors_of,
    has_password,
    list_sessions,
    revoke_session,
    revoke_sessions,
    set_password,
    start_session,
    unlimit_session,
)
from headgate.access.devices import forget_device, list_devices
from headgate.access.mfa import factors, passkeys
from headgate.connectors.mail import one_line
from headgate.identity import views
from headgate.identity.devices import device_of, proofs_in_words
from headgate.identity.mail_choices import box_of, keep_choices
from headgate.identity.person import Act, Leave, Person, Show, site_of
from headgate.identity.proving import ask_proof, take_passkey, take_proof
from headgate.identity.qr import app_setup
from headgate.identity.reading import keep_reading, reading_choice
from headgate.identity.where import Where
from headgate.kernel.errors import Conflict, Invalid, NotFound, Unauthenticated
from headgate.kernel.phrases import phrase, sentence
from headgate.ui.cookies import Notice


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
    changed = phrase("An authenticator app was set up for your account.")
    return _protected(person, codes, phrase("The authenticator app is set up."), changed)


def remove_app(person: Person) -> Leave:
    """Take the app out of use."""
    gone = factors.remove_totp(person.conn, person.ctx)
    changed = phrase("The authenticator app of your account was removed.") if gone else ""
    return _back(person, "done", phrase("The authenticator app is removed."), changed)


def make_codes(person: Person) -> Show | Leave:
    """Fresh recovery codes."""
    try:
        made = factors.new_codes(person.conn, person.ctx)
    except Conflict as error:
        return _back(person, "risk", sentence(error.message))
    changed = phrase("New recovery codes were made for your account; those of before are worth nothing any more.")
    return Show(_page(person, codes=made), changed=changed)


def add_passkey(person: Person) -> Show | Leave:
    """Take a passkey into use."""
    form = person.form
    name = form.get("name", "").strip() or str(device_of(person.request.headers.get("user-agent", "")))
    try:
        with person.conn.transaction():
            codes = passkeys.add_passkey(
                person.conn,
                person.ctx,
                person.sealer,
                site_of(person.request),
                response=form.get("response", ""),
                sealed=form.get("sealed", ""),
                name=name,
                bound_to=person.live.session.id,
            )
    except (Unauthenticated, Conflict, Invalid) as error:
        return Show(_page(person, errors=(("passkey", sentence(error.message)),)), 400)
    changed = phrase("The passkey %(name)s was added to your account.", name=one_line(name))
    return _protected(person, codes, phrase("The passkey is ready to be used."), changed)


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
    try:
        name = passkeys.remove_passkey(person.conn, person.ctx, str(person.request.path_params["passkey"]))
    except Conflict as error:
        return _back(person, "risk", sentence(error.message))
    changed = phrase("The passkey %(name)s was removed from your account.", name=one_line(name))
    return _back(person, "done", phrase("The passkey is removed."), changed)


def change_password(person: Person) -> Show | Leave:
    """Choose another password; every session ends but this one, which gets another token. This browser stays known,
    and no other."""
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
            set_password(conn, ctx, me, fresh, here=device)
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
        device=device,
    )
    done = Notice("done", phrase("Your password is changed. You are signed out everywhere else."))
    return Leave(person.where.account, done, made.token, phrase("Your password was changed."))


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


def _protected(person: Person, codes: tuple[str, ...], said: str, changed: str) -> Show | Leave:
    """There is a second factor now: a session that waited for it is good for everything."""
    if person.live.session.limited_to == ENROL:
        unlimit_session(person.conn, person.token)
    if not codes:
        return _back(person, "done", said, changed)
    return Show(_page(person, codes=codes, released=True), changed=changed)


def _back(person: Person, tone: str, said: str, changed: str = "") -> Leave:
    return Leave(person.where.account, Notice(tone, said), changed=changed)


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
    devices = list_devices(conn, me, ctx.now)
    since = {each.id: each.created_at for each in devices}
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
                None if s.device is None else since.get(s.device),
            )
            for s in list_sessions(conn, me, ctx.now)
        ),
        devices=tuple(
            views.DeviceRow(str(d.id), device_of(d.user_agent), d.created_at, d.last_used, d.id == mine)
            for d in devices
        ),
        mails=box_of(conn, ctx.principal),
        reading=reading_choice(person.tenant, person.request, person.live, ctx.now, zone),
        codes=codes,
        must_enrol=person.live.session.limited_to == ENROL and not released,
        errors=errors,
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
