from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.kernel.canonical import canonical
from headgate.kernel.errors import Invalid
from headgate.ledger.core.envelope import BATCH, MAX_EVENTS, STRUCTURED, parse_http

LIMIT = 10_000
EVENT = {"specversion": "1.0", "id": "A-1", "source": "/shop", "type": "order.submitted", "data": {"order": "W-1"}}
HEADERS = {
    "ce-specversion": "1.0",
    "ce-id": "A-1",
    "ce-source": "/shop",
    "ce-type": "order.submitted",
    "Content-Type": "application/json",
}


def structured(raw, limit=LIMIT):
    body = raw if isinstance(raw, bytes) else json.dumps(raw).encode()
    [event] = parse_http({"Content-Type": f"{STRUCTURED}; charset=utf-8"}, body, max_bytes=limit)
    return event


def batch(raw, limit=LIMIT):
    body = raw if isinstance(raw, bytes) else json.dumps(raw).encode()
    return parse_http({"content-type": BATCH}, body, max_bytes=limit)


def binary(changes=None, body=b'{"order":"W-1"}'):
    [event] = parse_http({**HEADERS, **(changes or {})}, body, max_bytes=LIMIT)
    return event


def with_data(text: str) -> bytes:
    return json.dumps(EVENT).replace('{"order": "W-1"}', text).encode()


def problem(call, *args, **kwargs):
    with pytest.raises(Invalid) as caught:
        call(*args, **kwargs)
    return caught.value.problems[0]


def test_a_structured_event_is_read():
    event = structured(
        {
            **EVENT,
            "subject": "W-1",
            "time": "2026-03-02T10:00:00+01:00",
            "datacontenttype": "application/json; charset=utf-8",
            "dataschema": "https://example.com/order",
            "partitionkey": "W-1",
            "traceparent": "00-ab",
            "count": 3,
        }
    )
    assert (event.id, event.source, event.type, event.subject) == ("A-1", "/shop", "order.submitted", "W-1")
    assert event.time == datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert event.data == {"order": "W-1"}
    assert event.partition_key == "W-1"
    assert event.extensions == {"traceparent": "00-ab", "count": "3"}


def test_what_may_be_absent_may_be_absent():
    event = structured(EVENT)
    assert (event.subject, event.time, event.partition_key, event.extensions) == ("", None, "", {})


def test_amounts_are_read_exactly():
    data = structured(with_data('{"a": 12.50, "b": 0.1, "c": 3, "d": "1.10", "e": 1e3}')).data
    assert data == {"a": Decimal("12.50"), "b": Decimal("0.1"), "c": 3, "d": "1.10", "e": Decimal("1e3")}
    assert canonical(data) == b'{"a":"12.50","b":"0.1","c":3,"d":"1.10","e":"1000"}'


def test_a_batch_keeps_its_order():
    events = batch([{**EVENT, "id": str(n)} for n in range(5)])
    assert [event.id for event in events] == ["0", "1", "2", "3", "4"]
    assert batch([]) == []


def test_a_binary_event_is_the_same_as_the_structured_one():
    event = binary({"ce-subject": "W-1", "ce-time": "2026-03-02T09:00:00Z", "ce-partitionkey": "k"})
    assert event == structured({**EVENT, "subject": "W-1", "time": "2026-03-02T09:00:00Z", "partitionkey": "k"})


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ("Euro%20%E2%82%AC%20%F0%9F%98%80", "Euro € 😀"),
        ("Euro%20%e2%82%ac", "Euro €"),
        ("100%25", "100%"),
        ('"quoted \\"text\\""', 'quoted "text"'),
        ("plain", "plain"),
        ("Grüße".encode().decode("latin-1"), "Grüße"),
    ],
)
def test_header_values_are_percent_decoded(sent, meant):
    """The first is the example of the CloudEvents HTTP binding, section 3.1.3.2."""
    assert binary({"ce-subject": sent}).subject == meant


def test_header_values_that_do_not_decode_are_refused_by_name():
    assert problem(binary, {"ce-subject": "%FF%FE"}).field == "ce-subject"


@pytest.mark.parametrize("name", ["id", "source", "type"])
@pytest.mark.parametrize("bad", [None, "", "  ", 7, ["x"], "a" * 513, "line\nbreak", "nul\u0000"])
def test_a_bad_attribute_is_refused_by_name(name, bad):
    item = {**EVENT, name: bad}
    assert problem(structured, item).field in (name, f"body.{name}")
    assert problem(batch, [EVENT, item]).field in (f"[1].{name}", f"body[1].{name}")


def test_an_attribute_that_is_missing_is_refused_by_name():
    for name in ("id", "source", "type", "specversion", "data"):
        assert problem(structured, {k: v for k, v in EVENT.items() if k != name}).field == name
        if name != "data":
            headers = {k: v for k, v in HEADERS.items() if k != f"ce-{name}"}
            with pytest.raises(Invalid) as caught:
                parse_http(headers, b"{}", max_bytes=LIMIT)
            assert caught.value.problems[0].field == f"ce-{name}"


