"""Scripts say nothing that cannot be translated, and a page brings what they say in its reader's words."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from headgate.console.render import Console
from headgate.ui.assets import PAGE_SCRIPTS, SCRIPTS, STATIC, load_assets
from headgate.ui.scripts import script_phrases
from tests.unit.ui.samples import page
from tests.unit.ui.samples.work import WORK

FILES = sorted([STATIC / "js" / f"{name}.js" for name in SCRIPTS], key=str) + [
    STATIC / folder / f"{part}.js" for folder, parts in PAGE_SCRIPTS.values() for part in parts
]
STRING = re.compile(r'(_n?\(\s*|",\s*)?"((?:[^"\\\n]|\\.)*)"')
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
# Two words in a row, or one with a capital: names of keys, headers and methods are what is left.
PROSE = re.compile(r"^[A-Z][a-z]+$|^[A-Z]?[a-z]+,? [a-z]+ [a-z]+|[a-z]{2,}\.( |$)|^[A-Z][a-z]+ ")
TECHNICAL = re.compile(
    r"^(Enter|Escape|Tab|Delete|Home|End|Backspace|Insert|Process|Page(Up|Down)|Arrow\w+|Content-Type)$|[#\[\]=]"
    r"|^button |^editor-|tone-|^callout"
)


def unspoken(script: str) -> list[str]:
    """Texts of a script that read like words and stand outside of `_(…)`."""
    found = STRING.findall(COMMENT.sub("", script))
    return [
        text
        for before, text in found
        if not before.startswith("_") and PROSE.search(text) and not TECHNICAL.search(text)
    ]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_no_script_says_a_word_that_cannot_be_translated(file: Path) -> None:
    many = {many for name in ("app.js", *PAGE_SCRIPTS) for _, many in script_phrases(name)}
    assert [text for text in unspoken(file.read_text()) if text not in many] == [], 'write them as _("…")'


def test_the_check_finds_words_and_leaves_the_rest() -> None:
    told = (
        'say("Add row"); x("The table is being loaded."); y("button button-small"); _("Said already"); key === "Enter"'
    )
    assert unspoken(told) == ["Add row", "The table is being loaded."]


def test_a_page_brings_what_its_scripts_say_as_data() -> None:
    pages = Console(load_assets())
    assert "data-words" not in pages.render(page(), WORK), "plain English is in the scripts"
    out = pages.render(page(locale="de_DE"), WORK)
    block = re.search(r'<script type="application/json" data-words="app.js">(.*?)</script>', out)
    assert block is not None
    assert "<" not in block[1]
    words = json.loads(block[1])
    assert words["just now"] == "gerade eben"
    assert set(words) <= {one for one, _ in script_phrases("app.js")}


def test_phrases_of_scripts_are_found_with_their_forms() -> None:
    assert ("%(count)s error keeps it from review", "%(count)s errors keep it from review") in script_phrases(
        "policy-editor.js"
    )
    assert ("just now", "") in script_phrases("app.js")
