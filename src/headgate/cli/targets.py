"""`headgate targets …` and `headgate subscriptions …`: where commands and events go."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

import typer

from headgate.cli.session import Json, Session, Tenant, print_json, say, session, shown, table
from headgate.connectors.delivery import (
    SUBSCRIPTION,
    Connection,
    TargetChange,
    TargetDraft,
    attempts_at,
    change_target,
    connections,
    create_target,
    get_target,
    ping,
    rotate_secret,
    set_status,
    unrouted,
)
from headgate.connectors.delivery.model import Purpose, Status
from headgate.kernel.errors import invalid

Code = Annotated[str, typer.Argument(help="Its short name.")]
Because = Annotated[str, typer.Option("--because", help="Why; it goes into the audit chain.")]
Types = Annotated[
    list[str] | None, typer.Option("--type", help="Event type, order.* for a family; may be repeated; default: all.")
]
Rate = Annotated[str | None, typer.Option(help="Messages a second; 0 lifts the limit.")]
Burst = Annotated[int | None, typer.Option(help="How many may go at once after a pause.")]
Concurrency = Annotated[int | None, typer.Option(help="How many may be under way, over all workers.")]
Seconds = Annotated[int | None, typer.Option("--timeout", help="Seconds an attempt may take in all.")]
Attempts = Annotated[int | None, typer.Option("--attempts", help="After so many a message is a dead letter.")]
Ordered = Annotated[
    bool | None, typer.Option("--ordered/--unordered", help="Keep the order of what concerns one subject.")
]
Authorization = Annotated[
    str | None,
    typer.Option(
        envvar="HEADGATE_AUTHORIZATION",
        help="The Authorization header to send; better by the environment variable than on the command line.",
    ),
]
Secret = Annotated[
    str | None, typer.Option(envvar="HEADGATE_SECRET", help="whsec_… where the receiver has one already.")
]


def _group(purpose: Purpose) -> typer.Typer:
    """The commands for one purpose."""
    app = typer.Typer(no_args_is_help=True)
    _looking(app, purpose)
    if purpose == "events":
        app.command("add")(_add_subscription)
        app.command("change")(_change_subscription)
    else:
        app.command("add")(_add_target)
        app.command("change")(_change_target)
    _switching(app, purpose)
    _sharing(app, purpose)
    return app


def _full(purpose: Purpose, code: str) -> str:
    return f"{SUBSCRIPTION}{code}" if purpose == "events" else code


def _looking(app: typer.Typer, purpose: Purpose) -> None:
    noun = "subscription" if purpose == "events" else "target"

    @app.command("list")
    def list_(tenant: Tenant = "nordwind", json: Json = False) -> None:
        """List them with how they fare and what has not arrived."""
        with session(tenant) as s, s.transaction(read_only=True) as (conn, ctx):
            found = connections(conn, ctx.now, purpose)
            waiting = unrouted(conn, ctx.now) if purpose == "commands" else []
        if json:
            print_json({"items": [_plain(c) for c in found], "unrouted": [asdict(b) for b in waiting]})
            return
        _print_list(noun, found)
        for backlog in waiting:
            say(
                f"{backlog.pending:,} commands wait for {backlog.target}, which is not registered; the oldest since "
                f"{shown(backlog.oldest)} UTC. Register it: headgate targets add {backlog.target} https://…"
            )

    @app.command("show")
    def show(code: Code, tenant: Tenant = "nordwind", json: Json = False) -> None:
        """Show one with its last tries."""
        with session(tenant) as s, s.transaction(read_only=True) as (conn, ctx):
            get_target(conn, _full(purpose, code))
            found = next(c for c in connections(conn, ctx.now, purpose) if c.target.short == code)
            tries = attempts_at(conn, _full(purpose, code), limit=20)
        if json:
            print_json(_plain(found) | {"tries": [asdict(a) for a in tries]})
            return
        _print_one(found)
        columns = {"at": "At", "number": "Try", "outcome": "Outcome", "status": "Answer", "milliseconds": "ms"}
        rows = [asdict(a) | {"said": a.excerpt or a.error} for a in tries]
        table("Last tries", rows, columns | {"said": "Said"}, "Nothing was sent yet.")


def _switching(app: typer.Typer, purpose: Purpose) -> None:
    @app.command("pause")
    def pause(code: Code, because: Because, tenant: Tenant = "nordwind") -> None:
        """Send nothing for now; what comes for a target waits."""
        _status(tenant, _full(purpose, code), "paused", because)

    @app.command("activate")
    def activate(code: Code, because: Because, tenant: Tenant = "nordwind") -> None:
        """Send again, at once; the breaker is closed, too."""
        _status(tenant, _full(purpose, code), "active", because)

    @app.command("disable")
    def disable(code: Code, because: Because, tenant: Tenant = "nordwind") -> None:
        """Send nothing any more."""
        _status(tenant, _full(purpose, code), "disabled", because)


def _sharing(app: typer.Typer, purpose: Purpose) -> None:
    @app.command("rotate")
    def rotate(
        code: Code,
        overlap_hours: Annotated[int, typer.Option(help="How long the former secrets sign beside the new one.")] = 24,
        secret: Secret = None,
        tenant: Tenant = "nordwind",
        json: Json = False,
    ) -> None:
        """Make a new signing secret and show it once."""
        with session(tenant) as s, s.transaction() as (conn, ctx):
            overlap = timedelta(hours=overlap_hours)
            text, until = rotate_secret(conn, ctx, s.app.envelope, _full(purpose, code), overlap=overlap, secret=secret)
        if json:
            print_json({"secret": text, "former_until": until})
        else:
            say(f"New secret of {code}: {text}; the former ones sign beside it until {shown(until)} UTC.", wrap=False)

    @app.command("ping")
    def ping_(code: Code, tenant: Tenant = "nordwind", json: Json = False) -> None:
        """Send a test message now and say what was answered."""
        with session(tenant) as s:
            done = ping(s.app.courier, s.context(), _full(purpose, code))
        if json:
            print_json({"ok": done.ok, "answer": asdict(done.answer)})
        else:
            say(f"{code} {done.answer}" if not done.ok else f"{code} took it (answered {done.answer.status}).")
        if not done.ok:
            raise typer.Exit(1)


def _add_target(
    code: Code,
    url: Annotated[str, typer.Argument(help="Where to POST to.")],
    name: Annotated[str, typer.Option(help="What people call it.")] = "",
    kind: Annotated[str, typer.Option(help="The kind of system.")] = "webhook",
    rate: Rate = None,
    burst: Burst = None,
    concurrency: Concurrency = None,
    timeout: Seconds = None,
    attempts: Attempts = None,
    ordered: Ordered = None,
    authorization: Authorization = None,
    secret: Secret = None,
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Register an outside system under the code that commands name; its signing secret is shown once."""
    limits = _limits(rate, burst, concurrency, timeout, attempts, ordered, authorization)
    _add(tenant, "commands", TargetDraft(code, url, name, kind, secret=secret, **limits), json)


