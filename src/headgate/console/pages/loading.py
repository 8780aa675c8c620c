"""What several pages load alike: names, policy tables, the last verification of the audit chain."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from headgate.access import accounts_of, list_accounts
from headgate.channel.partners import load_partners
from headgate.channel.products import names_of_products
from headgate.console.present.audit import Verified, verified_of
from headgate.console.present.evaluations import Tables
from headgate.console.present.names import Names
from headgate.console.present.people import pickable
from headgate.console.views.common import Option
from headgate.console.visit import Visit
from headgate.kernel.phrases import worded
from headgate.ledger import AuditEntry, ProofState, audit_list, proof_states

VERIFIED = "audit.verified"


MOST_TO_PICK = 500


def names_of(
    visit: Visit, *, people: Iterable[str] = (), partners: Iterable[str] = (), products: Iterable[str] = ()
) -> Names:
    """The names of these people, partners and products, a query each at most."""
    wanted = sorted({p for p in people if p.startswith(("user:", "service:", "agent:"))})
    codes, goods = sorted(set(partners)), set(products)
    return Names(
        accounts_of(visit.conn, wanted, visit.now) if wanted else {},
        load_partners(visit.conn, codes) if codes else {},
        names_of_products(visit.conn, goods) if goods else {},
    )


def people_to_pick(visit: Visit) -> tuple[Option, ...]:
    """The tenant's own people, to be picked by name and address."""
    return pickable(list_accounts(visit.conn, visit.now, kind="person", limit=MOST_TO_PICK))


def definition_titles(
    visit: Visit, versions: Collection[tuple[str, int]]
) -> dict[tuple[str, int], tuple[str, dict[str, str]]]:
    """The title of each process version and of its stages."""
    return {
        (d.process, d.version): (worded(d.title), {stage.id: worded(stage.title) for stage in d.stages.values()})
        for d in visit.app.engine.definitions.versions(visit.conn, versions).values()
    }


def policy_tables(visit: Visit, versions: Collection[tuple[str, int]]) -> Tables:
    """The texts of policy versions, for their labels, titles and clauses; one query."""
    return visit.app.policies.compiled_many(visit.conn, versions)


def last_verification(visit: Visit) -> Verified:
    """The newest verification of the audit chain that was kept."""
    found = audit_list(visit.conn, action=VERIFIED, limit=1)
    return verified_of(found[0] if found else None)


def proofs_of(visit: Visit, entries: Sequence[AuditEntry]) -> dict[int, ProofState]:
    """Whether each of these entries still has its hash and its place."""
    return proof_states(visit.conn, [entry.seq for entry in entries]) if entries else {}
