"""Files that speak for a price: whoever decides sees them, and their approval binds exactly those that they saw."""

from __future__ import annotations

import re
from typing import Any

import pytest

from headgate.access.tenancy import set_quotas
from headgate.channel.exceptions import PRICE_FILES, get_exception
from headgate.kernel.context import SYSTEM, Context, Principal
from headgate.process import Approval, approvals_of_case
from tests.integration.console.site import Visitor
from tests.integration.portal.site import Portal, words
from tests.integration.portal.test_deals import PDF
from tests.integration.portal.test_news_mails import WISH, price_status
from tests.integration.portal.test_prices import WHY, stored
from tests.integration.portal.test_sending import entered

OFFER = b"%PDF-1.7 their offer at 7.90"
PHOTO = b"\x89PNG\r\n\x1a\n photo"


def ask_with(portal: Portal, *files: tuple[str, bytes], **changes: str) -> Any:
    return portal.post("/portal/prices/new", WISH | {"unit_price": "8.00"} | changes, files=files)


def number_in(answer: Any) -> str:
    found = re.search(r"PX-[0-9A-F]{12}", str(answer.url)) or re.search(r"PX-[0-9A-F]{12}", answer.text)
    assert found
    return found[0]


def asked_with(portal: Portal, *files: tuple[str, bytes]) -> str:
    """A price that is being decided about, with these files."""
    number = number_in(ask_with(portal.enter("pia"), *files))
    portal.channel.govern()
    assert price_status(portal, number) == "deciding"
    return number


def approvals(portal: Portal, number: str) -> list[Approval]:
    with portal.channel.app.database.transaction(portal.channel.tenant) as conn:
        return approvals_of_case(conn, get_exception(conn, number)["case_id"])


def add(portal: Portal, number: str, *files: tuple[str, bytes]) -> Any:
    return portal.post(f"/portal/prices/{number}/evidence", files=files)


def console(portal: Portal) -> Visitor:
    return Visitor(portal.channel, portal.app, portal.slug).enter("carl")


def test_whoever_decides_sees_the_files_and_the_approval_binds_their_bytes(portal: Portal) -> None:
    number = asked_with(portal, ("shelf.png", PHOTO), ("offer.pdf", OFFER))
    page = portal.get(f"/portal/prices/{number}")
    assert {"offer.pdf", "shelf.png"} <= set(re.findall(r">(\S+?)</a>", page.text))
    href = re.search(r'href="(/portal/prices/[^"]+/files/[^"]+)" download>offer.pdf<', page.text)
    assert href
    assert portal.get(href[1]).content == OFFER
    (approval,) = approvals(portal, number)
    named = approval.summary["evidence"]
    assert [str(each).partition(" (sha256 ")[0] for each in named] == ["offer.pdf", "shelf.png"]  # type: ignore[attr-defined]
    staff = console(portal)
    shown = staff.get(f"/approvals/{approval.approval}")
    link = re.search(r'href="(/cases/[0-9a-f-]+/files/[0-9a-f-]+)" download>offer.pdf<', shown.text)
    assert link, words(shown)
    answer = staff.get(link[1])
    assert answer.content == OFFER
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert "sandbox" in answer.headers["content-security-policy"]
    assert "offer.pdf" in words(staff.get(f"/cases/{approval.case_id}"))


def test_without_files_nothing_is_bound_that_was_not_before(portal: Portal) -> None:
    number = asked_with(portal)
    (approval,) = approvals(portal, number)
    assert "evidence" not in approval.summary
    assert 'id="evidence"' not in console(portal).get(f"/approvals/{approval.approval}").text


def test_a_file_added_while_the_approver_looks_asks_anew(portal: Portal) -> None:
    number = asked_with(portal, ("offer.pdf", OFFER))
    (seen,) = approvals(portal, number)
    said = words(add(portal, number, ("second.txt", b"they called again")))
    assert "Your files were added" in said
    assert "Added evidence" in said
    assert "Asked otherwise" not in said
    first, second = approvals(portal, number)
    assert (first.status, second.status) == ("voided", "pending")
    assert first.digest != second.digest
    staff = console(portal)
    form = {"outcome": "approve", "justification": "fair", "digest": seen.digest}
    late = staff.post(f"/approvals/{seen.approval}/decision", form)
    assert late.status_code == 409
    assert "This changed while you were looking at it" in words(late)
    assert "Evidence: offer.pdf → offer.pdf, second.txt" in words(late)
    assert price_status(portal, number) == "deciding"
    portal.channel.decide("carl", number)
    portal.channel.govern()
    assert price_status(portal, number) == "granted"
    decided = words(staff.get(f"/approvals/{second.approval}"))
    assert "second.txt" in decided
    assert "second.txt" not in words(staff.get(f"/approvals/{first.approval}")).replace("→ offer.pdf, second.txt", "")
    assert "Nothing can be added" in words(add(portal, number, ("late.pdf", PDF)))


def test_files_may_come_with_what_is_asked_after_it_was_sent_back_and_what_was_sent_stays(portal: Portal) -> None:
    number = asked_with(portal, ("offer.pdf", OFFER))
    portal.channel.decide("carl", number, "return", because=WHY)
    portal.channel.govern()
    form = f"/portal/prices/{number}/form"
    page = portal.get(form)
    assert "offer.pdf" in words(page)
    assert "/remove" not in page.text, "what was sent with it stays"
    # A file alone is something new to say.
    portal.post(form, entered(page), files=[("second.pdf", PDF)])
    portal.channel.govern()
    assert price_status(portal, number) == "deciding"
    assert [each.partition(" ")[0] for each in stored(portal, number)["content"]["evidence"]] == [
        "offer.pdf",
        "second.pdf",
    ]
    with portal.channel.app.database.transaction(portal.channel.tenant) as conn:
        sent = PRICE_FILES.of(conn, number)[0]
    assert portal.post(f"/portal/prices/{number}/files/{sent.file}/remove").status_code == 409


