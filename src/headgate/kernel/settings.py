"""Settings: read once at start by the edge, passed in, never changed afterwards."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from headgate.kernel.errors import Misconfigured

_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
# In a checkout the shipped packs lie at the root of the repository, in an installed wheel inside the package.
PACKS = (Path(__file__).resolve().parents[3] / "packs", Path(__file__).resolve().parents[1] / "_packs")
UNDO_SECONDS = 10
BACKTEST_DAYS = 400  # a year, and a quarter's end to look back from


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything an installation can choose.

    home: data folder of the embedded server and of generated secrets.
    database_url: owner's URL of an external PostgreSQL 15+; empty means the embedded server.
    app_database_url: URL of the restricted application role; empty means derived from `database_url`.
    outbound_allow, outbound_ports, outbound_ca: networks (CIDR) that messages may go to although they are not public,
    ports that they may use elsewhere, a file with further certificate authorities.
    deliveries: how many messages one process has under way at once.
    public_url: where people reach the console, for links in mails. console_hosts: hosts whose console is one tenant's,
    each with the tenant's short name. portal_suffixes: below these a tenant's portal may be at its short name, without
    a proof; mail_spf: what the SPF of a domain has to include for mails to come from it; dns_servers: whom to ask about
    domains, empty: as the machine does. mail_url: the mail server, empty: mails are written
    into the folder `mail` of home; mail_user, mail_password, mail_from, mail_ca: how it is spoken to.
    connections … api_rate: bounds of one serving process; rates are events or requests per second.
    live_streams: pages that one serving process tells of changes at the same time; others look again by hand.
    metrics_port: where metrics and health are told, apart from the API (0: nowhere); metrics_token guards it.
    residency: the label of the place where this installation stores and works, such as eu; empty: anywhere.
    deletion_days: how long a tenant's deletion waits after two people agreed to it.
    export_max_mb: how large an export may get that a tenant's administrators ask for; it is kept for a week.
    undo_seconds: how long decisions made in the console can be undone before they count (0: not at all).
    backtest_days: how many days back workers keep columns of decisions for backtests (0: none ahead of time).
    traces: OTLP address that spans are sent to, empty: none. ready_lag_seconds: 0 means that lag makes nothing unready.
    """

    home: Path
    database_url: str = ""
    app_database_url: str = ""
    lanes: int = 16
    batch: int = 256
    lease_seconds: int = 15
    event_max_bytes: int = 1_000_000
    request_max_bytes: int = 8_000_000
    webhook_tolerance_seconds: int = 300
    pool_size: int = 10
    checkpoint_minutes: int = 15
    secure_cookies: bool = False
    trusted_proxies: str = "127.0.0.1"
    connections: int = 1000
    live_streams: int = 400
    header_seconds: int = 10
    body_seconds: int = 30
    body_memory_bytes: int = 128_000_000
    ingest_queue: int = 20_000
    ingest_seconds: int = 10
    backlog: int = 1_000_000
    tenant_rate: int = 10_000
    tenant_rate_most: int = 50_000
    source_rate: int = 10_000
    api_rate: int = 100
    refusals_per_minute: int = 300
    sign_ins_per_minute: int = 30
    outbound_allow: tuple[str, ...] = ()
    outbound_ports: tuple[int, ...] = (443, 8443)
    outbound_ca: str = ""
    deliveries: int = 32
    public_url: str = ""
    console_hosts: tuple[tuple[str, str], ...] = ()
    portal_suffixes: tuple[str, ...] = ()
    mail_spf: str = ""
    dns_servers: tuple[tuple[str, int], ...] = ()
    mail_url: str = ""
    mail_user: str = ""
    mail_password: str = ""
    mail_from: str = "no-reply@localhost"
    mail_ca: str = ""
    log_format: str = "console"
    log_level: str = "info"
    metrics_host: str = "127.0.0.1"
    metrics_port: int = 0
    metrics_token: str = ""
    traces: str = ""
    traces_percent: int = 100
    ready_lag_seconds: int = 0
    ready_free_mb: int = 200
    residency: str = ""
    deletion_days: int = 30
    export_max_mb: int = 20_000
    backtest_days: int = BACKTEST_DAYS
    undo_seconds: int = UNDO_SECONDS


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read `HEADGATE_*` variables. Raises `Misconfigured` naming the variable that cannot be used."""
    env = os.environ if environ is None else environ
    home = env.get("HEADGATE_HOME") or platformdirs.user_data_dir("headgate", appauthor=False)
    return Settings(
        home=Path(home).expanduser().absolute(),
        database_url=env.get("HEADGATE_DATABASE_URL", ""),
        app_database_url=env.get("HEADGATE_APP_DATABASE_URL", ""),
        lanes=_integer(env, "HEADGATE_LANES", 16, 1, 256),
        batch=_integer(env, "HEADGATE_BATCH", 256, 1, 5000),
        lease_seconds=_integer(env, "HEADGATE_LEASE_SECONDS", 15, 1, 3600),
        event_max_bytes=_integer(env, "HEADGATE_EVENT_MAX_BYTES", 1_000_000, 1_000, 50_000_000),
        request_max_bytes=_integer(env, "HEADGATE_REQUEST_MAX_BYTES", 8_000_000, 1_000, 100_000_000),
        webhook_tolerance_seconds=_integer(env, "HEADGATE_WEBHOOK_TOLERANCE_SECONDS", 300, 1, 86_400),
        pool_size=_integer(env, "HEADGATE_POOL_SIZE", 10, 1, 200),
        checkpoint_minutes=_integer(env, "HEADGATE_CHECKPOINT_MINUTES", 15, 1, 10_080),
        secure_cookies=env.get("HEADGATE_SECURE_COOKIES", "") in {"1", "true", "yes"},
        trusted_proxies=env.get("HEADGATE_TRUSTED_PROXIES", "127.0.0.1"),
        connections=_integer(env, "HEADGATE_CONNECTIONS", 1000, 10, 100_000),
        live_streams=_integer(env, "HEADGATE_LIVE_STREAMS", 400, 0, 100_000),
        header_seconds=_integer(env, "HEADGATE_HEADER_SECONDS", 10, 1, 600),
        body_seconds=_integer(env, "HEADGATE_BODY_SECONDS", 30, 1, 3600),
        body_memory_bytes=_integer(env, "HEADGATE_BODY_MEMORY_BYTES", 128_000_000, 1_000_000, 100_000_000_000),
        ingest_queue=_integer(env, "HEADGATE_INGEST_QUEUE", 20_000, 1_000, 1_000_000),
        ingest_seconds=_integer(env, "HEADGATE_INGEST_SECONDS", 10, 1, 300),
        backlog=_integer(env, "HEADGATE_BACKLOG", 1_000_000, 1_000, 1_000_000_000),
        tenant_rate=_integer(env, "HEADGATE_TENANT_RATE", 10_000, 1, 1_000_000),
        tenant_rate_most=_integer(env, "HEADGATE_TENANT_RATE_MOST", 50_000, 1, 1_000_000),
        source_rate=_integer(env, "HEADGATE_SOURCE_RATE", 10_000, 1, 1_000_000),
        api_rate=_integer(env, "HEADGATE_API_RATE", 100, 1, 1_000_000),
        refusals_per_minute=_integer(env, "HEADGATE_REFUSALS_PER_MINUTE", 300, 1, 1_000_000),
        sign_ins_per_minute=_integer(env, "HEADGATE_SIGN_INS_PER_MINUTE", 30, 1, 1_000_000),
        log_format=_choice(env, "HEADGATE_LOG_FORMAT", ("console", "json")),
        log_level=_choice(env, "HEADGATE_LOG_LEVEL", ("info", "debug", "warning", "error")),
        metrics_host=env.get("HEADGATE_METRICS_HOST") or "127.0.0.1",
        metrics_port=_integer(env, "HEADGATE_METRICS_PORT", 0, 0, 65_535),
        metrics_token=env.get("HEADGATE_METRICS_TOKEN", ""),
        traces=env.get("HEADGATE_TRACES", ""),
        traces_percent=_integer(env, "HEADGATE_TRACES_PERCENT", 100, 0, 100),
        ready_lag_seconds=_integer(env, "HEADGATE_READY_LAG_SECONDS", 0, 0, 1_000_000),
        ready_free_mb=_integer(env, "HEADGATE_READY_FREE_MB", 200, 0, 10_000_000),
        outbound_allow=_words(env, "HEADGATE_OUTBOUND_ALLOW"),
        outbound_ports=_ports(env, "HEADGATE_OUTBOUND_PORTS", (443, 8443)),
        outbound_ca=env.get("HEADGATE_OUTBOUND_CA", ""),
        residency=_label(env, "HEADGATE_RESIDENCY"),
        deletion_days=_integer(env, "HEADGATE_DELETION_DAYS", 30, 1, 3650),
        export_max_mb=_integer(env, "HEADGATE_EXPORT_MAX_MB", 20_000, 1, 10_000_000),
        backtest_days=_integer(env, "HEADGATE_BACKTEST_DAYS", BACKTEST_DAYS, 0, 1_100),
        undo_seconds=_integer(env, "HEADGATE_UNDO_SECONDS", UNDO_SECONDS, 0, 600),
        deliveries=_integer(env, "HEADGATE_DELIVERIES", 32, 1, 256),
        public_url=env.get("HEADGATE_PUBLIC_URL", "").rstrip("/"),
        console_hosts=_hosts(env, "HEADGATE_CONSOLE_HOSTS"),
        portal_suffixes=_domains(env, "HEADGATE_PORTAL_SUFFIXES"),
        mail_spf=_domain(env, "HEADGATE_MAIL_SPF"),
        dns_servers=_servers(env, "HEADGATE_DNS_SERVERS"),
        mail_url=env.get("HEADGATE_MAIL_URL", ""),
        mail_user=env.get("HEADGATE_MAIL_USER", ""),
        mail_password=env.get("HEADGATE_MAIL_PASSWORD", ""),
        mail_from=env.get("HEADGATE_MAIL_FROM") or "no-reply@localhost",
        mail_ca=env.get("HEADGATE_MAIL_CA", ""),
    )


def _label(env: Mapping[str, str], name: str) -> str:
    """A short label in lower case, or none."""
    value = env.get(name, "").strip()
    if value and not (len(value) <= 20 and value.isascii() and value.islower() and value.replace("-", "").isalnum()):
        raise Misconfigured(f"{name}={value!r} is not a label; use up to 20 lower-case letters, digits and hyphens")
    return value


def _words(env: Mapping[str, str], name: str) -> tuple[str, ...]:
    """A list, separated by commas."""
    return tuple(word for word in (part.strip() for part in env.get(name, "").split(",")) if word)


def _hosts(env: Mapping[str, str], name: str) -> tuple[tuple[str, str], ...]:
    """Host names, each with the short name of a tenant behind `=`; no host twice."""
    found: dict[str, str] = {}
    for word in _words(env, name):
        host, given, slug = (part.strip().lower() for part in word.partition("="))
        host = host.rstrip(".")
        if not (given and _HOST.fullmatch(host) and len(host) <= 253 and slug):
            example = "console.example.com=acme"
            raise Misconfigured(f"{name}: {word!r} is not a host with a tenant's short name; write it like {example}")
        if host in found:
            raise Misconfigured(f"{name}: {host} is there twice; a host is one tenant's")
        found[host] = slug
    return tuple(found.items())


def _domain(env: Mapping[str, str], name: str) -> str:
    """A domain in lower case, or none. Labels may begin with an underscore, as those of mail do."""
    value = env.get(name, "").strip().lower().rstrip(".")
    plain = value.replace("_", "")
    if value and not (_HOST.fullmatch(plain) and "." in plain and len(value) <= 253):
        raise Misconfigured(f"{name}={value!r} is not a domain; write it like spf.example.com")
    return value


def _domains(env: Mapping[str, str], name: str) -> tuple[str, ...]:
    """Domains, each once."""
    return tuple(dict.fromkeys(_domain({name: word}, name) for word in _words(env, name)))


def _servers(env: Mapping[str, str], name: str) -> tuple[tuple[str, int], ...]:
    """Addresses of name servers, each with its port: `192.0.2.53`, `127.0.0.1:5353`, `[2001:db8::1]:53`."""
    found = []
    for word in _words(env, name):
        try:
            found.append(_server(word))
        except ValueError:
            raise Misconfigured(f"{name}: {word!r} is not an IP address; write it like 192.0.2.53") from None
    return tuple(found)


def _server(word: str) -> tuple[str, int]:
    host, _, port = word.rpartition(":") if word.count(":") == 1 or "]:" in word else (word, "", "53")
    if not (port.isascii() and port.isdigit() and 1 <= int(port[:6]) <= 65535):
        raise ValueError(port)
    return str(ipaddress.ip_address(host.strip("[]"))), int(port)


def _ports(env: Mapping[str, str], name: str, default: tuple[int, ...]) -> tuple[int, ...]:
    words = _words(env, name)
    for word in words:
        if not (word.isascii() and word.isdigit() and 1 <= int(word[:6]) <= 65535):
            raise Misconfigured(f"{name}: {word!r} is not a port; write numbers up to 65535 with commas between them")
    return tuple(int(word) for word in words) or default


def _choice(env: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str:
    """One of these; the first is the default."""
    value = env.get(name) or choices[0]
    if value not in choices:
        raise Misconfigured(f"{name}={value!r} is not one of {', '.join(choices)}")
    return value


def _integer(env: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    raw = env.get(name, "")
    if not raw:
        return default
    try:
        value = int(raw)
    except ValueError:
        raise Misconfigured(f"{name}={raw!r} is not a whole number; unset it or use {default}") from None
    if not low <= value <= high:
        raise Misconfigured(f"{name}={value} is out of range; use {low} to {high}")
    return value
