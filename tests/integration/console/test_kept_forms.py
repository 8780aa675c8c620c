"""A form survives the question for a proof: it is filled in again for the session that sent it, and for nobody else."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

import headgate
from headgate.access import end_session
from headgate.access.session_forms import LASTS, LONGEST, MOST_FORMS
from headgate.access.support import list_consents
from headgate.console import urls
from headgate.console.app import DOORS
from headgate.identity.keeping import SECRETS
from headgate.kernel.context import SYSTEM
from headgate.portal.app import DOORS as PORTAL_DOORS
from tests.integration.console.site import PASSWORD, Visitor, words
from tests.integration.console.test_account import rules
from tests.integration.portal.test_safety import EVIL

TYPED = {"subject": "carl@nordwind.example", "hours": "7", "reason": "A report shows nothing & nobody knows why"}


def late(visitor: Visitor, name: str = "tom") -> Visitor:
    """Somebody signed in whose last proof is older than a sensitive act allows."""
    visitor.sign_in(name)
    visitor.channel.clock.move(timedelta(minutes=16))
    return visitor


def send(visitor: Visitor, path: str = urls.SUPPORT, fields: Any = None, page: str = "", **more: Any) -> str:
    """Send a form from its page; where the question for a proof leads."""
    token = visitor.token()
    visitor.client.headers["referer"] = f"http://localhost{page or path}"
    asked = visitor.post(path, TYPED if fields is None else fields, token=token, follow=False, **more)
    del visitor.client.headers["referer"]
    assert asked.status_code == 303, words(asked)
    where = urlsplit(asked.headers["location"])
    assert where.path == "/account/confirm"
    return parse_qs(where.query)["then"][0]


def prove(visitor: Visitor, then: str) -> Any:
    """Give the password; the page that comes then."""
    return visitor.post("/account/confirm", {"password": PASSWORD, "then": then})


def typed(page: Any, name: str) -> str:
    """The value of a field of the page."""
    found = re.search(rf'<input[^>]* name="{name}"[^>]* value="([^"]*)"', page.text) or re.search(
        rf'<input[^>]* value="([^"]*)"[^>]* name="{name}"', page.text
    )
    return html.unescape(found[1]) if found else ""


def rows(visitor: Visitor) -> list[str]:
    """What is kept of forms, as it stands in the database."""
    with visitor.channel.app.database.transaction(visitor.channel.tenant, read_only=True) as conn:
        return [row[0] for row in conn.execute("select sealed from session_forms order by id")]


def consents(visitor: Visitor) -> list[Any]:
    with visitor.channel.app.database.transaction(visitor.channel.tenant, read_only=True) as conn:
        return list_consents(conn)


def test_after_the_proof_the_form_is_filled_in_again_and_sent_once_more(visitor: Visitor) -> None:
    then = send(late(visitor))
    assert "What you typed is kept" in words(visitor.get(f"/account/confirm?then={then}"))
    page = prove(visitor, then)
    assert page.status_code == 200
    assert "What you had typed is filled in again" in words(page)
    assert {name: typed(page, name) for name in TYPED} == TYPED
    assert consents(visitor) == [], "nothing is carried out by itself"
    kept = typed(page, "kept")
    done = visitor.post(urls.SUPPORT, {**TYPED, "kept": kept})
    assert "Support may look as" in words(done)
    assert len(consents(visitor)) == 1
    assert rows(visitor) == [], "used once"
    again = visitor.get(then)
    assert typed(again, "subject") == ""
    assert "filled in again" not in words(again)


def test_what_is_kept_can_be_read_by_nobody_in_the_database(visitor: Visitor) -> None:
    send(late(visitor))
    [sealed] = rows(visitor)
    assert sealed.startswith("hg1.")
    assert "carl" not in sealed


def test_it_is_filled_in_for_the_very_session_that_sent_it(visitor: Visitor) -> None:
    then = send(late(visitor))
    other = Visitor(visitor.channel, visitor.console, visitor.slug)
    for who in ("tom", "ada"):
        assert other.sign_in(who).status_code == 303
        assert TYPED["reason"] not in html.unescape(other.get(then).text), f"{who} in another session"
    assert typed(visitor.get(then), "reason") == TYPED["reason"]


def test_a_new_sign_in_in_between_finds_nothing(visitor: Visitor) -> None:
    then = send(late(visitor))
    visitor.sign_in("tom")
    assert typed(visitor.get(then), "reason") == ""


def test_it_ends_with_its_session(visitor: Visitor) -> None:
    send(late(visitor))
    with visitor.channel.app.database.transaction(visitor.channel.tenant) as conn:
        end_session(conn, visitor.channel.context(SYSTEM), visitor.session)
    assert rows(visitor) == []


def test_it_follows_its_session_and_stands_on_no_other_page(visitor: Visitor) -> None:
    then = send(late(visitor))
    prove(visitor, then)
    elsewhere = visitor.get(f"{urls.BRAND}?{urlsplit(then).query}")
    assert TYPED["reason"] not in html.unescape(elsewhere.text)
    assert typed(visitor.get(then), "reason") == TYPED["reason"]


def test_after_a_quarter_of_an_hour_it_is_over(visitor: Visitor) -> None:
    then = send(late(visitor))
    visitor.channel.clock.move(LASTS)
    assert typed(visitor.get(then), "reason") == ""


def test_two_tabs_keep_their_own(visitor: Visitor) -> None:
    first = send(late(visitor))
    second = send(visitor, fields={**TYPED, "reason": "Another reason"})
    prove(visitor, second)
    assert typed(visitor.get(first), "reason") == TYPED["reason"]
    assert typed(visitor.get(second), "reason") == "Another reason"


def test_few_are_kept_of_a_session(visitor: Visitor) -> None:
    late(visitor)
    sent = [send(visitor, fields={**TYPED, "reason": f"Reason {number}"}) for number in range(MOST_FORMS + 2)]
    assert len(rows(visitor)) == MOST_FORMS
    assert len([then for then in sent if typed(visitor.get(then), "reason")]) == MOST_FORMS
    assert typed(visitor.get(sent[-1]), "reason") == f"Reason {MOST_FORMS + 1}"


def test_what_is_too_long_is_not_kept_and_said_before_it_is_lost(visitor: Visitor) -> None:
    then = send(late(visitor), fields={**TYPED, "reason": "x" * LONGEST})
    assert rows(visitor) == []
    assert "too long to be kept" in words(visitor.get(f"/account/confirm?then={then}"))
    assert "too long to be kept" in words(prove(visitor, then))


def test_what_was_typed_stays_text(visitor: Visitor) -> None:
    page = prove(visitor, send(late(visitor), fields={**TYPED, "reason": EVIL}))
    assert typed(page, "reason") == EVIL
    assert "<script>alert" not in page.text
    assert "<img src=x" not in page.text


def test_secrets_are_not_kept(visitor: Visitor) -> None:
    fields = {
        "code": "okta",
        "name": "Okta for all",
        "issuer": "https://idp.example",
        "client_secret": "hunter2hunter2",
    }
    then = send(late(visitor), urls.SIGN_ON_PROVIDERS, fields, page=urls.SIGN_ON)
    page = prove(visitor, then)
    assert (typed(page, "code"), typed(page, "name")) == ("okta", "Okta for all")
    assert "hunter2" not in page.text


def test_every_field_for_a_secret_is_known_as_one() -> None:
    """Templates say which fields are passwords and one-time codes; the forms of one's account are not kept at all."""
    folder = Path(headgate.__file__).parent
    names, codes = set(), set()
    for file in [*folder.glob("*/templates/*.html"), *folder.glob("ui/macros/*.html")]:
        for field in re.findall(r"f\.text\((?:[^()]|\([^()]*\))*\)", file.read_text()):
            if re.search(r"type='password'|new-password|current-password", field):
                name = re.search(r"\bname='([^']+)'", field) or re.match(r"f\.text\('([^']+)'", field)
                assert name, field
                names.add(name[1])
            if "one-time-code" in field:
                codes.add(file.name)
    assert names >= {"password", "client_secret", "token"}
    assert names <= SECRETS
    assert codes == {"account.html", "entrance.html"}
    for doors, account in ((DOORS, "/account"), (PORTAL_DOORS, "/portal/account")):
        own = [door for door in doors if door.path.startswith(account) and door.method == "POST"]
        assert own
        assert not [door.path for door in own if door.keeps]


