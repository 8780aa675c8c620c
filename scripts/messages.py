"""Bring the catalogues of languages up to date with templates and words: `make messages`.

    python scripts/messages.py           # take in new phrases, drop those that are gone
    python scripts/messages.py --check   # say what is missing, change nothing

Phrases come from `_('…')`, `ngettext` and the filter `plural` in templates; from `phrase("…")`, `counted("…", "…")`
and `say("…")` in code; from `_("…")` and `_n("…", "…")` in scripts; from the messages and fixes of errors that
pages show; and from the tables of words that pages pass through `say`. Each pack has a catalogue of its own, with its
titles, labels, reasons and what partners are told.
"""

from __future__ import annotations

import ast
import io
import re
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import yaml
from babel.messages.catalog import Catalog
from babel.messages.catalog import Message as BabelMessage
from babel.messages.pofile import read_po, write_po
from jinja2 import Environment, nodes

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "headgate"

from headgate.access import PERMISSIONS, ROLES  # noqa: E402
from headgate.access.allowance import QUOTAS  # noqa: E402
from headgate.access.core.roles import SEPARATED  # noqa: E402
from headgate.console.navigation import NavCounts, navigation  # noqa: E402
from headgate.console.pages.handling import WORDS  # noqa: E402
from headgate.console.present.asks import DEALS  # noqa: E402
from headgate.console.present.brand import FIELDS, SHADES  # noqa: E402
from headgate.console.present.commands import ACTS, PAGES  # noqa: E402
from headgate.console.present.orders import COLUMNS  # noqa: E402
from headgate.console.present.returns import VIEWS as RETURN_LISTS  # noqa: E402
from headgate.console.present.work import SCOPES  # noqa: E402
from headgate.console.render import KEYS  # noqa: E402
from headgate.kernel import errors  # noqa: E402
from headgate.portal.pages.deal_acts import DEAL_ACTS  # noqa: E402
from headgate.portal.pages.returns import WORDS as RETURNS  # noqa: E402
from headgate.ui.actions import SUBJECTS, VERBS  # noqa: E402
from headgate.ui.assets import PAGE_SCRIPTS  # noqa: E402
from headgate.ui.languages import ENGLISH, LANGUAGES, LOCALE  # noqa: E402
from headgate.ui.scripts import script_phrases  # noqa: E402
from headgate.ui.words import STATES, humanise  # noqa: E402

