"""A partner as recorded, and how one item of `partner.recorded` is read."""

from __future__ import annotations

from dataclasses import dataclass

from headgate.channel.masters.core.reading import ItemReader

STATUSES = ("active", "blocked")


@dataclass(frozen=True, slots=True)
class Partner:
    """A partner. `account` is its credit account, `terms` its payment terms, `region` its sales region; empty means
    unknown."""

    partner: str
    name: str = ""
    legal_name: str = ""
    country: str = ""
    region: str = ""
    tier: str = ""
    groups: tuple[str, ...] = ()
    channel: str = ""
    terms: str = ""
    account: str = ""
    status: str = "active"
    tax_id: str = ""
    email: str = ""


def read_partner(item: ItemReader) -> Partner:
    """The record of one item; problems are noted on the reader. Without a name the partner is called by its code."""
    code = item.code("partner")
    return Partner(
        partner=code,
        name=item.text("name") or code,
        legal_name=item.text("legal_name"),
        country=item.country("country"),
        region=item.code("region", required=False),
        tier=item.code("tier", required=False),
        groups=tuple(item.codes("groups")),
        channel=item.code("channel", required=False),
        terms=item.code("terms", required=False),
        account=item.code("account", required=False),
        status=item.choice("status", STATUSES, default="active"),
        tax_id=item.text("tax_id"),
        email=item.text("email"),
    )
