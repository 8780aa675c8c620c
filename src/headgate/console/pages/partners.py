"""Partners by what they order, and one of them."""

from __future__ import annotations

from datetime import datetime, timedelta

from headgate.channel import agreements as contracts
from headgate.channel import credit
from headgate.channel.orders import insight, ranking
from headgate.channel.partners import get_partner
from headgate.console import urls
from headgate.console.pages.loading import names_of
from headgate.console.present import orders as order_lists
from headgate.console.present import partners as present
from headgate.console.present.history import actors, timeline
from headgate.console.present.money import account_sum
from headgate.console.views.explain import CreditView
from headgate.console.views.order import CreditSum
from headgate.console.views.partners import PartnersView
from headgate.console.visit import Answer, Door, Visit
from headgate.kernel.errors import NotFound
from headgate.kernel.phrases import sentence
from headgate.ledger import audit_list
from headgate.process.desk import open_cases_of

WEEKS = 12
RECENT = 8
MOST_LEVELS = 16


def show_all(visit: Visit) -> Answer:
    """Partners, those who ordered most first."""
    text, since = visit.text("q"), _weeks_ago(visit)
    page = ranking.rank_partners(visit.conn, since, text=text, cursor=visit.cursor())
    codes = [each.partner for each in page.items]
    matching, ordered = ranking.ranked_totals(visit.conn, since, text=text)
    weekly = insight.amounts_by_span(visit.conn, codes, since, visit.tenant.timezone, "week", WEEKS)
    return PartnersView(
        tabs=present.tabs("partners", None, None),
        text=text,
        partners=present.partner_rows(page.items, weekly, open_cases_of(visit.conn, codes), visit.lens),
        matching=matching,
        ordered=visit.lens.money(ordered),
        more=visit.further(urls.PARTNERS, page.next_cursor),
    )


def show(visit: Visit) -> Answer:
    """One partner: orders, agreements, credit."""
    stored, since = get_partner(visit.conn, visit.code("partner")), _weeks_ago(visit)
    code = stored.partner.partner
    weekly = insight.amounts_by_span(visit.conn, [code], since, visit.tenant.timezone, "week", WEEKS)[code]
    recent = insight.browse_orders(visit.conn, {"partner": code}, limit=RECENT).items
    signed = contracts.list_agreements(visit.conn, partner=code, limit=20).items
    entries = audit_list(visit.conn, subject_type="partner", subject=code, limit=20)
    names = names_of(visit, people=actors(entries), partners=[code])
    until = visit.midnight(visit.today() + timedelta(days=1))
    return present.partner_view(
        stored,
        weekly=weekly,
        margin=insight.partner_margin(visit.conn, code, since),
        straight=insight.straight_share(visit.conn, visit.days_ago(27), until, code),
        open_cases=open_cases_of(visit.conn, [code]).get(code, 0),
        held=ranking.held_amount(visit.conn, code),
        credit=_credit(visit, stored.partner.account, stored.partner.name),
        agreements=present.agreement_rows(signed, names, visit.lens),
        orders=order_lists.order_rows(
            recent, insight.line_sums(visit.conn, [row.order_no for row in recent]), names, visit.lens
        ),
        timeline=timeline(entries, names),
        lens=visit.lens,
    )


def show_credit(visit: Visit) -> Answer:
    """The partner's credit, as it stands now."""
    stored = get_partner(visit.conn, visit.code("partner"))
    sums = _credit(visit, stored.partner.account, stored.partner.name)
    if not sums:
        raise NotFound("the partner has no credit account")
    return CreditView(stored.partner.name, urls.partner(stored.partner.partner), sums, None, sentence(""))


def _credit(visit: Visit, account: str | None, owner: str) -> tuple[CreditSum, ...]:
    """The partner's own account; what is above it is summed up when an order is weighed."""
    if not account:
        return ()
    try:
        view = credit.get_credit_account(visit.conn, account)
    except NotFound:
        return ()
    return (account_sum(view, owner, visit.now),)


def _weeks_ago(visit: Visit) -> datetime:
    """Midnight of the Monday with which the last twelve weeks begin."""
    today = visit.today()
    return visit.midnight(today - timedelta(days=today.weekday() + 7 * (WEEKS - 1)))


DOORS = (
    Door("GET", urls.PARTNERS, ("orders.read",), show_all),
    Door("GET", urls.partner("{partner}"), ("orders.read",), show),
    Door("GET", urls.partner_credit("{partner}"), ("orders.read",), show_credit),
)
