"""Where messages may go: every way in which a URL could lead inside."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
import threading
from collections.abc import Callable
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from headgate.connectors.delivery import Answer, Rules, Wire
from headgate.connectors.delivery.core.addresses import Address, Destination
from headgate.connectors.delivery.core.message import headers_of
from headgate.connectors.delivery.wire import resolve
from headgate.kernel.ids import new_id
from tests.integration.connectors.delivery.conftest import HERE, NOW, Post
from tests.integration.connectors.delivery.receiver import Receiver, Reply, free_port, receiving

STRICT = Rules()


def post_to(
    to: Destination,
    rules: Rules = HERE,
    resolver: Callable[..., list[Address]] | None = None,
    seconds: float = 60,
    trusted: str = "",
) -> Answer:
    wire = Wire(rules, trusted, resolver or resolve)
    return wire.post(to, headers_of(new_id(NOW), b"{}", to, (), "", "", NOW), b"{}", seconds, NOW)


def answering(*addresses: str) -> Callable[..., list[Address]]:
    return lambda *_: [ip_address(a) for a in addresses]


INSIDE = [
    "127.0.0.1", "10.0.0.5", "172.16.3.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
    "255.255.255.255", "192.0.2.1", "198.18.0.1", "240.0.0.1", "::1", "::", "fe80::1", "fc00::1", "fd00:ec2::254",
    "ff02::1", "fec0::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2001:0:1::1", "::127.0.0.1", "2001:db8::1",
]  # fmt: skip


@pytest.mark.parametrize("address", INSIDE)
def test_a_name_that_leads_inside_is_not_connected_to(address: str) -> None:
    answer = post_to(Destination(True, "shop.example", 443, "/"), STRICT, answering(address))
    assert answer.blocked
    assert "is not a public address" in answer.error
    assert answer.status is None


def test_a_name_that_leads_inside_as_well_is_not_connected_to() -> None:
    answer = post_to(Destination(True, "shop.example", 443, "/"), STRICT, answering("93.184.215.14", "10.0.0.1"))
    assert answer.blocked


def test_the_address_that_was_checked_is_the_one_connected_to(receiver: Receiver) -> None:
    """A name that changes its address between check and connection (DNS rebinding) is asked once."""
    asked: list[str] = []

    def rebinding(host: str, port: int, seconds: float) -> list[Address]:
        asked.append(host)
        return [ip_address("127.0.0.1" if len(asked) == 1 else "10.0.0.1")]

    to = Destination(False, "rebind.example", receiver.port, "/hooks")
    assert post_to(to, HERE, rebinding).status == 200
    assert asked == ["rebind.example"]
    assert receiver.received[0].headers["host"] == f"rebind.example:{receiver.port}"


def test_what_became_forbidden_is_refused_at_the_next_attempt(
    post: Post, receiver: Receiver, make_post: Callable[[Rules, Wire], Post]
) -> None:
    post.target(receiver.url)
    post.want("a")
    stricter = make_post(STRICT, Wire(STRICT))
    stricter.deliver()
    [dead] = post.commands(status="dead")
    assert "127.0.0.1, which is not a public address" in str(dead.last_error)
    assert receiver.received == []


@pytest.mark.parametrize(
    "way", [Destination(False, "shop.example", 80, "/"), Destination(True, "shop.example", 22, "/")]
)
def test_public_addresses_are_reached_over_https_and_known_ports_only(way: Destination) -> None:
    rules = Rules(networks=(ip_network("10.0.0.0/8"),))  # with which a name may be registered over http
    assert post_to(way, rules, answering("93.184.215.14")).blocked


def test_proxies_of_the_environment_are_not_used(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    with receiving() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "HTTPS_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        monkeypatch.delenv("NO_PROXY", raising=False)
        assert post_to(Destination(False, "127.0.0.1", receiver.port, "/hooks", ip_address("127.0.0.1"))).status == 200
        assert proxy.received == []
    assert len(receiver.received) == 1


def test_a_redirect_inside_is_not_followed(receiver: Receiver) -> None:
    with receiving() as inside:
        receiver.answer(Reply(307, {"location": inside.url}))
        answer = post_to(Destination(False, "127.0.0.1", receiver.port, "/hooks", ip_address("127.0.0.1")))
        assert answer.status == 307
        assert inside.received == []


def test_headers_of_an_answer_are_bounded(receiver: Receiver) -> None:
    receiver.answer(Reply(raw=b"HTTP/1.1 200 OK\r\n" + b"x: " + b"y" * 10_000_000 + b"\r\n\r\n"))
    answer = post_to(Destination(False, "127.0.0.1", receiver.port, "/hooks", ip_address("127.0.0.1")))
    assert answer.status is None


def test_a_resolver_that_does_not_answer_is_not_waited_for() -> None:
    def silent(host: str, port: int, seconds: float) -> list[Address]:
        raise TimeoutError

    answer = post_to(Destination(True, "shop.example", 443, "/"), STRICT, silent)
    assert (answer.status, answer.blocked) == (None, False)
    assert "no answer" in answer.error


def test_the_systems_resolver_is_asked_within_a_bound() -> None:
    assert ip_address("127.0.0.1") in resolve("127.0.0.1", 443, 60)
    with pytest.raises(OSError, match=r"not known|resolution|No address"):
        resolve("does-not-exist.invalid", 443, 60)


def test_the_next_address_is_tried_where_one_is_down(receiver: Receiver) -> None:
    to = Destination(False, "two.example", receiver.port, "/hooks")
    assert post_to(to, HERE, answering("127.0.0.2", "127.0.0.1")).status == 200


def test_a_port_nobody_listens_on_is_an_answer() -> None:
    answer = post_to(Destination(False, "127.0.0.1", free_port(), "/", ip_address("127.0.0.1")))
    assert answer.status is None
    assert not answer.blocked


@pytest.fixture
def authority(tmp_path: Path) -> tuple[Path, ssl.SSLContext]:
    """A certificate of our own for receiver.example."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "receiver.example")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName(
                [x509.DNSName("receiver.example"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
            ),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "receiver.pem"
    file.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return file, context


def test_https_checks_the_name_although_the_address_was_chosen_before(authority: tuple[Path, ssl.SSLContext]) -> None:
    file, context = authority
    with receiving(context) as receiver:
        good = Destination(True, "receiver.example", receiver.port, "/hooks")
        assert post_to(good, HERE, answering("127.0.0.1"), trusted=str(file)).status == 200
        other = Destination(True, "other.example", receiver.port, "/hooks")
        assert "TLS failed" in post_to(other, HERE, answering("127.0.0.1"), trusted=str(file)).error
        assert "TLS failed" in post_to(good, HERE, answering("127.0.0.1")).error
        assert len(receiver.received) == 1


def test_a_receiver_that_takes_nothing_in_is_left(tmp_path: Path) -> None:
    """It accepts the connection and never reads: writing is bounded too."""
    import socket

    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen(1)
    held: list[socket.socket] = []
    thread = threading.Thread(target=lambda: held.append(listening.accept()[0]), daemon=True)
    thread.start()
    to = Destination(False, "127.0.0.1", listening.getsockname()[1], "/", ip_address("127.0.0.1"))
    body = b"x" * 50_000_000
    try:
        answer = Wire(HERE).post(to, headers_of(new_id(NOW), body, to, (), "", "", NOW), body, 1, NOW)
    finally:
        thread.join(5)
        for made in [*held, listening]:
            made.close()
    assert answer.status is None
    assert "no answer" in answer.error
