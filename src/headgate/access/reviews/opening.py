"""Opening a review: every grant of its scope is written down as it stands, with whom it belongs to and what is odd."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg import Connection

from headgate.access.core.checks import text
from headgate.access.core.duties import clashes
from headgate.access.core.roles import require
from headgate.access.duties.custom import expect_role, list_custom_roles, permissions_by_role
from headgate.access.duties.matrix import matrix_in_force
from headgate.access.duties.mitigations import list_mitigations
from headgate.access.principals import accounts_of
from headgate.access.recording import record
from headgate.access.reviews import repo
from headgate.access.reviews.core import SCOPES, Review
from headgate.access.reviews.reading import get_review
from headgate.kernel.canonical import canonical_text, instant_text
from headgate.kernel.context import Context
from headgate.kernel.errors import Conflict, invalid
from headgate.kernel.ids import new_id
from headgate.kernel.phrases import phrase

MOST_GRANTS = 20_000
MOST_REVIEWERS = 50
LONGEST = timedelta(days=366)
DECIDES = "access.review"


def open_review(
    conn: Connection[Any],
    ctx: Context,
    *,
    title: str,
    scope: str,
    reviewers: Sequence[str],
    due_at: datetime,
    role: str = "",
) -> Review:
    """Open a review of all grants in force or to come within a scope. Nobody opens one for themselves to decide.

    Raises `Invalid` for a bad field, `Conflict` when nothing or too much is in its scope, or when nobody else could
    review a reviewer's own grant.
    """
    require(ctx.principal, "admin")
    named = text("title", title, 120)
    if scope not in SCOPES:
        raise invalid("scope", scope, "is not a scope", phrase("Use one of %(names)s.", names=", ".join(SCOPES)))
    if scope == "role":
        expect_role(conn, role)
    elif role:
        raise invalid(
            "role",
            role,
            phrase("does not go with the scope %(scope)s", scope=scope),
            "Use the scope role, or leave it out.",
        )
    if due_at.tzinfo is None or not ctx.now < due_at <= ctx.now + LONGEST:
        raise invalid("due_at", due_at, "is not within the next year", "Give reviewers a day to come.")
    chosen = _reviewers(conn, ctx, reviewers)
    wanted = {"scope": scope, "role": role, "now": ctx.now, "limit": MOST_GRANTS + 1}
    grants = conn.execute(repo.GRANTS, wanted).fetchall()
    if not grants:
        raise Conflict("nobody within this scope holds a role; there is nothing to review")
    if len(grants) > MOST_GRANTS:
        raise Conflict(
            phrase(
                "more than %(most_grants)s grants are within this scope; review role by role",
                most_grants=f"{MOST_GRANTS:,}",
            )
        )
    holders = {row[0] for row in grants}
    if len(chosen) == 1 and chosen[0] in holders:
        raise Conflict(
            phrase(
                "%(chosen)s holds roles within this scope and cannot review them; name a second reviewer",
                chosen=chosen[0],
            )
        )
    review_id, matrix = new_id(ctx.now), matrix_in_force(conn)
    values = {"id": review_id, "title": named, "scope": scope, "role": role, "reviewers": chosen}
    more = {"by": ctx.principal.id, "now": ctx.now, "due_at": due_at, "matrix": matrix.version}
    conn.execute(repo.ADD_REVIEW, values | more)
    conn.execute(repo.ADD_ITEMS, _columns(review_id, grants, _titles(conn), _conflicts(conn, sorted(holders), ctx.now)))
    told = {"title": named, "scope": scope, "role": role, "reviewers": chosen, "due_at": due_at}
    record(conn, ctx, "access_review.opened", "access_review", str(review_id), grants=len(grants), **told)
    return get_review(conn, ctx, review_id)


def exchange_reviewers(conn: Connection[Any], ctx: Context, review_id: UUID, reviewers: Sequence[str]) -> Review:
    """Let others decide in an open review; what was decided stays decided. Never whoever opened it, nor the caller.

    Raises `Invalid` for who cannot review, `Conflict` for a review that is over.
    """
    require(ctx.principal, "admin")
    conn.execute(repo.LOCK_REVIEW, {"id": review_id})
    review = get_review(conn, ctx, review_id)
    if review.status != "open":
        raise Conflict(phrase("this review is %(status)s already", status=review.status))
    chosen = _reviewers(conn, ctx, reviewers)
    if review.opened_by in chosen:
        raise invalid("reviewers", review.opened_by, "opened this review", "Somebody else decides in it; name them.")
    held = conn.execute(repo.HOLDS, {"review": review_id, "principal": chosen[0]}).fetchone()
    if len(chosen) == 1 and held is not None:
        raise Conflict(
            phrase(
                "%(chosen)s holds roles within this scope and cannot review them; name a second reviewer",
                chosen=chosen[0],
            )
        )
    conn.execute(repo.SET_REVIEWERS, {"id": review_id, "reviewers": chosen})
    before = list(review.reviewers)
    record(conn, ctx, "access_review.reviewers_set", "access_review", str(review_id), before=before, reviewers=chosen)
    return get_review(conn, ctx, review_id)


def _reviewers(conn: Connection[Any], ctx: Context, reviewers: Sequence[str]) -> list[str]:
    chosen = sorted({each.strip() for each in reviewers if each.strip()})
    if not chosen:
        raise invalid("reviewers", "", "is empty", "Name somebody who answers for these people.")
    if len(chosen) > MOST_REVIEWERS:
        raise invalid(
            "reviewers", len(chosen), phrase("are more than %(most_reviewers)s", most_reviewers=MOST_REVIEWERS)
        )
    if ctx.principal.id in chosen:
        raise invalid("reviewers", ctx.principal.id, "opens this review", "Somebody else decides in it; name them.")
    known = accounts_of(conn, chosen, ctx.now)
    for each in chosen:
        found = known.get(each)
        if found is None or found.status != "active":
            why = "is suspended" if found else "is nobody here"
            raise invalid("reviewers", each, why, "Name an active person of the tenant's own.")
        if found.kind != "person" or found.partner is not None:
            raise invalid("reviewers", each, "is not one of the tenant's own people", "Name a person of yours.")
        if DECIDES not in found.as_principal().permissions:
            raise invalid(
                "reviewers",
                each,
                phrase("lacks the permission %(decides)s", decides=DECIDES),
                "Grant them a role that has it.",
            )
    return chosen


def _titles(conn: Connection[Any]) -> dict[str, str]:
    return {each.role: each.title for each in list_custom_roles(conn)}


def _conflicts(conn: Connection[Any], holders: Sequence[str], now: datetime) -> Mapping[tuple[str, str], list[Any]]:
    """By account and role, the rules that the role breaks there. All roles of an account count, also those out of
    scope; so the queries are four, whatever the number of accounts."""
    rows = conn.execute(repo.ROLES_OF, {"holders": list(holders), "now": now}).fetchall()
    held: dict[str, list[str]] = {}
    for principal, role in rows:
        held.setdefault(principal, []).append(role)
    allowed = permissions_by_role(conn, sorted({role for _, role in rows}))
    matrix = matrix_in_force(conn)
    # Many hold the same roles, so each combination is looked at once.
    combinations = {tuple(roles) for roles in held.values()}
    known = {roles: clashes({r: allowed[r] for r in roles if r in allowed}, matrix) for roles in combinations}
    broken = {who: known[tuple(roles)] for who, roles in held.items() if known[tuple(roles)]}
    watch = [m for m in list_mitigations(conn, sorted(broken)) if m.status(now) == "in_force"] if broken else []
    watched = {(m.principal, frozenset((m.first, m.second))): m for m in watch}
    found: dict[tuple[str, str], list[Any]] = {}
    for principal, each in broken.items():
        for clash in each:
            control = watched.get((principal, clash.rule.pair))
            until = "" if control is None else instant_text(control.valid_until)
            told = {**clash.rule.as_dict(), "control": control.control if control else "", "until": until}
            for role, beside in {clash.first: clash.second, clash.second: clash.first}.items():
                found.setdefault((principal, role), []).append({**told, "beside": beside})
    return found


def _columns(
    review: UUID,
    grants: Sequence[tuple[Any, ...]],
    titles: Mapping[str, str],
    conflicts: Mapping[tuple[str, str], list[Any]],
) -> dict[str, Any]:
    names = ("principals", "kinds", "names", "partners", "accounts", "roles", "granters", "granted", "starts", "ends")
    columns: dict[str, Any] = dict(zip((*names, "used"), map(list, zip(*grants, strict=True)), strict=True))
    columns["review"] = review
    columns["titles"] = [titles.get(role, "") for role in columns["roles"]]
    pairs = zip(columns["principals"], columns["roles"], strict=True)
    columns["conflicts"] = [canonical_text(conflicts.get(pair, [])) for pair in pairs]
    return columns