TEMPLATES = ("ui/macros", "ui/layouts", "console/templates", "portal/templates")
# Calls that say a phrase, and how many of their first arguments are its forms.
SPOKEN = {"_": 1, "gettext": 1, "ngettext": 2, "say": 1, "phrase": 1, "counted": 2}
# Codes that pages show as words: what may be wrong with an order, and what is decided about.
CODES = (
    *("price_deviation", "no_contract_price", "margin_floor", "below_minimum", "split_order", "duplicate_order"),
    *("credit_limit", "credit_overdue", "credit_hold", "out_of_stock", "tax_undetermined", "export_restricted"),
    *("partner_blocked", "unknown_partner", "order_release", "special_price", "price_exception"),
    *("order", "deal", "return", "rma", "policy", "policy_change", "process", "agreement", "approval", "case", "task"),
    *("partner", "quarantine"),
    *("meeting", "demo", "proposal", "trial", "negotiation", "call"),
    *("list", "net", "contract", "promotion", "exception", "authored", "derived", "standard", "reduced"),
    *("released", "rejected", "cancelled", "fulfilled", "granted", "withdrawn", "protected", "credited", "replaced"),
)
EDGES = {"ui", "console", "portal"}
# What these refuse is read in a terminal, in a log or by a program.
UNSEEN = (
    *("api/", "cli/", "entry/", "packs/", "store/", "worker/", "__main__.py", "wiring.py", "access/scim/"),
    *("access/sources.py", "access/idempotency.py", "connectors/mail/", "domain/derive.py"),
    *(f"ledger/{name}.py" for name in ("checkpoints", "export", "inbox", "lanes", "log", "outbox", "proofs")),
    *("ledger/core/", "process/definitions.py", "process/engine.py", "process/exporting.py", "process/lanes.py"),
)
# Errors and their parts that begin with a field and its value; then come message and fix.
ABOUT_FIELDS = {"invalid", "refused", "Problem"}
# What notes a problem among others: before message and fix stand where to, the line, the field and its value.
NOTES = {"note"}
HEADER = """\
msgid ""
msgstr ""
"Language: {language}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"

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


Message: TypeAlias = str | tuple[str, str]


def _templates() -> Iterator[tuple[Message, str]]:
    env = Environment(extensions=["jinja2.ext.i18n", "jinja2.ext.do"], autoescape=True)
    env.policies["ext.i18n.trimmed"] = True
    for folder in TEMPLATES:
        for file in sorted((SOURCE / folder).glob("*.html")):
            parsed = env.parse(file.read_text())
            for call in parsed.find_all(nodes.Call):
                forms = SPOKEN.get(call.node.name, 0) if isinstance(call.node, nodes.Name) else 0
                yield from _message([a.value for a in call.args[:forms] if isinstance(a, nodes.Const)], forms, file)
            for found in parsed.find_all(nodes.Filter):
                if found.name == "plural":
                    yield from _message([a.value for a in found.args if isinstance(a, nodes.Const)], 2, file)


class _Module(NamedTuple):
    """A file of ours, read and gone through once: that is most of the work."""

    file: Path
    calls: Sequence[ast.Call]
    classes: Sequence[ast.ClassDef]


@cache
def _modules() -> tuple[_Module, ...]:
    found = []
    for file in sorted(SOURCE.rglob("*.py")):
        nodes_ = [node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call | ast.ClassDef)]
        calls = [node for node in nodes_ if isinstance(node, ast.Call)]
        found.append(_Module(file, calls, [node for node in nodes_ if isinstance(node, ast.ClassDef)]))
    return tuple(found)


def _code() -> Iterator[tuple[Message, str]]:
    for module in _modules():
        for call in module.calls:
            # `say` has other meanings below the edges.
            name = _name_of(call.func)
            edge = name != "say" or module.file.relative_to(SOURCE).parts[0] in EDGES
            forms = SPOKEN.get(name, 0) if edge else 0
            told = [arg.value for arg in call.args[:forms] if isinstance(arg, ast.Constant)]
            yield from _message(told, forms, module.file)


def _errors() -> Iterator[tuple[Message, str]]:
    """What errors say that people meet on pages: written out where they are raised."""
    known = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, Exception)}
    for _ in range(2):  # a kind of a kind
        for module in _modules():
            known |= {c.name for c in module.classes if known & {getattr(base, "id", "") for base in c.bases}}
    for module in _modules():
        where = str(module.file.relative_to(SOURCE))
        if not where.startswith(UNSEEN):
            for call in module.calls:
                yield from ((text, where) for text in _told_by(call, known))


def _name_of(called: ast.expr) -> str:
    return called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")


def _told_by(call: ast.Call, known: set[str]) -> Iterator[str]:
    name = _name_of(call.func)
    if name not in known | ABOUT_FIELDS | NOTES:
        return
    told = call.args[2:4] if name in ABOUT_FIELDS else call.args[4:6] if name in NOTES else call.args[:1]
    choices = [*told, *(each.value for each in call.keywords if each.arg in ("message", "fix"))]
    while choices:
        found = choices.pop()
        if isinstance(found, ast.IfExp):
            choices += [found.body, found.orelse]
        elif isinstance(found, ast.Constant) and isinstance(found.value, str) and found.value:
            yield found.value


def _message(told: list[Any], forms: int, file: Path) -> Iterator[tuple[Message, str]]:
    where = str(file.relative_to(SOURCE))
    if forms == 1 and len(told) == 1 and isinstance(told[0], str):
        yield told[0], where
    elif forms == 2 and len(told) == 2:
        yield (told[0], told[1]), where


def phrases() -> Iterator[tuple[Message, str]]:
    """Every phrase with the file it stands in, relative to the package; one and many where it tells them apart."""
    yield from _templates()
    yield from _code()
    yield from _errors()
    for name in ("app.js", *PAGE_SCRIPTS):
        yield from (((one, many) if many else one, f"ui/static/{name}") for one, many in script_phrases(name))
    yield from ((word.label, "ui/words.py") for states in STATES.values() for word in states.values())
    yield from ((str(humanise(code)), "ui/words.py") for code in (*CODES, *sorted(ROLES)))
    yield from ((str(humanise(code)), "ui/actions.py") for code in (*SUBJECTS, *VERBS))
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
    yield from ((text, "access/core/roles.py") for text in (*PERMISSIONS.values(), *(why for _, _, why in SEPARATED)))
    yield from ((words, "access/allowance.py") for words in QUOTAS.values())
    yield from (((words[2], words[3]), "console/pages/handling.py") for words in WORDS.values())
    yield from ((label, "console/present/saved.py") for label in COLUMNS.values())


def template() -> Catalog:
    """All phrases, with where each stands."""
    catalog = Catalog(project="Headgate", charset="utf-8", copyright_holder="Headgate")
    # A phrase that is also said of many needs both forms wherever it is said.
    for message, where in sorted(phrases(), key=lambda found: isinstance(found[0], str)):
        catalog.add(message, locations=[(where, 0)])
    return catalog


# What people read of a pack; the rest of its files is code and codes.
WORDED = {"title", "description", "label", "because", "told", "refuse", "task"}
_SECTION = re.compile(r" (?:[A-Z]?\d[\d.]*|[A-Z])$")
_CODE = re.compile(r"[a-z][a-z_]+")
_QUOTED = re.compile(r"'([a-z_]+)'")


def pack_template(folder: Path) -> Catalog:
    """All that people read of a pack. Clauses of one document are one phrase, `Order policy {section}`; words that
    stand for values of a sentence have the value's name as their context."""
    catalog = Catalog(project="Headgate", charset="utf-8", copyright_holder="Headgate")
    for file in (folder / "pack.yaml", *sorted(folder.glob("p*/*.yaml"))):
        for context, text in _pack_words(yaml.load(file.read_text(), Loader=yaml.CSafeLoader)):
            catalog.add(text, locations=[(str(file.relative_to(folder)), 0)], context=context or None)
    return catalog