def _add_subscription(
    code: Code,
    url: Annotated[str, typer.Argument(help="Where to POST to.")],
    types: Types = None,
    name: Annotated[str, typer.Option(help="What people call it.")] = "",
    rate: Rate = None,
    burst: Burst = None,
    concurrency: Concurrency = None,
    timeout: Seconds = None,
    attempts: Attempts = None,
    ordered: Ordered = None,
    authorization: Authorization = None,
    secret: Secret = None,
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Subscribe a receiver to events; its signing secret is shown once."""
    limits = _limits(rate, burst, concurrency, timeout, attempts, ordered, authorization)
    _add(tenant, "events", TargetDraft(code, url, name, types=tuple(types or ()), secret=secret, **limits), json)


def _change_target(
    code: Code,
    url: Annotated[str | None, typer.Option(help="Where to POST to.")] = None,
    name: Annotated[str | None, typer.Option(help="What people call it.")] = None,
    rate: Rate = None,
    burst: Burst = None,
    concurrency: Concurrency = None,
    timeout: Seconds = None,
    attempts: Attempts = None,
    ordered: Ordered = None,
    authorization: Authorization = None,
    tenant: Tenant = "nordwind",
) -> None:
    """Change what is named; the rest stays."""
    limits = _limits(rate, burst, concurrency, timeout, attempts, ordered, authorization, lift=True)
    _change(tenant, code, TargetChange(url=url, name=name, **limits))


def _change_subscription(
    code: Code,
    url: Annotated[str | None, typer.Option(help="Where to POST to.")] = None,
    types: Types = None,
    name: Annotated[str | None, typer.Option(help="What people call it.")] = None,
    rate: Rate = None,
    burst: Burst = None,
    concurrency: Concurrency = None,
    timeout: Seconds = None,
    attempts: Attempts = None,
    ordered: Ordered = None,
    authorization: Authorization = None,
    tenant: Tenant = "nordwind",
) -> None:
    """Change what is named; the rest stays. `--type '*'` stands for all events."""
    limits = _limits(rate, burst, concurrency, timeout, attempts, ordered, authorization, lift=True)
    wanted = tuple(types) if types else None
    _change(tenant, f"{SUBSCRIPTION}{code}", TargetChange(url=url, name=name, types=wanted, **limits))


def _limits(
    rate: str | None,
    burst: int | None,
    concurrency: int | None,
    timeout: int | None,
    attempts: int | None,
    ordered: bool | None,
    authorization: str | None,
    *,
    lift: bool = False,
) -> dict[str, Any]:
    """What was named; a rate of 0 is none, or with `lift` lifts the one there is."""
    try:
        number = None if rate is None else Decimal(rate)
    except InvalidOperation:
        raise invalid("--rate", rate, "is not a number", "Write messages a second, for example 5.") from None
    given = {
        "rate": number if number or lift else None,
        "burst": burst,
        "concurrency": concurrency,
        "timeout_seconds": timeout,
        "max_attempts": attempts,
        "ordered": ordered,
        "authorization": authorization,
    }
    return {name: value for name, value in given.items() if value is not None}


def _add(tenant: str, purpose: Purpose, draft: TargetDraft, json: bool) -> None:
    with session(tenant) as s, s.transaction() as (conn, ctx):
        made, secret = create_target(conn, ctx, s.app.envelope, s.app.courier.ports, draft, purpose=purpose)
    if json:
        print_json({"code": made.short, "url": made.url, "secret": secret})
    else:
        say(f"{made.short} gets its messages at {made.url}; secret: {secret}", wrap=False)


def _change(tenant: str, code: str, change: TargetChange) -> None:
    with session(tenant) as s, s.transaction() as (conn, ctx):
        change_target(conn, ctx, s.app.envelope, s.app.courier.ports, code, change)
        _said(s, conn, code)


def _status(tenant: str, code: str, status: Status, because: str) -> None:
    with session(tenant) as s, s.transaction() as (conn, ctx):
        set_status(conn, ctx, code, status, because)
        _said(s, conn, code)


def _said(s: Session, conn: Any, code: str) -> None:
    found = next(c for c in connections(conn, s.app.clock.now()) if c.target.code == code)
    _print_one(found)


def _print_list(noun: str, found: list[Connection]) -> None:
    rows = [
        {
            "code": c.target.short,
            "status": c.target.status if c.target.status != "active" else f"breaker {c.state.breaker.state}",
            "pending": c.backlog.pending,
            "dead": c.backlog.dead,
            "oldest": c.backlog.oldest,
            "success": c.state.last_success_at,
            "error": c.state.last_error[:80],
        }
        for c in found
    ]
    columns = {
        "code": noun.capitalize(),
        "status": "State",
        "pending": "Waiting",
        "dead": "Dead",
        "oldest": "Oldest",
        "success": "Last success",
        "error": "Last error",
    }
    table(f"{noun.capitalize()}s", rows, columns, f"No {noun} yet: headgate {noun}s add CODE https://…")


def _print_one(found: Connection) -> None:
    target, state = found.target, found.state
    say((target.short, "bold"), f" {target.status}", f" ({target.status_reason})" if target.status_reason else "")
    facts = {
        "url": target.url,
        "types": target.types or "all" if target.purpose == "events" else None,
        "limits": f"{shown(target.rate)} a second, {target.concurrency} at once, {target.timeout_seconds} s, "
        f"{target.max_attempts} tries" + (", in order" if target.ordered else ""),
        "secrets": f"{target.secret_count}"
        + (f", the former until {shown(target.former_until)} UTC" if target.former_until else ""),
        "breaker": state.breaker.state + (f": {state.breaker.reason}" if state.breaker.reason else ""),
        "waiting": f"{found.backlog.pending:,} since {shown(found.backlog.oldest)}" if found.backlog.pending else "0",
        "dead letters": found.backlog.dead,
        "last success": state.last_success_at,
        "last error": state.last_error,
    }
    for label, value in facts.items():
        if value is not None:
            say((f"{label:<13}", "dim"), shown(value), indent=2)


def _plain(found: Connection) -> dict[str, Any]:
    """For scripts: nothing nested deeper than needed, nothing secret."""
    target = asdict(found.target) | {"code": found.target.short}
    return target | {"state": asdict(found.state), "backlog": asdict(found.backlog)}


app = _group("commands")
subscriptions_app = _group("events")
