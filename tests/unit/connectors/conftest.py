"""Small mappings and files for the import's unit tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

SHOP = (Path(__file__).parent / "shop.yaml").read_text(encoding="utf-8")

HEADER = "Order,Sku,Qty,Price,Customer,Country,Date"


@pytest.fixture
def shop() -> str:
    """A mapping of a small shop's export with orders and returns (numbers that begin with R)."""
    return SHOP


@pytest.fixture
def csv_file(tmp_path: Path) -> Callable[..., Path]:
    """Writes a shop export from lines and returns its path."""

    def write(*lines: str, header: str = HEADER) -> Path:
        path = tmp_path / "orders.csv"
        path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
        return path

    return write
