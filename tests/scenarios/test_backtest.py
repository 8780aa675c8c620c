"""What a backtest foretells is what happens: the same orders, governed again in a second tenant where the candidate is
in force, come out exactly as it said."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import yaml

from headgate.channel.orders import OrderLens
from headgate.kernel.clock import FixedClock
from headgate.kernel.context import Context
from headgate.packs import find_pack
from headgate.policy import compile_policy, parse_policy, run_examples
from headgate.policy.backtest import Run, Wanted, get_result, keeping, list_flips
from headgate.store import Database
from tests.conftest import NOW, create_tenant
from tests.scenarios.channel import APPROVER, AUTHOR, Channel, account, bare_channel, partner, product, stock

FAMILIES = ("hardware", "software", "services")
ORDERS = 60
Change = Callable[[dict[str, Any]], None]


def _stricter_prices(table: dict[str, Any]) -> None:
    """The tolerance goes down from 2 to 1 %, and up to 8 % pass for gold."""
    for row in table["rows"]:
        if row["id"] == "within_tolerance":
            row["when"] = {"deviation_pct": "[-1..1]"}
        elif row["id"] == "above_contract":
            row["when"] = {"deviation_pct": "< -1"}
        elif row["id"] == "top_tier_margin":
            row["when"] = {"tier": "'gold', 'platinum'", "deviation_pct": "(1..8]"}
        elif row["id"] in ("small_line", "below_contract"):
            row["when"]["deviation_pct"] = row["when"]["deviation_pct"].replace("(2", "(1")


def _higher_floors(table: dict[str, Any]) -> None:
    """Whole orders must earn 25 %."""
    for row in table["rows"]:
        if row["id"] in ("order_enough", "order_short"):
            row["when"]["margin_pct"] = row["when"]["margin_pct"].replace("5", "25")
            row["then"]["floor_pct"] = 25


def _careful_credit(table: dict[str, Any]) -> None:
    """A late payment stops an order at once."""
    for row in table["rows"]:
        if row["id"] in ("overdue", "late_and_filling"):
            row["then"]["outcome"] = "hold"


def _flags_hold(table: dict[str, Any]) -> None:
    """Whatever was pointed out waits."""
    for row in table["rows"]:
        if row["then"]["outcome"] == "flag":
            row["then"]["outcome"] = "hold"


def _minimum_holds(table: dict[str, Any]) -> None:
    for row in table["rows"]:
        if row["id"] == "shortage" or row["then"]["exception"] == "duplicate_order":
            row["then"]["owner_role"] = "finance"
            row["then"]["severity"] = "flag"


def _matrix_for_finance(table: dict[str, Any]) -> None:
    for row in table["rows"]:
        if row["id"] == "price_large":
            row["when"]["stake"] = "> 50"
        elif row["id"] == "price_deep":
            row["when"]["stake"] = "<= 50"


CHANGES: dict[str, Change] = {
    "price_deviation": _stricter_prices,
    "margin_floor": _higher_floors,
    "credit_release": _careful_credit,
    "order_release": _flags_hold,
    "order_exceptions": _minimum_holds,
    "approval_matrix": _matrix_for_finance,
}


def candidate(policy: str, change: Change, version: int = 2) -> str:
    """The shipped table, changed, with those of its tests that still hold."""
    text = (find_pack("order_governance") / "policies" / f"{policy}.yaml").read_text(encoding="utf-8")
    table = yaml.safe_load(text)
    table["version"] = version
    change(table)
    written = yaml.safe_dump(table, sort_keys=False, allow_unicode=True)
    passed = [example.passed for example in run_examples(compile_policy(parse_policy(written, policy)))]
    table["tests"] = [test for test, holds in zip(table["tests"], passed, strict=True) if holds]
    return yaml.safe_dump(table, sort_keys=False, allow_unicode=True)


def masters(channel: Channel) -> None:
    """Six partners, of which two pay late and one is on hold; nine products; more stock and credit than is needed."""
    late: dict[str, dict[str, Any]] = {
        "A-2": {"overdue_31_60": "500"},
        "A-3": {"overdue_1_30": "900"},
        "A-4": {"hold": True},
    }
    accounts = [account(f"A-{n}", "10000000", **late.get(f"A-{n}", {})) for n in range(6)]
    channel.send("credit_account.recorded", items=accounts)
    tiers = ("gold", "silver", "platinum", "bronze", "gold", "silver")
    partners = [partner(f"P-{n}", f"A-{n}", tier=tier) for n, tier in enumerate(tiers)]
    channel.send("partner.recorded", items=partners)
    products = [
        product(f"S-{n}", str(60 + 4 * n), family=FAMILIES[n % 3], min_quantity="2" if n == 8 else "0")
        for n in range(9)
    ]
    channel.send("product.recorded", items=products)
    channel.send("stock.recorded", items=[stock(f"S-{n}", "0" if n == 7 else "1000000") for n in range(9)])
    rate = {"jurisdiction": "DE", "tax_class": "standard", "rate": "19", "valid_from": "2020-01-01"}
    channel.send("tax_rate.recorded", items=[rate])
    terms = [{"method": "list", "product": f"S-{n}", "value": "100.00"} for n in range(9) if n != 6]
    channel.price("LIST", terms)
    channel.govern()


def orders(channel: Channel, count: int = ORDERS) -> None:
    """The same orders every time: prices up to 20 % below contract and a little above, of one to four lines."""
    chance = random.Random(11)
    for number in range(count):
        products = [n for n in range(9) if n != 7 or chance.random() < 0.1]
        chosen = chance.sample(products, chance.randint(1, 4))
        lines = []
        for n in chosen:
            below = chance.choice((0, 0, 0, 0, 1, 1.5, 2, 4, 6, 9, 14, 18, -3))
            lines.append((f"S-{n}", str(chance.randint(1, 12)), f"{100 - below:.2f}"))
        where = "DE" if chance.random() < 0.95 else "FR"
        channel.order(f"O-{number}", *lines, partner=f"P-{chance.randrange(6)}", ship_to={"country": where})
        if number % 10 == 9:
            channel.order(f"R-{number}", *lines, partner="P-0")
            channel.order(f"R-{number}-again", *lines, partner="P-0")
    channel.govern()


def enact(channel: Channel, policy: str, text: str, version: int = 2) -> None:
    """Bring a version into force now."""
    policies, author, approver = channel.app.policies, channel.context(AUTHOR), channel.context(APPROVER)
    with channel.app.database.transaction(channel.tenant) as conn:
        policies.draft(conn, author, text)
        policies.submit(conn, author, policy, version)
        policies.approve(conn, approver, policy, version)
        policies.activate(conn, approver, policy, version)


def outcomes(channel: Channel) -> dict[str, str]:
    """By order, what its decision came to."""
    with channel.app.database.transaction(channel.tenant) as conn:
        rows = conn.execute("select subject, outcome from decisions where policy = 'order_release'").fetchall()
    found = dict(rows)
    assert len(found) == len(rows), "every order is decided once here"
    return found


def asked(channel: Channel) -> Counter[str]:
    """How many steps of approvals each role was asked for."""
    with channel.app.database.transaction(channel.tenant) as conn:
        rows = conn.execute("select role, count(*) from approval_steps group by role").fetchall()
    return Counter(dict(rows))


def tried(channel: Channel, policy: str, *texts: str, first: date | None = None) -> tuple[Run, dict[str, Any]]:
    """A backtest over the days up to now."""
    today = channel.clock.now().date()
    wanted = Wanted(policy, first or today - timedelta(days=10), today, texts=tuple(("try", t) for t in texts))
    with channel.app.database.transaction(channel.tenant) as conn:
        run = channel.app.backtests.start(conn, channel.context(AUTHOR), wanted)
        assert run.status == "done"
        result = get_result(conn, run.run)
    assert result is not None
    return run, result


@pytest.fixture(scope="module")
def governed(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Channel:
    """A tenant whose orders the shipped policies decided."""
    channel = bare_channel(database, create_tenant(database), FixedClock(NOW), tmp_path_factory.mktemp("home"))
    channel.clock.move(timedelta(minutes=1))
    masters(channel)
    orders(channel)
    channel.clock.move(timedelta(minutes=5))
    return channel


@pytest.mark.slow
@pytest.mark.parametrize("policy", sorted(CHANGES))
def test_flips_and_approvals_foretold_are_those_of_governing_the_same_orders_again(
    governed: Channel, make_tenant: Callable[[], UUID], database: Database, tmp_path: Path, policy: str
) -> None:
    text = candidate(policy, CHANGES[policy])
    second = bare_channel(database, make_tenant(), FixedClock(NOW), tmp_path)
    second.clock.move(timedelta(minutes=1))
    enact(second, policy, text)
    masters(second)
    orders(second)
    before, after = outcomes(governed), outcomes(second)
    run, result = tried(governed, policy, text)

    with database.transaction(governed.tenant) as conn:
        flips = list_flips(conn, run.run, 0, limit=1000)
    foretold = {f.subject: (f.before, f.after) for f in flips if f.kind == "outcome"}
    of = result["candidates"][0]
    assert of["decisions"]["undecidable"] == of["decisions"]["unanswered"] == 0
    assert result["baseline"]["differing"] == 0
    assert result["baseline"]["evaluations"] > 0
    if policy != "approval_matrix":
        really = {no: (old, after[no]) for no, old in before.items() if after[no] != old}
        assert foretold == really
        assert of["straight"]["subjects"] == len(before)
        assert of["straight"]["before"] == sum(o in ("release", "flag") for o in before.values())
        assert of["straight"]["after"] == sum(o in ("release", "flag") for o in after.values())
    if policy == "order_exceptions":
        assert flips, "others own the exceptions"
    else:
        assert foretold, "the change hits somebody"
    assert Counter({load["role"]: load["after"] for load in of["load"] if load["after"]}) == asked(second)
    assert Counter({load["role"]: load["before"] for load in of["load"] if load["before"]}) == asked(governed)


@pytest.mark.parametrize("policy", ["price_deviation", "margin_floor", "credit_release"])
def test_what_is_told_from_a_part_of_the_text_is_what_the_whole_tells(
    governed: Channel, policy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = tried(governed, policy, candidate(policy, CHANGES[policy]))[1]
    monkeypatch.setattr(OrderLens, "peek", lambda *_: None)
    assert tried(governed, policy, candidate(policy, CHANGES[policy]))[1] == quick


@pytest.mark.slow
@pytest.mark.parametrize("policy", sorted(CHANGES))
def test_what_a_worker_finds_by_columns_first_made_then_kept_is_what_the_whole_records_tell(
    governed: Channel, policy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "STRETCH", 25)
    monkeypatch.setattr(keeping, "LEAST", 1)
    app, texts = governed.app, [candidate(policy, CHANGES[policy]), candidate(policy, lambda _: None)]
    later = Context(governed.tenant, AUTHOR, governed.clock.now() + timedelta(hours=1))
    run, told = tried(governed, policy, *texts)
    for _ in range(2):
        today = governed.clock.now().date()
        wanted = Wanted(policy, today - timedelta(days=10), today, texts=tuple(("try", t) for t in texts))
        with app.database.transaction(governed.tenant) as conn:
            asked_for = app.backtests.start(conn, governed.context(AUTHOR), wanted, small=0)
        done = app.backtests.work(app.database, later, FixedClock(later.now), "w", asked_for.run)
        assert done is not None
        with app.database.transaction(governed.tenant) as conn:
            assert get_result(conn, done.run) == told
            for place in (0, 1):
                assert list_flips(conn, done.run, place, limit=1000) == list_flips(conn, run.run, place, limit=1000)


def test_a_decision_that_followed_an_approval_is_not_counted_a_second_time(channel: Channel) -> None:
    channel.clock.move(timedelta(minutes=1))
    channel.order("O-1", ("S-1", "20", "9.00"))
    channel.govern()
    channel.decide("carl", "O-1")
    assert channel.status("O-1") == "released"
    channel.clock.move(timedelta(minutes=1))
    _, result = tried(channel, "price_deviation", candidate("price_deviation", _stricter_prices))
    assert result["read"]["decisions"] == 2
    assert result["read"]["followed_approval"] == 1
    assert sum(result["candidates"][0]["decisions"].values()) == 1
    assert result["candidates"][0]["straight"]["subjects"] == 1
