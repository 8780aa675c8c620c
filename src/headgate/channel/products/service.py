"""Use cases of products: take snapshots in, give facts to a batch, list and show."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from psycopg import Connection

from headgate.channel.masters import (
    Cache,
    Page,
    bump,
    decode_cursor,
    latest,
    page_of,
    page_size,
    read_events,
    read_items,
    refusals,
)
from headgate.channel.products import repo
from headgate.channel.products.core.record import read_product
from headgate.channel.products.repo import ProductView
from headgate.domain.checks.facts import ProductFacts
from headgate.kernel.context import Context
from headgate.kernel.errors import NotFound, Problem
from headgate.kernel.phrases import phrase
from headgate.ledger import Refusal, StoredEvent

NOUN = "products"


def validate(data: dict[str, Any]) -> list[Problem]:
    """Every problem of the data of a `product.recorded` event."""
    return read_items(data, read_product)[1]


def project(conn: Connection[Any], ctx: Context, events: Sequence[StoredEvent]) -> list[Refusal]:
    """Write the products of `product.recorded` events; an event with any problem is refused as a whole."""
    items, bad = read_events(events, read_product)
    kept = latest(items, lambda record: record.product)
    if kept:
        repo.upsert(conn, [(item.record, item.time) for item in kept.values()])
        bump(conn, NOUN)
    return refusals(bad)


def load_products(conn: Connection[Any], codes: Collection[str], cache: Cache | None = None) -> dict[str, ProductFacts]:
    """The products of these codes that exist, in one query; with a cache, it asks only for those not remembered."""
    if cache is None:
        return repo.load(conn, codes)
    return cache.take(conn, NOUN, codes, lambda missing: repo.load(conn, missing))


def list_products(
    conn: Connection[Any],
    *,
    status: str = "",
    family: str = "",
    category: str = "",
    text: str = "",
    cursor: str = "",
    limit: int = 50,
    costs: bool = True,
) -> Page[ProductView]:
    """Products by code, with their ATP over all warehouses. Empty filters let everything through. Without `costs`
    what they cost is not read."""
    (after,) = decode_cursor(cursor, 1)
    params: dict[str, object] = {
        "after": after,
        "status": status,
        "family": family,
        "category": category,
        "text": text,
        "limit": page_size(limit) + 1,
    }
    return page_of(repo.list_views(conn, params, costs=costs), limit, lambda view: (view.product.product,))


def get_product(conn: Connection[Any], code: str, *, costs: bool = True) -> ProductView:
    """One product, without `costs` not what it costs. Raises `NotFound`."""
    view = repo.get_view(conn, code, costs=costs)
    if view is None:
        raise NotFound(phrase("product %(code)s is not known", code=code))
    return view


def product_names(conn: Connection[Any], most: int) -> list[tuple[str, str]]:
    """Code and name of what can be ordered, by code."""
    return repo.names(conn, most)


def names_of_products(conn: Connection[Any], codes: Collection[str]) -> dict[str, str]:
    """What these products are called, by code; also those that cannot be ordered any more."""
    return repo.names_of(conn, codes) if codes else {}
