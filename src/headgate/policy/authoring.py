"""Drafts: a copy of a version to change, and saving what is being written without losing anybody's words."""

from __future__ import annotations

import hashlib
import re

from psycopg import Connection

from headgate.access.inheritance import expect_unlocked
from headgate.kernel.context import Context
from headgate.kernel.errors import Conflict, NotFound, Stale, invalid
from headgate.kernel.phrases import phrase
from headgate.policy import repo
from headgate.policy.checking import Checked, check_text
from headgate.policy.core.lifecycle import PolicyVersion, expect_status
from headgate.policy.core.source import read_yaml
from headgate.policy.versions import audit, locked, pick, version_of

_VERSION_LINE = re.compile(r"^(\s*version\s*:\s*)\d+")


def propose(conn: Connection, ctx: Context, policy: str, based_on: int | None = None) -> PolicyVersion:
    """A draft with the text of a version: of the one in force, else of the newest. Somebody who has a draft of this
    policy gets that one. Raises `NotFound`."""
    versions = locked(conn, policy)
    if not versions:
        raise NotFound(phrase("there is no policy %(policy)s", policy=policy))
    expect_unlocked(conn, "policy", policy)
    mine = [v for v in versions if v.status == "draft" and v.author == ctx.principal.id]
    if mine and based_on is None:
        return mine[-1]
    current = next((v for v in versions if v.in_force(ctx.now)), versions[-1])
    chosen = current if based_on is None else pick(versions, policy, based_on)
    drafted = copied(conn, ctx, chosen, versions[-1].version + 1, author=ctx.principal.id)
    audit(conn, ctx, "policy.proposed", drafted, based_on=chosen.version)
    return drafted


def copied(conn: Connection, ctx: Context, version: PolicyVersion, number: int, *, author: str) -> PolicyVersion:
    """A draft with another number and the text of a version. Raises `Conflict` when the number is taken."""
    (body,) = conn.execute(repo.BODY, {"policy": version.policy, "version": version.version}).fetchone() or ("",)
    text = renumbered(str(body), number)
    row = conn.execute(
        repo.SAVE_DRAFT,
        {
            "policy": version.policy,
            "version": number,
            "title": version.title,
            "body": text,
            "digest": _digest(text),
            "author": author,
            "now": ctx.now,
            "pack": "",
            "based_on": version.version,
        },
    ).fetchone()
    if row is None:
        raise Conflict(
            phrase("%(policy)s version %(number)s has just been taken; try again", policy=version.policy, number=number)
        )
    drafted = version_of(row)
    keep_text(conn, ctx, drafted, text)
    return drafted


def save(
    conn: Connection, ctx: Context, policy: str, version: int, text: str, *, seen: str
) -> tuple[PolicyVersion, Checked]:
    """Write a draft over, errors of its cells and examples included: they only keep it from review.

    `seen` is the digest (hex) of the text that the writer started from. Raises `Stale` when somebody saved another text
    since, naming them: neither text is lost, theirs is stored and the writer's is still in the writer's hands. Raises
    `Invalid` for a text that is no table or is of another policy or version, `Conflict` when it is no draft.
    """
    checked = check_text(text)
    table = checked.table
    if (table.policy, table.version) != (policy, version):
        told = f"{table.policy} version {table.version}"
        raise invalid(
            "text",
            told,
            phrase("is not %(policy)s version %(version)s", policy=policy, version=version),
            "Leave policy and version as they are.",
        )
    found = pick(locked(conn, policy), policy, version)
    expect_status(found, "draft", "change")
    if found.digest == table.digest:
        return found, checked
    if found.digest != seen:
        raise Stale(
            phrase(
                "%(policy)s version %(version)s %(saved_since)s; look at what changed, then save again",
                policy=policy,
                version=version,
                saved_since=_saved_since(conn, found),
            )
        )
    row = conn.execute(
        repo.EDIT_DRAFT,
        {
            "policy": policy,
            "version": version,
            "title": table.title,
            "body": text,
            "digest": _digest(text),
            "now": ctx.now,
            "by": ctx.principal.id,
        },
    ).fetchone()
    assert row is not None, "the row was locked"
    saved = version_of(row)
    keep_text(conn, ctx, saved, text)
    audit(conn, ctx, "policy.drafted", saved, errors=len(checked.errors))
    return saved, checked


def keep_text(conn: Connection, ctx: Context, version: PolicyVersion, text: str) -> None:
    """Keep a text of a draft for good."""
    conn.execute(
        repo.KEEP_TEXT,
        {
            "policy": version.policy,
            "version": version.version,
            "digest": bytes.fromhex(version.digest),
            "body": text,
            "by": ctx.principal.id,
            "now": ctx.now,
        },
    )


def kept_text(conn: Connection, policy: str, version: int, digest: str) -> str:
    """A text that a version once had. Raises `NotFound`."""
    wanted = {"policy": policy, "version": version, "digest": bytes.fromhex(digest)}
    row = conn.execute(repo.KEPT_TEXT, wanted).fetchone()
    if row is None:
        raise NotFound(phrase("%(policy)s version %(version)s never had that text", policy=policy, version=version))
    (body,) = row
    return str(body)


def renumbered(text: str, version: int) -> str:
    """The same text as another version, comments and layout as they are."""
    root = read_yaml(text, "policy.yaml")
    lines = text.splitlines(keepends=True)
    node = root.value.get("version") if isinstance(root.value, dict) else None
    if node is not None and _VERSION_LINE.match(lines[node.line - 1]):
        place = node.line - 1
        lines[place] = _VERSION_LINE.sub(rf"\g<1>{version}", lines[place])
        return "".join(lines)
    raise invalid("version", "", "does not stand on a line of its own", "Write it as version: 1.")


def _saved_since(conn: Connection, found: PolicyVersion) -> str:
    wanted = {"policy": found.policy, "version": found.version, "digest": bytes.fromhex(found.digest)}
    row = conn.execute(repo.LAST_SAVED, wanted).fetchone()
    return f"was saved by {row[0]} at {row[1]:%H:%M:%S} UTC since you opened it" if row else "has changed"


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
