"""Filling in a form of a page again as it was typed. A pure function of the page's HTML: it works without scripts.

Only the form that was sent is touched: the one that goes to the same address and carries the same hidden values, so
that what was typed about one thing never stands beside another. Passwords and files are never filled in. A value gets
into the page escaped, and into places that hold text only.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser
from typing import Final
from urllib.parse import unquote

MARK: Final = "kept"
ANCHOR: Final = "kept-form"
# Hidden values that say over which version something was typed: they go back as they were, so that a form sent after
# somebody else's change is refused as it would have been.
VERSIONS: Final = frozenset({"seen", "digest"})
_OURS: Final = frozenset({"csrf", MARK})
_NEVER: Final = frozenset({"password", "file", "submit", "button", "image", "reset"})
_MOST_TEXTS: Final = 5

Attributes = list[tuple[str, str | None]]


@dataclass(frozen=True, slots=True)
class Refilled:
    """The page with the form filled in. `found`: it was there; `anchor` is its id; `left` are texts that were typed
    and have no place in it any more."""

    html: str
    found: bool
    anchor: str = ""
    left: tuple[str, ...] = ()


@dataclass(slots=True)
class _Control:
    tag: str
    attributes: Attributes
    start: int
    end: int
    inner: tuple[int, int] = (0, 0)
    options: list[_Control] = field(default_factory=list)

    def get(self, name: str) -> str:
        return next((value or "" for key, value in self.attributes if key == name), "")

    def has(self, name: str) -> bool:
        return any(key == name for key, _ in self.attributes)

    @property
    def kind(self) -> str:
        return self.get("type").lower() or "text" if self.tag == "input" else self.tag


@dataclass(slots=True)
class _Form:
    attributes: Attributes
    start: int
    end: int
    folds: tuple[_Control, ...]
    controls: list[_Control] = field(default_factory=list)

    def get(self, name: str) -> str:
        return next((value or "" for key, value in self.attributes if key == name), "")


class _Reader(HTMLParser):
    """Finds forms and their controls, each with its place in the text."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[_Form] = []
        self.apart: list[_Control] = []  # controls that name their form
        self._lines = [0]
        for line in html.split("\n"):
            self._lines.append(self._lines[-1] + len(line) + 1)
        self._form: _Form | None = None
        self._folds: list[_Control] = []
        self._open: _Control | None = None
        self._text = ""
        self.feed(html)
        self.close()

    def _at(self) -> int:
        line, column = self.getpos()
        return self._lines[line - 1] + column

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:
        start = self._at()
        end = start + len(self.get_starttag_text() or "")
        made = _Control(tag, attrs, start, end)
        if tag == "details":
            self._folds.append(made)
        elif tag == "form":
            self._form = _Form(attrs, start, end, tuple(self._folds))
            self.forms.append(self._form)
        elif tag == "option" and self._open is not None and self._open.tag == "select":
            self._close_option()
            self._open.options.append(made)
            self._text = ""
        elif tag in ("input", "textarea", "select", "button"):
            (self.apart if made.has("form") else self._form.controls if self._form else []).append(made)
            if tag in ("textarea", "select"):
                self._open = made

    def handle_data(self, data: str) -> None:
        self._text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "details" and self._folds:
            self._folds.pop()
        elif tag == "form":
            self._form = None
        elif tag in ("textarea", "select") and self._open is not None and self._open.tag == tag:
            self._close_option()
            self._open.inner = (self._open.end, self._at())
            self._open = None

    def _close_option(self) -> None:
        """An option without a value is worth what it says."""
        options = self._open.options if self._open is not None else []
        if options and not options[-1].has("value"):
            options[-1].attributes.append(("value", " ".join(self._text.split())))
        self._text = ""


def refill(html: str, action: str, fields: Mapping[str, str], mark: str = "") -> Refilled:
    """Fill in the form that was sent to `action`. `mark` is sent with it when it is sent again."""
    reader = _Reader(html)
    form = _sent(reader, action, fields)
    if form is None:
        return Refilled(html, False, left=_texts(fields))
    edits = list(_filled(form.controls, fields))
    edits += [(fold.start, fold.end, _tag("details", _with(fold.attributes, "open", None))) for fold in form.folds]
    anchor = form.get("id") or ANCHOR
    attributes = _with(_with(form.attributes, "id", anchor), "data-kept", None)
    hidden = f'<input type="hidden" name="{MARK}" value="{escape(mark)}">' if mark else ""
    edits.append((form.start, form.end, _tag("form", attributes) + hidden))
    known = {each.get("name") for each in form.controls}
    return Refilled(_edited(html, edits), True, anchor, _texts(fields, known))


def _sent(reader: _Reader, action: str, fields: Mapping[str, str]) -> _Form | None:
    """The form that was sent: it, or a button of it, goes to that address, and its hidden values are those sent."""
    wanted = unquote(action)
    for form in reader.forms:
        if name := form.get("id"):
            form.controls += [each for each in reader.apart if each.get("form") == name]
        ways = [form.get("action"), form.get("hx-post"), *(each.get("formaction") for each in form.controls)]
        if form.get("method").lower() == "post" or form.get("hx-post"):
            same = all(
                fields.get(each.get("name"), each.get("value")) == each.get("value")
                for each in form.controls
                if each.kind == "hidden" and each.get("name") not in VERSIONS | _OURS
            )
            if same and wanted in map(unquote, ways):
                return form
    return None


def _filled(controls: list[_Control], fields: Mapping[str, str]) -> Iterator[tuple[int, int, str]]:
    """What is to be written in the place of what, for each control."""
    for each in controls:
        name, kind = each.get("name"), each.kind
        if not name or name in _OURS or kind in _NEVER:
            continue
        if kind in ("checkbox", "radio"):
            on = fields.get(name) == (each.get("value") or "on")
            yield each.start, each.end, _tag("input", _set(each.attributes, "checked", on=on))
        elif name not in fields or (kind == "hidden" and name not in VERSIONS):
            continue
        elif kind == "textarea":
            # A browser drops the first line break of a text area; what was typed may begin with one.
            yield *each.inner, f"\n{escape(fields[name])}"
        elif kind == "select":
            if any(option.get("value") == fields[name] for option in each.options):
                for option in each.options:
                    on = option.get("value") == fields[name]
                    yield option.start, option.end, _tag("option", _set(option.attributes, "selected", on=on))
        elif each.tag == "input":
            yield each.start, each.end, _tag("input", _with(each.attributes, "value", fields[name]))


def _texts(fields: Mapping[str, str], known: Collection[str] = ()) -> tuple[str, ...]:
    """What was typed and has no place in the page any more: what is worth reading, not codes and choices."""
    left = [value.strip() for name, value in fields.items() if name not in known and name not in VERSIONS | _OURS]
    return tuple(value for value in left if " " in value)[:_MOST_TEXTS]


def _with(attributes: Attributes, name: str, value: str | None) -> Attributes:
    return [*((key, kept) for key, kept in attributes if key != name), (name, value)]


def _set(attributes: Attributes, name: str, *, on: bool) -> Attributes:
    return _with(attributes, name, None) if on else [(key, kept) for key, kept in attributes if key != name]


def _tag(tag: str, attributes: Attributes) -> str:
    written = "".join(f" {key}" if value is None else f' {key}="{escape(value)}"' for key, value in attributes)
    return f"<{tag}{written}>"


def _edited(html: str, edits: list[tuple[int, int, str]]) -> str:
    made, done = [], 0
    for start, end, text in sorted(edits):
        made += [html[done:start], text]
        done = end
    return "".join([*made, html[done:]])
