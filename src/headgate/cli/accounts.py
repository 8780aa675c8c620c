"""`headgate account …`: how people sign in. For whoever operates the installation, and for who is locked out."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

import typer

from headgate.access import (
    SecurityRules,
    factors_of,
    get_account,
    get_tenant,
    invite_person,
    list_sessions,
    reset_factors,
    revoke_sessions,
    security_of,
    set_security,
)
from headgate.access.core.tokens import secret_hash
from headgate.cli.mail_choices import mails
from headgate.cli.reading import reading
from headgate.cli.session import By, Json, Tenant, acting, named, print_json, say, session, table
from headgate.connectors.mail import changed_letter, invitation_letter
from headgate.identity.where import Where
from headgate.kernel.errors import invalid
from headgate.kernel.phrases import phrase

app = typer.Typer(no_args_is_help=True)
app.command("mails")(mails)
app.command("reading")(reading)
Person = Annotated[str, typer.Argument(help="A principal id or an e-mail address.")]


@app.command("show")
def show(person: Person, tenant: Tenant = "nordwind", json: Json = False) -> None:
    """Show how somebody signs in and where they are signed in."""
    with session(tenant) as s, s.transaction(read_only=True) as (conn, ctx):
        account = get_account(conn, named(person), ctx.now)
        factors = factors_of(conn, account.principal)
        found = list_sessions(conn, account.principal, ctx.now)
    rows = [asdict(x) for x in found]
    if json:
        print_json(
            {
                "principal": account.principal,
                "status": account.status,
                "locked_until": account.locked_until,
                "authenticator_since": factors.totp_since,
                "passkeys": factors.passkeys,
                "recovery_codes_left": factors.codes_left,
                "sessions": rows,
            }
        )
        return
    app_ = "an authenticator app" if factors.totp_since else "no authenticator app"
    say(f"{account.principal} has {app_}, {factors.passkeys} passkeys, {factors.codes_left} recovery codes.")
    if account.locked_until is not None and account.locked_until > ctx.now:
        say(f"Locked after wrong passwords until {account.locked_until.isoformat()}.")
    columns = {"created_at": "Since (UTC)", "last_seen": "Seen (UTC)", "address": "From", "user_agent": "Browser"}
    table("Sessions", rows, columns, "Not signed in anywhere.")


@app.command("reset-mfa")
def reset_mfa(
    person: Person,
    because: Annotated[str, typer.Option("--because", help="How you know that it is them; goes into the audit trail.")],
    by: By = "",
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Take every second factor from somebody who lost them, and end their sessions; they set up new ones."""
    with session(tenant) as s, s.transaction() as (conn, ctx):
        account = get_account(conn, named(person), ctx.now)
        who = account.principal
        had = reset_factors(conn, acting(conn, ctx, by) if by else ctx, who, because)
        if had.on and account.email:
            said = phrase("An administrator took every second factor from your account, because they were lost.")
            letter, key = changed_letter(account.email, account.name, said), f"reset-mfa:{who}:{ctx.now.isoformat()}"
            s.app.mailroom.send(conn, ctx, get_tenant(conn), letter, about=who, key=key)
    result = {"principal": who, "authenticator": had.totp_since is not None, "passkeys": had.passkeys}
    if json:
        print_json(result)
        return
    gone = f"{'an authenticator app' if result['authenticator'] else 'no authenticator app'}, {had.passkeys} passkeys"
    say(f"{who} had {gone}; all are gone and every session has ended. A password is enough until they set up new ones.")


@app.command("sign-out")
def sign_out(person: Person, by: By = "", tenant: Tenant = "nordwind", json: Json = False) -> None:
    """End every session of somebody."""
    with session(tenant) as s, s.transaction() as (conn, ctx):
        who = get_account(conn, named(person), ctx.now).principal
        ended = revoke_sessions(conn, acting(conn, ctx, by) if by else ctx, who)
    if json:
        print_json({"principal": who, "sessions": ended})
    else:
        say(f"{who} is signed out everywhere ({ended} sessions).")


