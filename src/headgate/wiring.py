"""The only place that builds adapters and fills registries. Edges call `build` once at start."""

from __future__ import annotations

import importlib
import os
import secrets
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from psycopg import Connection

from headgate.access import Envelope, forget_keys, forget_sessions, load_voters
from headgate.access.clients import forget_tokens
from headgate.access.domains import Domain, Prover
from headgate.access.domains import News as DomainNews
from headgate.access.federation import Discovery
from headgate.access.tenancy import Exporter, TenantExport, put_out_guests
from headgate.channel import calendars, credit, deals, exceptions, inventory, orders, partners, products, returns, taxes
from headgate.channel.masters import RevisionCache
from headgate.connectors import delivery, provisioning
from headgate.connectors.dns import TxtResolver, rules_of
from headgate.connectors.mail import (
    Mailroom,
    asking_job,
    digest_job,
    late_job,
    mail_port,
    news_job,
    reviews_job,
    telling_job,
    write_of_domain,
    write_of_export,
)
from headgate.domain.orders import validators as order_validators
from headgate.domain.stock import ThresholdCrossing
from headgate.kernel.clock import Clock, SystemClock
from headgate.kernel.context import Context
from headgate.kernel.ids import new_id
from headgate.kernel.settings import Settings
from headgate.ledger import (
    CHECKPOINTS_CHECK,
    ContentCheck,
    DataClass,
    NewEvent,
    Refusal,
    StoredEvent,
    append_events,
    checkpoint_due,
    checkpoint_now,
    declare_personal,
    erase_expired,
    purge_expired,
    purge_quarantine,
)
from headgate.packs.inherited import taking_job
from headgate.policy import DECISIONS_CHECK, PolicyService, overdue_reviews
from headgate.policy.backtest import Backtests, Hosted, purge_backtests
from headgate.process import (
    Definitions,
    Delegated,
    Engine,
    Job,
    LaneRunner,
    Registry,
    Validator,
    Voter,
    policy_changes,
)
from headgate.process.core.signature import Signature
from headgate.process.daily import forget_counts
from headgate.process.holding import forget_held
from headgate.process.lanes import Probe
from headgate.process.migration.service import continuing
from headgate.process.outside import answers
from headgate.process.reading import ProcessReaders
from headgate.process.sent_forms import forget_sent, let_go
from headgate.store import Database, open_database
from headgate.store.hearing import Hearing
from headgate.store.news import News

if TYPE_CHECKING:
    from sqlalchemy import MetaData

    from headgate.ui.letters import LetterReading

