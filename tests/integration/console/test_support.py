"""Support looks as somebody: with consent, without acting, for a while, and on the record."""

from __future__ import annotations

from datetime import timedelta

import pytest

from headgate.access.support import begin_look, open_look
from headgate.console.app import DOORS
from headgate.kernel.context import Context, Principal
from headgate.kernel.errors import Forbidden, Unauthenticated
from headgate.ledger import audit_list
from tests.integration.console.site import Visitor, words
from tests.integration.console.test_doors import address
from tests.scenarios.channel import person

KIM = Principal("operator:kim", "system", "kim")


def consent(visitor: Visitor, name: str = "carl", hours: str = "4") -> None:
    visitor.enter("tom")
    fields = {"subject": person(name), "hours": hours, "reason": "ticket 4711"}
    assert visitor.post("/identity/support", fields).status_code == 200


def link(visitor: Visitor, name: str = "carl") -> str:
    channel = visitor.channel
    with channel.app.database.transaction(channel.tenant) as conn:
        return begin_look(conn, channel.context(KIM), person(name), reason="totals look wrong")


def look(visitor: Visitor, name: str = "carl") -> Visitor:
    """A browser of support that looks as somebody."""
    found = Visitor(visitor.channel, visitor.console, visitor.slug)
    path = f"/support/{link(visitor, name)}"
    answer = found.post(path, token=found.token(path), follow=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    return found


def test_nobody_looks_without_consent(visitor: Visitor) -> None:
    with pytest.raises(Forbidden, match="nobody has consented"):
        link(visitor)
    consent(visitor, "fay")
    with pytest.raises(Forbidden, match="nobody has consented"):
        link(visitor)
    channel = visitor.channel
    with channel.app.database.transaction(channel.tenant) as conn, pytest.raises(Forbidden):
        staff = Principal(person("tom"), "person", permissions=frozenset({"admin"}))
        begin_look(conn, channel.context(staff), person("fay"), reason="curious")


def test_support_sees_what_the_person_sees_under_a_banner_and_can_do_nothing(visitor: Visitor) -> None:
    consent(visitor)
    support = look(visitor)
    for path in ("/", "/orders", "/work", "/policies"):
        page = support.get(path)
        assert page.status_code == 200, path
        assert "Support is looking" in page.text, path
        assert f"operator:kim as {person('carl')}" in page.text, path
    token = support.token()
    for door in DOORS:
        if door.method == "POST" and door.path != "/sign-out":
            answer = support.post(address(door), token=token, follow=False)
            assert answer.status_code == 403, door.path
    for path in ("/identity/machines", "/identity/sign-on", "/identity/support"):
        assert support.get(path).status_code == 403, path
    assert "Support is looking" not in visitor.get("/").text


def test_every_page_is_in_the_audit_trail_as_who_looked_as_whom(visitor: Visitor) -> None:
    consent(visitor)
    support = look(visitor)
    support.get("/orders?status=held")
    support.post("/sign-out", follow=False)
    channel = visitor.channel
    with channel.app.database.transaction(channel.tenant, read_only=True) as conn:
        entries = [e for e in audit_list(conn, limit=20) if e.action.startswith("support.")]
    actor = f"operator:kim as {person('carl')}"
    told = [(e.action, e.actor, e.subject) for e in entries]
    assert ("support.viewed", actor, "/orders?status=held") in told
    assert ("support.began", actor, person("carl")) in told
    assert ("support.ended", actor, person("carl")) in told
    assert ("support.consented", person("tom"), person("carl")) in told


def test_a_look_ends_by_itself_by_its_consent_and_by_sign_out(visitor: Visitor) -> None:
    consent(visitor)
    first, second, third = look(visitor), look(visitor), look(visitor)
    assert first.post("/sign-out", follow=False).headers["location"] == "/sign-in"
    assert first.get("/orders").status_code == 303
    visitor.channel.clock.move(timedelta(minutes=30))
    assert second.get("/orders").status_code == 303
    fourth = look(visitor)
    assert fourth.get("/orders").status_code == 200
    visitor.enter("tom")
    page = visitor.get("/identity/support").text
    way = page.partition('action="/identity/support/')[2].partition('"')[0]
    visitor.post(f"/identity/support/{way}")
    assert fourth.get("/orders").status_code == 303
    assert third.get("/orders").status_code == 303
    assert "Revoked" in words(visitor.get("/identity/support"))


def test_a_link_works_once_and_in_time_and_not_by_a_mere_get(visitor: Visitor) -> None:
    consent(visitor)
    channel = visitor.channel
    token = link(visitor)
    guest = Visitor(channel, visitor.console, visitor.slug)
    assert "Look now" in guest.get(f"/support/{token}").text
    assert guest.session == ""
    assert guest.post(f"/support/{token}", token="wrong", follow=False).status_code == 403

    def follow() -> str:
        with channel.app.database.transaction(channel.tenant) as conn:
            ctx = Context(channel.tenant, KIM, channel.clock.now())
            return open_look(conn, ctx, token)

    assert follow().startswith("support.")
    with pytest.raises(Unauthenticated):
        follow()
    token = link(visitor)
    channel.clock.move(timedelta(minutes=5))
    with pytest.raises(Unauthenticated):
        follow()


@pytest.mark.parametrize(
    "wrong", [{"hours": "0"}, {"hours": "73"}, {"hours": "x"}, {"reason": " "}, {"subject": "user:nobody@x.example"}]
)
def test_a_consent_that_makes_no_sense_is_refused(visitor: Visitor, wrong: dict[str, str]) -> None:
    visitor.enter("tom")
    fields = {"subject": person("carl"), "hours": "4", "reason": "ticket"}
    assert visitor.post("/identity/support", fields | wrong).status_code == 422
    assert "No consent yet" in visitor.get("/identity/support").text


def test_an_administrator_names_the_person_by_the_address_they_sign_in_with(visitor: Visitor) -> None:
    visitor.enter("tom")
    fields = {"subject": " Carl@nordwind.example ", "hours": "4", "reason": "ticket"}
    assert "Support may look as" in words(visitor.post("/identity/support", fields))


def test_the_person_is_picked_by_name_and_address_or_typed(visitor: Visitor) -> None:
    visitor.enter("tom")
    page = visitor.get("/identity/support")
    assert '<option value="carl@nordwind.example">carl</option>' in page.text
    assert 'list="pickable"' in page.text
    typed = {"subject": "nobody@nordwind.example", "hours": "5", "reason": "<b>ticket</b> 4711"}
    refused = visitor.post("/identity/support", typed)
    assert 'value="nobody@nordwind.example"' in refused.text
    assert "&lt;b&gt;ticket&lt;/b&gt; 4711" in refused.text
    given = visitor.post("/identity/support", {**typed, "subject": " Carl@Nordwind.example "})
    assert "Support may look as carl" in words(given)
