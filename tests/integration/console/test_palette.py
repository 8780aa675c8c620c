"""The command palette: what it finds, for whom, in how many queries, and that typing reaches an index."""

from __future__ import annotations

import re

from headgate.channel.orders.quick import _RANGE, quick_orders
from headgate.kernel.context import SYSTEM
from tests.integration.console.site import Visitor, add, words


def offered(visitor: Visitor, text: str) -> list[str]:
    """The addresses that the palette offers for a text, as scripts ask for them."""
    answer = visitor.get(f"/palette?q={text}", part="palette-results")
    assert answer.status_code == 200
    assert "<html" not in answer.text
    return re.findall(r'role="option"[^>]* href="([^"]+)"', answer.text)


def test_a_few_letters_find_each_kind(held: Visitor) -> None:
    held.enter("carl")
    assert "/orders/O-1" in offered(held, "o-1"), "small letters find a number"
    assert "/orders/O-1" in offered(held, "PO%201"), "the customer's own reference is known too"
    assert "/partners/P-1" in offered(held, "partner%20p"), "a partner is found by name"
    assert f"/cases/{held.channel.found('O-1')['case_id']}" in offered(held, "O-1")
    assert "/policies/price_deviation" in offered(held, "deviation")
    assert "/work" in offered(held, "my%20wo")
    assert "/search?q=zzz" in offered(held, "zzz"), "there is always a way on"


def test_digits_at_the_end_find_a_recent_order_and_signs_are_no_wildcards(held: Visitor) -> None:
    with held.channel.app.database.transaction(held.channel.tenant) as conn:
        assert [row.order_no for row in quick_orders(conn, "-1", 5)] == ["O-1"]
        assert quick_orders(conn, "%", 5) == quick_orders(conn, "_", 5) == quick_orders(conn, "", 5) == []
        assert [row.partner for row in quick_orders(conn, "O-", 5)] == ["Partner P-1"]


def test_before_typing_it_shows_what_is_urgent_and_where_one_can_go(held: Visitor) -> None:
    held.enter("carl")
    found = offered(held, "")
    assert found[0] == held.approval_of("O-1")
    assert {"/", "/work", "/orders", "/policies"} <= set(found)
    assert "Most urgent for you" in words(held.get("/palette")), "without scripts it is a page"


def test_nobody_is_offered_what_they_may_not_open(held: Visitor) -> None:
    channel = held.channel
    with channel.app.database.transaction(channel.tenant) as conn:
        channel.context(SYSTEM)
        add(channel, conn, "ina", "integration")
    held.enter("tom")  # an administrator: no orders, no partners
    assert not [href for href in offered(held, "O-1") if href.startswith(("/orders", "/partners", "/agreements"))]
    assert not [href for href in offered(held, "") if href in ("/orders", "/partners")]
    assert offered(held.enter("dora"), "O-1") == ["/search?q=O-1"]


def test_each_kind_is_asked_once_however_much_there_is(held: Visitor) -> None:
    held.enter("carl")
    for number in range(2, 9):
        held.channel.order(f"O-{number}", ("S-1", str(number), "10"), customer_reference=f"PO {number}")
    held.channel.govern()
    held.get("/palette?q=o", part="palette-results")
    with held.counted():
        assert len(offered(held, "o")) > 5
    assert held.queries <= 10


def test_the_start_of_a_number_reaches_its_index_through_row_security(held: Visitor) -> None:
    params = {"from_0": "O-", "to_0": "O-\U0010ffff", "limit": 5}
    with held.channel.app.database.transaction(held.channel.tenant) as conn:
        # Three rows are read fast by any way: only whether this index can be used at all is asked.
        for other in ("seqscan", "bitmapscan", "sort"):
            conn.execute(f"set local enable_{other} = off")
        for column, index in (("order_no", "orders_number_begins"), ("customer_reference", "orders_reference_begins")):
            plan = conn.execute(
                ("explain " + _RANGE.format(column=column, place=0).strip("() \n")).encode(), params
            ).fetchall()
            text = "\n".join(row[0] for row in plan)
            assert index in text, text
            assert re.search(r"Index Cond:.*~>=~", text), text