# Every module that declares tables on the shared metadata.
TABLES = (
    "headgate.ledger.tables",
    "headgate.access.tables",
    "headgate.access.clients.tables",
    "headgate.access.federation.tables",
    "headgate.access.scim.tables",
    "headgate.access.support.tables",
    "headgate.access.duties.tables",
    "headgate.access.branding.tables",
    "headgate.access.domains.tables",
    "headgate.access.reviews.tables",
    "headgate.access.saved.tables",
    "headgate.access.tenancy.tables",
    "headgate.access.inheritance.tables",
    "headgate.access.mailing.tables",
    "headgate.access.mfa.tables",
    "headgate.policy.tables",
    "headgate.policy.backtest.tables",
    "headgate.process.tables",
    "headgate.channel.masters.tables",
    "headgate.channel.partners.tables",
    "headgate.channel.products.tables",
    "headgate.channel.credit.tables",
    "headgate.channel.inventory.tables",
    "headgate.channel.taxes.tables",
    "headgate.channel.agreements.tables",
    "headgate.channel.orders.tables",
    "headgate.channel.exceptions.tables",
    "headgate.channel.returns.tables",
    "headgate.channel.deals.tables",
    "headgate.channel.calendars.tables",
    "headgate.connectors.tables",
    "headgate.connectors.delivery.tables",
    "headgate.connectors.mail.tables",
    "headgate.connectors.provisioning.tables",
)
# Facts that are kept in the log for whoever listens; nothing here acts on them.
NOTED = (
    "inventory.threshold_breached",
    "inventory.threshold_recovered",
    "agreement.activated",
    "policy.activated",
    "policy.review_overdue",
    "price_exception.granted",
    "price_exception.returned",
    "price_exception.lapsing",
    "audit.rewrite_detected",
    "deal.decided",
    "deal.lapsing",
    "clock.warned",
    "clock.breached",
    "clock.escalated",
    "clock.paused",
    "clock.resumed",
    "deal.protection_ending",
    "rma.decided",
    "approval.reminder",
    delivery.SUBSCRIPTION_DISABLED,
)
# Fields whose values are kept apart from what is hashed, so that they can be erased: docs/how-to/erase-personal-data.md
PERSONAL_IN_EVENTS: dict[str, tuple[str, ...]] = {
    "order.submitted": ("ship_to.name", "ship_to.postcode", "ship_to.street"),
    "order.amended": ("ship_to.name", "ship_to.postcode", "ship_to.street"),
}
_CONTACT = ("contact.email", "contact.name", "contact.phone", "contact.title")
PERSONAL_IN_EVENTS |= dict.fromkeys(("deal.drafted", "deal.submitted", "deal.amended"), _CONTACT)
PERSONAL_IN_ENTRIES = {"case.noted": ("note",), "case.message_sent": ("text",)}
DATA_CLASSES = {
    found.name: found
    for found in (
        DataClass("personal_values", "names and addresses in orders, notes", None, erase_expired, holds_itself=True),
        DataClass("quarantine", "rows and events put aside, once settled", 730, purge_quarantine),
        DataClass("sessions", "sign-ins that have ended", 1, forget_sessions),
        DataClass("access_tokens", "access tokens of OAuth 2 clients that have ended", 1, forget_tokens),
        DataClass("backtests", "backtests of policies with their flips", 730, purge_backtests),
        DataClass("deal_files", "evidence of deals that have ended", 1095, deals.DEAL_FILES.forget),
        DataClass("return_files", "pictures of returns that have ended", 1095, returns.RETURN_FILES.forget),
        DataClass(
            "price_exception_files", "evidence of price exceptions that have ended", 1095, exceptions.PRICE_FILES.forget
        ),
        DataClass("deal_drafts", "deal registrations that were begun and not sent", 180, deals.forget_drafts),
        DataClass("sent_forms", "what partners sent and could not be taken in", 180, forget_sent),
        DataClass("held_decisions", "decisions that could be undone before they counted", 30, forget_held),
        DataClass("provisioning_runs", "runs of provisioning with their steps", 90, provisioning.forget_runs),
        DataClass("event_counts", "how many events came in a day", 400, forget_counts),
        DataClass("idempotency_keys", "answers kept for repeats of requests", 7, forget_keys),
    )
}
# Decisions that weigh several policies, and how a backtest reads them.
HOSTED = (Hosted(orders.OrderLens(), orders.DECIDING, orders.ASKED),)


@dataclass(frozen=True, slots=True)
class App:
    """Everything an edge needs, built once."""

    settings: Settings
    database: Database
    clock: Clock
    engine: Engine
    policies: PolicyService
    cache: RevisionCache
    envelope: Envelope
    mailroom: Mailroom
    courier: delivery.Courier
    backtests: Backtests
    discovery: Discovery
    news: News
    hearing: Hearing
    exporter: Exporter
    provisioner: provisioning.Provisioner
    prover: Prover

    def runner(self, owner: str = "", probe: Probe | None = None) -> LaneRunner:
        """A lane runner under its own name: give each loop its own."""
        name = owner or f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"
        extra = {"probe": probe} if probe else {}
        return LaneRunner(
            self.database,
            self.engine,
            self.clock,
            name,
            lease_seconds=self.settings.lease_seconds,
            batch=self.settings.batch,
            tell=self.news.tell,
            **extra,
        )

    @property
    def actions(self) -> Mapping[str, Signature]:
        """The actions that processes can run: what each takes, gives, and asks of policies."""
        return self.engine.registry.signatures

    def content_checks(self) -> tuple[ContentCheck, ...]:
        """What an audit verification checks beside the chain and the log: stored decisions and signed checkpoints."""
        return (DECISIONS_CHECK, CHECKPOINTS_CHECK)

    def calendars(self, conn: Connection[Any]) -> calendars.Book:
        """Whose working hours count for whom, in the transaction's tenant."""
        return calendars.tenant_book(conn, self.cache)

    def data_classes(self) -> Mapping[str, DataClass]:
        """What has an end, and how long it is kept unless a tenant chooses otherwise."""
        return DATA_CLASSES

    def close(self) -> None:
        """Let go of the database; the embedded server stops with its last user."""
        self.hearing.close()
        self.news.close()
        self.database.close()


