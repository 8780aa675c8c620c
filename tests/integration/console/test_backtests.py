"""Try it on the past, as a channel manager does it in the browser."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import yaml
from psycopg.types.json import Jsonb

from headgate import access
from headgate.console import urls
from headgate.kernel.context import SYSTEM
from headgate.policy.backtest import list_runs, service
from headgate.worker import BacktestLoop
from tests.integration.console.site import Visitor, words
from tests.scenarios.api.test_backtests import stricter

FORM = "/policies/price_deviation/backtest"
DAYS = {"from": "2026-03-01", "to": "2026-03-02"}


@pytest.fixture
def tried(held: Visitor) -> Visitor:
    """Carl, with twelve orders of his partner decided, half of them 1.5 % below contract."""
    channel = held.channel
    for number in range(20, 32):
        price = "9.85" if number % 2 else "10.00"
        channel.order(f"T-{number}", ("S-1", str(number), price), customer_reference=f"T {number}")
    channel.govern()
    channel.clock.move(timedelta(minutes=5))
    return held.enter("carl")


def test_a_text_is_tried_and_the_page_says_who_is_hit(tried: Visitor) -> None:
    form = tried.get(FORM)
    assert "Try it on the past" in words(form)
    page = tried.post(FORM, {**DAYS, "text": stricter()})
    assert page.status_code == 200
    text = words(page)
    assert re.search(r"\d+ of \d+ decisions would have come out otherwise", text), text
    assert "is hit most" in text
    assert "To the version" not in text, "a text that is not stored has no page"
    path = str(page.url.path)
    for href in re.findall(r'href="([^"]*/flips/1/\d+)"', page.text)[:2]:
        why = tried.get(href)
        assert why.status_code == 200
        assert "within_tolerance" in why.text
        assert "below_contract" in why.text
    assert tried.get(f"{path}?partner=P-1&kind=outcome").status_code == 200
    assert "No flip matches" in words(tried.get(f"{path}?partner=P-9"))
    assert tried.get("/backtests").status_code == 200
    with tried.counted():
        tried.get(path)
    assert tried.queries <= 20


def test_a_fact_that_was_not_recorded_is_told_by_its_label_with_its_code_beside(tried: Visitor) -> None:
    table = yaml.safe_load(stricter())
    table["inputs"].append({"name": "region", "type": "string", "label": "Sales region"})
    for row in table["rows"]:
        row["when"]["region"] = "'north'"
    table["default"] = {"outcome": "pass", "exception": ""}
    text = words(tried.post(FORM, {**DAYS, "text": yaml.safe_dump(table)}))
    assert re.search(r"\d+ decisions cannot be told: Sales region region was not recorded \(\d+\)", text), text


def test_facts_that_a_policy_behind_the_tried_one_misses_are_told_with_that_policy(tried: Visitor) -> None:
    page = tried.post(FORM, {**DAYS, "text": stricter()})
    lacking = {
        "tier, risk (read by approval_matrix)": 2,
        "gone, too (read by nobody)": 3,
        "the rate from USD to EUR": 1,
    }
    run = str(page.url.path).rpartition("/")[2]
    with tried.channel.app.database.transaction(tried.channel.tenant) as conn:
        conn.execute(
            "update backtests set result = jsonb_set(result, '{candidates,0,lacking}', %s) where run = %s",
            [Jsonb(lacking), run],
        )
    text = words(tried.get(f"/backtests/{run}"))
    matrix = "Who must approve what, how soon, and who steps in"
    assert f"Tier of the partner tier , Credit risk risk (read by {matrix}) was not recorded (2)" in text
    assert "Gone gone , Too too (read by Nobody) was not recorded (3)" in text
    assert "the rate from USD to EUR was not recorded (1)" in text


def test_a_german_reader_is_told_all_of_it_in_german(tried: Visitor) -> None:
    channel = tried.channel
    with channel.app.database.transaction(channel.tenant) as conn:
        settings = access.get_tenant(conn).settings
        access.set_tenant(conn, channel.context(SYSTEM), settings={**settings, "locale": "de_DE"})
    page = tried.post(FORM, {**DAYS, "text": stricter()})
    text = words(page)
    for said in ("wären anders ausgegangen, zusammen", "März 2026", "Das Ergebnis jeder Bestellung"):
        assert said in text, said
    filtered = words(tried.get(f"{page.url.path}?product=S-1&kind=outcome"))
    assert "Produkt" in filtered
    (href,) = re.findall(r'href="([^"]*/flips/1/\d+)"', page.text)[:1]
    why = words(tried.get(href))
    assert "Bestellung öffnen" in why
    assert "unter Vertrag" in why
    for english in ("would have", "below contract", "Pasted", "weighed again"):
        assert english not in text + filtered + why, english


def test_what_is_wrong_is_said_in_the_form_and_what_was_typed_is_kept(tried: Visitor) -> None:
    for fields, said in (
        ({**DAYS}, "What to try is not 1 to 5"),
        ({"from": "2026-03-02", "to": "2026-03-01", "version-1": "1"}, "lies before"),
        ({"from": "yesterday", "to": "2026-03-01", "version-1": "1"}, "is not a date"),
        ({**DAYS, "text": "policy: ["}, "policy: ["),
    ):
        page = tried.post(FORM, fields)
        assert page.status_code == 422
        assert said in words(page) or said in page.text


def test_a_long_one_shows_how_far_it_is_and_can_be_cancelled(tried: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "SMALL", 0)
    monkeypatch.setattr(service.Backtests.start, "__kwdefaults__", {"small": 0})
    page = tried.post(FORM, {**DAYS, "version-1": "1"})
    path = str(page.url.path)
    assert "Waiting for a worker" in words(page)
    assert tried.get(path, part="progress").status_code == 200
    assert "is cancelled" in words(tried.post(f"{path}/cancel"))
    again = tried.post(FORM, {**DAYS, "version-1": "1"})
    BacktestLoop(tried.channel.app).step()
    assert tried.get(str(again.url.path), part="progress").headers["hx-refresh"] == "true"
    done = tried.get(str(again.url.path))
    assert "Nothing flips" in words(done)
    assert f'href="{urls.policy_version("price_deviation", 1)}">To the version' in done.text


def test_who_may_not_try_policies_sees_results_and_no_form(tried: Visitor) -> None:
    tried.post(FORM, {**DAYS, "version-1": "1"})
    with tried.channel.app.database.transaction(tried.channel.tenant) as conn:
        (run,) = list_runs(conn)
    tried.enter("desk")
    assert tried.get(f"/backtests/{run.run}").status_code == 200
    assert tried.get(FORM).status_code == 403
    assert tried.post(f"/backtests/{run.run}/cancel").status_code == 403
    assert "Try it on the past" not in tried.get("/policies/price_deviation").text
