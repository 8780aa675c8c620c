"""Bring the catalogues of languages up to date with templates and words: `make messages`.

    python scripts/messages.py           # take in new phrases, drop those that are gone
    python scripts/messages.py --check   # say what is missing, change nothing

Phrases come from `_('…')` in templates, `say("…")` in code, and the tables of words that pages pass through `say`.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po
from jinja2.ext import babel_extract

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "headgate"

from headgate.access import PERMISSIONS  # noqa: E402
from headgate.console.navigation import NavCounts, navigation  # noqa: E402
from headgate.console.pages.handling import WORDS  # noqa: E402
from headgate.console.pages.saved import WORDS as SAVED  # noqa: E402
from headgate.console.present.asks import DEALS  # noqa: E402
from headgate.console.present.brand import FIELDS, SHADES  # noqa: E402
from headgate.console.present.commands import ACTS, PAGES  # noqa: E402
from headgate.console.present.orders import COLUMNS  # noqa: E402
from headgate.console.present.returns import VIEWS as RETURN_LISTS  # noqa: E402
from headgate.console.present.saved import FILTERS  # noqa: E402
from headgate.console.present.work import SCOPES  # noqa: E402
from headgate.console.render import KEYS  # noqa: E402
from headgate.portal.pages.deal_acts import DEAL_ACTS  # noqa: E402
from headgate.portal.pages.returns import WORDS as RETURNS  # noqa: E402
from headgate.ui.languages import ENGLISH, LANGUAGES, LOCALE  # noqa: E402
from headgate.ui.words import STATES  # noqa: E402

TEMPLATES = ("ui/macros", "ui/layouts", "console/templates", "portal/templates")
CODE = (
    "ui/format.py",
    "console/pages/brand.py",
    "console/pages/palette.py",
    "console/present/asks.py",
    "portal/pages/deal_form.py",
    "portal/pages/home.py",
    "portal/pages/return_form.py",
)
HEADER = """\
msgid ""
msgstr ""
"Language: {language}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""
PALETTE = (
    "Most urgent for you",
    "Go to",
    "Do",
    "Orders",
    "Partners",
    "Open cases",
    "Agreements",
    "Policies",
    "Everything",
    "Saved views",
)


def phrases() -> Iterator[tuple[str, str]]:
    """Every phrase with the file it stands in, relative to the package."""
    for folder in TEMPLATES:
        for file in sorted((SOURCE / folder).glob("*.html")):
            with file.open("rb") as text:
                for _, _, message, _ in babel_extract(text, ("_", "gettext"), [], {"trimmed": "true"}):
                    # A phrase with values comes with their names.
                    text_of = message[0] if isinstance(message, tuple) else message
                    yield str(text_of), str(file.relative_to(SOURCE))
    for name in CODE:
        with (SOURCE / name).open("rb") as text:
            for found in extract("python", text, {"say": None}):
                yield str(found[1]), name
    yield from ((word.label, "ui/words.py") for states in STATES.values() for word in states.values())
    for item in navigation(set(PERMISSIONS), NavCounts()):
        yield from ((text, "console/navigation.py") for text in (item.label, item.room) if text)
    yield from ((each.label, "console/present/commands.py") for each in (*PAGES, *ACTS))
    for title, keys in KEYS.items():
        yield from ((text, "console/render.py") for text in (title, *(what for what, _ in keys)))
    yield from ((title, "console/pages/palette.py") for title in PALETTE)
    yield from ((label, "console/present/brand.py") for label in (*SHADES.values(), *FIELDS.values(), "logo"))
    yield from ((done, "portal/pages/deal_acts.py") for _, _, done, _ in DEAL_ACTS)
    yield from ((text, "portal/pages/returns.py") for text in RETURNS)
    yield from ((label, "console/present/returns.py") for _, label, _ in RETURN_LISTS)
    yield from ((label, "console/present/asks.py") for label in DEALS.values())
    yield from ((label, "console/present/work.py") for label in SCOPES.values())
    yield from ((text, "console/pages/handling.py") for words in WORDS.values() for text in words[:2])
    yield from ((text, "console/pages/saved.py") for text in SAVED)
    yield from ((label, "console/present/saved.py") for label in (*FILTERS.values(), *COLUMNS.values()))


def template() -> Catalog:
    """All phrases, with where each stands."""
    catalog = Catalog(project="Headgate", charset="utf-8", copyright_holder="Headgate")
    for message, where in phrases():
        catalog.add(message, locations=[(where, 0)])
    return catalog


def load(language: str) -> Catalog:
    """The catalogue of a language as it is kept."""
    with (LOCALE / f"{language}.po").open("rb") as source:
        return read_po(source, locale=language)


def write(language: str, catalog: Catalog) -> None:
    """Keep a catalogue, sorted, without dates and places that change when nothing else does."""
    text = io.BytesIO()
    write_po(text, catalog, width=120, omit_header=True, include_lineno=False, sort_output=True)
    (LOCALE / f"{language}.po").write_bytes(HEADER.format(language=language).encode() + text.getvalue())


def main(arguments: list[str]) -> int:
    """Update each catalogue, or with `--check` only say what it lacks."""
    lacking = 0
    for language in LANGUAGES.keys() - {ENGLISH}:
        catalog = load(language)
        catalog.update(template(), no_fuzzy_matching=True)
        catalog.obsolete.clear()
        missing = [str(message.id) for message in catalog if message.id and not message.string]
        lacking += len(missing)
        print(f"{language}: {len(catalog)} phrases, {len(missing)} without a translation")
        for each in missing:
            print(f"  {each}")
        if "--check" not in arguments:
            write(language, catalog)
    return 1 if lacking and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
