"""Every word of ours is a phrase that can be translated: in the templates as written, and on the pages as rendered.

Rendered in a made-up language that puts each phrase in brackets, a page shows outside of them only data: what stands in
the sample's view, names of elements marked `translate="no"`, figures, and what locales write themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from gettext import NullTranslations
from html.parser import HTMLParser
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from markupsafe import Markup

from headgate.console.render import TEMPLATES as CONSOLE
from headgate.console.render import Console
from headgate.kernel.phrases import Phrase, counted, phrase
from headgate.portal.render import TEMPLATES as PORTAL
from headgate.ui.assets import load_assets
from headgate.ui.format import Formatter
from headgate.ui.reading import Reading
from headgate.ui.templates import UI, environment
from tests.unit.ui.samples import SAMPLES, Sample, page
from tests.unit.ui.samples.base import ANA

SHOWN = ("aria-label", "title", "placeholder", "alt", "data-label", "data-meanwhile")
WORD = re.compile(r"[A-Za-z]{2,}")
# The page of components is for those who build pages, and stays in the language of the code.
FOR_BUILDERS = "styleguide"
# What somebody might type, greyed in an empty field.
TYPED = frozenset({"eu", "nordhandel", "user:ana@westhafen.example", "user:ana@nordwind.example"})

_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_ATTRIBUTE = re.compile(rf"""\s(?:{"|".join(SHOWN)})="([^"]*)\"""")
_AS_IT_IS = re.compile(r"""<(code|kbd)\b[^>]*>.*?</\1>|<(\w+)[^>]*\btranslate="no"[^>]*>.*?</\2>""", re.DOTALL)
# Parts of a tag that stand outside of it.
_ATTRIBUTES = re.compile(r"\{% block body_attributes %\}[^\n]*|\{% macro described\b.*?endmacro %\}", re.DOTALL)
_TAG = re.compile(r"<[^>]*>")


def unspoken(text: str) -> list[tuple[int, str]]:
    """The visible words of a template outside `_('…')`, with their lines."""

    def blank(found: re.Match[str]) -> str:
        return "\0" + "\n" * found[0].count("\n")

    bare = text
    for pattern in (_COMMENT, _ATTRIBUTES, _JINJA, _AS_IT_IS):
        bare = pattern.sub(blank, bare)
    pieces = [(found.start(1), found[1]) for found in _ATTRIBUTE.finditer(bare)]
    pieces += [(found.start(), found[0]) for found in re.finditer(r"[^\0<>]+", _TAG.sub(_same_length, bare))]
    return [
        (bare.count("\n", 0, at) + 1, told.strip()) for at, told in pieces if WORD.search(re.sub(r"&\w+;", "", told))
    ]


def _same_length(found: re.Match[str]) -> str:
    return "".join("\n" if each == "\n" else "\0" for each in found[0])


@pytest.mark.parametrize(
    "root", [CONSOLE, PORTAL, UI / "macros", UI / "layouts"], ids=lambda root: f"{root.parent.name}-{root.name}"
)
def test_no_template_shows_a_word_that_cannot_be_translated(root: Path) -> None:
    files = [file for file in sorted(root.glob("*.html")) if file.stem != FOR_BUILDERS]
    found = [f"{file.name}:{line}: {told}" for file in files for line, told in unspoken(file.read_text())]
    assert found == [], "write them as {{ _('…') }}"


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("<p>\nHello {{ name }}</p>", [1]),
        ("<p>{{ _('Hello') }}</p>\n<a title=\"Go on\" href=\"x\">{{ icon('go') }}</a>", [2]),
        ('{# a word #}<code>word</code> <b translate="no">Headgate</b> &nbsp; · 12', []),
    ],
)
def test_the_check_finds_words_and_leaves_the_rest(text: str, lines: list[int]) -> None:
    assert [line for line, _ in unspoken(text)] == lines


class Bracketed(NullTranslations):
    """The made-up language."""

    def gettext(self, message: str) -> str:
        return f"⟦{message}⟧"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return f"⟦{msgid1 if n == 1 else msgid2}⟧"


class Outside(HTMLParser):
    """What a page shows outside of brackets."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.depth = 0
        self.kept: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag in ("code", "kbd", "style", "script", "textarea") or values.get("translate") == "no" or self.kept:
            self.kept.append(tag)
        if not self.kept:
            for name in SHOWN:
                self._look(values.get(name, ""), 0)

    def handle_endtag(self, tag: str) -> None:
        if tag in self.kept:
            while self.kept.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if not self.kept:
            self.depth = self._look(data, self.depth)

    def _look(self, text: str, depth: int) -> int:
        outside = ""
        for each in text:
            depth += (each == "⟦") - (each == "⟧")
            if depth == 0 and each != "⟧":
                outside += each
        if WORD.search(outside):
            self.found.append(outside.strip())
        return depth