def test_files_are_to_be_chosen_again(visitor: Visitor) -> None:
    png = b"\x89PNG\r\n\x1a\n" + b"\0" * 40
    seen = typed(late(visitor).get(urls.BRAND), "seen")
    then = send(
        visitor, urls.BRAND, {"seen": seen, "name": "Nordwind & Söhne"}, files={"logo": ("logo.png", png, "image/png")}
    )
    page = prove(visitor, then)
    assert "Files are to be chosen again" in words(page)
    assert typed(page, "name") == "Nordwind & Söhne"


def test_a_form_without_its_token_is_not_kept(visitor: Visitor) -> None:
    late(visitor)
    assert visitor.post(urls.SUPPORT, TYPED, token="0" * 64, follow=False).status_code == 403
    assert rows(visitor) == []


def test_who_may_not_open_a_door_has_nothing_kept_there(visitor: Visitor) -> None:
    late(visitor, "carl")
    assert visitor.post(urls.SUPPORT, TYPED, follow=False).status_code == 403
    assert rows(visitor) == []


@pytest.mark.parametrize("mark", ["x", "00000000-0000-0000-0000-000000000000", "long%22%3E%3Cscript%3E", ""])
def test_a_mark_that_means_nothing_does_nothing(visitor: Visitor, mark: str) -> None:
    late(visitor)
    plain, marked = visitor.get(urls.SUPPORT), visitor.get(f"{urls.SUPPORT}?kept={mark}")
    assert marked.status_code == 200
    assert words(marked) == words(plain)
    assert "<script>" not in marked.text
    assert "kept=" not in marked.text, "links of the page do not carry it on"


