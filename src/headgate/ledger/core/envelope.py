"""CloudEvents 1.0 over HTTP, strictly: structured, batch and binary mode with JSON data.

Everything that is wrong raises `Invalid` naming the field; nothing of a batch is taken when one event in it is wrong.
JSON is held to I-JSON (RFC 7493): no duplicate names, no NaN, no number that would not survive other JSON readers.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import unquote_to_bytes

from headgate.kernel.canonical import canonical
from headgate.kernel.clock import parse_instant
from headgate.kernel.errors import Invalid, invalid, shorten

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"

MAX_DEPTH = 32
MAX_EVENTS = 1000
MAX_ATTRIBUTE = 512
MAX_INTEGER = 2**53 - 1
MAX_MAGNITUDE = 18
MAX_DECIMALS = 34

_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]*")
_ATTRIBUTE_NAME = re.compile(r"[a-z0-9]{1,64}")
_JSON_TYPE = re.compile(r"(application|text)/([\w.+-]+\+)?json", re.IGNORECASE)
_KNOWN = frozenset({"id", "source", "type", "specversion", "time", "subject", "datacontenttype", "dataschema"})
# Escapes of NUL and of surrogates; a false alarm costs only time.
_SUSPECT = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class CloudEvent:
    """A parsed CloudEvent. `subject` and `partition_key` are empty when absent; `extensions` are all the others."""

    id: str
    source: str
    type: str
    subject: str
    time: datetime | None
    data: dict[str, Any]
    partition_key: str
    extensions: dict[str, str]


def parse_http(headers: Mapping[str, str], body: bytes, *, max_bytes: int) -> list[CloudEvent]:
    """The events of one HTTP request, in order. `max_bytes` bounds each event. Header names may be in any case."""
    plain = {name.lower(): value for name, value in headers.items()}
    content_type = plain.get("content-type", "").split(";")[0].strip().lower()
    if content_type == BATCH:
        return parse_batch(body, max_bytes=max_bytes)
    if content_type == STRUCTURED:
        return [parse_structured(body, max_bytes=max_bytes)]
    if "ce-specversion" in plain or "ce-id" in plain or "ce-type" in plain:
        return [parse_binary(plain, body, max_bytes=max_bytes)]
    raise invalid(
        "content-type",
        content_type,
        "is not a CloudEvents content type",
        f"Send {STRUCTURED}, {BATCH}, or ce-* headers with application/json.",
    )


def parse_structured(body: bytes, *, max_bytes: int) -> CloudEvent:
    """One event in the JSON event format."""
    _check_size("body", len(body), max_bytes)
    return _from_object("", parse_json("body", body))


def parse_batch(body: bytes, *, max_bytes: int) -> list[CloudEvent]:
    """A JSON array of events; empty is allowed, more than `MAX_EVENTS` is not. The caller bounds the whole body."""
    items = parse_json("body", body)
    if not isinstance(items, list):
        raise invalid("body", "", "is not a JSON array", "A batch is an array of events.")
    if len(items) > MAX_EVENTS:
        raise invalid("body", len(items), f"has more than {MAX_EVENTS} events", "Send several batches.")
    events = []
    for index, item in enumerate(items):
        event = _from_object(f"[{index}].", item)
        # A body that is no larger than one event may be has none that is larger.
        if len(body) > max_bytes:
            _check_size(f"[{index}]", len(canonical(item)), max_bytes)
        events.append(event)
    return events


def parse_binary(headers: Mapping[str, str], body: bytes, *, max_bytes: int) -> CloudEvent:
    """One event in binary mode: attributes in percent-encoded `ce-` headers, data as the body. Names are lower case."""
    _check_size("body", len(body), max_bytes)
    attributes: dict[str, Any] = {
        name[3:]: _decode_header(name, value) for name, value in headers.items() if name.startswith("ce-")
    }
    attributes["datacontenttype"] = headers.get("content-type", "")
    if "data" in attributes:
        raise invalid("ce-data", attributes["data"], "is not an attribute", "Put the data in the body.")
    return _from_object("ce-", {**attributes, "data": parse_json("body", body)})


class Unreadable(Invalid):
    """The bytes are no JSON text at all, so nothing in them can be judged."""

    code = "unreadable"


def parse_json(field: str, raw: bytes) -> Any:
    """JSON text to values, non-integers as `Decimal`.

    Raises `Unreadable` for what is not JSON in UTF-8, `Invalid` for JSON outside I-JSON or our bounds.
    """
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _unreadable(field, f"byte {error.start}", "is not UTF-8", "Encode the body as UTF-8.") from None
    try:
        value = json.loads(
            text, parse_float=_decimal, parse_int=_integer, parse_constant=_no_constant, object_pairs_hook=_no_repeats
        )
    except Unreadable as error:
        problem = error.problems[0]
        raise _unreadable(field, problem.value, problem.message, problem.fix) from None
    except Invalid as error:
        problem = error.problems[0]
        raise invalid(field, problem.value, problem.message, problem.fix) from None
    except RecursionError:
        raise invalid(field, "", f"is nested deeper than {MAX_DEPTH}", "Flatten it.") from None
    except ValueError as error:
        raise _unreadable(field, "", f"is not JSON: {error}") from None
    _check_tree(field, text, value)
    return value


def _from_object(at: str, item: Any) -> CloudEvent:
    if not isinstance(item, dict):
        raise invalid(at.rstrip(".") or "body", item, "is not a JSON object", "An event is an object.")
    if "data_base64" in item:
        raise invalid(f"{at}data_base64", "", "is not accepted", "Send JSON in data.")
    version = item.get("specversion")
    if version != "1.0":
        raise invalid(f"{at}specversion", "" if version is None else version, "is not 1.0", 'Send "1.0".')
    content_type = item.get("datacontenttype")
    if content_type is not None and not (
        isinstance(content_type, str) and _JSON_TYPE.fullmatch(content_type.split(";")[0].strip())
    ):
        raise invalid(f"{at}datacontenttype", content_type, "is not JSON", "Send application/json.")
    data = item.get("data")
    if not isinstance(data, dict):
        raise invalid(f"{at}data", "" if data is None else data, "is not a JSON object", "Put the fields in data.")
    type_ = _text(at, item, "type")
    if not _TYPE.fullmatch(type_):
        raise invalid(f"{at}type", type_, "is not an event type", "Use a name such as order.submitted.")
    time = item.get("time")
    return CloudEvent(
        id=_text(at, item, "id"),
        source=_text(at, item, "source"),
        type=type_,
        subject=_text(at, item, "subject", required=False),
        time=None if time is None else parse_instant(f"{at}time", time),
        data=data,
        partition_key=_text(at, item, "partitionkey", required=False),
        extensions=_extensions(at, item),
    )


def _text(at: str, item: Mapping[str, Any], name: str, *, required: bool = True) -> str:
    value = item.get(name)
    if value is None and not required:
        return ""
    if value is None:
        raise invalid(f"{at}{name}", "", "is missing", "Every CloudEvent has id, source, type and specversion.")
    if not isinstance(value, str) or not value.strip():
        raise invalid(f"{at}{name}", value, "is not a non-empty text")
    if len(value) > MAX_ATTRIBUTE:
        raise invalid(f"{at}{name}", value, f"is longer than {MAX_ATTRIBUTE} characters")
    if _CONTROL.search(value):
        raise invalid(f"{at}{name}", value, "has control characters")
    return value


def _extensions(at: str, item: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in item.items():
        if name in _KNOWN or name in ("data", "partitionkey"):
            continue
        if not _ATTRIBUTE_NAME.fullmatch(name):
            raise invalid(f"{at}{name}", "", "is not an attribute name", "Names have lower-case letters and digits.")
        if isinstance(value, (dict, list)):
            raise invalid(f"{at}{name}", value, "is not a simple value", "Put structures in data.")
        if value is not None:
            found[name] = value if isinstance(value, str) else json.dumps(value, default=str)
    return found


def _decode_header(name: str, value: str) -> str:
    """Percent-decoding as the HTTP binding asks (section 3.1.3.2); a double-quoted value is unquoted first."""
    text = value.strip()
    if len(text) >= 2 and text[0] == text[-1] == '"':
        text = re.sub(r"\\(.)", r"\1", text[1:-1])
    try:
        # Servers hand header bytes over as Latin-1; senders that put raw UTF-8 there are understood too.
        return unquote_to_bytes(text.encode("latin-1")).decode("utf-8")
    except (UnicodeDecodeError, UnicodeEncodeError):
        raise invalid(name, value, "is not percent-encoded UTF-8") from None


def _check_size(field: str, size: int, limit: int) -> None:
    if size > limit:
        raise invalid(field, f"{size} bytes", f"is larger than {limit} bytes", "Split it.")


def _check_tree(field: str, text: str, value: Any) -> None:
    """Bounds that the JSON reader does not check: depth, and text that PostgreSQL or UTF-8 cannot hold.

    The reader lets neither in but by an escape, and nothing is deeper than it has brackets: so most texts need no look
    at their values.
    """
    if _SUSPECT.search(text) is not None or text.count("{") + text.count("[") > MAX_DEPTH:
        _check_value((None, field), value, 1)


# Where a value stands: what it stands in, and its name or place there. Written out only for an error, because a path
# for each value of a large document would cost the product of their lengths.
_Place = tuple[Any, str | int]


def _check_value(at: _Place, value: Any, depth: int) -> None:
    if isinstance(value, str):
        _check_text(at, value)
    elif isinstance(value, dict):
        _check_depth(at, depth)
        for name, inner in value.items():
            _check_text(at, name)
            _check_value((at, name), inner, depth + 1)
    elif isinstance(value, list):
        _check_depth(at, depth)
        for index, inner in enumerate(value):
            _check_value((at, index), inner, depth + 1)


def _check_text(at: _Place, value: str) -> None:
    if "\x00" in value:
        raise invalid(_path(at), value, "has a NUL character", "Remove it.")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise invalid(_path(at), repr(value), "has half of a surrogate pair", "Send whole characters.") from None


def _check_depth(at: _Place, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise invalid(_path(at)[:80], "", f"is nested deeper than {MAX_DEPTH}", "Flatten it.")


def _path(at: _Place) -> str:
    parts: list[str] = []
    place: _Place | None = at
    while place is not None:
        place, part = place
        # A name may hold what no text of an error can; see the fault that is told.
        parts.append(f"[{part}]" if isinstance(part, int) else shorten(part.encode("utf-8", "replace").decode()))
    return ".".join(reversed(parts)).replace(".[", "[")


def _integer(text: str) -> int:
    if len(text) > 17 or not -MAX_INTEGER <= (number := int(text)) <= MAX_INTEGER:
        raise invalid("", text, "is a number beyond 2^53", "Send long numbers as text.")
    return number


def _decimal(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:  # an exponent beyond what Decimal can hold
        raise invalid("", text, "is a number out of range", "Send plain decimals, best as text.") from None
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -MAX_DECIMALS or number.adjusted() >= MAX_MAGNITUDE:
        raise invalid("", text, "is a number out of range", "Send plain decimals, best as text.")
    return number


def _unreadable(field: str, value: object, message: str, fix: str = "") -> Unreadable:
    found = invalid(field, value, message, fix)
    return Unreadable(found.message, problems=found.problems)


def _no_constant(name: str) -> Any:
    raise _unreadable("", name, "is not a JSON number", "Leave the field out or send null.")


def _no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise invalid("", twice, "is a name that stands twice in one object", "Send it once.")
    return found
