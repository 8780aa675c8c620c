"""A batch that had to wait for another one's locks decides by what was agreed and recorded meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

import psycopg

from tests.scenarios.channel import Channel

LOCK_WAITS = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"


@contextmanager
def governing_while_stock_is_locked(channel: Channel, superuser: psycopg.Connection) -> Iterator[None]:
    """Within the block a runner waits for the stock of S-1; afterwards it has come through."""
    runner = threading.Thread(target=channel.govern)
    with channel.app.database.transaction(channel.tenant) as conn:
        conn.execute("select from stock where product = 'S-1' for update")
        runner.start()
        while superuser.execute(LOCK_WAITS).fetchone() == (0,):
            assert runner.is_alive()
            threading.Event().wait(0.01)
        yield
    runner.join(60)
    assert not runner.is_alive()


def test_a_price_agreed_while_a_batch_waits_for_stock_is_the_price(
    channel: Channel, superuser: psycopg.Connection
) -> None:
    channel.order("O-1", ("S-1", "1", "10.00"))
    channel.govern()  # the list price of 10 is remembered from now on
    channel.order("O-2", ("S-1", "1", "9.00"), customer_reference="second")
    with governing_while_stock_is_locked(channel, superuser):
        channel.price("NET", [{"method": "net", "partner": "P-1", "product": "S-1", "value": "9.00"}], kind="net")
    assert [line["contract_price"] for line in channel.found("O-2")["lines"]] == [Decimal("9.00")]
    assert channel.status("O-2") == "released"


def test_what_a_batch_remembered_before_a_change_is_not_used_after_it(channel: Channel) -> None:
    channel.order("O-1", ("S-1", "1", "10.00"))
    channel.govern()
    channel.price("NET", [{"method": "net", "partner": "P-1", "product": "S-1", "value": "9.00"}], kind="net")
    channel.order("O-2", ("S-1", "1", "9.00"), customer_reference="second")
    channel.govern()
    assert channel.status("O-2") == "released"
