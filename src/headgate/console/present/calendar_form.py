"""A calendar as people type it: hours such as '9-12, 13-17', a day a line; to and from its JSON form."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from headgate.domain.calendar import WEEKDAYS
from headgate.kernel.errors import invalid
from headgate.kernel.phrases import phrase

LISTS: Final = ("days_off", "working_days")
_SPAN = re.compile(r"(\d{1,2})(?:[:.](\d\d))?\s*[-–—]\s*(\d{1,2})(?:[:.](\d\d))?")
_WRITE = phrase("Write it like 9:00-12:00, 13:00-17:30; leave it empty for a day off.")


def body_of(form: Mapping[str, str]) -> dict[str, Any]:
    """The JSON form of what was typed. Raises `Invalid` naming the field; what the words mean is checked elsewhere."""
    zone = form.get("timezone", "").strip()
    if not zone:
        raise invalid("timezone", "", "is missing", "Use a name such as Europe/Berlin.")
    body: dict[str, Any] = {
        "timezone": zone,
        "hours": {day: spans_of(day, form.get(day, "")) for day in WEEKDAYS if form.get(day, "").strip()},
    }
    country, _, subdivision = form.get("holidays", "").strip().upper().partition("-")
    if country:
        body["country"] = country
    if subdivision:
        body["subdivision"] = subdivision
    for name in LISTS:
        if days := list(_words(form.get(name, ""))):
            body[name] = days
    if special := _special(form.get("special_days", "")):
        body["special_days"] = special
    return body


def spans_of(field: str, text: str) -> list[list[str]]:
    """'9-12, 13:00-17:30' as spans. Raises `Invalid`."""
    found = []
    for part in filter(None, (each.strip() for each in re.split(r"[,;]", text))):
        match = _SPAN.fullmatch(part)
        if match is None:
            raise invalid(field, part, "are no hours", _WRITE)
        found.append([f"{int(match[1]):02}:{match[2] or '00'}", f"{int(match[3]):02}:{match[4] or '00'}"])
    return found


def typed(body: Mapping[str, Any]) -> dict[str, str]:
    """The fields of the form for a calendar's JSON form."""
    hours = body.get("hours") or {}
    country, subdivision = str(body.get("country") or ""), str(body.get("subdivision") or "")
    return {
        "timezone": str(body.get("timezone") or ""),
        **{day: said(hours.get(day) or ()) for day in WEEKDAYS},
        "holidays": f"{country}-{subdivision}" if subdivision else country,
        **{name: "\n".join(map(str, body.get(name) or ())) for name in LISTS},
        "special_days": "\n".join(
            f"{day} {said(spans)}".strip() for day, spans in sorted((body.get("special_days") or {}).items())
        ),
    }


def said(spans: Any) -> str:
    """Spans as people read them: '09:00-12:00, 13:00-17:30'."""
    return ", ".join(f"{start}-{end}" for start, end in spans)


def _special(text: str) -> dict[str, list[list[str]]]:
    found: dict[str, list[list[str]]] = {}
    for line in filter(None, (each.strip() for each in text.splitlines())):
        day, _, hours = line.partition(" ")
        if day in found:
            raise invalid("special_days", day, "stands there twice", "Give each day one line.")
        found[day] = spans_of("special_days", hours)
    return found


def _words(text: str) -> Iterator[str]:
    return (each for each in re.split(r"[\s,;]+", text) if each)
