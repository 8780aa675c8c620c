"""The page of domains: none yet, one in each state, and a refused one."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from headgate.access import Tenant
from headgate.access.domains import Domain, HostRules, Standing
from headgate.access.domains.core.standing import Found, Proof, Spf, Status
from headgate.console.present.domains import domains_view
from tests.unit.ui.samples.base import ANA, NOW, ago

TENANT = Tenant(
    UUID(int=7), "nordwind", "Nordwind", "EUR", "Europe/Berlin", {}, NOW, portal_host="partners.nordwind.example"
)
RULES = HostRules(suffixes=("portals.provider.example",))
RELAY = "spf.relay.example"


def _domain(
    name: str,
    status: Status,
    proof: Proof = "dns",
    found: Found = "proven",
    seen: str = "",
    spf: Spf = "",
    missing_days: int | None = None,
) -> Domain:
    stood = status in ("proven", "missing", "lost")
    since = None if missing_days is None else ago(days=missing_days)
    standing = Standing(
        status, proof, ago(days=30), ago(days=29) if stood else None, ago(hours=3) if stood else None, since, None
    )
    return Domain(name, standing, "0f3a" * 10, "", found, seen, spf, ANA.id, NOW - timedelta(hours=1), None)


ALL = (
    _domain("nordwind.example", "proven", spf="named"),
    _domain("xn--mller-kva.example", "missing", found="no_record", spf="unnamed", missing_days=3),
    _domain("claimed.example", "claimed", "", "other_value", "<script>alert(1)</script>"),
    _domain("nowhere.example", "claimed", "", "no_name"),
    _domain("silent.example", "claimed", "", "unreachable"),
    _domain("both.example", "claimed", "", "contested"),
    _domain("new.example", "claimed", "", ""),
    _domain("lapsed.example", "lost", found="no_record"),
    _domain("taken.example", "lost", found="contested"),
    _domain("trusted.example", "proven", "operator", "", spf="none"),
    _domain("before.example", "proven", "migration", ""),
)
NONE = domains_view((), TENANT, "", HostRules(), "")
FULL = domains_view(ALL, TENANT, "desk@nordwind.example", RULES, RELAY)
WRONG = domains_view(
    ALL[:1],
    TENANT,
    "",
    RULES,
    RELAY,
    typed="co.uk",
    errors={"domain": "Is an ending that many organisations share. Name the domain that you have registered."},
)
MANY = domains_view([_domain(f"n{n}.nordwind.example", "proven") for n in range(50)], TENANT, "", RULES, RELAY)
