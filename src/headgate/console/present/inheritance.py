"""From offers and what was inherited to their page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from headgate.access import CustomRole
from headgate.access.inheritance import Fates, Inherited, Offered
from headgate.console import urls
from headgate.console.present.lens import Lens
from headgate.console.present.names import Names
from headgate.console.views.common import Option
from headgate.console.views.inheritance import FateRow, InheritedRow, OfferRow
from headgate.kernel.phrases import phrase, worded
from headgate.policy import PolicyVersion

_ORDER = ("troubled", "following", "overridden", "released")


def inherited_rows(found: Sequence[Inherited], lens: Lens) -> tuple[InheritedRow, ...]:
    """What comes from above: what could not be copied first, what is one's own by now last."""
    rows = [_inherited(each, lens) for each in found]
    return tuple(sorted(rows, key=lambda row: (_ORDER.index(row.state), row.kind, row.title.lower())))


def _inherited(each: Inherited, lens: Lens) -> InheritedRow:
    coming = each.taken != each.offer and each.effective_at > lens.now and each.kind != "policy"
    troubled = bool(each.problem) and each.state == "following" and not coming
    may = lens.may("policies.approve") if each.kind == "policy" else lens.may("admin")
    return InheritedRow(
        each.kind,
        each.name,
        each.title,
        _href(each.kind, each.name) if each.local_version else "",
        each.provider_name,
        each.version,
        each.taken_version or 0,
        each.local_version or 0,
        each.locked and each.state != "released",
        "troubled" if troubled else each.state,
        each.problem if troubled else "",
        each.effective_at if each.effective_at > lens.now and each.state == "following" else None,
        urls.inherited_follow(each.kind, each.name) if may and each.state == "overridden" else "",
    )


def offer_rows(
    found: Sequence[Offered], names: Names, now: datetime, fates: Fates | None = None
) -> tuple[OfferRow, ...]:
    """What is offered now, and how many clients have it."""
    counts = fates.counts if fates else {}
    return tuple(
        OfferRow(
            each.kind,
            each.name,
            each.title,
            _href(each.kind, each.name),
            each.version,
            each.locked,
            each.effective_at,
            each.effective_at > now,
            names.person(each.published_by).name,
            urls.offer_withdraw(each.id),
            counts.get((each.kind, each.name), {}).get("taken", 0),
            sum(counts.get((each.kind, each.name), {}).values()),
        )
        for each in found
        if each.ended_at is None
    )


def fate_rows(found: Fates) -> tuple[FateRow, ...]:
    """What became of offers at clients, what is not taken first."""
    return tuple(
        FateRow(
            each.name,
            urls.tenant(each.slug),
            each.title,
            each.kind,
            each.version,
            each.fate,
            each.has_version or 0 if each.has_version != each.version else 0,
            each.since,
        )
        for each in found.rows
    )


def choices(
    policies: Sequence[PolicyVersion], roles: Sequence[CustomRole], packs: Sequence[tuple[str, str]], lens: Lens
) -> tuple[Option, ...]:
    """What could be offered: policies as they decide now, roles of one's own, packs by name and title."""
    ready = [v for v in policies if v.in_force(lens.now) and v.approver is not None and not v.unreviewed]
    found = [
        Option(
            f"policy:{v.policy}",
            phrase("Policy: %(title)s, version %(version)s", title=worded(v.title), version=v.version),
        )
        for v in ready
        if lens.me.id not in v.writers
    ]
    found += [Option(f"role:{r.role}", phrase("Role: %(title)s", title=r.title)) for r in roles if r.status == "active"]
    found += [Option(f"pack:{name}", phrase("Pack: %(title)s", title=title)) for name, title in packs]
    return tuple(found)


def _href(kind: str, name: str) -> str:
    return urls.policy(name) if kind == "policy" else urls.role(name) if kind == "role" else ""
