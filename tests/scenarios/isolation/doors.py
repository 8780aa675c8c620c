"""Every way in that the application has, from its own lists, and requests to them made up at random.

The API's come from its OpenAPI document, console and portal pages from their lists of doors; what can be pressed there
comes from the forms in their pages. So a new route, page or form is tried without anybody thinking of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from random import Random
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

from headgate.console.app import DOORS as CONSOLE
from headgate.portal.app import DOORS as PORTAL
from tests.scenarios.isolation.marks import MARK

_PLACE = re.compile(r"\{(\w+)(?::\w+)?\}")


@dataclass(frozen=True, slots=True)
class Door:
    """A way in: whose edge it is (`api`, `console`, `portal`), and the API's description of it."""

    edge: str
    method: str
    path: str
    about: Mapping[str, Any] = field(default_factory=dict, compare=False)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def all_doors(document: Mapping[str, Any]) -> list[Door]:
    """Every route of the three edges."""
    found = [
        Door("api", method.upper(), path, about)
        for path, operations in document["paths"].items()
        for method, about in operations.items()
    ]
    found += [Door("console", d.method, _plain(d.path)) for d in CONSOLE if "path:path" not in d.path]
    found += [Door("portal", d.method, _plain(d.path)) for d in PORTAL if "path:path" not in d.path]
    return found


def _plain(path: str) -> str:
    return path.replace("%7B", "{").replace("%7D", "}")


@dataclass(slots=True)
class Pool:
    """What an owner has seen so far: values by the name they had, links and forms of pages."""

    values: dict[str, list[str]] = field(default_factory=dict)
    links: list[str] = field(default_factory=list)
    forms: list[Form] = field(default_factory=list)

    def learn(self, found: Any, part: str = "", name: str = "") -> None:
        """Keep the values of a JSON answer. An `id` is also known by the part of the API that it came from."""
        if isinstance(found, dict):
            for key, value in found.items():
                self.learn(value, part, key)
        elif isinstance(found, list):
            for value in found[:20]:
                self.learn(value, part, name)
        elif isinstance(found, str | int) and not isinstance(found, bool) and 0 < len(str(found)) <= 200:
            for known in (name, f"{part}.{name}"):
                kept = self.values.setdefault(known, [])
                if str(found) not in kept:
                    kept.append(str(found))
                    del kept[:-40]

    def read(self, page: str) -> None:
        """Keep the links and forms of a page."""
        parser = _Page()
        parser.feed(page)
        for link in parser.links:
            if link.startswith("/") and link not in self.links:
                self.links.append(link)
        del self.links[:-300]
        known = {(form.action, tuple(form.fields)) for form in self.forms}
        self.forms += [form for form in parser.forms if (form.action, tuple(form.fields)) not in known]
        del self.forms[:-60]


