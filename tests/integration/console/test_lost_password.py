"""A lost password: a link by mail, once, for half an hour; nobody learns who has an account."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import psycopg

from headgate import access
from headgate.connectors.mail.post import opened
from headgate.console.app import create_console
from headgate.kernel.context import SYSTEM
from headgate.ledger import audit_list, outbox_list
from tests.integration.console.site import Visitor, words
from tests.scenarios.channel import person

FRESH = "a quite different lot of words"


def ask(visitor: Visitor, email: str, slug: str = "") -> Any:
    form = {"csrf": visitor.token("/sign-in/lost"), "email": email, "tenant": slug or visitor.slug}
    return visitor.client.post("/sign-in/lost", data=form)


def letters(visitor: Visitor) -> list[Any]:
    """The letters that wait, in no order: the clock stands still."""
    app = visitor.channel.app
    with app.database.transaction(visitor.channel.tenant) as conn:
        found = outbox_list(conn, target="mail")
    return [opened(app.envelope, command.payload)[0] for command in found]


def path_of(link: str) -> str:
    return "/" + link.split("/", 3)[3]


def choose(visitor: Visitor, path: str, password: str = FRESH, again: str = "") -> Any:
    form = {"csrf": visitor.token(path), "password": password, "again": again or password}
    return visitor.client.post(path, data=form)


def test_a_link_by_mail_lets_somebody_choose_a_password_once(visitor: Visitor) -> None:
    elsewhere = Visitor(visitor.channel, visitor.console, visitor.slug)
    elsewhere.sign_in("carl")
    assert "a link is on its way" in words(ask(visitor, "Carl@nordwind.example"))
    [letter] = letters(visitor)
    assert letter.to == "carl@nordwind.example"
    path = path_of(letter.link)
    assert "carl@nordwind.example" in words(visitor.get(path))
    assert "differ" in words(choose(visitor, path, again="x"))
    assert "shorter" in words(choose(visitor, path, "x"))
    assert "Your password is set" in words(choose(visitor, path))
    assert elsewhere.get("/").status_code == 303, "sessions end"
    again = visitor.get(path)
    assert again.status_code == 404
    assert "This link is over" in words(again)
    token = visitor.token("/sign-in/lost")
    assert visitor.client.post(path, data={"csrf": token, "password": "x" * 20, "again": "x" * 20}).status_code == 404
    assert visitor.sign_in("carl").status_code == 401
    assert visitor.sign_in("carl", FRESH).status_code == 303
    assert {letter.subject for letter in letters(visitor)} == {
        "Choose a new password",
        "Your account was changed",
        "Somebody signed in to your account with a new browser",
    }
    with visitor.channel.app.database.transaction(visitor.channel.tenant) as conn:
        told = {e.action for e in audit_list(conn, subject=person("carl"), limit=20)}
    assert {"password.reset_asked", "password.chosen"} <= told


def test_a_link_ends_after_half_an_hour_and_with_the_next_password(visitor: Visitor) -> None:
    ask(visitor, "carl@nordwind.example")
    ask(visitor, "carl@nordwind.example")
    first, second = (path_of(letter.link) for letter in letters(visitor))
    choose(visitor, second)
    assert visitor.get(first).status_code == 404
    ask(visitor, "fay@nordwind.example")
    late = next(path_of(letter.link) for letter in letters(visitor) if letter.to.startswith("fay"))
    visitor.channel.clock.move(timedelta(minutes=30))
    assert visitor.get(late).status_code == 404


def test_who_has_an_account_is_told_neither_by_the_answer_nor_by_the_work_that_is_done(visitor: Visitor) -> None:
    with visitor.channel.app.database.transaction(visitor.channel.tenant) as conn:
        access.suspend(conn, visitor.channel.context(SYSTEM), person("fay"))
    plain = psycopg.Cursor.execute
    seen: list[str] = []

    def noting(cursor: psycopg.Cursor[Any], query: Any, *args: Any, **kwargs: Any) -> psycopg.Cursor[Any]:
        seen.append(re.sub(r"\s+", " ", str(query))[:60])
        return plain(cursor, query, *args, **kwargs)

    done: dict[str, tuple[str, list[str]]] = {}
    ask(visitor, "rita@nordwind.example")  # the first letter of all registers where letters go
    for email in ("carl@nordwind.example", "nobody@nordwind.example", "fay@nordwind.example", "no address"):
        token = visitor.token("/sign-in/lost")
        seen.clear()
        with patch.object(psycopg.Cursor, "execute", noting):
            answer = visitor.client.post("/sign-in/lost", data={"csrf": token, "email": email, "tenant": visitor.slug})
        text = re.sub(r'value="[^"]*"', "", answer.text)
        done[email] = (f"{answer.status_code}{text}", [query for query in seen if "SAVEPOINT" not in query.upper()])
    assert len({text for text, _ in done.values()}) == 1
    first = done["carl@nordwind.example"][1]
    assert any("invitations" in query for query in first)
    assert all(queries == first for _, queries in done.values())
    assert {letter.to for letter in letters(visitor)} == {"rita@nordwind.example", "carl@nordwind.example"}


def test_nobody_fills_a_mailbox(visitor: Visitor) -> None:
    for _ in range(6):
        ask(visitor, "carl@nordwind.example")
    assert len(letters(visitor)) == 3


def test_links_lead_to_the_public_address_whatever_a_request_says_of_its_host(visitor: Visitor) -> None:
    app = visitor.channel.app
    console = create_console(replace(app, settings=replace(app.settings, public_url="https://hg.nordwind.example")))
    one = Visitor(visitor.channel, console, visitor.slug)
    one.client.headers["host"] = "evil.example"
    ask(one, "carl@nordwind.example")
    visitor.client.headers["host"] = "evil.example"
    ask(visitor, "fay@nordwind.example")
    links = {letter.to: letter.link for letter in letters(visitor)}
    assert links["carl@nordwind.example"].startswith("https://hg.nordwind.example/sign-in/reset/")
    assert "evil" not in links["fay@nordwind.example"]


def test_a_form_of_another_browser_asks_for_nothing(visitor: Visitor) -> None:
    form = {"email": "carl@nordwind.example", "tenant": visitor.slug}
    assert visitor.client.post("/sign-in/lost", data=form).status_code == 403
    assert letters(visitor) == []
    ask(visitor, "carl@nordwind.example")
    path = path_of(letters(visitor)[0].link)
    other = Visitor(visitor.channel, visitor.console, visitor.slug)
    assert other.client.post(path, data={"password": FRESH, "again": FRESH}).status_code == 403
    assert choose(visitor, path).status_code == 200


def test_an_account_that_wrong_passwords_lock_is_told_by_mail(visitor: Visitor) -> None:
    for _ in range(7):
        visitor.sign_in("carl", "wrong")
    [letter] = letters(visitor)
    assert letter.subject == "Wrong passwords for your account"
    assert "1 min" in letter.paragraphs[0]
