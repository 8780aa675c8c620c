"""Deciding about a policy version in the console for somebody who delegated it."""

from __future__ import annotations

from datetime import timedelta

from headgate import access
from headgate.ledger import audit_list
from headgate.packs import find_pack
from headgate.policy import apply_at_once
from tests.integration.console.site import Visitor, words
from tests.scenarios.channel import AUTHOR, person

REVIEW = "/policies/price_deviation/versions/2/review"


def test_a_delegate_approves_for_who_delegated_it_and_nobody_else_does(held: Visitor) -> None:
    channel = held.channel
    text = (find_pack("order_governance") / "policies" / "price_deviation.yaml").read_text(encoding="utf-8")
    with channel.app.database.transaction(channel.tenant) as conn:
        author = channel.context(AUTHOR)
        channel.app.policies.draft(conn, author, text.replace("version: 1", "version: 2", 1))
        digest = channel.app.policies.submit(conn, author, "price_deviation", 2).digest
    held.enter("fay")
    assert "You may look, but not decide" in words(held.get(REVIEW))
    form = {"outcome": "approve", "justification": "as agreed", "digest": digest, "when": "later"}
    instead = {**form, "acting_for": person("fiona")}
    assert held.post(REVIEW, instead).status_code == 403
    _delegated(held)
    page = held.get(REVIEW)
    assert f'<option value="{person("fiona")}"' in page.text
    assert "Send it back" not in words(page)
    assert held.post(REVIEW, form).status_code == 403, "not in her own right"
    assert "You approved it" in words(held.post(REVIEW, instead))
    with channel.app.database.transaction(channel.tenant) as conn:
        version = channel.app.policies.get(conn, "price_deviation", 2)
    assert (version.status, version.approver) == ("approved", person("fay"))


def test_a_delegate_reviews_an_emergency_change_for_who_delegated_it(held: Visitor) -> None:
    channel, page = held.channel, "/policies/price_deviation/versions/2"
    channel.clock.move(timedelta(hours=1))
    text = (find_pack("order_governance") / "policies" / "price_deviation.yaml").read_text(encoding="utf-8")
    with channel.app.database.transaction(channel.tenant) as conn:
        author = channel.context(AUTHOR)
        channel.app.policies.draft(conn, author, text.replace("version: 1", "version: 2", 1))
        apply_at_once(
            channel.app.policies, conn, author, "price_deviation", 2, "the supplier raised its prices over night"
        )
    held.enter("fay")
    form = {"outcome": "confirm", "reason": "it was right", "acting_for": person("fiona")}
    assert "Review the emergency change" not in words(held.get(page))
    assert held.post(f"{page}/emergency-review", form).status_code == 403, "nobody has delegated it to her"
    _delegated(held)
    shown = held.get(page)
    assert f'<option value="{person("fiona")}">for ' in shown.text
    assert "in your own right" not in words(shown)
    assert held.post(f"{page}/emergency-review", {**form, "acting_for": ""}).status_code == 403
    assert "You confirmed the emergency change" in words(held.post(f"{page}/emergency-review", form))
    with channel.app.database.transaction(channel.tenant) as conn:
        version = channel.app.policies.get(conn, "price_deviation", 2)
        told = audit_list(conn, subject_type="policy", subject="price_deviation", limit=1)[0].body
    assert (version.reviewed_by, told["on_behalf_of"]) == (person("fay"), person("fiona"))


def _delegated(held: Visitor) -> None:
    """Fiona is away for a day, and Fay decides for her."""
    channel = held.channel
    with channel.app.database.transaction(channel.tenant) as conn:
        now = channel.clock.now()
        access.create_delegation(
            conn,
            channel.context(access.load_principal(conn, person("fiona"), now)),
            delegator=person("fiona"),
            delegate=person("fay"),
            roles=["finance_director"],
            valid_from=now,
            valid_until=now + timedelta(days=1),
            reason="away",
        )
