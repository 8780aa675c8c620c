"""Putting letters into the outbox: written in their readers' language, and sealed, for a link in one lets somebody in
and must not be read on its way. Who does not want a kind of mail gets none of it, whoever posts it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Final, Protocol
from urllib.parse import urlsplit
from uuid import UUID

from psycopg import Connection

from headgate.access import Sealer, Tenant
from headgate.access.domains import sender_address
from headgate.access.mailing import KINDS, NO_CHOICE, MailChoice, choices_of, stop_link
from headgate.connectors.delivery import repo
from headgate.connectors.mail.core.letters import Letter, Look, look_of
from headgate.connectors.mail.core.writing import (
    Reader,
    Shades,
    Ways,
    Written,
    WrittenLine,
    WrittenSection,
    written,
)
from headgate.connectors.mail.waiting import keep_for_digest, kept_keys, waits
from headgate.kernel.canonical import canonical_text, loads
from headgate.kernel.context import SYSTEM, Context
from headgate.ledger import CommandDraft, outbox_add, outbox_known

TARGET: Final = "mail"
STOP: Final = "/mails"
CHOOSE: Final = "/account#mails"
PARTNERS: Final = "/portal"
MOST_NEW: Final = 1000
_ROW: Final[dict[str, Any]] = {
    "code": TARGET,
    "purpose": "commands",
    "kind": "mail",
    "name": "E-mail",
    "url": "mail:",
    "config": "{}",
    "types": [],
    "secrets": "[]",
    "authorization": "",
    "rate": None,
    "burst": 20,
    "concurrency": 4,
    "timeout_seconds": 30,
    "max_attempts": 12,
    "ordered": False,
    "by": SYSTEM.id,
}


class Reading(Protocol):
    """Languages and colours, which stand above the floor of connectors."""

    def reader(self, tenant: Tenant, choice: MailChoice, now: datetime, /) -> Reader:
        """How somebody reads who chose this language, zone and region; '' is the tenant's."""

    def shades(self, accent: str, /) -> Shades:
        """A button's colours for an accent, so that what is written on it can be read."""


@dataclass(frozen=True, slots=True)
class Post:
    """A letter, the principal it is for, and the key under which it is posted once."""

    letter: Letter
    about: str
    key: str