def load_tables() -> MetaData:
    """The shared metadata with every table declared."""
    from headgate.store import metadata  # SQLAlchemy comes with it

    for name in TABLES:
        importlib.import_module(name)
    return metadata


def _letters() -> LetterReading:
    from headgate.ui.letters import LetterReading  # templates and locales come with it, and most commands write none

    return LetterReading()


def build(settings: Settings, clock: Clock | None = None, database: Database | None = None) -> App:
    """Open the database (migrating it when it is behind), register what channels do, and give back the application."""
    declare_personal(events=PERSONAL_IN_EVENTS, entries=PERSONAL_IN_ENTRIES)
    opened = database or open_database(settings, load_tables)
    cache = RevisionCache()
    registry = _registry(cache, settings.lanes)
    policies = PolicyService((ProcessReaders(registry.signatures),))
    envelope = Envelope.from_home(settings.home)
    mailroom = Mailroom(envelope, _letters, settings.public_url, settings.secure_cookies)
    registry.jobs["retention.purge"] = _purge
    registry.jobs["guests.put_out"] = put_out_guests
    registry.jobs["inheritance.take"] = taking_job(policies, registry.signatures)
    registry.jobs["audit.checkpoint"] = _checkpointing(envelope, settings)
    registry.jobs["review.mails"] = reviews_job(mailroom)
    registry.jobs["approval.mails"] = asking_job(registry, mailroom)
    registry.jobs["message.mails"] = telling_job(mailroom)
    registry.jobs["news.mails"] = news_job(mailroom)
    registry.jobs["late.mails"] = late_job(mailroom)
    registry.jobs["digest.mails"] = digest_job(registry, mailroom)
    registry.jobs["messages.answers"] = answers
    registry.jobs["provisioning.watch"] = provisioning.watch
    masters = frozenset(t for t in registry.projections if t not in NOTED)
    definitions = Definitions(masters=masters, noted=frozenset(NOTED))
    registry.jobs["policy.reviews"] = lambda conn, ctx: [
        *overdue_reviews(conn, ctx),
        *policy_changes.taken_news(conn, ctx, definitions),
    ]
    engine = Engine(registry, definitions, policies, settings.lanes)
    registry.jobs["process.migrations"] = continuing(engine)
    ticking = clock or SystemClock()
    chance = secrets.SystemRandom().random
    ports = _delivery_ports(settings, envelope)
    courier = delivery.Courier(opened, ports, envelope, ticking, settings.lanes, chance)
    backtests = Backtests(policies, HOSTED)
    discovery = Discovery(delivery.Fetcher(_rules(settings), _wire(settings)))
    news, hearing = News(opened), Hearing(opened, ticking)
    return App(
        settings,
        opened,
        ticking,
        engine,
        policies,
        cache,
        envelope,
        mailroom,
        courier,
        backtests,
        discovery,
        news,
        hearing,
        _exporter(opened, ticking, envelope, settings, mailroom),
        provisioning.Provisioner(opened, _wire(settings), envelope, ticking, chance),
        _prover(opened, ticking, settings, mailroom),
    )


def _prover(database: Database, clock: Clock, settings: Settings, mailroom: Mailroom) -> Prover:
    """Checks whose domains are whose; a tenant's administrators are written to when one of theirs is in danger."""

    def tell(conn: Connection[Any], ctx: Context, domain: Domain, news: DomainNews) -> None:
        write_of_domain(conn, ctx, domain, news, mailroom)

    resolver = TxtResolver(settings.dns_servers)
    return Prover(database, clock, resolver, rules_of(settings), settings.mail_spf, tell)


def _exporter(database: Database, clock: Clock, envelope: Envelope, settings: Settings, mailroom: Mailroom) -> Exporter:
    """Writes the exports that tenants ask for; the audit chain is signed to its end first."""

    def sign(conn: Connection[Any], ctx: Context) -> None:
        checkpoint_now(conn, ctx, envelope, lanes=settings.lanes)

    most = settings.export_max_mb * 1_000_000

    def tell(conn: Connection[Any], ctx: Context, export: TenantExport) -> None:
        write_of_export(conn, ctx, export, mailroom)

    return Exporter(database, load_tables, sign, clock, most, tell)


def _delivery_ports(settings: Settings, envelope: Envelope) -> Mapping[str, delivery.DeliveryPort]:
    """The kinds of outside systems that can be delivered to. Further kinds are added here."""
    webhooks = delivery.WebhookPort(_rules(settings), _wire(settings))
    return {"webhook": webhooks, "mail": mail_port(settings, envelope)}


