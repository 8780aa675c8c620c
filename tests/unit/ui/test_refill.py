"""Filling in a form of a page again as it was typed."""

from __future__ import annotations

import html
import re

import pytest

from headgate.ui.refill import ANCHOR, refill

EVIL = "<script>alert(1)</script>\"'>&amp;{{7*7}}</textarea><img src=x onerror=alert(2)>"
PAGE = """<!doctype html>
<form action="/other" method="post"><input name="why" value=""></form>
<details><summary>More</summary>
<form class="stack" action="/support" method="post">
  <input type="hidden" name="csrf" value="now"><input type="hidden" name="thing" value="A">
  <input type="hidden" name="seen" value="2">
  <input class="input" name="subject" type="text" value="before &amp; after" required>
  <textarea name="why" rows="3">was &lt;this&gt;</textarea>
  <input type="password" name="secret" value=""><input type="file" name="logo">
  <input type="checkbox" name="onward" value="1" checked><input type="checkbox" name="all">
  <input type="radio" name="outcome" value="approve" checked><input type="radio" name="outcome" value="reject">
  <select name="role"><option value="">Any</option><option value="buyer" selected>Buyer</option>
    <option value="boss">Boss</option></select>
  <select name="size"><option>Small one</option><option>Large
     one</option></select>
  <button name="act" value="go">Go</button>
</form></details>
<form action="/support" method="post"><input type="hidden" name="thing" value="B">
<input name="subject" value="of B"></form>
"""


def attributes(page: str, pattern: str) -> str:
    """The tag that a pattern finds."""
    found = re.search(rf"<[a-z]+ [^>]*{pattern}[^>]*>", page)
    assert found, page
    return found[0]


def value(page: str, name: str) -> str:
    found = re.search(r' value="([^"]*)"', attributes(page, f'name="{name}"'))
    assert found
    return html.unescape(found[1])


def test_every_kind_of_field_is_as_it_was_typed() -> None:
    typed = {"thing": "A", "subject": "tom", "why": "\nfirst\nsecond", "all": "on", "outcome": "reject", "role": "boss"}
    made = refill(PAGE, "/support", {**typed, "size": "Large one", "act": "go", "seen": "1"}, "7")
    form = made.html[made.html.index("<details") :].partition("</form>")[0]
    assert made.found
    assert made.anchor == ANCHOR
    assert made.left == ()
    assert value(form, "subject") == "tom"
    assert "\n\nfirst\nsecond</textarea>" in form, "the line break that a browser drops stands before it"
    assert "checked" not in attributes(form, 'name="onward"'), "what was not ticked is not ticked"
    assert "checked" in attributes(form, 'name="all"')
    assert "checked" in attributes(form, 'value="reject"')
    assert "checked" not in attributes(form, 'value="approve"')
    assert "selected" in attributes(form, 'value="boss"')
    assert "selected" not in attributes(form, 'value="buyer"')
    assert re.search(r"<option[^>]* selected>Large", form)
    assert value(form, "seen") == "1", "the version it was typed over: a change since is refused as ever"
    assert value(form, "csrf") == "now"
    assert value(form, "kept") == "7"
    assert "<details open>" in made.html
    assert f'id="{ANCHOR}"' in form
    assert " data-kept" in form


def test_the_rest_of_the_page_stays_byte_for_byte() -> None:
    made = refill(PAGE, "/support", {"thing": "A", "subject": "tom"}).html
    assert made.partition("<details")[0] == PAGE.partition("<details")[0]
    assert made.partition("</details>")[2] == PAGE.partition("</details>")[2]


@pytest.mark.parametrize("name", ["subject", "why", "seen"])
def test_what_was_typed_stays_text(name: str) -> None:
    made = refill(PAGE, "/support", {"thing": "A", name: EVIL}).html
    assert "<script" not in made
    assert "<img" not in made
    assert html.escape(EVIL) in made
    assert made.count("</textarea>") == PAGE.count("</textarea>")


def test_passwords_and_files_are_never_filled_in() -> None:
    made = refill(PAGE, "/support", {"thing": "A", "secret": "hunter2", "logo": "x.png", "csrf": "theirs"}).html
    assert "hunter2" not in made
    assert "x.png" not in made
    assert "theirs" not in made


def test_what_was_typed_about_one_thing_does_not_stand_beside_another() -> None:
    assert "tom" in refill(PAGE, "/support", {"thing": "B", "subject": "tom"}).html.partition("</details>")[2]
    gone = refill(PAGE, "/support", {"thing": "C", "subject": "tom", "why": "because of it"})
    assert gone.html == PAGE
    assert not gone.found
    assert gone.left == ("because of it",)


def test_a_choice_that_is_no_choice_any_more_leaves_the_page_as_it_is() -> None:
    made = refill(PAGE, "/support", {"thing": "A", "role": "gone"})
    assert "selected" in attributes(made.html, 'value="buyer"')


def test_texts_without_a_field_are_told() -> None:
    assert refill(PAGE, "/support", {"thing": "A", "note": "a whole sentence", "n": "x"}).left == ("a whole sentence",)


def test_fields_that_stand_outside_their_form_and_buttons_that_go_elsewhere_count() -> None:
    page = """<table><tr><td><input form="decision" name="price:1" value="8"></td></tr></table>
    <form id="decision" action="/a/b%2Fc" method="post"><button formaction="/a/remove">Remove</button></form>"""
    made = refill(page, "/a/b/c", {"price:1": "9"})
    assert value(made.html, "price:1") == "9"
    assert made.anchor == "decision"
    assert refill(page, "/a/remove", {"price:1": "7"}).found


def test_forms_that_ask_and_do_not_act_are_left_alone() -> None:
    page = '<form action="/support"><input name="q" value=""></form>'
    assert not refill(page, "/support", {"q": "tom"}).found


def test_a_page_with_strange_line_ends_is_cut_in_the_right_places() -> None:
    page = 'a\r\n\u2028\x0c<p>\r</p>\n<form action="/s" method="post">\r\n<input name="a" value="1"/></form>'
    assert value(refill(page, "/s", {"a": "2"}).html, "a") == "2"