class Drawing(HTMLParser):
    """The texts of a picture, which is drawn before the page is written."""

    def __init__(self, svg: str) -> None:
        super().__init__()
        self.told: set[str] = set()
        self.feed(svg)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.told |= {" ".join(value.split()) for name, value in attrs if value and name in SHOWN}

    def handle_data(self, data: str) -> None:
        self.told.add(" ".join(data.split()))


def data_of(value: object) -> Iterator[str]:
    """Every text of a view: what presenters put in, and the codes of partners, orders and the like."""
    if isinstance(value, Markup):
        yield from Drawing(value).told
    elif isinstance(value, (str, UUID)):
        yield " ".join(str(value).split())
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from data_of(getattr(value, field.name))
        for name in dir(type(value)):
            if isinstance(getattr(type(value), name), property):
                yield from data_of(getattr(value, name))
    elif isinstance(value, Mapping):
        for name, each in value.items():
            yield from data_of(name)
            yield from data_of(each)
    elif isinstance(value, (tuple, list, set, frozenset)):
        for each in value:
            yield from data_of(each)


def left_over(told: str, known: set[str]) -> str:
    """What is not data. A text of one lower-case word, such as a code, does not excuse that word in a sentence."""
    told = " ".join(told.split())
    for text in sorted((text for text in known if len(text) > 2), key=len, reverse=True):
        if not (text.islower() and text.isalpha()):
            told = told.replace(text, " ")
    words = WORD.findall(told)
    return "" if all(word in known for word in words) else " ".join(told.split())


PAGES = Console(load_assets(), Bracketed())


@lru_cache(maxsize=1)
def frame_data() -> frozenset[str]:
    shared = page()
    return frozenset(data_of(replace(shared, nav=()))) | {"JST", "kB", "UTC"} | TYPED


@pytest.mark.parametrize("name", [name for name in SAMPLES if name != FOR_BUILDERS])
def test_a_page_shows_no_word_of_ours_outside_of_a_phrase(name: str) -> None:
    sample: Sample = SAMPLES[name]
    # A locale that writes days, months and countries without our letters tells them from words of ours.
    shown = replace(
        page(person=ANA if sample.signed_in else None, notices=sample.notices, saved=sample.saved),
        reading=Reading("ja_JP", "Asia/Tokyo", "Asia/Tokyo"),
    )
    told = {*data_of(sample.view), *data_of(sample.notices), *data_of(sample.saved)}
    known = {*frame_data(), *told, *(each[:1].upper() + each[1:] for each in told)}
    html = PAGES.render(shown, sample.view, sample.target)
    found = {left_over(told, known) for told in Outside(html).found}
    assert sorted(found - {""}) == []


def test_a_phrase_is_english_until_it_is_said() -> None:
    told = phrase("Waits for %(who)s, %(left)s", who=phrase("you"), left=counted("%(count)s day", "%(count)s days", 2))
    assert told == "Waits for you, 2 days"
    german = {"Waits for %(who)s, %(left)s": "Wartet auf %(who)s, noch %(left)s", "you": "Sie"}
    said = told.said(lambda text: german.get(text, text), lambda one, many, number: "%(count)s Tage")
    assert said == "Wartet auf Sie, noch 2 Tage"
    assert phrase("10 % off") == "10 % off"
    assert isinstance(told, Phrase)


def test_a_page_says_phrases_wherever_they_are_put_out(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(
        "{{ told }} {{ _('about %(what)s', what=told) }} {{ [told, '<b>'] | join(', ') }} {{ told | capitalize }}"
        " {{ ngettext('%(num)s case', '%(num)s cases', 2) }} {{ 1 | plural('case', 'cases') }}"
    )
    env = environment(tmp_path, load_assets(), translations=Bracketed())
    spoken = Bracketed()
    fmt = Formatter("en_GB", ZoneInfo("UTC"), datetime(2026, 1, 1, tzinfo=UTC), spoken.gettext, spoken.ngettext)
    out = env.get_template("page.html").render(told=phrase("a <case>"), fmt=fmt)
    assert out == (
        "⟦a &lt;case&gt;⟧ ⟦about ⟦a &lt;case&gt;⟧⟧ ⟦a &lt;case&gt;⟧, &lt;b&gt; ⟦a &lt;case&gt;⟧ ⟦2 cases⟧ 1\u00a0⟦case⟧"
    )
