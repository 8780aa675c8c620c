"""Partners, products and stock, as their master systems record them."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query

from headgate.api.auth import Caller, OrdersRead
from headgate.api.models.common import PageOf, money
from headgate.api.models.masters import Credit, PartnerDetail, PartnerView, ProductView, StockView
from headgate.api.openapi import FIND, READ, problems
from headgate.api.parameters import CodePath, Cursor, Filter, Limit, Search
from headgate.api.strict import StrictRoute
from headgate.channel import inventory, partners, products

router = APIRouter(route_class=StrictRoute, tags=["masters"])


@router.get("/partners", responses=problems(*READ, 422))
def list_partners(
    caller: OrdersRead,
    status: Annotated[Literal["", "active", "blocked"], Query()] = "",
    tier: Filter = "",
    region: Filter = "",
    country: Filter = "",
    group: Filter = "",
    q: Search = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> PageOf[PartnerView]:
    """Partners by code, with the sums of their credit accounts."""
    with caller.reading() as conn:
        page = partners.list_partners(
            conn,
            status=status,
            tier=tier,
            region=region,
            country=country,
            group=group,
            text=q,
            cursor=cursor,
            limit=limit,
        )
    return PageOf(items=[PartnerView(**_partner(v)) for v in page.items], next_cursor=page.next_cursor)


@router.get("/partners/{partner:path}", responses=problems(*FIND))
def get_partner(caller: OrdersRead, partner: CodePath) -> PartnerDetail:
    """One partner."""
    with caller.reading() as conn:
        view = partners.get_partner(conn, partner)
    return PartnerDetail(**_partner(view), tax_id=view.partner.tax_id, email=view.partner.email)


@router.get("/products", responses=problems(*READ, 422))
def list_products(
    caller: OrdersRead,
    status: Annotated[Literal["", "active", "discontinued"], Query()] = "",
    family: Filter = "",
    category: Filter = "",
    q: Search = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> PageOf[ProductView]:
    """Products by code, with what all warehouses together can promise."""
    with caller.reading_for_all() as conn:
        page = products.list_products(
            conn,
            status=status,
            family=family,
            category=category,
            text=q,
            cursor=cursor,
            limit=limit,
            costs=caller.is_staff,
        )
    return PageOf(items=[_product(v, caller) for v in page.items], next_cursor=page.next_cursor)


@router.get("/products/{product:path}", responses=problems(*FIND))
def get_product(caller: OrdersRead, product: CodePath) -> ProductView:
    """One product."""
    with caller.reading_for_all() as conn:
        return _product(products.get_product(conn, product, costs=caller.is_staff), caller)


@router.get("/stock", responses=problems(*READ, 422))
def list_stock(
    caller: OrdersRead,
    product: Filter = "",
    warehouse: Filter = "",
    below_threshold: bool = False,
    cursor: Cursor = "",
    limit: Limit = 50,
) -> PageOf[StockView]:
    """What can be promised, by product and warehouse. Partners see that figure alone."""
    with caller.reading_for_all() as conn:
        page = inventory.list_stock(
            conn,
            product=product,
            warehouse=warehouse,
            below_threshold=below_threshold and caller.is_staff,
            cursor=cursor,
            limit=limit,
        )
    return PageOf(items=[_stock(v, caller) for v in page.items], next_cursor=page.next_cursor)


def _partner(view: partners.PartnerView) -> dict[str, Any]:
    found = view.partner
    credit = None
    if view.currency is not None:
        sums = {"limit": view.credit_limit, "exposure": view.exposure, "overdue": view.overdue}
        shown = {name: money(amount, view.currency) for name, amount in sums.items()}
        credit = Credit.model_validate({"account": found.account, "hold": bool(view.hold), **shown})
    return {
        "partner": found.partner,
        "name": found.name,
        "legal_name": found.legal_name,
        "country": found.country,
        "region": found.region,
        "tier": found.tier,
        "groups": list(found.groups),
        "channel": found.channel,
        "terms": found.terms,
        "status": found.status,
        "recorded_at": view.recorded_at,
        "credit": credit,
    }


def _product(view: products.ProductView, caller: Caller) -> ProductView:
    found = view.product
    return ProductView(
        product=found.product,
        name=found.name,
        family=found.family,
        category=found.category,
        tax_class=found.tax_class,
        unit=found.unit,
        list_price=money(found.list_price, found.list_currency),
        cost=money(found.cost, found.cost_currency) if caller.is_staff else None,
        min_quantity=found.min_quantity,
        multiple=found.multiple,
        status=found.status,
        export_controlled=found.export_controlled,
        substitutes=list(found.substitutes),
        available=None if view.atp is None else _promised(view.atp, caller),
        recorded_at=view.recorded_at,
    )


def _stock(view: inventory.StockView, caller: Caller) -> StockView:
    level, staff = view.level, caller.is_staff
    return StockView(
        product=level.product,
        warehouse=level.warehouse,
        region=level.region,
        available=_promised(view.atp, caller),
        on_hand=level.on_hand if staff else None,
        reserved=level.reserved if staff else None,
        safety_stock=level.safety_stock if staff else None,
        inbound=level.inbound if staff else None,
        threshold=level.threshold if staff else None,
        recorded_at=view.recorded_at,
    )


def _promised(atp: Decimal, caller: Caller) -> Decimal:
    """What partners are told: never below zero."""
    return atp if caller.is_staff else max(atp, Decimal(0))
