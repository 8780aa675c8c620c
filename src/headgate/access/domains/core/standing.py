"""Where a domain stands, and what an answer of the domain name system makes of it."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal

Status = Literal["claimed", "proven", "missing", "lost"]
# How it was proved: by its record, by whoever runs the installation, or because it was served before proofs were asked.
Proof = Literal["", "dns", "operator", "migration"]
# What the last check found; `contested`: its record is there, and so is that of another organisation.
Found = Literal["", "proven", "no_name", "no_record", "other_value", "unreachable", "contested"]
Spf = Literal["", "named", "unnamed", "none"]
Event = Literal["", "proven", "missing", "back", "lapsed"]

LABEL: Final = "_headgate-challenge"
BEGINS: Final = "headgate-verification="
GRACE: Final = timedelta(days=14)
DAILY: Final = timedelta(days=1)
SOON: Final = timedelta(hours=1)
# A record that is missing is looked for more often: whoever put it back wants to be rid of the warning.
WATCHED: Final = timedelta(hours=6)
# A claim is looked at by itself for so long; after that, when somebody asks.
HOPED_FOR: Final = timedelta(days=7)
STANDING: Final[frozenset[Status]] = frozenset({"proven", "missing"})
LONGEST_SEEN: Final = 120


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a domain stands. `missing_since`: its record has not been there from then on; `next_at`: when a worker
    looks again, None for never."""

    status: Status
    proof: Proof
    claimed_at: datetime
    proven_at: datetime | None = None
    seen_at: datetime | None = None
    missing_since: datetime | None = None
    next_at: datetime | None = None

    @property
    def lapses_at(self) -> datetime | None:
        """When it ends if its record stays away; None while there is no such danger."""
        return None if self.status != "missing" or self.missing_since is None else self.missing_since + GRACE


def new_token() -> str:
    """What has to stand in the record: nobody guesses it, and no two domains have the same."""
    return secrets.token_hex(20)


def record_name(domain: str) -> str:
    """Under which name the record stands."""
    return f"{LABEL}.{domain}"


def record_value(token: str) -> str:
    """What the record says."""
    return f"{BEGINS}{token}"


def read_answer(texts: Sequence[str], token: str) -> tuple[Found, str]:
    """Whether one of the texts is the proof, and otherwise the one that comes nearest to it, cut, for whoever looks for
    the mistake. Quotes that a form kept are no mistake."""
    wanted, plain = record_value(token), [text.strip().strip('"').strip() for text in texts]
    if wanted in plain:
        return "proven", ""
    nearest = next((text for text in plain if text.startswith(BEGINS)), plain[0] if plain else "")
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in nearest[:LONGEST_SEEN])
    return ("other_value", shown) if plain else ("no_record", "")


def read_spf(texts: Sequence[str], include: str) -> Spf:
    """Whether the domain lets the installation's relay send (RFC 7208): its SPF names the relay, does not, or is not
    there. Without a name to look for nothing is said of one that is there."""
    found = [text.strip().strip('"').lower() for text in texts]
    policies = [text.split() for text in found if text == "v=spf1" or text.startswith("v=spf1 ")]
    if not policies:
        return "none"
    if not include:
        return ""
    named = {f"include:{include}", f"+include:{include}", f"redirect={include}"}
    return "named" if any(named & set(terms) for terms in policies) else "unnamed"


def after_check(before: Standing, found: Found, now: datetime) -> tuple[Standing, Event]:
    """Where a domain stands after a check, and what happened to it."""
    if before.proof in ("operator", "migration") and before.status == "proven":
        return _of_other_proof(before, found, now)
    if found == "proven":
        event: Event = "" if before.status == "proven" else "back" if before.status == "missing" else "proven"
        proven_at = before.proven_at if before.status in STANDING else now
        return replace(
            before,
            status="proven",
            proof="dns",
            proven_at=proven_at,
            seen_at=now,
            missing_since=None,
            next_at=now + DAILY,
        ), event
    if before.status not in STANDING:
        return replace(before, next_at=_hoped(before, now)), ""
    if found in ("unreachable", "contested"):
        return replace(before, next_at=now + SOON), ""
    since = before.missing_since or now
    if now - since >= GRACE:
        return replace(before, status="lost", missing_since=since, next_at=None), "lapsed"
    event = "missing" if before.status == "proven" else ""
    return replace(before, status="missing", missing_since=since, next_at=now + WATCHED), event


def _of_other_proof(before: Standing, found: Found, now: datetime) -> tuple[Standing, Event]:
    """One that stands without its record. The record of one that was taken over makes it a proof like any other."""
    if found != "proven":
        return before, ""
    if before.proof == "operator":
        return replace(before, seen_at=now), ""
    return replace(before, proof="dns", proven_at=now, seen_at=now, next_at=now + DAILY), "proven"


def _hoped(before: Standing, now: datetime) -> datetime | None:
    waiting = before.status == "claimed" and now - before.claimed_at < HOPED_FOR
    return now + SOON if waiting else None
