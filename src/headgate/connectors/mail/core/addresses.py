"""Addresses of pages that letters lead to. The portal stands above this floor; a test holds both to one way of writing
what people have chosen themselves, such as a number of an order with a slash in it."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final
from urllib.parse import quote

# By what something is about, the room of the portal that shows it.
ROOMS: Final = MappingProxyType(
    {"order": "orders", "deal": "deals", "price_exception": "prices", "return": "returns", "rma": "returns"}
)


def portal_page(base: str, kind: str, code: str) -> str:
    """The portal's page of something, below the address where the portal begins."""
    segment = quote(code.replace("~", "~0").replace("/", "~1"), safe="~")
    return f"{base}/{ROOMS[kind]}/{segment}"
