"""Reviews of access: opening, deciding one's part, taking away, signing by another, and what an auditor gets."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import pytest

from headgate.access import (
    approve_mitigation,
    ask_mitigation,
    create_api_key,
    create_person,
    create_service,
    end_mitigation,
    grant_role,
    list_grants,
    load_principal,
    revoke_role,
    start_session,
    suspend,
)
from headgate.access.envelope import Envelope
from headgate.access.reviews import (
    as_csv,
    cancel_review,
    check_review_file,
    decide_items,
    exchange_reviewers,
    export_review,
    get_review,
    list_items,
    list_reviews,
    open_review,
    sign_review,
)
from headgate.connectors.mail import Mailroom, write_to_reviewers
from headgate.kernel.canonical import canonical, loads
from headgate.kernel.context import SYSTEM, Context
from headgate.kernel.errors import Conflict, DutyConflict, Forbidden, Invalid, NotFound, Stale
from headgate.ledger import audit_list
from headgate.ui.letters import LetterReading
from tests.integration.access.conftest import NOW

DAY = timedelta(days=1)


@pytest.fixture
def envelope(tmp_path):
    return Envelope.from_home(tmp_path)


@pytest.fixture
def staff(person, acting):
    """Ada administers; Fiona and Carl review; Ben enters orders."""
    people = {
        "ada": person("ada", "tenant_admin"),
        "fiona": person("fiona", "finance_director"),
        "carl": person("carl", "channel_manager"),
        "ben": person("ben", "order_desk"),
    }
    return {name: acting(who) for name, who in people.items()}


def opened(conn, staff, reviewers=("fiona", "carl"), **changes):
    terms = {"title": "First quarter", "scope": "all", "due_at": NOW + 14 * DAY}
    named = [staff[each].principal.id if each in staff else each for each in reviewers]
    return open_review(conn, staff["ada"], **{**terms, "reviewers": named, **changes})


def items_of(conn, review, **wanted):
    return {each.role: each for each in list_items(conn, review.id, NOW, **wanted)}


def test_a_review_lists_every_grant_with_what_is_known_of_it(database, tenant, ctx, staff):
    ben = staff["ben"].principal.id
    with database.transaction(tenant) as conn:
        start_session(conn, ctx, ben)
        create_person(conn, ctx, email="kim@kestrel.example", name="Kim", partner="P-1")
        grant_role(conn, ctx, "user:kim@kestrel.example", "partner_user")
        grant_role(conn, ctx, ben, "support", valid_from=NOW - 9 * DAY, valid_until=NOW - DAY)
        grant_role(conn, ctx, ben, "partner_success", valid_until=NOW + DAY)
        review = opened(conn, staff)
        found = items_of(conn, review)
        assert set(found) == {
            "tenant_admin", "finance_director", "channel_manager", "order_desk", "partner_success", "partner_user"
        }  # fmt: skip
        desk = found["order_desk"]
        assert (desk.principal, desk.last_used, desk.granted_by, desk.now) == (ben, NOW, "system", "as_listed")
        assert found["partner_success"].valid_until == NOW + DAY
        assert found["partner_user"].partner == "P-1"
        assert found["finance_director"].last_used is None
        assert (review.progress.listed, review.progress.open) == (6, 6)
        assert set(items_of(conn, opened(conn, staff, scope="partners"))) == {"partner_user"}
        assert "partner_user" not in items_of(conn, opened(conn, staff, scope="staff"))
        assert set(items_of(conn, opened(conn, staff, scope="role", role="order_desk"))) == {"order_desk"}
        assert list(items_of(conn, review, text="KIM")) == ["partner_user"]
        assert "order_desk" not in items_of(conn, review, shown="unused")


def test_machines_are_reviewed_by_when_their_keys_were_used(database, tenant, ctx, staff):
    with database.transaction(tenant) as conn:
        create_service(conn, ctx, code="erp", name="ERP")
        grant_role(conn, ctx, "service:erp", "integration")
        create_api_key(conn, ctx, "service:erp", name="k", scopes=["events.write"])
        conn.execute("update api_keys set last_used = %s", [NOW - 100 * DAY])
        found = items_of(conn, opened(conn, staff), shown="unused")["integration"]
        assert (found.kind, found.last_used) == ("service", NOW - 100 * DAY)


def test_conflicts_are_listed_with_what_keeps_watch_and_only_the_others_ask_for_a_reason(
    database, tenant, ctx, staff, acting, person
):
    eve = person("eve", "order_desk")
    with database.transaction(tenant) as conn:
        for name, first in (("ben", staff["ben"].principal.id), ("eve", eve)):
            asked = ask_mitigation(
                conn, staff["ada"], principal=first, first="orders.write", second="approvals.decide",
                control="Fiona looks at every approval each Friday", valid_until=NOW + 30 * DAY,
            )  # fmt: skip
            approve_mitigation(conn, staff["fiona"], asked.id)
            grant_role(conn, ctx, first, "finance", valid_until=NOW + 20 * DAY)
            if name == "eve":
                end_mitigation(conn, staff["fiona"], asked.id)
        review = opened(conn, staff)
        broken = {(i.principal, i.role): i for i in list_items(conn, review.id, NOW, shown="conflicts")}
        assert {role for who, role in broken if who == eve} == {"order_desk", "finance"}
        watched, bare = broken[staff["ben"].principal.id, "finance"], broken[eve, "finance"]
        assert (watched.conflicts[0].beside, watched.unwatched) == ("order_desk", ())
        assert watched.conflicts[0].control.startswith("Fiona looks")
        assert review.progress.conflicts == 2
        decide_items(conn, staff["fiona"], review.id, [watched.item], "keep")
        with pytest.raises(Invalid, match="is needed to keep finance of user:eve"):
            decide_items(conn, staff["fiona"], review.id, [bare.item], "keep")
        (kept,) = decide_items(conn, staff["fiona"], review.id, [bare.item], "keep", "until Eve's successor starts")
        assert (kept.decision, kept.reason) == ("keep", "until Eve's successor starts")


def test_revoking_takes_the_role_away_at_once_and_everything_is_on_record(database, tenant, staff):
    ben = staff["ben"].principal.id
    with database.transaction(tenant) as conn:
        review = opened(conn, staff)
        item = items_of(conn, review)["order_desk"].item
        with pytest.raises(Invalid, match="reason"):
            decide_items(conn, staff["carl"], review.id, [item], "revoke")
        (gone,) = decide_items(conn, staff["carl"], review.id, [item], "revoke", "left the order desk")
        assert (gone.outcome, gone.now) == ("removed", "gone")
        assert list_grants(conn, [ben]) == []
        assert load_principal(conn, ben, NOW).permissions == frozenset()
        entry = audit_list(conn, subject=ben)[0]
        assert (entry.action, entry.actor) == ("role.revoked", staff["carl"].principal.id)
        assert entry.body["review"] == str(review.id)
        assert entry.body["reason"] == "left the order desk"
        with pytest.raises(Conflict, match="was revoked by"):
            decide_items(conn, staff["fiona"], review.id, [item], "keep")


def test_what_was_kept_can_be_revoked_while_the_review_is_open_and_what_is_gone_is_said_to_be(database, tenant, staff):
    with database.transaction(tenant) as conn:
        review = opened(conn, staff)
        item = items_of(conn, review)["order_desk"].item
        decide_items(conn, staff["carl"], review.id, [item], "keep")
        revoke_role(conn, staff["ada"], staff["ben"].principal.id, "order_desk")
        (gone,) = decide_items(conn, staff["fiona"], review.id, [item], "revoke", "does other work now")
        assert gone.outcome == "gone"


def test_nobody_decides_about_themselves_and_a_bad_one_among_many_stops_all(database, tenant, staff):
    with database.transaction(tenant) as conn:
        review = opened(conn, staff)
        found = items_of(conn, review)
        both = [found["order_desk"].item, found["finance_director"].item]
        with pytest.raises(DutyConflict, match="your own"):
            decide_items(conn, staff["fiona"], review.id, both, "revoke", "nobody needs these")
        assert get_review(conn, staff["ada"], review.id).progress.open == 4
        assert len(list_grants(conn, [staff["ben"].principal.id])) == 1
        for who in ("ada", "ben"):
            with pytest.raises((Forbidden, NotFound)):
                decide_items(conn, staff[who], review.id, both, "keep")
        with pytest.raises(Invalid, match="is not a grant of this review"):
            decide_items(conn, staff["fiona"], review.id, [99], "keep")
        with pytest.raises(Invalid, match="is not a decision"):
            decide_items(conn, staff["fiona"], review.id, both, "maybe")


def test_a_grant_that_changed_since_it_was_listed_is_not_kept_unseen(database, tenant, ctx, staff):
    with database.transaction(tenant) as conn:
        review = opened(conn, staff)
        later = Context(tenant, ctx.principal, NOW + DAY)
        grant_role(conn, later, staff["ben"].principal.id, "order_desk", valid_until=NOW + 90 * DAY)
        item = items_of(conn, review)["order_desk"]
        assert item.now == "changed"
        with pytest.raises(Stale, match="changed since it was listed"):
            decide_items(conn, staff["fiona"], review.id, [item.item], "keep")


def test_the_last_administrator_is_not_revoked(database, tenant, staff):
    with database.transaction(tenant) as conn:
        review = opened(conn, staff)
        item = items_of(conn, review)["tenant_admin"].item
        with pytest.raises(Conflict, match="nobody would be left who administers"):
            decide_items(conn, staff["fiona"], review.id, [item], "revoke", "too many rights")


def test_it_is_signed_by_somebody_who_decided_nothing_when_all_is_decided(database, tenant, staff, acting, person):
    with database.transaction(tenant) as conn:
        review = opened(conn, staff)
        found = items_of(conn, review)
        mine = [each.item for each in found.values() if each.role != "finance_director"]
        decide_items(conn, staff["fiona"], review.id, mine, "keep")
        with pytest.raises(Conflict, match="1 grants are not decided"):
            sign_review(conn, staff["ada"], review.id, "all looked at")
        decide_items(conn, staff["carl"], review.id, [found["finance_director"].item], "keep")
        with pytest.raises(DutyConflict, match="decided in this review"):
            sign_review(conn, staff["carl"], review.id, "all looked at")
        with pytest.raises(Forbidden):
            sign_review(conn, staff["ben"], review.id, "all looked at")
        signed = sign_review(conn, staff["ada"], review.id, "all looked at")
        assert (signed.status, signed.closed_by) == ("signed", staff["ada"].principal.id)
        entry = audit_list(conn, subject_type="access_review")[0]
        assert signed.digest is not None
        assert entry.body["digest"] == signed.digest.hex()
        for late in (
            lambda: decide_items(conn, staff["fiona"], review.id, mine, "revoke", "second thoughts"),
            lambda: sign_review(conn, staff["ada"], review.id, "again"),
            lambda: cancel_review(conn, staff["ada"], review.id, "never mind"),
        ):
            with pytest.raises(Conflict, match="signed"):
                late()


def test_an_export_carries_the_signed_digest_and_one_changed_word_is_found(database, tenant, staff):
    with database.transaction(tenant) as conn:
        review = opened(conn, staff, reviewers=("carl",), scope="role", role="order_desk", title="=1+1")
        decide_items(conn, staff["carl"], review.id, [1], "revoke", "@left")
        signed = sign_review(conn, staff["ada"], review.id, "all looked at")
        found, items, told = export_review(conn, staff["ada"], review.id)
        assert signed.digest is not None
        assert told["digest"] == signed.digest.hex()
        read = loads(canonical(told))
        assert check_review_file(read)["signed_by"] == staff["ada"].principal.id
        read["grants"][0]["decision"] = "keep"
        with pytest.raises(Invalid, match="was changed"):
            check_review_file(read)
        (row,) = csv.DictReader(io.StringIO(as_csv(found, items)))
        assert (row["decision"], row["outcome"], row["reason"]) == ("revoke", "removed", "'@left")
        conn.execute("update access_review_items set reason = 'agreed'")
        with pytest.raises(Invalid, match="not those that were signed"):
            export_review(conn, staff["ada"], review.id)


def test_a_review_is_seen_by_its_reviewers_administrators_and_auditors_and_is_overdue_past_its_day(
    database, tenant, staff, acting, person
):
    audrey = acting(person("audrey", "auditor"))
    with database.transaction(tenant) as conn:
        review = opened(conn, staff, reviewers=("fiona",), scope="role", role="order_desk")
        assert not review.overdue(NOW + 13 * DAY)
        assert review.overdue(NOW + 14 * DAY)
        for who in (staff["ada"], staff["fiona"], audrey):
            assert [each.id for each in list_reviews(conn, who)] == [review.id]
        assert list_reviews(conn, staff["carl"]) == []
        with pytest.raises(NotFound):
            get_review(conn, staff["carl"], review.id)
        gone = cancel_review(conn, staff["ada"], review.id, "opened by mistake")
        assert not gone.overdue(NOW + 99 * DAY)


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"scope": "everything"}, Invalid, "is not a scope"),
        ({"scope": "role", "role": "emperor"}, Invalid, "is not a role"),
        ({"role": "finance"}, Invalid, "does not go with"),
        ({"title": " "}, Invalid, "title"),
        ({"due_at": NOW}, Invalid, "within the next year"),
        ({"due_at": NOW + 400 * DAY}, Invalid, "within the next year"),
        ({"reviewers": []}, Invalid, "is empty"),
        ({"reviewers": ["user:nobody@nordwind.example"]}, Invalid, "is nobody here"),
        ({"reviewers": ["user:ben@nordwind.example"]}, Invalid, r"lacks the permission access\.review"),
        ({"reviewers": ["user:ada@nordwind.example"]}, Invalid, "opens this review"),
        ({"reviewers": ["user:carl@nordwind.example"]}, Conflict, "name a second reviewer"),
        ({"scope": "role", "role": "support"}, Conflict, "nothing to review"),
    ],
)
def test_a_review_that_could_not_work_is_not_opened(database, tenant, staff, changes, error, words):
    with database.transaction(tenant) as conn:
        with pytest.raises(error, match=words):
            opened(conn, staff, **changes)
        assert list_reviews(conn, staff["ada"]) == []


def test_only_administrators_open_one_and_suspended_people_do_not_review(database, tenant, staff):
    with database.transaction(tenant) as conn:
        terms: dict[str, Any] = {
            "title": "x",
            "scope": "all",
            "due_at": NOW + DAY,
            "reviewers": [staff["fiona"].principal.id],
        }
        with pytest.raises(Forbidden):
            open_review(conn, staff["carl"], **terms)
        suspend(conn, staff["ada"], staff["fiona"].principal.id)
        with pytest.raises(Invalid, match="is suspended"):
            open_review(conn, staff["ada"], **terms)


def test_thousands_of_grants_are_listed_in_a_handful_of_statements(database, tenant, ctx, staff, monkeypatch):
    with database.transaction(tenant) as conn:
        conn.execute(
            "insert into principals (principal, kind, name, status, created_at)"
            " select 'user:p' || n, 'person', 'P ' || n, 'active', now() from generate_series(1, 3000) n"
        )
        conn.execute(
            "insert into role_grants (principal, role, granted_by, granted_at)"
            " select 'user:p' || n, 'order_desk', 'system', now() from generate_series(1, 3000) n"
        )
        asked: list[object] = []
        plain = type(conn).execute

        def counting(self, *args, **kwargs):
            asked.append(args)
            return plain(self, *args, **kwargs)

        monkeypatch.setattr(type(conn), "execute", counting)
        review = opened(conn, staff)
        assert review.progress.listed == 3004
        assert len(asked) < 25
        assert len(list_items(conn, review.id, NOW, after=2900)) == 100
        monkeypatch.setattr("headgate.access.reviews.opening.MOST_GRANTS", 3000)
        with pytest.raises(Conflict, match="review role by role"):
            opened(conn, staff)


def test_reviewers_are_exchanged_and_what_was_decided_stays(database, tenant, staff):
    with database.transaction(tenant) as conn:
        review = opened(conn, staff, reviewers=("carl", "fiona"), scope="role", role="order_desk")
        items = {each.principal: each.item for each in list_items(conn, review.id, NOW)}
        bens = items[staff["ben"].principal.id]
        decide_items(conn, staff["carl"], review.id, [bens], "keep", "")
        after = exchange_reviewers(conn, staff["ada"], review.id, [staff["fiona"].principal.id])
        assert after.reviewers == (staff["fiona"].principal.id,)
        assert after.progress.kept == 1
        with pytest.raises(NotFound):
            decide_items(conn, staff["carl"], review.id, [bens], "keep", "")
        for wrong in ([], [staff["ada"].principal.id], [staff["ben"].principal.id], ["user:nobody"]):
            with pytest.raises(Invalid):
                exchange_reviewers(conn, staff["ada"], review.id, wrong)
        with pytest.raises(Forbidden):
            exchange_reviewers(conn, staff["fiona"], review.id, [staff["carl"].principal.id])
        every = opened(conn, staff)
        with pytest.raises(Conflict, match="name a second reviewer"):
            exchange_reviewers(conn, staff["ada"], every.id, [staff["carl"].principal.id])
        cancel_review(conn, staff["ada"], review.id, "for the test")
        with pytest.raises(Conflict):
            exchange_reviewers(conn, staff["ada"], review.id, [staff["carl"].principal.id])
        told = [entry.action for entry in audit_list(conn, subject_type="access_review")]
        assert "access_review.reviewers_set" in told


def test_reviewers_get_one_mail_before_it_is_due_and_one_when_it_is_late(database, tenant, staff, envelope):
    def letters(now):
        with database.transaction(tenant) as conn:
            mailroom = Mailroom(envelope, LetterReading, "https://headgate.example")
            write_to_reviewers(conn, Context(tenant, SYSTEM, now), mailroom)
            return [row[0] for row in conn.execute("select subject from outbox where type = 'mail.send' order by 1")]

    with database.transaction(tenant) as conn:
        review = opened(conn, staff)
    carl, fiona = sorted(staff[name].principal.id for name in ("carl", "fiona"))
    assert letters(NOW) == []
    assert letters(review.due_at - 3 * DAY) == [carl, fiona]
    assert letters(review.due_at - 2 * DAY) == [carl, fiona], "once"
    assert letters(review.due_at) == [carl, carl, fiona, fiona]
    assert letters(review.due_at + DAY / 2) == [carl, carl, fiona, fiona]
    with database.transaction(tenant) as conn:
        cancel_review(conn, staff["ada"], review.id, "for the test")
    assert letters(review.due_at + DAY / 2) == [carl, carl, fiona, fiona]