def test_a_file_that_was_not_sent_yet_can_be_removed_and_the_form_stays_as_filled_in(portal: Portal) -> None:
    page = ask_with(portal.enter("pia"), ("wrong.pdf", PDF), max_quantity="")
    assert page.status_code == 400
    number = number_in(page)
    drop = re.search(rf'formaction="(/portal/prices/{number}/files/[^"]+/remove)"', page.text)
    assert drop
    back = portal.post(drop[1], {**entered(page), "justification": "typed meanwhile"}, files=[("right.pdf", OFFER)])
    assert "wrong.pdf" not in back.text
    assert "right.pdf" in back.text
    assert entered(back)["justification"] == "typed meanwhile"
    sent = portal.post("/portal/prices/new", {**entered(back), "max_quantity": "10"})
    assert number in str(sent.url)
    assert [each.partition(" ")[0] for each in stored(portal, number)["content"]["evidence"]] == ["right.pdf"]


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("empty.pdf", b"", "is empty"),
        ("page.html", b"<html>", "is of a kind that is not taken"),
        ("offer.pdf", b"<html><script>alert(1)</script>%PDF-1.7", "is not what its name says"),
        ("notes.txt", b"<script>alert(1)</script>", "is not what its name says"),
        ("photo.png", b"GIF89a;", "is not what its name says"),
        ("large.pdf", b"%PDF-" + b"0" * 5_000_000, "is larger than 5 MB"),
    ],
)
def test_what_is_no_evidence_is_refused_beside_the_field_and_the_form_is_kept(
    portal: Portal, name: str, content: bytes, why: str
) -> None:
    page = ask_with(portal.enter("pia"), (name, content))
    assert page.status_code == 400
    assert re.search(rf'id="evidence-error".*?{why}', page.text, re.DOTALL | re.IGNORECASE), words(page)
    assert entered(page)["justification"] == WISH["justification"]
    assert "<script>alert" not in page.text


def test_a_name_is_a_name_and_neither_a_path_nor_markup(portal: Portal) -> None:
    evil = "../../etc/<img src=x onerror=alert(1)>.pdf"
    number = asked_with(portal, (evil, OFFER))
    with portal.channel.app.database.transaction(portal.channel.tenant) as conn:
        (file,) = PRICE_FILES.of(conn, number)
    assert "/" not in file.name
    assert "<" not in file.name
    approval = approvals(portal, number)[0].approval
    for text in (portal.get(f"/portal/prices/{number}").text, console(portal).get(f"/approvals/{approval}").text):
        assert "<img src=x" not in text
        assert file.name in text


def test_files_of_another_partner_are_neither_seen_nor_touched_nor_bound(portal: Portal) -> None:
    number = asked_with(portal, ("offer.pdf", OFFER))
    with portal.channel.app.database.transaction(portal.channel.tenant) as conn:
        (file,) = PRICE_FILES.of(conn, number)
    other = portal.another().enter("otto")
    assert other.get(f"/portal/prices/{number}/files/{file.file}").status_code == 404
    assert other.post(f"/portal/prices/{number}/files/{file.file}/remove").status_code == 404
    assert add(other, number, ("theirs.pdf", PDF)).status_code == 404
    own = number_in(ask_with(other, ("own.pdf", PDF)))
    assert other.get(f"/portal/prices/{own}/files/{file.file}").status_code == 404
    # Also a file that somebody kept under a number that they guessed is none of the request's.
    ask_with(other, ("guessed.pdf", PDF), request=number, max_quantity="")
    assert "guessed.pdf" not in portal.get(f"/portal/prices/{number}").text
    with portal.channel.app.database.transaction(portal.channel.tenant) as conn:
        assert [each.name for each in PRICE_FILES.of(conn, number)] == ["offer.pdf"]


def test_where_there_is_no_room_the_form_says_so_and_nothing_is_kept(portal: Portal) -> None:
    channel = portal.channel
    number = asked_with(portal)
    with channel.app.database.transaction(channel.tenant) as conn:
        set_quotas(conn, Context(channel.tenant, SYSTEM, channel.clock.now()), {"document_megabytes": 0})
    for full in (ask_with(portal, ("offer.pdf", OFFER)), add(portal, number, ("offer.pdf", OFFER))):
        assert (full.status_code, "no room for more files" in words(full)) == (400, True)
    with channel.app.database.transaction(channel.tenant) as conn:
        assert conn.execute("select count(*) from price_exception_files").fetchone() == (0,)


def test_whoever_added_evidence_does_not_decide(portal: Portal) -> None:
    number = asked_with(portal)
    content = stored(portal, number)["content"]
    asked = {name: content[name] for name in content if name not in ("evidence", "added_by", "rounds")}
    channel = portal.channel
    carl = Principal("user:carl@nordwind.example", "person", "Carl")
    channel.send("price_exception.amended", by=carl, **asked, evidence=["a call by phone"])
    channel.govern()
    last = approvals(portal, number)[-1]
    assert last.summary["evidence"] == ["a call by phone"]
    assert "user:carl@nordwind.example" in last.barred
