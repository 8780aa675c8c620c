"""Domains as shown."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from headgate.access.domains import Domain
from headgate.api.models.common import Shape
from headgate.api.parameters import Instant


class DomainView(Shape):
    """A domain with its proof."""

    domain: str = Field(description="In lower case and ASCII; other letters stand in their xn-- form.")
    status: Literal["claimed", "proven", "missing", "lost"] = Field(
        description="proven and missing count; missing: the record is gone, and the domain lapses at `lapses_at`."
    )
    proof: Literal["", "dns", "operator", "migration"] = Field(
        description="By its record, by whoever runs the installation, or by having been served before proofs."
    )
    record_name: str = Field(description="Name of the TXT record that proves it.")
    record_value: str = Field(description="What that record has to say.")
    found: Literal["", "proven", "no_name", "no_record", "other_value", "unreachable", "contested"] = Field(
        description="What the last check found; contested: another organisation has it, and its record is there too."
    )
    seen: str = Field(description="With other_value: what stands there instead, cut.")
    spf: Literal["", "named", "unnamed", "none"] = Field(
        description="Whether the SPF of the domain names the mail server of this installation; empty: not known."
    )
    claimed_at: Instant
    proven_at: Instant | None
    seen_at: Instant | None = Field(description="When the record was there last.")
    checked_at: Instant | None
    lapses_at: Instant | None


def domain_view(domain: Domain) -> DomainView:
    """A domain as shown."""
    standing = domain.standing
    return DomainView(
        domain=domain.name,
        status=standing.status,
        proof=standing.proof,
        record_name=domain.record_name,
        record_value=domain.record_value,
        found=domain.found,
        seen=domain.seen,
        spf=domain.spf,
        claimed_at=standing.claimed_at,
        proven_at=standing.proven_at,
        seen_at=standing.seen_at,
        checked_at=domain.checked_at,
        lapses_at=standing.lapses_at,
    )
