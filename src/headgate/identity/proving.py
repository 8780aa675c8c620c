"""The question for a proof before a sensitive act, and taking it: a code, the password of who has no second factor, or
a passkey."""

from __future__ import annotations

from headgate.access import Denied, authenticate, factors_of, has_password, renew_session
from headgate.access.mfa import factors, passkeys
from headgate.identity import views
from headgate.identity.keeping import mark_of
from headgate.identity.person import Leave, Person, Show, site_of
from headgate.kernel.errors import Unauthenticated
from headgate.kernel.phrases import phrase, sentence
from headgate.ui.cookies import Notice


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
    # Where a form is filled in again the page itself says so.
    said = None if mark_of(then) else Notice("done", phrase("Thank you. Go on with what you wanted to do."))
    return Leave(then, said, made.token)


def _confirm(person: Person, error: str = "") -> views.Confirm:
    has = factors_of(person.conn, person.ctx.principal.id)
    offer = None
    if has.passkeys:
        site = site_of(person.request)
        offer = passkeys.offer_sign_in(person.sealer, site, person.ctx.now, person.live.session.id)
    given = person.form.get("then") or person.request.query_params.get("then", "")
    then = person.own_path(given)
    mark = mark_of(then)
    return views.Confirm(
        where=person.where,
        then=then,
        kept=mark is not None and not mark.too_long,
        too_long=mark is not None and mark.too_long,
        app=has.totp_since is not None,
        codes=has.codes_left > 0,
        password=not has.on and has_password(person.conn, person.ctx.principal.id),
        offer=offer,
        error=error,
    )
