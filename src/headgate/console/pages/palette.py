"""The command palette: where to go, what to do, and whatever is found by a few letters. One query for each kind."""

from __future__ import annotations

from collections.abc import Iterator

from headgate.channel import agreements as contracts
from headgate.channel.orders import ranking
from headgate.channel.orders.quick import quick_orders
from headgate.console import urls
from headgate.console.present.asks import ask_of
from headgate.console.present.commands import acts_for, pages_for
from headgate.console.present.home import case_title
from headgate.console.present.partners import status_of
from headgate.console.saved import views_for
from headgate.console.views.palette import Choice, ChoiceGroup, PaletteView
from headgate.console.visit import SIGNED_IN, Answer, Door, Visit
from headgate.kernel.money import Money
from headgate.process import desk
from headgate.ui.listed import LISTS, address_of_view
from headgate.ui.recorded import recorded

MOST = 5
_URGENT = 3


def show(visit: Visit) -> Answer:
    """What fits the words typed; with none, what is urgent and where one can go."""
    words = visit.text("q")
    groups = _found(visit, words) if words else _first(visit)
    return PaletteView(words, tuple(ChoiceGroup(title, choices) for title, choices in groups if choices))


def _first(visit: Visit) -> Iterator[tuple[str, tuple[Choice, ...]]]:
    if visit.may("cases.read"):
        yield "Most urgent for you", _urgent(visit)
    yield "Go to", pages_for(visit.lens, "")
    yield "Do", acts_for(visit.lens, "")


def _found(visit: Visit, words: str) -> Iterator[tuple[str, tuple[Choice, ...]]]:
    yield "Go to", pages_for(visit.lens, words)
    yield "Saved views", _views(visit, words)
    if visit.may("orders.read"):
        yield "Orders", _orders(visit, words)
        yield "Partners", _partners(visit, words)
    if visit.may("cases.read"):
        yield "Open cases", _cases(visit, words)
    if visit.may("orders.read"):
        yield "Agreements", _agreements(visit, words)
    if visit.may("policies.read"):
        yield "Policies", _policies(visit, words)
    yield "Do", acts_for(visit.lens, words)
    yield "Everything", (_everything(visit, words),)


def _urgent(visit: Visit) -> tuple[Choice, ...]:
    rows = desk.desk_tasks(visit.conn, visit.now, visit.reader, "mine", limit=_URGENT)
    return tuple(
        Choice(
            ask_of(row["subject_type"], row["exceptions"], row["summary"] or {}, visit.lens.fmt).short
            if row["approval"] is not None
            else recorded(row["title"]),
            "inbox",
            urls.approval(row["approval"]) if row["approval"] is not None else urls.case(row["case_id"]),
            " · ".join(
                filter(None, (row["subject"], visit.lens.fmt.time_left(row["due_at"]) if row["due_at"] else ""))
            ),
        )
        for row in rows
    )


def _orders(visit: Visit, words: str) -> tuple[Choice, ...]:
    fmt = visit.lens.fmt
    return tuple(
        Choice(
            row.order_no,
            "receipt",
            urls.order(row.order_no),
            " · ".join(filter(None, (row.partner, fmt.money(Money(row.total, row.currency)), row.reference))),
            state_kind="order",
            state=row.status,
        )
        for row in quick_orders(visit.conn, words, MOST)
    )


def _partners(visit: Visit, words: str) -> tuple[Choice, ...]:
    found = ranking.find_partners(visit.conn, words, MOST)
    return tuple(Choice(name, "building-store", urls.partner(code), code) for code, name in found.items())


def _cases(visit: Visit, words: str) -> tuple[Choice, ...]:
    rows = desk.desk_cases(visit.conn, visit.now, "open", text=words, limit=MOST)
    return tuple(
        Choice(
            case_title(visit.lens, row),
            "briefcase",
            urls.case(row["case_id"]),
            row["subject"],
            state_kind="case",
            state=row["status"],
        )
        for row in rows
    )


def _agreements(visit: Visit, words: str) -> tuple[Choice, ...]:
    page = contracts.list_agreements(visit.conn, text=words, limit=MOST)
    return tuple(
        Choice(
            a.title,
            "file-certificate",
            urls.agreement(a.agreement),
            f"{a.code} r{a.revision}",
            state_kind="version",
            state=status_of(a, visit.lens),
        )
        for a in page.items
    )


def _policies(visit: Visit, words: str) -> tuple[Choice, ...]:
    lower = words.lower()
    newest = {version.policy: version for version in reversed(visit.app.policies.list(visit.conn))}
    return tuple(
        Choice(version.title, "scale", urls.policy(name), name)
        for name, version in newest.items()
        if lower in name or lower in version.title.lower()
    )[:MOST]


def _views(visit: Visit, words: str) -> tuple[Choice, ...]:
    lower, say = words.lower(), visit.lens.fmt.say
    return tuple(
        Choice(view.name, "table", address_of_view(view), say(LISTS[view.list].label))
        for view in views_for(visit)
        if lower in view.name.lower()
    )[:MOST]


def _everything(visit: Visit, words: str) -> Choice:
    label = visit.lens.fmt.say("Search everything for “%(words)s”") % {"words": words}
    return Choice(label, "search", urls.query(urls.SEARCH, [("q", words)]))


DOORS = (Door("GET", urls.PALETTE, SIGNED_IN, show),)
