"""What asking for texts has to do, held against the fake of the tests and, over a name server on this machine, the real
one; and what only a real name server can do wrong."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import pytest

from headgate.access.domains import Lookup, TxtAnswer
from headgate.connectors.dns import TxtResolver
from headgate.connectors.dns.resolver import LONGEST, MOST_TEXTS
from tests.domains import FakeDns

PATIENCE = 60.0  # for an answer that comes, on a machine that is busy with other things
Answer = Callable[[dns.message.Message], "dns.message.Message | bytes | None"]


@dataclass
class NameServer:
    """Answers on UDP and TCP of one port. `answer` may be replaced; what it gives as None is never answered."""

    texts: dict[str, list[str]] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    rcode: dns.rcode.Rcode = dns.rcode.NOERROR
    answer: Answer | None = None
    types: list[str] = field(default_factory=list)

    def respond(self, query: dns.message.Message) -> dns.message.Message | bytes | None:
        self.types.append(dns.rdatatype.to_text(query.question[0].rdtype))
        if self.answer is not None:
            return self.answer(query)
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.RA
        name = query.question[0].name.to_text().rstrip(".").lower()
        if self.rcode != dns.rcode.NOERROR:
            reply.set_rcode(self.rcode)
        elif name in self.aliases:
            reply.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", "CNAME", f"{self.aliases[name]}."))
            self._put(reply, self.aliases[name])
        else:
            self._put(reply, name)
        return reply

    def _put(self, reply: dns.message.Message, name: str) -> None:
        if name not in self.texts:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        elif self.texts[name]:
            quoted = [" ".join(f'"{text[n : n + 250]}"' for n in range(0, len(text), 250)) for text in self.texts[name]]
            reply.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", "TXT", *quoted))


@dataclass
class Running:
    """The sockets of a name server. A long answer is cut on UDP, so that the asker comes again over TCP."""

    known: NameServer
    udp: socket.socket
    tcp: socket.socket
    over: threading.Event = field(default_factory=threading.Event)

    def wire(self, query: bytes) -> bytes | None:
        reply = self.known.respond(dns.message.from_wire(query))
        return reply.to_wire(max_size=65535) if isinstance(reply, dns.message.Message) else reply

    def datagrams(self) -> None:
        while not self.over.is_set():
            try:
                query, sender = self.udp.recvfrom(4096)
            except TimeoutError:
                continue
            reply = self.wire(query)
            if reply is not None and len(reply) > 1200:
                short = dns.message.make_response(dns.message.from_wire(query))
                short.flags |= dns.flags.TC
                reply = short.to_wire()
            if reply is not None:
                self.udp.sendto(reply, sender)

    def streams(self) -> None:
        while not self.over.is_set():
            try:
                one, _ = self.tcp.accept()
            except TimeoutError:
                continue
            with one:
                (size,) = struct.unpack("!H", one.recv(2))
                reply = self.wire(one.recv(size))
                if reply is not None:
                    one.sendall(struct.pack("!H", len(reply)) + reply)


def on_one_port() -> tuple[socket.socket, socket.socket]:
    """Sockets for datagrams and for streams; a port that is free for the one may be taken for the other."""
    while True:
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.bind(("127.0.0.1", 0))
        try:
            return udp, socket.create_server(("127.0.0.1", udp.getsockname()[1]))
        except OSError:
            udp.close()


@pytest.fixture
def server() -> Iterator[tuple[NameServer, TxtResolver]]:
    """A name server with a resolver that asks it and nobody else."""
    udp, tcp = on_one_port()
    port = udp.getsockname()[1]
    running = Running(NameServer(), udp, tcp)
    threads = [threading.Thread(target=each, daemon=True) for each in (running.datagrams, running.streams)]
    with running.udp, running.tcp:
        for each in (running.udp, running.tcp):
            each.settimeout(0.1)
        for thread in threads:
            thread.start()
        yield running.known, TxtResolver((("127.0.0.1", port),), lifetime=PATIENCE)
        running.over.set()
        for thread in threads:
            thread.join(5)


@pytest.fixture(params=["fake", "real"])
def known(request: pytest.FixtureRequest) -> tuple[dict[str, list[str]], Lookup]:
    """A table of texts, and who is asked about it."""
    if request.param == "fake":
        fake = FakeDns()
        return fake.texts, fake
    made, resolver = request.getfixturevalue("server")
    return made.texts, resolver


def test_texts_are_found_and_their_absence_is_told_apart(known: tuple[dict[str, list[str]], Lookup]) -> None:
    texts, lookup = known
    texts |= {"_c.a.example": ["one", "two two"], "a.example": []}
    found = lookup("_c.a.example")
    assert (found.outcome, sorted(found.texts)) == ("found", ["one", "two two"])
    assert lookup("a.example") == TxtAnswer("no_record")
    assert lookup("_c.b.example") == TxtAnswer("no_name")


def test_a_long_text_in_pieces_is_one_text(known: tuple[dict[str, list[str]], Lookup]) -> None:
    texts, lookup = known
    texts["a.example"] = ["x" * 300 + "y" * 300]
    assert lookup("a.example").texts == ("x" * 300 + "y" * 300,)


def test_it_asks_for_texts_alone_and_an_alias_is_followed_by_the_server(server: Any) -> None:
    made, resolver = server
    made.texts["target.example"] = ["there"]
    made.aliases["_c.a.example"] = "target.example"
    assert resolver("_c.a.example") == TxtAnswer("found", ("there",))
    assert set(made.types) == {"TXT"}


@pytest.mark.parametrize("rcode", [dns.rcode.SERVFAIL, dns.rcode.REFUSED, dns.rcode.NOTIMP])
def test_a_server_that_fails_says_nothing_of_the_record(server: Any, rcode: dns.rcode.Rcode) -> None:
    made, resolver = server
    made.rcode = rcode
    assert resolver("a.example") == TxtAnswer("unreachable")


@pytest.mark.slow
def test_silence_garbage_and_a_strangers_answer_say_nothing(server: Any) -> None:
    made, resolver = server

    def strange(query: dns.message.Message) -> dns.message.Message:
        other = dns.message.make_query("b.example", "TXT")
        other.id = query.id
        reply = dns.message.make_response(other)
        reply.answer.append(dns.rrset.from_text("b.example.", 60, "IN", "TXT", '"taken"'))
        return reply

    brief = replace(resolver, lifetime=2.0)
    answers: tuple[Answer, ...] = (lambda query: None, lambda query: b"\x00\x01garbage", strange)
    for answer in answers:
        made.answer = answer
        assert brief("a.example") == TxtAnswer("unreachable")


def test_nobody_there_is_silence_too() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert TxtResolver((("127.0.0.1", port),), lifetime=1.0)("a.example") == TxtAnswer("unreachable")


def test_a_huge_answer_is_read_in_part_and_bytes_that_are_no_text_do_no_harm(server: Any) -> None:
    made, resolver = server
    made.texts["a.example"] = [f"{number:04}" + "x" * 30 for number in range(900)]
    found = resolver("a.example")
    assert (found.outcome, len(found.texts)) == ("found", MOST_TEXTS)
    made.texts["a.example"] = ["y" * 40_000]
    assert [len(text) for text in resolver("a.example").texts] == [LONGEST]
    made.texts["a.example"] = [r"\255\254<script>\010"]
    assert resolver("a.example").texts == ("��<script>\n",)


def test_a_name_that_cannot_be_asked_for_is_no_name() -> None:
    assert TxtResolver((("127.0.0.1", 9),))("a" * 64 + ".example") == TxtAnswer("no_name")
    assert TxtResolver((("127.0.0.1", 9),))("a..example") == TxtAnswer("no_name")