def test_a_decision_that_needs_a_proof_keeps_its_reason(held: Visitor) -> None:
    visitor = held
    rules(visitor, step_up_amount=Decimal(1))
    path = late(visitor, "carl").approval_of("O-1")
    digest = typed(visitor.get(path), "digest")
    fields = {"digest": digest, "outcome": "approve", "justification": "Agreed with the partner on the phone"}
    page = prove(visitor, send(visitor, f"{path}/decision", fields, page=path))
    assert "Agreed with the partner on the phone</textarea>" in page.text
    assert typed(page, "digest") == digest


def test_many_decisions_go_back_to_the_list_as_they_were_picked(held: Visitor) -> None:
    visitor = held
    rules(visitor, step_up_amount=Decimal(1))
    late(visitor, "carl")
    page = visitor.get(urls.APPROVALS).text
    [(name, digest)] = re.findall(r'name="(pick:[^"]+)" value="([^"]+)"', page)
    fields = {name: digest, "outcome": "approve", "justification": "Agreed with all of them"}
    then = send(visitor, urls.APPROVALS_DECIDE, fields, page=urls.APPROVALS_CHECK)
    assert urlsplit(then).path == urls.APPROVALS
    back = prove(visitor, then)
    assert "Agreed with all of them</textarea>" in back.text
    assert re.search(rf'<input[^>]*name="{name}"[^>]* checked', back.text)


def test_htmx_is_led_there_as_well(visitor: Visitor) -> None:
    late(visitor)
    token = visitor.token()
    headers = {"hx-request": "true", "referer": f"http://localhost{urls.SUPPORT}"}
    asked = visitor.client.post(urls.SUPPORT, data={**TYPED, "csrf": token}, headers=headers)
    then = parse_qs(urlsplit(asked.headers["hx-redirect"]).query)["then"][0]
    assert typed(prove(visitor, then), "reason") == TYPED["reason"]
