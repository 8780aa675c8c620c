"""Deciding about a policy version in the console for somebody who delegated it."""

from __future__ import annotations

from datetime import timedelta

from headgate import access
from headgate.packs import find_pack
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
    page = held.get(REVIEW)
    assert f'<option value="{person("fiona")}"' in page.text
    assert "Send it back" not in words(page)
    assert held.post(REVIEW, form).status_code == 403, "not in her own right"
    assert "You approved it" in words(held.post(REVIEW, instead))
    with channel.app.database.transaction(channel.tenant) as conn:
        version = channel.app.policies.get(conn, "price_deviation", 2)
    assert (version.status, version.approver) == ("approved", person("fay"))