def _rules(settings: Settings) -> delivery.Rules:
    allowed = delivery.read_networks("HEADGATE_OUTBOUND_ALLOW", settings.outbound_allow)
    return delivery.Rules(allowed, frozenset(settings.outbound_ports))


def _wire(settings: Settings) -> delivery.Wire:
    return delivery.Wire(_rules(settings), settings.outbound_ca)


def _registry(cache: RevisionCache, lanes: int) -> Registry:
    def announce(conn: Connection[Any], ctx: Context, crossed: Sequence[ThresholdCrossing]) -> None:
        events = inventory.threshold_events(crossed, ctx.now, f"snapshot:{new_id(ctx.now)}")
        append_events(conn, ctx.now, events, lanes=lanes)

    registry = Registry(profile=lambda conn: calendars.tenant_profile(conn, cache), voters=_voters)
    registry.ports |= {
        "order": orders.OrderPort(cache),
        "price_exception": exceptions.ExceptionPort(cache),
        "return": returns.ReturnPort(cache),
        "rma": returns.RmaPort(cache),
        "deal": deals.DealPort(cache),
        policy_changes.SUBJECT: policy_changes.PolicyChangePort(),
    }
    registry.actions |= {**orders.ACTIONS, **exceptions.ACTIONS, **returns.ACTIONS, **deals.ACTIONS}
    registry.actions |= policy_changes.ACTIONS
    registry.actions |= returns.RMA_ACTIONS
    registry.signatures |= {**orders.SIGNATURES, **exceptions.SIGNATURES, **returns.SIGNATURES, **deals.SIGNATURES}
    registry.signatures |= policy_changes.SIGNATURES
    registry.edit_checks |= {
        "order": orders.check_edit,
        "price_exception": exceptions.check_edit,
        "deal": deals.check_edit,
        "rma": returns.check_return_edit,
    }
    registry.related["order"] = orders.agreements_of
    registry.jobs |= orders.JOBS
    registry.jobs |= delivery.JOBS
    registry.listeners += [delivery.fan_out, let_go]
    registry.projections |= {
        "partner.recorded": partners.project,
        "product.recorded": products.project,
        "credit_account.recorded": credit.project,
        "stock.recorded": lambda conn, ctx, events: inventory.project(conn, ctx, events, announce=announce),
        "tax_rate.recorded": taxes.project_tax_rates,
        "exemption.recorded": taxes.project_exemptions,
        "fx_rate.recorded": taxes.project_fx_rates,
        **deals.PROJECTIONS,
        **dict.fromkeys(NOTED, _noted),
    }
    checks: dict[str, Validator] = {
        **order_validators,
        "partner.recorded": partners.validate,
        "product.recorded": products.validate,
        "credit_account.recorded": credit.validate,
        "stock.recorded": inventory.validate,
        "tax_rate.recorded": taxes.validate_tax_rates,
        "exemption.recorded": taxes.validate_exemptions,
        "fx_rate.recorded": taxes.validate_fx_rates,
        **deals.VALIDATORS,
        **deals.validators,
        **returns.validators,
    }
    registry.validators |= checks
    return registry


def known_actions() -> Mapping[str, Signature]:
    """The actions that processes of this installation can run, with what each takes and gives."""
    return _registry(RevisionCache(), 1).signatures


def _checkpointing(envelope: Envelope, settings: Settings) -> Job:
    """Sign the audit chain when entries came and the newest checkpoint is old enough."""
    every = timedelta(minutes=settings.checkpoint_minutes)

    def job(conn: Connection[Any], ctx: Context) -> Sequence[NewEvent]:
        if checkpoint_due(conn, ctx.now, every):
            checkpoint_now(conn, ctx, envelope, lanes=settings.lanes)
        return ()

    return job


def _purge(conn: Connection[Any], ctx: Context) -> Sequence[NewEvent]:
    purge_expired(conn, ctx, DATA_CLASSES)
    return ()


def _noted(conn: Connection[Any], ctx: Context, events: Sequence[StoredEvent]) -> list[Refusal]:
    return []


def _voters(conn: Connection[Any], principals: Sequence[str], now: datetime) -> Mapping[str, Voter]:
    return {
        found.principal: Voter(
            found.principal,
            found.roles,
            tuple(Delegated(d.delegator, frozenset(d.roles), d.max_amount, d.via) for d in found.delegations),
        )
        for found in load_voters(conn, principals, now)
    }
