"""Clients that mean harm, over real sockets: each is answered, cut off in time, and costs bounded memory."""

from __future__ import annotations

import gzip
import hmac
import json
import re
import socket
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from headgate.access import sign
from headgate.api.routes import events as route
from headgate.entry.protocol import MOST_HEADER_BYTES
from headgate.kernel.clock import FixedClock
from headgate.ledger import event_list
from headgate.store import Database
from tests.integration.api.conftest import NOW
from tests.integration.api.wire import Answer, answers, connected, exchange, one, post, serving, signed, to_the_end
from tests.scenarios.api.world import BATCH, SOURCE, World, bearer, event, new_tenant, open_world, order

pytestmark = pytest.mark.slow

CONNECTIONS = 12


@pytest.fixture(scope="module")
def shop(database: Database, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A tenant whose server waits for as long as a busy machine takes: what it refuses was not too slow."""
    home = tmp_path_factory.mktemp("shop")
    bounds: dict[str, Any] = {"header_seconds": 60, "body_seconds": 60, "connections": CONNECTIONS}
    return open_world(database, new_tenant(database, NOW), FixedClock(NOW), home, request_max_bytes=2_000_000, **bounds)


@pytest.fixture(scope="module")
def port(shop: World) -> Iterator[int]:
    """Where it serves."""
    with serving(shop.channel.app) as found:
        yield found


@pytest.fixture(scope="module")
def impatient(shop: World) -> Iterator[int]:
    """Where a server of the same tenant gives a request a second to arrive."""
    app = shop.channel.app
    with serving(replace(app, settings=replace(app.settings, header_seconds=1, body_seconds=1))) as found:
        yield found


def only(found: list[Answer]) -> Answer:
    """The one answer there is: two would mean that two requests were seen in one."""
    (answer,) = found
    return answer


def logged(world: World) -> set[str]:
    """Ids of the events in the log."""
    with world.channel.app.database.transaction(world.channel.tenant) as conn:
        return {e.event_id for e in event_list(conn, limit=500)}


def body_of(event_id: str) -> bytes:
    """A good event of this id."""
    return json.dumps(event(event_id, order(event_id, customer_reference=event_id))).encode()


# ── Slow ones ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("sent", [b"POST /v1/ev", b"POST /v1/events HTTP/1.1\r\nhost: x\r\nx-one: 1\r\n"])
def test_headers_that_do_not_arrive_in_time_end_in_408(impatient: int, sent: bytes) -> None:
    with connected(impatient) as slow:
        slow.sendall(sent)
        found = only(answers(to_the_end(slow)))
    assert (found.status, found.headers["connection"]) == (408, "close")
    assert "headers" in found.problem()["detail"]


def test_a_drop_now_and_then_does_not_prolong_the_headers(impatient: int) -> None:
    with connected(impatient) as slow:
        slow.sendall(b"GET /health/live HTTP/1.1\r\n")
        slow.settimeout(0.1)
        found = b""
        for number in range(200):
            try:
                found = slow.recv(65536)
                break
            except TimeoutError:
                slow.sendall(b"x-%d: 1\r\n" % number)
    assert only(answers(found)).status == 408


def test_a_body_that_does_not_arrive_in_time_ends_in_408_and_nothing_is_stored(shop: World, impatient: int) -> None:
    body = body_of("slow-1")
    with connected(impatient) as slow:
        slow.sendall(post(signed(shop, body), body)[:-1])
        found = only(answers(to_the_end(slow)))
    assert found.status == 408
    assert "body" in found.problem()["detail"]
    assert "slow-1" not in logged(shop)


def test_a_connection_that_asks_nothing_is_closed_without_a_word(impatient: int) -> None:
    with connected(impatient) as mute:
        assert to_the_end(mute) == b""


@pytest.mark.parametrize("before", [b"", b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n"])
def test_empty_lines_hold_no_connection(impatient: int, before: bytes) -> None:
    with connected(impatient) as dripping:
        if before:
            dripping.sendall(before)
            assert one(dripping).status == 200
        dripping.settimeout(0.1)
        left = None
        for _ in range(200):
            try:
                left = dripping.recv(65536)
                break
            except TimeoutError:
                dripping.sendall(b"\r\n")
        assert left == b""


def test_a_body_that_nobody_reads_holds_no_connection(impatient: int) -> None:
    with connected(impatient) as made:
        made.sendall(b"POST /v1/nowhere HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n")
        assert one(made).status == 404
        assert to_the_end(made) == b""
    with connected(impatient) as made:
        made.sendall(b"POST /v1/nowhere HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n")
        assert one(made).status == 404
        made.sendall(b"x" * 100)
        assert to_the_end(made) == b""


def test_after_an_answer_the_next_request_has_its_own_time(impatient: int) -> None:
    with connected(impatient) as kept:
        for _ in range(3):
            kept.sendall(b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n")
            assert one(kept).status == 200
        kept.sendall(b"GET /hea")
        assert only(answers(to_the_end(kept))).status == 408


def test_one_connection_too_many_is_told_when_to_come_again(shop: World, port: int) -> None:
    with ExitStack() as held:
        for _ in range(CONNECTIONS):
            made = held.enter_context(connected(port))
            made.sendall(b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n")
            assert one(made).status == 200
        with connected(port) as late:
            found = only(answers(to_the_end(late)))
    assert found.status == 503
    assert int(found.headers["retry-after"]) >= 1
    body = body_of("after-the-crowd")
    assert only(exchange(port, post(signed(shop, body), body))).status == 202


# ── Large ones ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "head",
    [
        b"GET /health/live HTTP/1.1\r\nx: " + b"a" * (MOST_HEADER_BYTES + 1) + b"\r\n\r\n",
        b"GET /health/live HTTP/1.1\r\nx: " + b"a" * 500_000,
        b"GET /health/live HTTP/1.1\r\n" + b"x: 1\r\n" * 101 + b"\r\n",
        b"GET /health/live HTTP/1.1\r\n" + b"x: 1\r\n" * 100_000,
        b"GET /" + b"a" * (MOST_HEADER_BYTES + 1) + b" HTTP/1.1\r\nhost: x\r\n\r\n",
        b"GET /" + b"a" * 500_000,
    ],
    ids=["one long", "one endless", "many", "endlessly many", "long address", "endless address"],
)
def test_headers_that_are_too_large_end_in_431(port: int, head: bytes) -> None:
    with connected(port) as made:
        made.sendall(head)
        found = only(answers(to_the_end(made)))
    assert (found.status, found.headers["connection"]) == (431, "close")
    assert found.problem()["type"] == "/problems/headers_too_large"


def test_a_body_above_the_limit_is_refused_by_its_length_alone(shop: World, port: int) -> None:
    with connected(port) as made:
        made.sendall(b"POST /v1/events HTTP/1.1\r\nhost: x\r\ncontent-length: 2000001\r\n\r\n")
        found = only(answers(to_the_end(made)))
    assert (found.status, found.headers["connection"]) == (413, "close")


def test_a_client_that_waits_for_leave_is_refused_before_it_sends(port: int) -> None:
    with connected(port) as made:
        made.sendall(b"POST /v1/events HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 9000000\r\n\r\n")
        assert only(answers(to_the_end(made))).status == 413


def test_a_body_without_a_length_is_cut_off_at_the_limit_and_the_answer_arrives(port: int) -> None:
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    sent = 0
    with connected(port) as made:
        made.sendall(b"POST /v1/events HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n")
        try:
            for _ in range(10_000):
                made.sendall(chunk)
                sent += len(chunk)
        except (BrokenPipeError, ConnectionResetError):
            pass
    # What fits into the buffers of both sides on top of the limit and what is drained.
    assert sent < 20_000_000


def test_the_refusal_of_a_large_body_is_read_by_a_client_that_sends_first_and_reads_then(port: int) -> None:
    head = b"POST /v1/events HTTP/1.1\r\nhost: x\r\ncontent-length: 2500000\r\n\r\n"
    with connected(port) as made:
        made.sendall(head + b"x" * 500_000)
        assert only(answers(to_the_end(made))).status == 413


def test_bodies_at_hand_together_keep_within_their_memory(database: Database, tmp_path: Path) -> None:
    bounds: dict[str, Any] = {"body_memory_bytes": 300_000}
    world = open_world(database, new_tenant(database, NOW), FixedClock(NOW), tmp_path, **bounds)
    with serving(world.channel.app) as port, connected(port) as holding, connected(port) as other:
        head = b"POST /v1/events HTTP/1.1\r\nhost: x\r\ncontent-length: 290000\r\n\r\n"
        holding.sendall(head + b"x" * 289_999)
        refused = 0
        # The first body is held once the second is refused; until then the second is refused for its signature.
        for _ in range(200):
            other.sendall(post([], b"y" * 20_000, close=False))
            refused = one(other).status
            if refused == 429:
                break
        assert refused == 429
        holding.close()
        body = body_of("held-1")
        assert any(only(exchange(port, post(signed(world, body), body))).status == 202 for _ in range(200))


# ── Compressed ones ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_events_may_be_compressed_and_the_signature_is_over_what_is_sent(shop: World, port: int) -> None:
    packed = gzip.compress(body_of("packed-1"))
    assert only(exchange(port, post(signed(shop, packed, "content-encoding: gzip"), packed))).status == 202
    assert "packed-1" in logged(shop)


def bomb() -> bytes:
    """A hundred megabytes of blanks in a tenth of one of gzip."""
    packing = zlib.compressobj(9, wbits=zlib.MAX_WBITS | 16)
    return b"".join([packing.compress(b" " * 1_000_000) for _ in range(100)]) + packing.flush()


def test_a_gzip_bomb_is_put_out_at_the_limit(shop: World, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    unpacked: list[int] = []
    whole = zlib.decompressobj

    class Watched:
        def __init__(self, **given: Any) -> None:
            self._real = whole(**given)

        def decompress(self, data: bytes, most: int) -> bytes:
            found = self._real.decompress(data, most)
            unpacked.append(len(found))
            return found

        def __getattr__(self, name: str) -> Any:
            return getattr(self._real, name)

    monkeypatch.setattr("headgate.api.routes.events.zlib.decompressobj", Watched)
    packed = bomb()
    found = only(exchange(port, post(signed(shop, packed, "content-encoding: gzip"), packed)))
    assert found.status == 413
    assert unpacked == [2_000_001]


def test_what_is_unpacked_counts_as_held_until_it_is_answered(database: Database, tmp_path: Path) -> None:
    bounds: dict[str, Any] = {"body_memory_bytes": 300_000}
    world = open_world(database, new_tenant(database, NOW), FixedClock(NOW), tmp_path, **bounds)
    with serving(world.channel.app) as port:
        for padding, status in ((500_000, 429), (200_000, 202), (500_000, 429), (0, 202)):
            packed = gzip.compress(body_of("held-2") + b" " * padding)
            found = only(exchange(port, post(signed(world, packed, "content-encoding: gzip"), packed)))
            assert found.status == status


def test_nobody_unknown_gets_anything_unpacked(shop: World, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> bytes:
        raise AssertionError("unpacked before it was proven")

    monkeypatch.setattr(route, "inflated", never)
    packed = bomb()
    forged = signed(shop, packed, "content-encoding: gzip", secret="whsec_" + "QUFB" * 10)
    assert only(exchange(port, post(forged, packed))).status == 401


@pytest.mark.parametrize(
    ("coding", "spoil", "status"),
    [
        ("gzip", lambda b: b"no gzip at all", 400),
        ("gzip", lambda b: gzip.compress(b)[:-5], 400),
        ("gzip", lambda b: gzip.compress(b) + b"more", 400),
        ("gzip", lambda b: gzip.compress(b)[:-8] + bytes(8), 400),
        ("deflate", zlib.compress, 415),
        ("br", lambda b: b, 415),
        ("gzip, gzip", lambda b: gzip.compress(gzip.compress(b)), 415),
        ("identity", lambda b: b, 202),
    ],
    ids=["no gzip", "cut off", "something after", "wrong check", "deflate", "br", "twice", "identity"],
)
def test_other_compressions_and_broken_ones_are_refused(
    shop: World, port: int, coding: str, spoil: Any, status: int
) -> None:
    packed = spoil(body_of(f"coding-{coding}"))
    found = only(exchange(port, post(signed(shop, packed, f"content-encoding: {coding}"), packed)))
    assert found.status == status


# ── Ambiguous ones ───────────────────────────────────────────────────────────────────────────────────────────────────

INNER = b"GET /v1/openapi.json HTTP/1.1\r\nhost: x\r\n\r\n"


@pytest.mark.parametrize(
    "headers",
    [
        b"content-length: 4\r\ntransfer-encoding: chunked",
        b"transfer-encoding: chunked\r\ncontent-length: 4",
        b"content-length: 4\r\ncontent-length: 5",
        b"content-length: +4",
        b"content-length: 4, 4",
        b"content-length: 0x4",
        b"content-length: -1",
        b"content-length : 4",
        b"transfer-encoding: xchunked",
        b"transfer-encoding: chunked, identity",
        b"transfer-encoding: identity, chunked, chunked",
        b"x: 1\r\n transfer-encoding: chunked",
        b"x: a\x00b",
        b"content-length: 99999999999999999999999",
    ],
)
def test_a_request_whose_end_could_be_read_in_two_ways_is_refused_and_closed(impatient: int, headers: bytes) -> None:
    smuggled = b"POST /v1/events HTTP/1.1\r\nhost: x\r\n" + headers + b"\r\n\r\n0\r\n\r\n" + INNER
    found = only(exchange(impatient, smuggled))
    assert found.status in (400, 408, 413)
    assert found.headers["connection"] == "close"
    assert b"openapi" not in found.body


def test_requests_one_after_the_other_are_answered_in_their_order(shop: World, port: int) -> None:
    bodies = [body_of(f"piped-{n}") for n in range(3)]
    sent = b"".join(post(signed(shop, b), b, close=n == 2) for n, b in enumerate(bodies))
    found = exchange(port, sent)
    assert [json.loads(a.body)["events"][0]["id"] for a in found] == ["piped-0", "piped-1", "piped-2"]


@pytest.mark.parametrize("path", ["/v1/x%0d%0aset-cookie:a=b", "/v1/events?source=a%0d%0aset-cookie:a=b/c"])
def test_nothing_a_client_sends_becomes_a_header(shop: World, port: int, path: str) -> None:
    body = body_of("never")
    kept = [h for h in signed(shop, body, "x-request-id: a%0d%0ab") if not h.startswith("headgate-source")]
    found = only(exchange(port, post(kept, body, path=path)))
    assert found.status in (401, 404)
    assert "set-cookie" not in found.headers
    assert re.fullmatch(r"[0-9a-f]{32}", found.headers["x-request-id"])


NAN = body_of("bad-1").replace(b'"10.00"', b"NaN")
HUGE = body_of("bad-2").replace(b'"10.00"', b"1" * 5000)
DEEP = b'{"a":' * 100_000
LATIN = json.dumps(event("bad-3", order("O", storefront="café")), ensure_ascii=False).encode("latin-1")
# Each took minutes before: names counted over and over, and a long name written out for each value below it.
TWICE = b"{" + b",".join(b'"%d":1' % n for n in range(100_000)) + b',"99999":1}'
LONG_NAME = b'{"' + b"k" * 500_000 + b'":[' + b",".join([b'"\\u0041"'] * 40_000) + b',"\\u0000"]}'


@pytest.mark.parametrize(
    ("body", "status"),
    [(NAN, 400), (HUGE, 422), (DEEP, 422), (LATIN, 400), (b"\xff\xfe", 400), (TWICE, 422), (LONG_NAME, 422)],
    ids=["NaN", "huge number", "deep", "Latin-1", "UTF-16", "a name twice", "a long name"],
)
def test_bodies_made_to_break_readers_are_refused_in_time(shop: World, port: int, body: bytes, status: int) -> None:
    found = only(exchange(port, post(signed(shop, body, f"content-type: {BATCH}"), body)))
    assert found.status == status
    assert len(found.body) < 5000
    assert only(exchange(port, b"GET /health/live HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")).status == 200


# ── Guessing ones ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_wrong_signature_and_a_source_that_is_none_are_told_apart_by_nothing(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = open_world(database, new_tenant(database, NOW), FixedClock(NOW), tmp_path)
    asked: list[str] = []
    begun = Database._begun

    def watched(self: Database, *given: Any, **more: Any) -> Any:
        asked.append("transaction")
        return begun(self, *given, **more)

    monkeypatch.setattr(Database, "_begun", watched)
    compared: list[int] = []
    same = hmac.compare_digest

    def comparing(one: bytes, other: bytes) -> bool:
        compared.append(1)
        return same(one, other)

    monkeypatch.setattr("headgate.access.core.webhooks.hmac.compare_digest", comparing)
    told = []
    body = body_of("guess")
    monkeypatch.setattr("headgate.portal.hosts.monotonic", lambda: 0.0)
    with serving(world.channel.app) as port:
        # What any first request has read: the hosts of portals. They would grow old while a long answer is made.
        only(exchange(port, b"GET /v1/nothing HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"))
        for source in (f"{world.slug}/{SOURCE}", f"{world.slug}/nobody", "no-such-tenant/nobody"):
            for _ in range(2):  # read for the first time, and kept
                asked.clear()
                compared.clear()
                forged = signed(world, body, "x-request-id: r", source=source, secret="whsec_" + "QUFB" * 10)
                found = only(exchange(port, post(forged, body)))
                shown = {k: v for k, v in found.headers.items() if k != "date"}
                told.append((found.status, shown, found.body, len(asked), len(compared)))
    first, kept = told[0::2], told[1::2]
    assert first[0][0] == 401
    assert first[0] == first[1] == first[2]
    assert kept[0] == kept[1] == kept[2]


@pytest.mark.usefixtures("standing")
def test_guessing_from_one_address_is_stopped_before_anything_is_looked_up(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = open_world(database, new_tenant(database, NOW), FixedClock(NOW), tmp_path, refusals_per_minute=5)
    key = "hgk_" + "0" * 32 + "_" + "0" * 16 + "_" + "a" * 43
    statuses = [world.client.get("/v1/orders", headers=bearer(key)).status_code for _ in range(7)]
    assert statuses == [401] * 5 + [429] * 2

    def never(*_: object, **__: object) -> None:
        raise AssertionError("looked up")

    monkeypatch.setattr(Database, "_begun", never)
    found = world.signed(body_of("guess"))
    assert found.status_code == 429
    assert int(found.headers["retry-after"]) >= 1


def test_made_up_sources_push_out_no_real_one_and_fill_no_memory(shop: World, port: int) -> None:
    body = body_of("crowd-1")
    with serving(shop.channel.app) as port:
        assert only(exchange(port, post(signed(shop, body), body))).status == 202
        with connected(port) as made:
            for number in range(250):
                forged = signed(shop, b"{}", source=f"{shop.slug}/made-up-{number}", secret=shop.secret)
                made.sendall(post(forged, b"{}", close=False))
                assert one(made).status == 401
        assert only(exchange(port, post(signed(shop, body), body))).status == 202


def test_a_clock_that_jumps_refuses_for_as_long_as_it_is_wrong_and_no_longer(
    database: Database, tmp_path: Path
) -> None:
    clock = FixedClock(NOW)
    world = open_world(database, new_tenant(database, NOW), clock, tmp_path)
    body = body_of("clock-1")
    headers = signed(world, body)
    with serving(world.channel.app) as port:
        for seconds, status in ((0, 202), (301, 401), (-301, 401), (300, 202), (-300, 202), (0, 202)):
            clock.set(NOW.fromtimestamp(NOW.timestamp() + seconds, NOW.tzinfo))
            assert only(exchange(port, post(headers, body))).status == status, seconds
    assert sign(world.secret, "m", NOW, body) in headers[4]


def test_a_port_is_free_again_after_its_server_ended(shop: World) -> None:
    with serving(shop.channel.app) as port, connected(port):
        pass
    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port), 1):
        pass
