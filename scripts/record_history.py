"""Record a history anew: python scripts/record_history.py weeks

Plays the script of that name (tests/histories/plays.py) against an embedded database of its own and writes what was
sent, what came of it, and the pack that governed it to tests/histories/. Read the diff before you commit it: it says
what the engine, the pack or the arithmetic now does differently with the same events.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from headgate.kernel.clock import FixedClock  # noqa: E402
from headgate.kernel.settings import Settings  # noqa: E402
from headgate.packs import find_pack  # noqa: E402
from headgate.store import open_database  # noqa: E402
from headgate.wiring import load_tables  # noqa: E402
from tests.histories import history  # noqa: E402
from tests.histories.plays import PLAYS  # noqa: E402
from tests.scenarios.channel import bare_channel  # noqa: E402

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TENANT = "insert into tenants (slug, name, currency, timezone, created_at) values (%s, %s, 'EUR', 'Europe/Berlin', %s)"


def main() -> None:
    """Record the histories named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="+", choices=sorted(PLAYS))
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        database = open_database(Settings(home=home), load_tables)
        try:
            for name in parser.parse_args().names:
                tenant = uuid4()
                with database.transaction(tenant) as conn:
                    conn.execute(TENANT, [name, name, START])
                pack = history.pack_of(name)
                shutil.rmtree(pack, ignore_errors=True)
                shutil.copytree(find_pack("order_governance"), pack)
                channel = bare_channel(database, tenant, FixedClock(START), home, pack)
                play = PLAYS[name]
                for agreement in play.agreements:
                    channel.price(agreement["code"], agreement["terms"], **agreement.get("more", {}))
                play.act(channel)
                print(history.save(name, history.record(channel, play.agreements)).relative_to(ROOT))
        finally:
            database.close()


if __name__ == "__main__":
    main()
