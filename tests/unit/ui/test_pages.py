"""Every page in every sample state: valid structure, nothing inline, everything labelled."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from gettext import NullTranslations
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from jinja2 import UndefinedError

from headgate.access import PERMISSIONS
from headgate.console.navigation import NavCounts, navigation
from headgate.console.render import TEMPLATES, Console
from headgate.console.views import common
from headgate.ui.assets import load_assets
from headgate.ui.templates import UI, environment
from tests.unit.ui.samples import SAMPLES, Sample, page
from tests.unit.ui.samples.approval import APPROVAL, OWN_APPROVAL
from tests.unit.ui.samples.base import ANA
from tests.unit.ui.samples.explain import STOCK
from tests.unit.ui.samples.orders import ORDERS
from tests.unit.ui.samples.work import WORK

CONSOLE = Console(load_assets())
VOID = set("area base br col embed hr img input link meta source track wbr".split())
PAGES = [name for name, sample in SAMPLES.items() if not sample.target]
STOP_LINKS = ("/mails/", "/portal/mails/")


class Document(HTMLParser):
    """The elements of a page, with a check that tags nest."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.inside: list[tuple[str, dict[str, str], tuple[str, ...]]] = []
        self.text = ""
        self.feed(html)
        assert self.open == [], f"left open: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        assert len(values) == len(attrs), f"<{tag}> repeats an attribute: {attrs}"
        self.elements.append((tag, values))
        self.inside.append((tag, values, tuple(self.open)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        raise AssertionError(f"<{tag}/> closes itself")

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open[-1] == tag, f"</{tag}> closes <{self.open[-1]}>"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, *tags: str) -> list[dict[str, str]]:
        return [values for tag, values in self.elements if tag in tags]


def html(sample: Sample) -> str:
    frame = page(person=ANA if sample.signed_in else None, notices=sample.notices, saved=sample.saved)
    return CONSOLE.render(frame, sample.view, sample.target)


@pytest.fixture(scope="module", params=list(SAMPLES))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def document(name: str) -> Document:
    return Document(html(SAMPLES[name]))


def test_nothing_is_inline(document: Document) -> None:
    for tag, values in document.elements:
        assert "style" not in values, tag
        assert not [attribute for attribute in values if attribute.startswith(("on", "hx-on"))], tag
    assert document.all("style") == []
    assert all("src" in values for values in document.all("script"))


def test_ids_are_unique_and_every_reference_leads_somewhere(name: str, document: Document) -> None:
    ids = [values["id"] for _, values in document.elements if "id" in values]
    assert [each for each, count in Counter(ids).items() if count > 1] == []
    if name not in PAGES:
        return
    for _, values in document.elements:
        for attribute in ("aria-labelledby", "aria-describedby", "for", "form", "list", "popovertarget", "data-opens"):
            for reference in values.get(attribute, "").split():
                assert reference in ids, f"{attribute}={reference}"


def test_every_field_has_a_label(name: str, document: Document) -> None:
    labelled = {values["for"] for values in document.all("label") if "for" in values}
    for tag, values, around in document.inside:
        if tag in ("input", "select", "textarea") and values.get("type") != "hidden" and name in PAGES:
            assert values.get("id") in labelled or "label" in around, values


def test_header_cells_say_what_they_head(document: Document) -> None:
    assert all(values.get("scope") for values in document.all("th"))


def test_forms_that_write_carry_the_token(name: str, document: Document) -> None:
    posts = [values for values in document.all("form") if values.get("method") == "post"]
    # A link in a mail carries its own proof, and mail programs post it without a cookie.
    posts = [values for values in posts if not (values["action"] or "").startswith(STOP_LINKS)]
    assert len([values for values in document.all("input") if values.get("name") == "csrf"]) == len(posts)


def test_money_never_shows_as_python(document: Document) -> None:
    for trace in ("None", "Decimal(", "Money(", "datetime.", "Undefined", "&lt;", "{{", "{%", "mappingproxy"):
        assert trace not in document.text


def test_a_page_has_one_title_one_heading_one_main_and_a_way_to_skip(name: str, document: Document) -> None:
    if name not in PAGES:
        return
    found = document
    assert len(found.all("h1")) == 1
    assert len(found.all("main")) == 1
    assert len([tag for tag, _, around in found.inside if tag == "title" and "svg" not in around]) == 1
    assert found.all("html")[0]["lang"] == "en-GB"
    if SAMPLES[name].signed_in:
        assert found.all("a")[0] == {"class": "skip", "href": "#main"}
        assert len([v for v in found.all("nav") if v["aria-label"] == "Main"]) == 1


def test_headings_do_not_skip_a_level(name: str, document: Document) -> None:
    if name not in PAGES:
        return
    levels = [int(tag[1]) for tag, _, around in document.inside if tag in ("h1", "h2", "h3") and "dialog" not in around]
    for before, after in pairwise(levels):
        assert after <= before + 1, levels


def test_every_view_has_a_sample_and_every_template_is_rendered() -> None:
    def leaves(kind: type[common.View]) -> set[type[common.View]]:
        below = kind.__subclasses__()
        return {leaf for each in below for leaf in leaves(each)} if below else {kind}

    views = leaves(common.View)
    assert {kind.__name__ for kind in views} == {type(sample.view).__name__ for sample in SAMPLES.values()}
    named = {kind.template for kind in views} | {part for kind in views for part in kind.parts.values()}
    for template in named:
        assert (TEMPLATES / template).is_file(), template
    used = "".join(path.read_text() for path in TEMPLATES.iterdir())
    for path in TEMPLATES.iterdir():
        assert path.name in named or f'"{path.name}"' in used, f"{path.name} is never rendered"


def test_text_of_partners_is_escaped_everywhere() -> None:
    evil = '<img src=x onerror="alert(1)">'
    row = replace(ORDERS.rows[0], partner=common.PartnerName("P", evil), order=evil, exceptions=(evil,))
    out = CONSOLE.render(page(), replace(ORDERS, rows=(row,), filters=replace(ORDERS.filters, text=evil)))
    assert "<img" not in out
    assert "&lt;img" in out
    asked = CONSOLE.render(page(), replace(APPROVAL, ask=evil, justification=evil, subject=evil))
    assert "<img" not in asked


def test_only_phrases_of_the_templates_are_translated_as_html() -> None:
    for path in [*TEMPLATES.iterdir(), *(UI / "macros").iterdir(), *(UI / "layouts").iterdir()]:
        assert not re.search(r"\b_\([^'\"]", path.read_text()), f"{path.name}: data goes through the filter `say`"
        assert "| safe" not in path.read_text(), path.name


def test_a_part_is_only_what_was_asked_for() -> None:
    rows = CONSOLE.render(page(), ORDERS, "rows")
    assert rows.lstrip().startswith("<tr")
    assert 'hx-swap-oob="true"' in rows
    assert "<html" in CONSOLE.render(page(), ORDERS, "something-else")
    assert 'hx-swap-oob="true"' not in CONSOLE.render(page(), ORDERS)


def test_the_last_page_takes_the_button_away() -> None:
    rows = CONSOLE.render(page(), replace(ORDERS, more=""), "rows")
    assert "Load more" not in rows
    assert 'id="more"' in rows


def test_the_approval_binds_its_digest_and_says_so() -> None:
    out = CONSOLE.render(page(), APPROVAL)
    assert f'name="digest" value="{APPROVAL.digest}"' in out
    assert "any change voids it" in out
    assert "nothing is released before" in out
    last = CONSOLE.render(page(), replace(APPROVAL, approves_last=True))
    assert "the order is checked again, then released" in last


def test_buttons_name_the_act() -> None:
    out = Document(CONSOLE.render(page(), APPROVAL)).text
    assert APPROVAL.verbs is not None
    for verb in (APPROVAL.verbs.approve, APPROVAL.verbs.reject, APPROVAL.verbs.return_):
        assert verb in out
    assert "Submit" not in out


def test_what_is_counted_singly_is_counted_without_a_unit() -> None:
    assert "6 reel can be promised, 8.5 asked" in CONSOLE.render(page(), STOCK)
    assert "6 can be promised, 8.5 asked" in CONSOLE.render(page(), replace(STOCK, unit="each"))


def test_who_may_not_decide_sees_why_and_no_form() -> None:
    out = CONSOLE.render(page(), OWN_APPROVAL)
    assert OWN_APPROVAL.blocked in out
    assert 'id="decision"' not in out
    assert "decide-bar" not in out


def test_the_navigation_shows_only_what_the_reader_may_open() -> None:
    assert [item.key for item in navigation(set(), NavCounts())] == ["home", "work"]
    keys = [item.key for item in navigation({"audit.read", "policies.read"}, NavCounts())]
    assert keys == ["home", "work", "policies", "audit", "access"]


def test_no_two_entries_of_the_navigation_share_a_key() -> None:
    everything = navigation(set(PERMISSIONS), NavCounts())
    assert len(everything) > 20, "whoever may do all sees all"
    keys = Counter(item.shortcut for item in everything)
    assert {key: n for key, n in keys.items() if n > 1 or not key} == {}


def test_the_chosen_theme_is_in_the_first_byte() -> None:
    assert 'data-theme="dark"' in CONSOLE.render(page(theme="dark"), WORK)
    assert "data-theme=" not in CONSOLE.render(page(), WORK).split("<body")[0]


def test_words_of_the_frame_pass_through_the_translator() -> None:
    class German(NullTranslations):
        def gettext(self, message: str) -> str:
            return {"My work": "Meine Arbeit", "%(span)s left": "noch %(span)s", "Held": "Angehalten"}.get(
                message, message
            )

    out = Console(load_assets(), German()).render(page(), WORK)
    assert "Meine Arbeit" in out
    assert "noch 48" in out


def test_a_name_a_template_does_not_know_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "typo.html").write_text("{{ view.totl }}")
    env = environment(tmp_path, load_assets())
    with pytest.raises(UndefinedError):
        env.get_template("typo.html").render(view=object())
