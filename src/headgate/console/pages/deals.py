"""Deal registrations: the list, and one deal beside what stands against it."""

from __future__ import annotations

from headgate.channel import deals
from headgate.console import urls
from headgate.console.pages.loading import names_of
from headgate.console.pages.order import may_decide
from headgate.console.present import deals as present
from headgate.console.present.history import actors, timeline
from headgate.console.views.deals import DealsView
from headgate.console.visit import Answer, Door, Visit
from headgate.ledger import audit_list
from headgate.policy import decision_list
from headgate.process import approvals_of_case
from headgate.ui.web import attachment

PAGE = 50
COUNTED_TO = 50_000
RULES = "deal_rules"


def show_all(visit: Visit) -> Answer:
    """Deals, last changed first."""
    text, status = visit.text("q"), visit.choice("status", deals.STATUSES)
    page = deals.list_deals(visit.conn, text=text, status=status, cursor=visit.cursor(), limit=PAGE)
    counted = visit.part not in DealsView.parts
    return DealsView(
        tabs=present.tabs(status),
        text=text,
        status=status,
        deals=present.deal_rows(page.items, visit.lens),
        matching=deals.count_deals(visit.conn, text=text, status=status, most=COUNTED_TO) if counted else 0,
        counted_to=COUNTED_TO,
        more=visit.further(urls.DEALS, page.next_cursor),
    )


def show(visit: Visit) -> Answer:
    """One deal."""
    row = deals.get_deal(visit.conn, visit.code("deal"))
    entries = audit_list(visit.conn, subject_type="deal", subject=row["deal"], limit=200)
    decided = decision_list(visit.conn, subject_type="deal", subject=row["deal"], policy=RULES, limit=1)
    asked = approvals_of_case(visit.conn, row["case_id"]) if visit.may("cases.read") else []
    waits = next((a for a in asked if a.status == "pending"), None)
    against = deals.conflicts_of(visit.conn, row["deal"])
    names = names_of(
        visit,
        people={row["requested_by"], *actors(entries)},
        partners=[row["partner"]],
        products=present.products_in(row["content"], *(each["rival"] for each in against)),
    )
    return present.deal_view(
        row,
        against=against,
        decision=decided[0] if decided else None,
        approval=None if waits is None else waits.approval,
        may_decide=waits is not None and may_decide(visit, waits),
        history=timeline(entries, names),
        names=names,
        files=deals.DEAL_FILES.of(visit.conn, row["deal"]),
        lens=visit.lens,
    )


def download(visit: Visit) -> Answer:
    """Evidence that came with a deal: saved, never shown, whatever it is."""
    found, content = deals.DEAL_FILES.get(visit.conn, visit.code("deal"), visit.uuid("file"))
    return attachment(found.name, found.media_type, content)


DOORS = (
    Door("GET", urls.DEALS, ("deals.read",), show_all),
    Door("GET", urls.deal("{deal}"), ("deals.read",), show),
    Door("GET", urls.deal_file("{deal}", "{file}"), ("deals.read",), download),
)
