"""Products: what is sold, with cost, unit, tax class and selling rules."""

from headgate.channel.products.core.record import Product
from headgate.channel.products.repo import ProductView
from headgate.channel.products.service import (
    get_product,
    list_products,
    load_products,
    names_of_products,
    product_names,
    project,
    validate,
)

__all__ = [
    "Product",
    "ProductView",
    "get_product",
    "list_products",
    "load_products",
    "names_of_products",
    "product_names",
    "project",
    "validate",
]