@dataclass(slots=True)
class Form:
    """A form of a page: where it goes, the value that each field has, and the choices of those that have some."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    choices: dict[str, list[str]] = field(default_factory=dict)


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.forms: list[Form] = []
        self._form: Form | None = None
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.links += [given[name] for name in ("href", "hx-get") if name in given]
        if tag == "form":
            self._form = Form(given.get("action", "")) if given.get("method", "").lower() == "post" else None
            if self._form is not None and self._form.action.startswith("/"):
                self.forms.append(self._form)
        elif self._form is not None:
            name = given.get("name", "")
            if tag == "select":
                self._select = name
                self._form.fields[name] = ""
            elif tag == "option" and self._select:
                self._form.choices.setdefault(self._select, []).append(given.get("value", ""))
            elif tag in ("input", "textarea", "button") and name and given.get("type") != "file":
                if given.get("type") in ("radio", "submit") or tag == "button":
                    self._form.choices.setdefault(name, []).append(given.get("value", ""))
                self._form.fields[name] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "select":
            self._select = ""


@dataclass(frozen=True, slots=True)
class Whim:
    """Makes values up: what is named like something seen before is mostly that; text bears the mark of who says it.

    `own` is what the speaker has seen, `others` what only another owner knows: it is used now and then, to try. Staff
    write no partner's words (`shy`), else they would carry them to another partner themselves.
    """

    random: Random
    mark: str
    own: Pool
    others: Pool
    shy: bool = False

    def known(self, name: str, part: str = "", *, writing: bool = False) -> str | None:
        """A value that has been seen under a name, or None."""
        pool = self.others if self.random.random() < 0.3 else self.own
        places = (f"{part}.{name}", f"{part}.{name}_id", name, f"{name}_id", f"{part}.id" if part else "")
        found = next((pool.values[place] for place in places if pool.values.get(place)), [])
        if writing and self.shy:
            found = [value for value in found if all(mark.lower() == self.mark for mark in MARK.findall(value))]
        return self.random.choice(found) if found else None

    def address(self, path: str) -> str:
        """A path with something in each of its places."""
        part = path.split("/")[2 if path.startswith(("/v1/", "/portal/")) else 1]

        def fill(place: re.Match[str]) -> str:
            return quote(self.known(place[1], part) or self.known("id", part) or self.text(), safe="")

        return _PLACE.sub(fill, path)

    def text(self) -> str:
        """A text of the speaker's own."""
        return f"{self.mark}-{self.random.randrange(1000)}"

    def query(self, about: Mapping[str, Any], document: Mapping[str, Any], part: str) -> str:
        """Some of an operation's parameters."""
        found = {
            given["name"]: self.plain(given["name"], given["schema"], document, part)
            for given in about.get("parameters", ())
            if given["in"] == "query" and self.random.random() < (0.9 if given.get("required") else 0.25)
        }
        return urlencode({name: str(value) for name, value in found.items() if value is not None})

    def body(self, about: Mapping[str, Any], document: Mapping[str, Any], part: str) -> Any:
        """A body that mostly fits an operation's schema, or None where it takes none."""
        schema = about.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
        return None if schema is None else self.plain("", schema, document, part)

    def plain(self, name: str, schema: Mapping[str, Any], document: Mapping[str, Any], part: str, deep: int = 0) -> Any:
        """A value for a schema."""
        random = self.random
        if "$ref" in schema:
            schema = document["components"]["schemas"][str(schema["$ref"]).rsplit("/", 1)[1]]
        for choice in ("anyOf", "oneOf", "allOf"):
            if choice in schema:
                return self.plain(name, random.choice(schema[choice]), document, part, deep + 1)
        if "const" in schema or "enum" in schema:
            return schema.get("const", random.choice(schema.get("enum", [None])))
        kind = schema.get("type")
        if kind == "object":
            wanted, needed = schema.get("properties", {}), schema.get("required", ())
            return {
                each: self.plain(each, wanted[each], document, part, deep + 1)
                for each in wanted
                if each in needed or (deep < 4 and random.random() < 0.5)
            }
        if kind == "array":
            length = random.randint(schema.get("minItems", 0), max(2, schema.get("minItems", 0)))
            return [self.plain(name, schema.get("items", {}), document, part, deep + 1) for _ in range(length)]
        if kind in ("integer", "number"):
            return random.randint(int(schema.get("minimum", 0)), max(int(schema.get("minimum", 0)), 20))
        if kind in ("boolean", "null"):
            return random.random() < 0.5 if kind == "boolean" else None
        return self._string(name, schema, part)

    def _string(self, name: str, schema: Mapping[str, Any], part: str) -> str:
        known = self.known(name, part, writing=True)
        if known is not None and self.random.random() < 0.8:
            return known
        formats = {
            "uuid": str(UUID(int=self.random.getrandbits(128), version=4)),
            "date": "2026-03-02",
            "date-time": "2026-03-02T09:00:00Z",
            "uri": "https://example.com/",
        }
        return formats.get(str(schema.get("format", "")), "1" if "pattern" in schema else self.text())

    def filled(self, form: Form) -> dict[str, str]:
        """A form as somebody fills it in: hidden fields stay, choices are made, texts are written."""
        found = {}
        for name, value in form.fields.items():
            if choices := form.choices.get(name):
                found[name] = self.random.choice(choices)
            elif value and self.random.random() < 0.8:
                found[name] = value
            elif self.random.random() < 0.7:
                found[name] = self.known(name, writing=True) or self.text()
        return found
