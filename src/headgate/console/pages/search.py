"""One box for everything: orders, partners, cases, agreements, policies."""

from __future__ import annotations

from headgate.channel import agreements as contracts
from headgate.channel.orders import insight, ranking
from headgate.console import urls
from headgate.console.pages.loading import names_of
from headgate.console.present.home import case_title
from headgate.console.present.partners import status_of
from headgate.console.views.sign_in import Hit, SearchView
from headgate.console.visit import SIGNED_IN, Answer, Door, Visit
from headgate.kernel.money import Money
from headgate.process import desk

MOST = 8


def show(visit: Visit) -> Answer:
    """What was found, a few of each kind."""
    words = visit.text("q")
    if not words:
        return SearchView("", ())
    found: list[tuple[list[Hit], bool]] = []
    if visit.may("orders.read"):
        found += [_partners(visit, words), _orders(visit, words), _agreements(visit, words)]
    if visit.may("cases.read"):
        found.append(_cases(visit, words))
    if visit.may("policies.read"):
        found.append((_policies(visit, words), False))
    return SearchView(words, tuple(hit for hits, _ in found for hit in hits), any(more for _, more in found))


def _partners(visit: Visit, words: str) -> tuple[list[Hit], bool]:
    rows = list(ranking.find_partners(visit.conn, words, MOST + 1).items())
    return [Hit("partner", code, name, code, urls.partner(code)) for code, name in rows[:MOST]], len(rows) > MOST


def _orders(visit: Visit, words: str) -> tuple[list[Hit], bool]:
    page = insight.browse_orders(visit.conn, {"text": words}, limit=MOST)
    names = names_of(visit, partners=[row.partner for row in page.items])
    hits = []
    for row in page.items:
        partner = names.partner(row.partner)
        total = visit.lens.fmt.money(Money(row.total, row.currency))
        detail = f"{partner.name if partner else row.partner} · {total} · {visit.lens.fmt.relative(row.placed_at)}"
        hits.append(Hit("order", row.order_no, row.order_no, detail, urls.order(row.order_no), "order", row.status))
    return hits, bool(page.next_cursor)


def _agreements(visit: Visit, words: str) -> tuple[list[Hit], bool]:
    page = contracts.list_agreements(visit.conn, text=words, limit=MOST)
    hits = [
        Hit(
            "agreement",
            a.code,
            a.title,
            f"{a.code} r{a.revision}",
            urls.agreement(a.agreement),
            "version",
            status_of(a, visit.lens),
        )
        for a in page.items
    ]
    return hits, bool(page.next_cursor)


def _cases(visit: Visit, words: str) -> tuple[list[Hit], bool]:
    rows = desk.desk_cases(visit.conn, visit.now, "open", text=words, limit=MOST + 1)
    hits = [
        Hit("case", row["subject"], case_title(visit.lens, row), "", urls.case(row["case_id"]), "case", row["status"])
        for row in rows[:MOST]
    ]
    return hits, len(rows) > MOST


def _policies(visit: Visit, words: str) -> list[Hit]:
    lower = words.lower()
    versions = {v.policy: v for v in reversed(visit.app.policies.list(visit.conn))}
    return [
        Hit("policy", name, version.title, f"{name} v{version.version}", urls.policy(name), "version", version.status)
        for name, version in versions.items()
        if lower in name or lower in version.title.lower()
    ][:MOST]


DOORS = (Door("GET", urls.SEARCH, SIGNED_IN, show),)
