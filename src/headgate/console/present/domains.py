"""From domains as stored to their page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from headgate.access import Tenant
from headgate.access.domains import MOST, Domain, HostRules, domain_of, shown_name, under
from headgate.console.views.domains import DomainRow, DomainsView, Unproved
from headgate.kernel.phrases import Phrase, phrase

FOUND: Final[Mapping[str, Phrase]] = {
    "": phrase("Nobody has looked for the record yet."),
    "proven": phrase("The record is there."),
    "no_name": phrase("There is no such domain: the domain name system does not know its name. Is it spelt right?"),
    "no_record": phrase(
        "The record is not there yet. Name servers may take minutes, some up to a day, until all of them know it."
    ),
    "other_value": phrase("Under the name of the record stands something else:"),
    "unreachable": phrase("The name servers did not answer, so nothing is known. It is tried again by itself."),
    "contested": phrase(
        "Your record is there. But another organisation has proved this domain, or one with hosts in common, and its "
        "record is there too. It is yours as soon as theirs is gone."
    ),
}
LOST: Final = phrase("Another organisation has proved that it is theirs, and your record was not there.")
PROOFS: Final[Mapping[str, Phrase]] = {
    "operator": phrase("Proven by whoever runs this installation, without a record."),
    "migration": phrase(
        "Taken as proven because the portal was served here before proofs were asked for. Set the record: whoever "
        "proves the domain before you do has it."
    ),
}
SPF: Final[Mapping[str, tuple[Phrase, str]]] = {
    "named": (phrase("Its SPF record lets the mail server of this installation send."), "done"),
    "none": (phrase("It has no SPF record: many receivers will refuse mails that come from it."), "risk"),
}


def unproved(domains: Sequence[Domain], host: str, address: str) -> tuple[Unproved, ...]:
    """What of these is used although its proof is missing or has lapsed. '' is one that needs no proof."""
    wanted = (("portal", host, host), ("mails", address, domain_of(address)))
    found = (_unproved(domains, use, shown, name) for use, shown, name in wanted if shown)
    return tuple(each for each in found if each is not None)


def _unproved(domains: Sequence[Domain], use: str, shown: str, name: str) -> Unproved | None:
    over = [each for each in domains if under(name, each.name)]
    missing = [each for each in over if each.stands]
    if any(each.standing.status == "proven" for each in missing):
        return None
    if not missing:
        return Unproved(use, shown, over[0].name if over else "")
    # It stands as long as any of them does.
    last = max(missing, key=lambda each: each.standing.missing_since or each.standing.claimed_at)
    return Unproved(use, shown, last.name, last.standing.missing_since, last.standing.lapses_at)


def domains_view(
    domains: Sequence[Domain],
    tenant: Tenant,
    address: str,
    rules: HostRules,
    spf: str,
    *,
    typed: str = "",
    errors: Mapping[str, str] | None = None,
) -> DomainsView:
    """The page. `address` is the one that mails are to come from, '' for that of the installation."""
    given = f"{tenant.slug}.{rules.suffixes[0]}" if rules.suffixes else ""
    rows = tuple(_row(each, tenant.portal_host or "", address, spf) for each in domains)
    return DomainsView(rows, MOST, spf, given, typed, errors or {})


def _row(domain: Domain, host: str, address: str, spf: str) -> DomainRow:
    standing = domain.standing
    told, tone = SPF.get(domain.spf, ("", ""))
    if domain.spf == "unnamed" and spf:
        told, tone = _unnamed(spf), "risk"
    taken = standing.status == "lost" and domain.found == "contested"
    sends = address if address and under(domain_of(address), domain.name) else ""
    return DomainRow(
        name=domain.name,
        reads=shown_name(domain.name),
        state=standing.status,
        told=LOST if taken else FOUND[domain.found],
        spoken=PROOFS.get(standing.proof, "") if domain.stands else "",
        seen=domain.seen,
        record_name=domain.record_name,
        record_value=domain.record_value,
        proven_at=standing.proven_at if domain.stands else None,
        seen_at=standing.seen_at,
        checked_at=domain.checked_at,
        lapses_at=standing.lapses_at,
        host=host if host and under(host, domain.name) else "",
        address=sends,
        spf=told,
        spf_tone=tone,
        open=standing.status != "proven" or standing.proof == "migration",
    )


def _unnamed(spf: str) -> Phrase:
    return phrase(
        "Its SPF record does not name the mail server of this installation: add include:%(spf)s to it.", spf=spf
    )