def _pack_words(document: Any) -> Iterator[tuple[str, str]]:
    yield from (("", text) for text in _texts({k: v for k, v in document.items() if k != "tests"}, ""))
    yield from (("", str(test["name"])) for test in document.get("tests") or () if "given" in test and "name" in test)
    yield from (("", str(humanise(document[each]))) for each in ("owner", "pack") if document.get(each))
    yield from (("", str(humanise(code))) for code in sorted(_codes(document)))
    rows = document.get("rows") or ()
    for column in document.get("inputs") or ():
        name, tests = column["name"], " ".join(str(row.get("when", {}).get(column["name"], "")) for row in rows)
        if any(f"{{{name}}}" in str(row.get("because")) for row in rows):
            given = {str(test.get("given", {}).get(name, "")) for test in document.get("tests") or ()}
            codes = column.get("values") or {*_QUOTED.findall(tests), *filter(_CODE.fullmatch, given)}
            yield from ((name, code) for code in sorted(codes) if code)


def _codes(document: Any) -> set[str]:
    """What a table's inputs and outputs may be, in codes; pages show them as words."""
    rows, found = document.get("rows") or (), set[str]()
    for column in (*(document.get("inputs") or ()), *(document.get("outputs") or ())):
        tests = " ".join(str(row.get("when", {}).get(column["name"], "")) for row in rows)
        given = (str(row.get("then", {}).get(column["name"], "")) for row in rows)
        found |= {*map(str, column.get("values") or ()), *_QUOTED.findall(tests), *given}
    return {code for code in found if _CODE.fullmatch(code)}


def _texts(node: Any, name: str) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield from _texts(value, key)
    elif isinstance(node, list):
        for value in node:
            yield from _texts(value, name)
    elif isinstance(node, str) and node and name == "clause":
        yield _SECTION.sub(" {section}", node)
    elif isinstance(node, str) and node and not node.startswith("$") and name in WORDED:
        yield node.strip()
        if node.endswith(", in %"):  # beside a value that says so itself
            yield node.removesuffix(", in %")
        # A distance below that is negative is told as one above.
        if "} % below" in node:
            yield node.strip().replace("} % below", "} % above")


def load(language: str) -> Catalog:
    """The catalogue of a language as it is kept."""
    with (LOCALE / f"{language}.po").open("rb") as source:
        return read_po(source, locale=language)


def load_pack(folder: Path, language: str) -> Catalog:
    """The catalogue of a pack in a language as it is kept; an empty one where there is none yet."""
    file = folder / "locale" / f"{language}.po"
    if not file.exists():
        return Catalog(locale=language)
    with file.open("rb") as source:
        return read_po(source, locale=language)


def write(file: Path, language: str, catalog: Catalog) -> None:
    """Keep a catalogue, sorted, without dates and places that change when nothing else does."""
    text = io.BytesIO()
    write_po(text, catalog, width=120, omit_header=True, include_lineno=False, sort_output=True)
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(HEADER.format(language=language).encode() + text.getvalue())


def lacking_of(catalog: Catalog) -> list[str]:
    """The phrases of a catalogue that have no translation, or one that is only guessed, or not for both forms."""

    def told(message: BabelMessage) -> bool:
        forms = message.string if isinstance(message.string, (tuple, list)) else (message.string,)
        return all(forms) and len(forms) == (2 if message.pluralizable else 1) and not message.fuzzy

    return [first(message.id) for message in catalog if message.id and not told(message)]


def first(message: str | Sequence[str]) -> str:
    """A phrase by its form for one."""
    return message if isinstance(message, str) else message[0]


def pairs(message: BabelMessage) -> list[tuple[str, str]]:
    """Each form of a phrase with its translation."""

    def forms(text: object) -> list[str]:
        return [str(each or "") for each in text] if isinstance(text, (tuple, list)) else [str(text or "")]

    return list(zip(forms(message.id), forms(message.string), strict=True))


def packs() -> list[Path]:
    """The folders of the shipped packs."""
    return sorted(file.parent for file in (ROOT / "packs").glob("*/pack.yaml"))


def main(arguments: list[str]) -> int:
    """Update each catalogue, or with `--check` only say what it lacks."""
    lacking = 0
    for language in sorted(LANGUAGES.keys() - {ENGLISH}):
        kept = [(LOCALE / f"{language}.po", load(language), template())]
        kept += [
            (folder / "locale" / f"{language}.po", load_pack(folder, language), pack_template(folder))
            for folder in packs()
        ]
        for file, catalog, found in kept:
            catalog.update(found, no_fuzzy_matching=True)
            catalog.obsolete.clear()
            missing = lacking_of(catalog)
            lacking += len(missing)
            print(f"{file.relative_to(ROOT)}: {len(catalog)} phrases, {len(missing)} without a translation")
            for each in missing:
                print(f"  {each}")
            if "--check" not in arguments:
                write(file, language, catalog)
    return 1 if lacking and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
