"""What every master noun shares: reading snapshot items, refusing bad events whole, revisions with a cache, paging."""

from headgate.channel.masters.core.paging import Page, decode_cursor, encode_cursor, page_of, page_size
from headgate.channel.masters.core.places import COUNTRIES
from headgate.channel.masters.core.reading import ItemReader, read_items
from headgate.channel.masters.core.units import UNITS
from headgate.channel.masters.projecting import Item, latest, read_events, refusals
from headgate.channel.masters.revisions import Cache, RevisionCache, bump
from headgate.channel.masters.tenancy import tenant_settings, tenant_zone

__all__ = [
    "COUNTRIES",
    "UNITS",
    "Cache",
    "Item",
    "ItemReader",
    "Page",
    "RevisionCache",
    "bump",
    "decode_cursor",
    "encode_cursor",
    "latest",
    "page_of",
    "page_size",
    "read_events",
    "read_items",
    "refusals",
    "tenant_settings",
    "tenant_zone",
]
