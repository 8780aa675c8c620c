"""What is read from addresses that a tenant chose: guarded, bounded, never followed elsewhere."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from headgate.access.federation import Unreachable
from headgate.connectors.delivery import Fetcher, Rules, Wire
from headgate.connectors.delivery.fetch import MOST_BYTES
from headgate.kernel.errors import Invalid
from tests.integration.connectors.delivery.conftest import HERE
from tests.integration.connectors.delivery.receiver import Receiver, Reply

FETCHER = Fetcher(HERE, Wire(HERE))


def test_an_answer_is_read_and_a_form_arrives(receiver: Receiver) -> None:
    receiver.replies = [Reply(200, body=b'{"a": 1}'), Reply(400, body=b'{"error": "x"}')]
    assert FETCHER.get(receiver.url) == (200, b'{"a": 1}')
    assert FETCHER.post(receiver.url, {"code": "a b&c"}, "Basic eA==") == (400, b'{"error": "x"}')
    sent = receiver.received[-1]
    assert sent.body == b"code=a+b%26c"
    assert sent.headers["authorization"] == "Basic eA=="


def test_an_answer_that_is_too_large_is_not_read_to_its_end(receiver: Receiver) -> None:
    receiver.replies = [Reply(200, body=b"x" * (MOST_BYTES + 1))]
    with pytest.raises(Unreachable, match="more than"):
        FETCHER.get(receiver.url)


def test_a_redirect_is_an_answer_and_is_not_followed(receiver: Receiver) -> None:
    receiver.replies = [Reply(302, headers={"location": "http://169.254.169.254/"}, body=b"")]
    assert FETCHER.get(receiver.url)[0] == 302
    assert len(receiver.received) == 1


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9/", "https://169.254.169.254/", "https://[::1]/", "ftp://x", "https://u:p@x.example/"]
)
def test_addresses_inside_are_refused_before_anything_is_sent(url: str) -> None:
    strict = Fetcher(Rules(), Wire(Rules()))
    with pytest.raises(Invalid):
        strict.check("issuer", url)
    with pytest.raises(Unreachable, match="may not be reached"):
        strict.get(url)


def test_a_name_that_leads_inside_is_refused_when_it_is_connected_to() -> None:
    rules = Rules()
    strict = Fetcher(rules, Wire(rules, resolver=lambda host, port, seconds: [ip_address("10.0.0.1")]))
    with pytest.raises(Unreachable, match="not a public address"):
        strict.get("https://idp.example/")
