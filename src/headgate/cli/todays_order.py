"""The demo's last order: held for its price, and of the partner whose people sign in to the portal.

So a visitor can ask for a price exception, grant it, and see the order go out.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from headgate.kernel.context import Context, Principal
from headgate.process import Incoming, ingest
from headgate.wiring import App

SHARE = Decimal("0.91")  # of the contract price: more below than is let through, less than needs a director
CENT = Decimal("0.01")
# What the partner paid the contract price for, with the most room for a margin, and what is in stock of it.
_BOUGHT = """
select o.partner, l.product, l.unit, l.contract_price, o.currency, o.storefront, o.content -> 'ship_to'
from order_lines l join orders o using (order_no) join principals p on p.partner = o.partner
where p.principal = %s
  and l.contract_price between 100 and 2000 and abs(l.unit_price - l.contract_price) < 0.01
  and o.status in ('released', 'fulfilled')
  and exists (select from stock s where s.product = l.product and s.on_hand - s.reserved - s.safety_stock >= 10)
order by l.margin / l.amount desc, o.placed_at desc limit 1
"""


def submit_todays_order(app: App, tenant: UUID, buyer: str, at: datetime) -> str:
    """Send it, as the storefront does, and govern it; its number, or "" when the partner bought nothing that fits.

    Sent again with the same time `at`, it is the same event, which counts once.
    """
    with app.database.transaction(tenant) as conn:
        row = conn.execute(_BOUGHT, [buyer]).fetchone()
        if row is None:
            return ""
        partner, product, unit, price, currency, storefront, ship_to = row
        number = f"{storefront[:3].upper()}-200001"
        data = {
            "order": number,
            "partner": partner,
            "storefront": storefront,
            "placed_at": at.isoformat(),
            "currency": currency,
            "customer_reference": "Tender, price to be agreed",
            # Names and streets are sealed apart from the order and would read as erased.
            "ship_to": {name: ship_to[name] for name in ("country", "city") if ship_to.get(name)},
            "lines": [
                {
                    "line": "1",
                    "product": product,
                    "quantity": "2",
                    "unit": unit,
                    "unit_price": str((price * SHARE).quantize(CENT)),
                }
            ],
        }
        source = f"storefront/{storefront}"
        ctx = Context(tenant, Principal(f"source:{source}", "service", source), app.clock.now())
        ingest(conn, ctx, app.engine, source, [Incoming("demo-today", "order.submitted", at, data, number)])
    app.runner("demo").drain(tenant)
    return number