@dataclass(frozen=True, slots=True)
class Mailroom:
    """Where letters are posted. `base` is where links in them lead, '' where the installation does not know; `secure`:
    portals with a host of their own are reached by https. `reading` is asked for when letters are written."""

    sealer: Sealer
    reading: Callable[[], Reading]
    base: str = ""
    secure: bool = True

    def send(
        self,
        conn: Connection[Any],
        ctx: Context,
        tenant: Tenant,
        letter: Letter,
        *,
        about: str,
        key: str,
        newcomer: bool = False,
    ) -> None:
        """Send a letter once the transaction is committed; the same `key` once, however often it is posted.

        `about` is the principal it is for; a `newcomer` cannot have chosen anything yet. It is tried again while the
        mail server cannot be reached.
        """
        self._post(conn, ctx, tenant, [(letter, about, key)], {} if newcomer else choices_of(conn, [about]))

    def send_all(
        self,
        conn: Connection[Any],
        ctx: Context,
        tenant: Tenant,
        letters: Sequence[tuple[Letter, str, str]],
        *,
        choices: Mapping[str, MailChoice] | None = None,
    ) -> int:
        """The same for many letters, each with whom it is for and its key, in four statements; how many are wanted, by
        these `choices` or those that are kept."""
        if choices is None:
            choices = choices_of(conn, {who for _, who, _ in letters})
        return self._post(conn, ctx, tenant, letters, choices)

    def send_new(self, conn: Connection[Any], ctx: Context, tenant: Tenant, posts: Sequence[Post]) -> int:
        """The same for a job that looks again and again: what was posted before is not written out once more. Returns
        how many letters are new; the next time goes on where there are more than `MOST_NEW`."""
        if not posts:
            return 0
        keys = [each.key for each in posts]
        known, told = outbox_known(conn, TARGET, keys), kept_keys(conn, keys)
        choices = choices_of(conn, {each.about for each in posts})
        new = [
            (each.letter, each.about, each.key)
            for each in posts
            if each.key not in known
            and (each.about, each.key) not in told
            and choices.get(each.about, NO_CHOICE).wants(each.letter.kind)
        ]
        return self._post(conn, ctx, tenant, new[:MOST_NEW], choices)

    def address(self, tenant: Tenant, *, partners: bool) -> str:
        """Where links to one's own pages begin: the portal's host where there is one; '' where it is not known."""
        if not partners:
            return self.base
        if tenant.portal_host:
            given = urlsplit(self.base)
            port = f":{given.port}" if given.port and not self.secure else ""
            return f"{'https' if self.secure else 'http'}://{tenant.portal_host}{port}{PARTNERS}"
        return f"{self.base}{PARTNERS}" if self.base else ""

    def _post(
        self,
        conn: Connection[Any],
        ctx: Context,
        tenant: Tenant,
        letters: Sequence[tuple[Letter, str, str]],
        choices: Mapping[str, MailChoice],
    ) -> int:
        wanted = [each for each in letters if choices.get(each[1], NO_CHOICE).wants(each[0].kind)]
        # Who chose otherwise since does not get once more what was told in a digest, or will be.
        told = kept_keys(conn, [key for letter, _, key in wanted if letter.entry is not None])
        now: list[tuple[Letter, str, str]] = []
        later: list[tuple[Letter, str, str]] = []
        for each in wanted:
            letter, about, key = each
            if (about, key) not in told:
                wait = waits(letter, choices.get(about, NO_CHOICE), tenant, ctx.now)
                (later if wait else now).append(each)
        keep_for_digest(conn, ctx, self.sealer, later)
        return self._write(conn, ctx, tenant, now, choices) + len(later)

    def _write(
        self,
        conn: Connection[Any],
        ctx: Context,
        tenant: Tenant,
        letters: Sequence[tuple[Letter, str, str]],
        choices: Mapping[str, MailChoice],
    ) -> int:
        look = look_of(tenant.name, tenant.settings)
        look = replace(look, address=sender_address(conn, tenant.settings))
        reading = self.reading()
        shades = reading.shades(look.accent)
        drafts = []
        for letter, about, key in letters:
            reader = reading.reader(tenant, choices.get(about, NO_CHOICE), ctx.now)
            made = written(letter, reader, self._ways(ctx, tenant, letter.kind, about), shades, ctx.now)
            payload = {"tenant": str(ctx.tenant_id), "sealed": self.sealer.seal(_body(made, look), _context(ctx))}
            drafts.append(CommandDraft(TARGET, "mail.send", about, payload, key, trace=""))
        if drafts:
            conn.execute(repo.ADD_TARGET, {**_ROW, "now": ctx.now})
            conn.execute(repo.ADD_STATE, {**_ROW, "now": ctx.now})
            outbox_add(conn, ctx.now, drafts)
        return len(drafts)

    def _ways(self, ctx: Context, tenant: Tenant, kind: str, about: str) -> Ways:
        found = KINDS.get(kind)
        base = self.address(tenant, partners=found.partners) if found else ""
        if not base:
            return Ways()
        token = stop_link(self.sealer, ctx.tenant_id, about, kind, ctx.now)
        return Ways(f"{base}{STOP}/{token}", f"{base}{CHOOSE}")


def opened(sealer: Sealer, payload: Any) -> tuple[Written, Look]:
    """The letter of a command. Raises `Misconfigured`, `KeyError`, `ValueError`, `TypeError` for what is none."""
    body = loads(sealer.open(payload["sealed"], f"mail {UUID(payload['tenant'])}"))
    found = body.get("written")
    if found is None:
        # Posted by the release before, which wrote in English only.
        found = {**body["letter"], "greeting": f"Hello {body['letter']['name']},"}
    lists = {name: tuple(found[name]) for name in ("paragraphs", "after")}
    facts = tuple((label, value) for label, value in found.get("facts", ()))
    shades = Shades(**found.get("shades", {}))
    sections = tuple(
        WrittenSection(each["title"], tuple(WrittenLine(**line) for line in each["lines"]), each["more"])
        for each in body.get("sections", ())
    )
    if sections:
        facts = ()  # the same lines, for a worker of the release before
    made = Written(**{**found, **lists, "facts": facts, "shades": shades, "sections": sections})
    return made, Look(**body["look"], address=body.get("from", ""))


def _body(made: Written, look: Look) -> str:
    """What is sealed. `letter` is for a worker of the release before the last, which knows these fields and no others;
    that of the last does not know sections, and writes their lines as facts."""
    lines = [[line.facts or "·", f"{line.title} {line.link}"] for each in made.sections for line in each.lines]
    before = {
        "to": made.to,
        "name": made.name,
        "subject": made.subject,
        "paragraphs": [*made.paragraphs, *(f"{label}: {value}" for label, value in made.facts)],
        "act": made.act,
        "link": made.link,
        "after": [*made.after, made.why],
    }
    told = asdict(made)
    sections = told.pop("sections")
    shown = asdict(look)
    address = shown.pop("address")  # apart, for a worker of the release before takes no look that it does not know
    body = {"letter": before, "look": shown, "written": told}
    if address:
        body["from"] = address
    if sections:
        body |= {"sections": sections, "written": {**told, "facts": [*told["facts"], *lines]}}
    return canonical_text(body)


def _context(ctx: Context) -> str:
    return f"mail {ctx.tenant_id}"
