"""Run the peer: DBOS Transact workflows on a database of their own on the same server."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import quote

from psycopg.conninfo import conninfo_to_dict

from bench.dbos_peer import ABSENT, THREADS, Checks, Order
from bench.harness import Cost

Meter = Callable[[Callable[[], object]], Cost]


class PeerMissing(Exception):
    """DBOS Transact is not installed, or did not come to an end."""


def run_within(seconds: float, checks: Checks, orders: Sequence[Order], dsn: str, meter: Meter) -> Cost:
    """`run`, given up after a while so that a bench always ends. Raises PeerMissing."""
    found: list[Cost] = []
    failed: list[BaseException] = []

    def work() -> None:
        try:
            found.append(run(checks, orders, dsn, meter))
        except BaseException as error:  # noqa: BLE001
            failed.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(seconds)
    if found:
        return found[0]
    if failed and isinstance(failed[0], PeerMissing):
        raise failed[0]
    why = f"{type(failed[0]).__name__}: {failed[0]}" if failed else f"no end within {seconds:.0f} s"
    raise PeerMissing(f"DBOS Transact gave no figure ({why.splitlines()[0][:150]})")


def run(checks: Checks, orders: Sequence[Order], dsn: str, meter: Meter) -> Cost:
    """What one order costs as a durable workflow of four steps. Raises PeerMissing."""
    try:
        from dbos import DBOS, DBOSConfig
    except ImportError:
        raise PeerMissing(ABSENT) from None
    logging.getLogger("dbos").setLevel(logging.ERROR)
    config: DBOSConfig = {
        "name": "headgate-bench",
        "system_database_url": _url(dsn),
        "sys_db_pool_size": THREADS + 4,
        "max_executor_threads": THREADS,
        "log_level": "ERROR",
    }
    dbos = DBOS(config=config)

    # Plain functions: DBOS marks what it decorates, and a bound method cannot be marked.
    @DBOS.step(name="price")
    def price(order: Order) -> dict[str, Any]:
        return checks.price(order)

    @DBOS.step(name="tax")
    def tax(order: Order) -> dict[str, Any]:
        return checks.tax(order)

    @DBOS.step(name="credit")
    def credit(order: Order, amount: str) -> dict[str, Any]:
        return checks.credit(order, amount)

    @DBOS.step(name="availability")
    def availability(order: Order) -> dict[str, Any]:
        return checks.availability(order)

    @DBOS.workflow(name="govern")
    def govern(order: Order) -> list[str]:
        priced, taxed = price(order), tax(order)
        return [
            priced["outcome"],
            taxed["outcome"],
            credit(order, taxed["total"])["outcome"],
            availability(order)["outcome"],
        ]

    try:
        DBOS.launch()
        for order in orders[:20]:  # warm up
            DBOS.start_workflow(govern, order).get_result()
        rest = orders[20:]

        def all_of_them() -> None:
            handles = [DBOS.start_workflow(govern, order) for order in rest]
            for handle in handles:
                handle.get_result()

        return meter(all_of_them).each(len(rest))
    finally:
        with suppress(Exception):
            DBOS.destroy()
        del dbos


def _url(dsn: str) -> str:
    parts = conninfo_to_dict(dsn)
    place = f"host={quote(str(parts['host']), safe='')}&port={parts['port']}"
    return f"postgresql://{parts['user']}@/{parts['dbname']}?{place}"
