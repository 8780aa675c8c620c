"""What pages tell instead of codes and ids: words, names, and the way to what is named."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from headgate.access import Account
from headgate.console.present.audit import Verified, entry_view
from headgate.console.present.evaluations import fact
from headgate.console.present.history import audit_lines, timeline
from headgate.console.present.names import Names
from headgate.console.render import Console
from headgate.ledger import AuditEntry
from headgate.ui.assets import load_assets
from headgate.ui.words import humanise
from tests.unit.ui.samples import page
from tests.unit.ui.samples.approval import APPROVAL
from tests.unit.ui.samples.policies import POLICY

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


def entry(seq: int, action: str, subject_type: str, subject: str, **body: object) -> AuditEntry:
    return AuditEntry(seq, NOW, "user:ana@x", action, subject_type, subject, None, None, body, "{}", "", "")


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("exception", "price_deviation", "Price deviation"),
        ("outcome", "hold", "Holds the order"),
        ("role", "finance", "Finance"),
        ("reason_code", "no_contract_price", "No contract price"),
        ("payment_terms", "NET30", "NET30"),
        ("note", "agreed with the customer", "agreed with the customer"),
    ],
)
def test_a_fact_that_is_a_code_is_told_in_words(name: str, value: str, told: str) -> None:
    assert str(fact(name, value, None).value) == told


def test_goods_that_come_back_have_one_name() -> None:
    assert humanise("rma") == humanise("return") == "Return"


def test_an_audit_entry_names_whom_it_is_about() -> None:
    ana = Account("user:ana@x", "person", "Ana Brandt", None, None, "active", None, NOW, ())
    about = [entry(1, "session.started", "principal", "user:ana@x"), entry(2, "order.submitted", "order", "SO-1")]
    about.append(entry(3, "task.snoozed", "task", "0190f3a2-7d5e-7aaa-8bbb-0123456789ab"))
    lines = audit_lines(about, {}, 0, Names({ana.principal: ana}, {}))
    assert [(line.named, line.short) for line in lines] == [("Ana Brandt", ""), ("", ""), ("", "0123456789ab")]


def test_an_audit_entry_leads_to_what_it_is_about() -> None:
    names = Names({}, {})
    for kind, subject, href in (
        ("rma", "RMA-1", "/returns/RMA-1"),
        ("partner", "P-1", "/partners/P-1"),
        ("task", "t", ""),
    ):
        assert entry_view(entry(1, "x.done", kind, subject), None, Verified(None, 0), names).subject_href == href


def test_an_approval_leads_to_its_order_decided_or_not() -> None:
    console = Console(load_assets())
    for status in ("pending", "approved"):
        shown = console.render(page(), replace(APPROVAL, status=status))
        assert f'<a href="/orders/{APPROVAL.order}">Open order {APPROVAL.order}</a>' in shown
    assert "Open order" not in console.render(page(), replace(APPROVAL, order=""))


def test_shares_of_a_table_are_in_the_readers_figures() -> None:
    row = replace(POLICY.rows[0], hits=1153, share=Decimal("22.2"))
    shown = Console(load_assets()).render(page(locale="de_DE"), replace(POLICY, rows=(row,)))
    assert "1.153\u00a0Treffer, 22,2\u00a0%" in shown


def test_a_decision_that_waits_is_one_line_and_stays_one_when_it_was_undone() -> None:
    held = entry(1, "decisions.held", "held_decision", "h-1", outcome="reject")
    undone = entry(2, "decisions.undone", "held_decision", "h-1", outcome="reject")
    names = Names({}, {})
    (waits,) = timeline([held], names)
    assert (waits.seq, waits.steps) == (1, ())
    (line,) = timeline([undone, held], names)
    assert (line.seq, [step.seq for step in line.steps]) == (2, [1])
