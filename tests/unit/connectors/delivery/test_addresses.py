from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.connectors.delivery.core.addresses import Destination, Rules, read_networks, read_url, refuse_address
from headgate.kernel.errors import Invalid, Misconfigured

STRICT = Rules()
INTRANET = Rules(networks=(ip_network("10.1.0.0/16"), ip_network("fd00::/8")))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://erp.example/hooks", Destination(True, "erp.example", 443, "/hooks")),
        ("https://ERP.Example", Destination(True, "erp.example", 443, "/")),
        ("https://erp.example:8443/a?b=c&d", Destination(True, "erp.example", 8443, "/a?b=c&d")),
        ("https://xn--bcher-kva.example/", Destination(True, "xn--bcher-kva.example", 443, "/")),
        ("https://1.1.1.1/x", Destination(True, "1.1.1.1", 443, "/x", ip_address("1.1.1.1"))),
        ("https://[2606:4700::1111]/", Destination(True, "2606:4700::1111", 443, "/", ip_address("2606:4700::1111"))),
        ("https://123.example/", Destination(True, "123.example", 443, "/")),
    ],
)
def test_an_ordinary_address_is_read(url: str, expected: Destination) -> None:
    assert read_url("url", url, STRICT) == expected


@pytest.mark.parametrize(
    "url",
    [
        "", "erp.example", "//erp.example/", "https://", "https:///x", "http://erp.example/", "ftp://erp.example/",
        "file:///etc/passwd", "gopher://erp.example/", "javascript:alert(1)", "https://user@erp.example/",
        "https://user:pass@erp.example/", "https://erp.example@10.0.0.1/", "https://erp.example:22/",
        "https://erp.example:0/", "https://erp.example:99999/", "https://erp.example:x/", "https://erp.example/#x",
        "https://erp.example/#", "https://erp.example/a b", "https://erp.example/\r\nx-evil: 1",
        "https://erp.example/\tx", "https://erp.example\\@10.0.0.1/", "https://bücher.example/",
        "https://１２７.0.0.1/", "https://erp%2eexample/", "https://-erp.example/", "https://erp..example/",
        "https://" + "a" * 64 + ".example/", "https://" + "a." * 130 + "example/", "https://e/" + "x" * 2000,
        "https://127.0.0.1/", "https://10.0.0.1/", "https://169.254.169.254/latest/meta-data", "https://0.0.0.0/",
        "https://2130706433/", "https://017700000001/", "https://0177.0.0.1/", "https://0x7f.0.0.1/",
        "https://0x7f000001/", "https://127.1/", "https://127.0.1/", "https://0/", "https://127.0.0.1./",
        "https://1.1.1.1.1/", "https://erp.example.1/", "https://erp.0x10/", "https://[::1]/", "https://[::]/",
        "https://[::ffff:127.0.0.1]/", "https://[::ffff:7f00:1]/", "https://[::127.0.0.1]/", "https://[fe80::1]/",
        "https://[fe80::1%25eth0]/", "https://[fd00:ec2::254]/", "https://[64:ff9b::a9fe:a9fe]/",
        "https://[2002:7f00:1::]/", "https://[x]/", "https://[::1/", "https://224.0.0.1/", "https://[ff02::1]/",
    ],
)  # fmt: skip
def test_an_address_that_could_lead_inside_or_is_none_is_refused_by_name(url: str) -> None:
    with pytest.raises(Invalid) as caught:
        read_url("target.url", url, STRICT)
    assert caught.value.problems[0].field == "target.url"


def test_a_password_in_a_refused_address_is_not_repeated() -> None:
    with pytest.raises(Invalid) as caught:
        read_url("url", "https://me:hunter2@erp.example/", STRICT)
    assert "hunter2" not in str(caught.value)


def test_allowed_networks_are_reached_over_http_and_any_port() -> None:
    assert read_url("url", "http://10.1.2.3:8069/jsonrpc", INTRANET).port == 8069
    assert read_url("url", "http://odoo.lan:8069/", INTRANET).host == "odoo.lan"  # checked when it is resolved
    with pytest.raises(Invalid, match="not a public address"):
        read_url("url", "http://10.2.2.3:8069/jsonrpc", INTRANET)
    with pytest.raises(Invalid, match="is not https"):
        read_url("url", "http://1.1.1.1/", INTRANET)


@pytest.mark.parametrize(
    ("address", "allowed"),
    [("10.1.0.9", True), ("::ffff:10.1.0.9", True), ("fd12::1", True), ("10.2.0.9", False), ("1.1.1.1", False)],
)
def test_what_a_name_resolves_to_is_held_against_the_rules(address: str, allowed: bool) -> None:
    way = Destination(False, "odoo.lan", 8069, "/")
    assert (refuse_address(ip_address(address), way, INTRANET) == "") is allowed


@given(st.ip_addresses())
def test_only_global_addresses_pass_without_rules(address) -> None:
    way = Destination(True, "x.example", 443, "/")
    if refuse_address(address, way, STRICT) == "":
        assert address.is_global
        assert not any((address.is_private, address.is_loopback, address.is_link_local, address.is_multicast))


@given(st.ip_addresses(v=4))
def test_an_address_in_disguise_is_seen_as_what_it_is(address) -> None:
    way = Destination(True, "x.example", 443, "/")
    plain = refuse_address(address, way, STRICT) == ""
    for disguise in (f"::ffff:{address}", f"64:ff9b::{address}"):
        assert (refuse_address(ip_address(disguise), way, STRICT) == "") is plain


@given(st.text(max_size=80))
def test_no_text_breaks_the_reader(text: str) -> None:
    for url in (text, f"https://{text}/", f"https://erp.example/{text}"):
        try:
            found = read_url("url", url, STRICT)
        except Invalid:
            continue
        assert found.secure
        assert found.port in (443, 8443)
        assert (found.host + found.target).isprintable()


def test_networks_are_read_or_the_setting_is_named() -> None:
    assert read_networks("HEADGATE_OUTBOUND_ALLOW", ["10.0.0.0/8", "::1/128"]) == (
        ip_network("10.0.0.0/8"),
        ip_network("::1/128"),
    )
    with pytest.raises(Misconfigured, match=r"HEADGATE_OUTBOUND_ALLOW: '10\.0\.0\.1/8'"):
        read_networks("HEADGATE_OUTBOUND_ALLOW", ["10.0.0.1/8"])
