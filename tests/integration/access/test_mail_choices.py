"""Which mails people want, and the links that turn a kind of them off: nobody can make, change, move or outlive one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest

from headgate.access import Envelope, create_person, get_tenant, set_tenant
from headgate.access.mailing import (
    NO_CHOICE,
    MailChoice,
    choices_of,
    choose_language,
    choose_mails,
    read_stop,
    stop_link,
    want_kind,
)
from headgate.access.mailing.links import LASTS, LONGEST
from headgate.connectors.mail import Letter, Mailroom, reset_letter
from headgate.connectors.mail.core.letters import many_asked_letter
from headgate.connectors.mail.post import opened
from headgate.kernel.canonical import canonical_text
from headgate.kernel.context import SYSTEM, Context
from headgate.kernel.errors import Invalid, Unauthenticated
from headgate.ledger import audit_list, outbox_list
from headgate.store import Database
from headgate.ui.languages import LANGUAGES
from headgate.ui.letters import LetterReading
from tests.conftest import create_tenant
from tests.integration.access.conftest import NOW

SEALER = Envelope((b"k" * 32,))
MAILROOM = Mailroom(SEALER, LetterReading, "https://hg.example")
KINDS = ("approvals", "reminders", "reviews")
ASKED = many_asked_letter("ana@nordwind.example", "Ana", 7, "https://hg.example/work")
RESET = reset_letter("ana@nordwind.example", "Ana", "https://hg.example/sign-in/reset/t")


@pytest.fixture
def ana(person: Callable[..., str]) -> str:
    return person("ana")


def entries(database: Database, tenant: UUID) -> list[dict[str, object]]:
    with database.transaction(tenant) as conn:
        return [dict(entry.body) for entry in audit_list(conn, action="mails.chosen")]


def test_a_choice_is_kept_and_audited_and_the_same_again_is_not(
    database: Database, tenant: UUID, ana: str, acting: Callable[..., Context]
) -> None:
    ctx = acting(ana)
    for _ in range(2):
        with database.transaction(tenant) as conn:
            choose_mails(conn, ctx, language="de", timezone="Asia/Tokyo", off={"approvals"}, among=KINDS)
    with database.transaction(tenant) as conn:
        assert choices_of(conn, [ana, "user:nobody"]) == {
            ana: MailChoice("de", "Asia/Tokyo", off=frozenset({"approvals"}))
        }
        assert choose_language(conn, ctx, "en")
        assert not choose_language(conn, ctx, "en")
    newest, first = entries(database, tenant)
    assert newest == {"by": "account", "language": "en"}
    assert first == {"by": "account", "language": "de", "timezone": "Asia/Tokyo", "off": ["approvals"]}


@pytest.mark.parametrize(
    ("field", "value"),
    [("language", "xx"), ("timezone", "Mars/Olympus"), ("timezone", "../etc"), ("off", ["security"])],
)
def test_what_there_is_not_is_refused_and_nothing_is_kept(
    database: Database, tenant: UUID, ana: str, acting: Callable[..., Context], field: str, value: object
) -> None:
    chosen = {"language": "de", "timezone": "", "off": [], field: value}
    with pytest.raises(Invalid) as refused, database.transaction(tenant) as conn:
        choose_mails(conn, acting(ana), **chosen, among=KINDS)  # type: ignore[arg-type]  # by the table above
    assert refused.value.problems[0].field == field
    with database.transaction(tenant) as conn:
        assert choices_of(conn, [ana]) == {}


def test_every_language_of_the_screens_can_be_chosen(
    database: Database, tenant: UUID, ana: str, acting: Callable[..., Context]
) -> None:
    for language in LANGUAGES:
        with database.transaction(tenant) as conn:
            assert choose_language(conn, acting(ana), language)


def test_a_partners_transaction_has_the_choices_of_its_own_people_only(
    database: Database, tenant: UUID, ctx: Context, ana: str, acting: Callable[..., Context]
) -> None:
    with database.transaction(tenant) as conn:
        made = create_person(conn, ctx, email="paul@acme.example", name="Paul", partner="P-1")
        choose_language(conn, acting(ana), "de")
    paul = acting(made.principal)
    with database.transaction(tenant, partner="P-1") as conn:
        assert choose_language(conn, paul, "de")
        assert choices_of(conn, [ana, paul.principal.id]).keys() == {paul.principal.id}
    with database.transaction(tenant, partner="P-2") as conn:
        assert choices_of(conn, [ana, paul.principal.id]) == {}


def posted(database: Database, tenant: UUID, ctx: Context, letter: Letter, about: str, key: str) -> list[str]:
    """Subjects of what stands in the outbox after a letter was posted."""
    with database.transaction(tenant) as conn:
        MAILROOM.send(conn, ctx, get_tenant(conn), letter, about=about, key=key)
        return [opened(SEALER, row.payload)[0].subject for row in outbox_list(conn, target="mail")]


def test_nobody_gets_what_they_turned_off_and_everybody_what_is_about_their_account(
    database: Database, tenant: UUID, ctx: Context, ana: str
) -> None:
    with database.transaction(tenant) as conn:
        want_kind(conn, ctx, ana, "approvals", wanted=False, by="test")
    assert posted(database, tenant, ctx, ASKED, ana, "one") == []
    assert posted(database, tenant, ctx, RESET, ana, "two") == ["Choose a new password"]
    with database.transaction(tenant) as conn:
        want_kind(conn, ctx, ana, "approvals", wanted=True, by="test")
    assert len(posted(database, tenant, ctx, ASKED, ana, "three")) == 2


def test_a_letter_is_posted_in_the_language_of_whom_it_is_for(
    database: Database, tenant: UUID, ctx: Context, ana: str, acting: Callable[..., Context]
) -> None:
    with database.transaction(tenant) as conn:
        set_tenant(conn, ctx, settings={**get_tenant(conn).settings, "locale": "de_DE"})
    assert posted(database, tenant, ctx, RESET, ana, "one") == ["Neues Passwort wählen"]
    with database.transaction(tenant) as conn:
        choose_language(conn, acting(ana), "en")
    assert "Choose a new password" in posted(database, tenant, ctx, RESET, ana, "two")


def test_a_letter_of_the_release_before_can_still_be_sent(tenant: UUID) -> None:
    before = {
        "to": "a@b.example",
        "name": "Ana",
        "subject": "S",
        "paragraphs": ["P"],
        "act": "",
        "link": "",
        "after": [],
    }
    body = canonical_text({"letter": before, "look": {"name": "N", "accent": "#4646c6", "reply_to": ""}})
    letter, look = opened(SEALER, {"tenant": str(tenant), "sealed": SEALER.seal(body, f"mail {tenant}")})
    assert (letter.greeting, letter.paragraphs, look.name) == ("Hello Ana,", ("P",), "N")


def test_a_link_says_whose_mails_of_which_kind_until_its_time_is_up(tenant: UUID) -> None:
    token = stop_link(SEALER, tenant, "user:ana@nordwind.example", "approvals", NOW)
    assert "ana" not in token
    assert len(token) < LONGEST
    found = read_stop(SEALER, token, NOW + LASTS - timedelta(seconds=1))
    assert (found.tenant_id, found.principal, found.kind) == (tenant, "user:ana@nordwind.example", "approvals")
    with pytest.raises(Unauthenticated):
        read_stop(SEALER, token, NOW + LASTS)


def test_a_link_that_was_made_up_altered_or_moved_is_none(database: Database, tenant: UUID) -> None:
    other = create_tenant(database)
    token = stop_link(SEALER, tenant, "user:ana@nordwind.example", "approvals", NOW)
    flipped = [
        token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :] for place in range(32, len(token))
    ]
    moved = other.hex + token[32:]
    foreign = stop_link(Envelope((b"x" * 32,)), tenant, "user:ana@nordwind.example", "approvals", NOW)
    account = stop_link(SEALER, tenant, "user:ana@nordwind.example", "security", NOW)
    sealed_for_else = f"{tenant.hex}.{SEALER.seal('[]', f'mail {tenant}').rstrip('=')}"
    for wrong in (
        *flipped,
        moved,
        foreign,
        account,
        sealed_for_else,
        "",
        "x",
        tenant.hex + ".",
        token + "=" * 9,
        "a" * 5000,
    ):
        with pytest.raises(Unauthenticated):
            read_stop(SEALER, wrong, NOW)


def test_the_same_link_again_changes_nothing_more(database: Database, tenant: UUID, ctx: Context, ana: str) -> None:
    with database.transaction(tenant) as conn:
        assert want_kind(conn, Context(tenant, SYSTEM, NOW), ana, "approvals", wanted=False, by="link")
        assert not want_kind(conn, Context(tenant, SYSTEM, NOW), ana, "approvals", wanted=False, by="link")
        assert choices_of(conn, [ana])[ana] == MailChoice(off=frozenset({"approvals"}))
    assert entries(database, tenant) == [{"by": "link", "off": ["approvals"]}]
    assert NO_CHOICE.wants("approvals")