@app.command("invite")
def invite(
    email: Annotated[str, typer.Argument(help="Where the link goes, and what they sign in with.")],
    name: Annotated[str, typer.Option(help="The person's name.")],
    role: Annotated[list[str] | None, typer.Option(help="May be repeated.")] = None,
    by: By = "",
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Make an account and send its owner a link to choose a password; nobody else ever knows one."""
    with session(tenant) as s, s.transaction() as (conn, ctx):
        base = s.app.settings.public_url
        if not base:
            raise invalid("HEADGATE_PUBLIC_URL", "", "is not set", "Links in mails begin with it: https://your-host.")
        acts = acting(conn, ctx, by) if by else ctx
        made = invite_person(conn, acts, email=email, name=name, roles=role or [])
        link = f"{base}{Where('').reset(made.token)}"
        days = round((made.expires_at - ctx.now) / timedelta(days=1))
        address = made.principal.removeprefix("user:")
        letter = invitation_letter(address, name, acts.principal.name or phrase("Your administrator"), link, days)
        key = f"invitation:{secret_hash(made.token).hex()}"
        s.app.mailroom.send(conn, ctx, get_tenant(conn), letter, about=made.principal, key=key)
    if json:
        print_json({"principal": made.principal, "expires_at": made.expires_at})
    else:
        say(f"{made.principal} is invited; the link to choose a password is on its way to {address}.")


@app.command("rules")
def rules(
    second_factor_role: Annotated[
        list[str] | None, typer.Option(help="A role that needs a second factor; may be repeated. '' for none.")
    ] = None,
    session_hours: Annotated[int | None, typer.Option(help="How long a session lasts at most.")] = None,
    idle_minutes: Annotated[int | None, typer.Option(help="How long it lasts unused.")] = None,
    step_up_minutes: Annotated[int | None, typer.Option(help="How old a proof may be for a sensitive act.")] = None,
    step_up_amount: Annotated[
        str | None, typer.Option(help="Approving this much or more asks for a proof; '' for never. Tenant currency.")
    ] = None,
    password_length: Annotated[int | None, typer.Option(help="Characters of a password, at least.")] = None,
    lock_after: Annotated[int | None, typer.Option(help="Wrong passwords or codes that lock an account.")] = None,
    lock_minutes: Annotated[int | None, typer.Option(help="How long the longest lock lasts.")] = None,
    passkeys: Annotated[
        bool | None, typer.Option("--passkeys/--no-passkeys", help="Whether a passkey takes a password's place.")
    ] = None,
    sign_on: Annotated[
        bool | None, typer.Option("--sign-on/--no-sign-on", help="Whether identity providers let people in.")
    ] = None,
    known_devices: Annotated[
        bool | None,
        typer.Option("--known-devices/--no-known-devices", help="Whether a lock spares browsers known from before."),
    ] = None,
    device_days: Annotated[int | None, typer.Option(help="How long a browser stays known after a sign-in.")] = None,
    by: By = "",
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Show or change what sign-ins of a tenant must be like."""
    asked: dict[str, Any] = {
        "session_hours": session_hours,
        "idle_minutes": idle_minutes,
        "step_up_minutes": step_up_minutes,
        "password_length": password_length,
        "lock_after": lock_after,
        "lock_minutes": lock_minutes,
        "passkeys": passkeys,
        "sign_on": sign_on,
        "known_devices": known_devices,
        "device_days": device_days,
    }
    changes = {name: value for name, value in asked.items() if value is not None}
    if second_factor_role is not None:
        changes["second_factor_roles"] = frozenset(filter(None, second_factor_role))
    if step_up_amount is not None:
        changes["step_up_amount"] = _amount(step_up_amount)
    with session(tenant) as s, s.transaction() as (conn, ctx):
        found = security_of(conn)
        wanted = replace(found, **changes)
        if wanted != found:
            set_security(conn, acting(conn, ctx, by) if by else ctx, wanted)
    if json:
        print_json({"tenant": tenant, **wanted.as_settings()})
        return
    for line in _in_words(wanted):
        say(line)


def _in_words(rules: SecurityRules) -> list[str]:
    spared = "spares" if rules.known_devices else "does not spare"
    limit = "" if rules.step_up_amount is None else f", and so does approving {rules.step_up_amount} or more"
    return [
        f"A second factor is needed for: {', '.join(sorted(rules.second_factor_roles)) or 'no role'}.",
        f"Sessions last {rules.session_hours} h at most, {rules.idle_minutes} min unused.",
        f"Sensitive acts ask for a proof after {rules.step_up_minutes} min{limit}.",
        f"A password has {rules.password_length} characters or more.",
        f"{rules.lock_after} wrong passwords or codes lock an account, for {rules.lock_minutes} min at most.",
        f"A passkey {'lets in instead of a password' if rules.passkeys else 'is a second factor only'}.",
        f"Identity providers {'let people in once they are switched on' if rules.sign_on else 'let nobody in'}.",
        f"Browsers that somebody signed in with are known for {rules.device_days} days; a lock {spared} them.",
    ]


def _amount(text: str) -> Decimal | None:
    try:
        return Decimal(text) if text else None
    except InvalidOperation:
        raise invalid("--step-up-amount", text, "is not an amount", "Write it like 10000.") from None