@pytest.mark.parametrize(
    ("field", "bad"),
    [
        ("specversion", "0.3"),
        ("specversion", 1.0),
        ("datacontenttype", "text/xml"),
        ("datacontenttype", 3),
        ("data", "text"),
        ("data", [1]),
        ("data_base64", "AAAA"),
        ("time", "yesterday"),
        ("time", "2026-03-02T09:00:00"),
        ("time", 1_700_000_000),
        ("type", "order submitted"),
        ("subject", 5),
        ("partitionkey", {}),
        ("Bad-Name", "x"),
        ("extension", {"a": 1}),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused_by_name(field, bad):
    assert problem(structured, {**EVENT, field: bad}).field == field


@pytest.mark.parametrize(
    ("data", "word"),
    [
        ('{"a": NaN}', "NaN"),
        ('{"a": Infinity}', "Infinity"),
        ('{"a": -Infinity}', "-Infinity"),
        ('{"a": 1e999999999}', "1e999999999"),
        ('{"a": 1e99999999999999999999999}', "1e99999999999999999999999"),
        ('{"a": 1e18}', "1e18"),
        ('{"a": 1e-40}', "1e-40"),
        ('{"a": 9007199254740992}', "9007199254740992"),
        ('{"a": -9007199254740992}', "-9007199254740992"),
        ('{"a": %s}' % ("9" * 5000), "9" * 79 + "…"),
        ('{"a": 0.%s}' % ("1" * 5000), "0." + "1" * 77 + "…"),
        ('{"a": 1, "a": 2}', "a"),
    ],
)
def test_numbers_and_names_that_others_would_read_differently_are_refused(data, word):
    found = problem(structured, with_data(data))
    assert found.field == "body"
    assert found.value == word


@pytest.mark.parametrize(
    "data",
    ['{"a": 9007199254740991}', '{"a": -9007199254740991}', '{"a": 999999999999.999999}', '{"a": 0}', '{"a": -0.0}'],
)
def test_numbers_at_the_edge_are_taken(data):
    structured(with_data(data))


def test_nesting_of_thirty_two_is_taken_and_more_is_refused_with_its_place():
    def nested(levels):
        return with_data('{"a":' * levels + "1" + "}" * levels)

    structured(nested(31))
    found = problem(structured, nested(32))
    assert "nested deeper than 32" in found.message
    assert found.field.startswith("body.data.a.a")
    assert "nested" in problem(structured, with_data('{"a": ' + "[" * 40 + "1" + "]" * 40 + "}")).message


@pytest.mark.parametrize("raw", [b"[" * 200_000, b'{"a":' * 200_000])
def test_nesting_that_would_exhaust_the_reader_is_refused(raw):
    assert problem(structured, raw, limit=10**7).field == "body"


@pytest.mark.parametrize("raw", [b'{"a": "\xff"}', b"\xc3", "ä".encode("utf-16")])
def test_what_is_not_utf8_is_refused(raw):
    assert problem(structured, raw).message == "is not UTF-8"
    assert problem(batch, raw).message == "is not UTF-8"
    assert problem(binary, {}, raw).message == "is not UTF-8"


@pytest.mark.parametrize("text", ['"\\ud800"', '"\\u0000"', '"a\\udfffb"'])
def test_text_that_cannot_be_stored_is_refused_with_its_place(text):
    assert problem(structured, with_data(f'{{"a": [1, {text}]}}')).field == "body.data.a[1]"
    assert problem(structured, with_data(f"{{{text}: 1}}")).field == "body.data"


@pytest.mark.parametrize("raw", [b"", b"{", b"nul", b"'a'", b'{"a": 1}x', b"[1,]", b"\xef\xbb\xbf{}"])
def test_what_is_not_json_is_refused(raw):
    assert problem(structured, raw).field == "body"


@pytest.mark.parametrize("raw", [b"1", b'"text"', b"[]", b"null"])
def test_json_that_is_not_an_event_is_refused(raw):
    assert problem(structured, raw).field == "body"


def test_an_event_of_ten_megabytes_is_refused_before_it_is_read():
    raw = with_data('{"a": "%s"}' % ("x" * 10_000_000))
    assert problem(structured, raw, limit=1_000_000).message == "is larger than 1000000 bytes"
    with pytest.raises(Invalid):
        parse_http(HEADERS, raw, max_bytes=1_000_000)


def test_one_oversized_event_of_a_batch_is_named():
    big = {**EVENT, "data": {"a": "x" * 2000}}
    assert problem(batch, [EVENT, big], limit=1000).field == "[1]"


def test_a_batch_that_is_no_array_or_too_long_is_refused():
    assert problem(batch, EVENT).message == "is not a JSON array"
    assert problem(batch, [EVENT, "x"]).field == "[1]"
    assert str(MAX_EVENTS) in problem(batch, [EVENT] * (MAX_EVENTS + 1)).message


def test_a_request_that_is_no_cloudevent_is_told_what_to_send():
    for headers in ({}, {"content-type": "application/json"}, {"content-type": "text/csv"}):
        with pytest.raises(Invalid) as caught:
            parse_http(headers, b"{}", max_bytes=LIMIT)
        assert caught.value.problems[0].field == "content-type"


def test_data_cannot_be_smuggled_in_as_a_header():
    assert problem(binary, {"ce-data": "{}"}).field == "ce-data"


def test_binary_content_must_be_json():
    assert problem(binary, {"Content-Type": "text/xml"}).field == "ce-datacontenttype"


JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**53) + 1, 2**53 - 1),
        st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])),
    ),
    lambda inner: st.one_of(
        st.lists(inner),
        st.dictionaries(st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])), inner),
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])), JSON))
def test_any_plain_json_object_comes_through_unchanged(data):
    assert structured({**EVENT, "data": data}, limit=10**6).data == data


@given(st.binary(max_size=200))
def test_random_bytes_are_refused_and_never_crash(raw):
    with pytest.raises(Invalid):
        structured(raw)
