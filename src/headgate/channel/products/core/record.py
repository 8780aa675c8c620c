"""A product as recorded, and how one item of `product.recorded` is read."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from headgate.channel.masters.core.reading import ItemReader

STATUSES = ("active", "discontinued")
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Product:
    """A product. `cost` is per `unit` in `cost_currency`, None where unknown; `list_price` is informative, for
    agreements set prices. `min_quantity` and `multiple` of 0 mean no such rule. `substitutes` are product codes, best
    first."""

    product: str
    name: str = ""
    family: str = ""
    category: str = ""
    tax_class: str = ""
    unit: str = "each"
    cost: Decimal | None = None
    cost_currency: str = ""
    list_price: Decimal | None = None
    list_currency: str = ""
    min_quantity: Decimal = ZERO
    multiple: Decimal = ZERO
    status: str = "active"
    export_controlled: bool = False
    substitutes: tuple[str, ...] = ()


def read_product(item: ItemReader) -> Product:
    """The record of one item; problems are noted on the reader. Amounts need their currency; `list_currency` left out
    is that of the cost."""
    code = item.code("product")
    cost, list_price = item.maybe_number("cost"), item.maybe_number("list_price")
    cost_currency = item.currency("cost_currency", required=cost is not None)
    list_currency = item.currency("list_currency", required=list_price is not None and not cost_currency)
    substitutes = tuple(item.codes("substitutes"))
    if code in substitutes:
        item.note("substitutes", code, "names the product itself")
    return Product(
        product=code,
        name=item.text("name") or code,
        family=item.code("family", required=False),
        category=item.code("category", required=False),
        tax_class=item.code("tax_class", required=False) or "standard",
        unit=item.unit("unit"),
        cost=cost,
        cost_currency=cost_currency,
        list_price=list_price,
        list_currency=(list_currency or cost_currency) if list_price is not None else "",
        min_quantity=item.number("min_quantity", default=ZERO),
        multiple=item.number("multiple", default=ZERO),
        status=item.choice("status", STATUSES, default="active"),
        export_controlled=item.flag("export_controlled"),
        substitutes=substitutes,
    )
