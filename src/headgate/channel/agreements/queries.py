"""Agreements for people: lists, one with its terms, and the ids of those that wait for a bulk step."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from psycopg import Connection

from headgate.channel.agreements.repo import reading as repo
from headgate.channel.agreements.repo.reading import AgreementView, FoundTerm, TermView
from headgate.channel.masters import Page, decode_cursor, page_of, page_size
from headgate.kernel.errors import NotFound, invalid
from headgate.kernel.phrases import phrase


def list_agreements(
    conn: Connection[Any],
    *,
    status: str = "",
    kind: str = "",
    partner: str = "",
    source: str = "",
    code: str = "",
    text: str = "",
    cursor: str = "",
    limit: int = 50,
) -> Page[AgreementView]:
    """Agreements by code, the newest revision first. Empty filters let everything through."""
    code_after, revision = decode_cursor(cursor, 2)
    params: dict[str, object] = {
        "code_after": code_after,
        "revision_after": _number(cursor, revision),
        "status": status,
        "kind": kind,
        "partner": partner,
        "source": source,
        "code": code,
        "text": text,
        "limit": page_size(limit) + 1,
    }
    return page_of(repo.list_views(conn, params), limit, lambda view: (view.code, str(view.revision)))


def count_agreements(conn: Connection[Any], text: str = "") -> int:
    """How many agreements match a text; all of them without one."""
    return repo.count(conn, text)


def get_agreement(conn: Connection[Any], agreement: UUID) -> AgreementView:
    """One agreement. Raises `NotFound`."""
    view = repo.get_view(conn, agreement)
    if view is None:
        raise NotFound(phrase("agreement %(agreement)s is not known", agreement=agreement))
    return view


def list_terms(
    conn: Connection[Any], agreement: UUID, *, product: str = "", partner: str = "", cursor: str = "", limit: int = 50
) -> Page[TermView]:
    """The terms of an agreement by number. Raises `NotFound` for an unknown agreement."""
    get_agreement(conn, agreement)
    (after,) = decode_cursor(cursor, 1)
    params: dict[str, object] = {
        "agreement": agreement,
        "after": _number(cursor, after),
        "product": product,
        "partner": partner,
        "limit": page_size(limit) + 1,
    }
    return page_of(repo.list_terms(conn, params), limit, lambda view: (str(view.term),))


def find_terms(conn: Connection[Any], keys: Collection[tuple[str, int]]) -> dict[tuple[str, int], FoundTerm]:
    """The terms of these (agreement, number) that exist, with their agreements: to tell what a price trace spoke of."""
    return repo.find_terms(conn, keys)


def agreement_ids(conn: Connection[Any], *, status: str, source: str = "", kind: str = "") -> list[UUID]:
    """The agreements of a status, for a step over all of them: what was derived and waits for approval, for example."""
    return repo.ids(conn, {"status": status, "source": source, "kind": kind})


def _number(cursor: str, text: str) -> int:
    if not text:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise invalid("cursor", cursor, "is not a cursor of this list")
    return int(text)
