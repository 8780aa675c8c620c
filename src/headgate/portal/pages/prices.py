"""Price exceptions: the list, one request with what happened to it, and what can be done now."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from headgate.access import accounts_of
from headgate.channel.evidence import file_name
from headgate.channel.exceptions import asked_of, get_exception, list_exceptions
from headgate.channel.products import names_of_products
from headgate.domain.orders import parse_price_exception
from headgate.kernel.errors import Conflict, Invalid
from headgate.kernel.money import Money
from headgate.kernel.phrases import phrase, sentence
from headgate.ledger import StoredEvent, event_list
from headgate.portal import urls
from headgate.portal.list_views import PricesView
from headgate.portal.lists import PAGE, filters_of, further, period, sought_in
from headgate.portal.pages.evidence import OF_PRICES, PLACES
from headgate.portal.pages.reading import amount, by_field
from headgate.portal.pages.sending import PRICE, unsettled
from headgate.portal.pages.threads import thread_of
from headgate.portal.price_views import PriceRow, PriceView
from headgate.portal.views import Step
from headgate.portal.visit import Answer, Door, Go, Settle, Shown, Visit
from headgate.process.repo import ringing
from headgate.ui.cookies import Notice
from headgate.ui.words import STATES

TABS = (
    ("", phrase("All")),
    ("deciding", phrase("Being decided")),
    ("returned", phrase("Needs you")),
    ("granted", phrase("Granted")),
    ("declined", phrase("Not granted")),
)
KEPT = "return_kept"  # the timer of the process that ends a request which was sent back
INSTANT = timedelta(microseconds=1)  # what is before the end of the last day is that day
EXPLAINS = {
    "deciding": phrase("Somebody is deciding about it. You will see the decision here."),
    "returned": phrase("Something has to be different. Change it and send it again within ten working days."),
    "granted": phrase("Order at this price until it ends or the quantity is used up."),
    "not_needed": phrase("Your contract already gives you this price or a better one."),
    "declined": phrase("It was not granted."),
    "lapsed": phrase("Nobody decided in time. Ask again, or write to us."),
    "withdrawn": phrase("It was withdrawn."),
}

# Where it is for an order that is there already.
FOR_ORDER = {
    "deciding": phrase("Somebody is deciding about it. Your order waits; you will see the decision here."),
    "granted": phrase("Your order is checked again with this price. You need not order anew."),
}
ACTS: Mapping[str, frozenset[str]] = {
    "deciding": frozenset({"evidence", "withdraw"}),
    "returned": frozenset({"change", "withdraw"}),
}
# What a request says of itself, besides its files.
SENT = (
    *("request", "partner", "product", "unit_price", "currency", "max_quantity"),
    *("valid_from", "valid_until", "justification", "order"),
)
WITHDRAWN = "price_exception.withdrawn"
OWN = {
    "price_exception.requested": phrase("Asked for a price"),
    "price_exception.amended": phrase("Asked otherwise"),
    WITHDRAWN: phrase("Withdrew the request"),
}
ENDS = {
    "granted": (phrase("Granted"), "circle-check", "done"),
    "not_needed": (phrase("Not needed"), "circle-minus", "quiet"),
    "declined": (phrase("Not granted"), "x", "quiet"),
    "lapsed": (phrase("Lapsed"), "clock", "quiet"),
}


def show_all(visit: Visit) -> Answer:
    """The requests, last changed first."""
    sought = sought_in(visit, urls.PRICES, STATES["price_exception"])
    since, until = period(visit, sought)
    page = list_exceptions(
        visit.conn,
        status=sought.status,
        text=sought.text,
        since=since,
        until=until,
        cursor=visit.cursor(),
        limit=PAGE,
    )
    names = names_of_products(visit.conn, {row["product"] for row in page.items})
    ends = lapses(visit, page.items)
    rows = tuple(_row(row, names, ends.get(row["case_id"])) for row in page.items)
    waiting = () if sought.status or visit.cursor() else unsettled(visit, PRICE)
    return PricesView(filters_of(visit, sought, TABS), rows, further(sought, page.next_cursor or ""), waiting)


def show(visit: Visit) -> Answer:
    """One request."""
    return price_view(visit, get_exception(visit.conn, visit.code("request")))


def price_view(
    visit: Visit,
    row: Mapping[str, Any],
    errors: Mapping[str, str] | None = None,
    fields: Mapping[str, str] | None = None,
) -> PriceView:
    """The page of a request; with what was entered and what is wrong with it, after an act that could not be done."""
    usual, order, status = row["contract_price"], row["order_no"] or "", row["status"]
    rounds: list[Mapping[str, Any]] = row["content"].get("rounds") or []
    return PriceView(
        request=row["request"],
        product=row["product"],
        name=names_of_products(visit.conn, [row["product"]]).get(row["product"], ""),
        status=status,
        explains=FOR_ORDER.get(status, EXPLAINS.get(status, "")) if order else EXPLAINS.get(status, ""),
        price=Money(row["unit_price"], row["currency"]),
        usual=None if usual is None else Money(amount(usual), row["currency"]),
        quantity=row["max_quantity"],
        since=row["valid_from"],
        until=row["valid_until"] - INSTANT,
        reason=str(row["content"].get("justification") or ""),
        order=order,
        changed=row["updated_at"],
        told=str(rounds[-1]["reason"]) if rounds and status == "returned" else "",
        due=lapses(visit, [row]).get(row["case_id"]),
        files=OF_PRICES.rows(visit, row["request"]),
        acts=ACTS.get(status, frozenset()),
        steps=_steps(visit, row, rounds),
        thread=thread_of(visit, "price_exception", row["request"], row["case_id"]),
        fields=fields or {},
        errors=errors or {},
    )


def _steps(visit: Visit, row: Mapping[str, Any], rounds: Sequence[Mapping[str, Any]]) -> tuple[Step, ...]:
    """What happened, newest first: each time it was asked for and sent back, and how it ended."""
    events = [e for e in event_list(visit.conn, key=f"price_exception:{row['request']}", limit=100) if e.type in OWN]
    refused = visit.refusals([e.seq for e in events])
    taken = sorted((e for e in events if e.seq not in refused), key=lambda e: e.seq)
    people = accounts_of(visit.conn, sorted({e.actor for e in events}), visit.now)
    steps, before = list[Step](), None
    for event in taken:
        name = people[event.actor].name if event.actor in people else ""
        asked = None if event.type == WITHDRAWN else parse_price_exception(event.data, visit.zone)
        if asked is not None and before is not None and asked_of(asked) == asked_of(before):
            steps.append(_added(event, set(asked.evidence) - set(before.evidence), name))
        else:
            steps.append(_own_step(visit, event, row["currency"], name))
        before = asked or before
    for each in rounds:
        at = datetime.fromisoformat(each["at"])
        steps.append(Step(at, phrase("Sent back to you"), "arrow-back-up", "waiting", "", each["reason"]))
    if row["status"] in ENDS:
        text, icon, tone = ENDS[row["status"]]
        steps.append(Step(row["updated_at"], text, icon, tone))
    return tuple(sorted(steps, key=lambda s: s.at, reverse=True))


def _added(event: StoredEvent, files: Collection[str], name: str) -> Step:
    names = ", ".join(sorted(file_name(each) for each in files))
    return Step(event.received_at, phrase("Added evidence"), "arrow-right", "quiet", name, names)


def _own_step(visit: Visit, event: StoredEvent, currency: str, name: str) -> Step:
    data = event.data
    if event.type == WITHDRAWN:
        return Step(event.received_at, OWN[event.type], "arrow-right", "quiet", name, str(data.get("reason") or ""))
    price = f"{visit.fmt.price(Money(amount(data['unit_price']), currency))} {currency}"
    text = phrase("%(act)s: %(price)s", act=OWN[event.type], price=price)
    if data.get("max_quantity"):
        quantity = visit.fmt.quantity(amount(data["max_quantity"]))
        text = phrase(
            "%(act)s: %(price)s for at most %(quantity)s", act=OWN[event.type], price=price, quantity=quantity
        )
    return Step(event.received_at, text, "arrow-right", "quiet", name, str(data.get("justification") or ""))


def lapses(visit: Visit, rows: Iterable[Mapping[str, Any]]) -> dict[UUID, datetime]:
    """Until when requests that were sent back can be sent again, by case.

    The process's clocks are no partner's rows, so they are read in a transaction of the tenant's own.
    """
    cases = {row["case_id"] for row in rows if row["status"] == "returned"}
    if not cases:
        return {}
    with visit.app.database.transaction(visit.ctx.tenant_id, read_only=True) as conn:
        return ringing(conn, cases, KEPT)


def withdraw(visit: Visit) -> Answer:
    """Take a request back that is not decided yet."""
    code, reason = visit.code("request"), visit.field("reason")
    row = get_exception(visit.conn, code)
    if not reason:
        return Shown(price_view(visit, row, {"reason": phrase("Say in a few words why.")}), 400)
    with visit.conn.transaction():
        seq = visit.send("price_exception.withdrawn", {"request": code, "reason": reason[:2000]})

    def tell(after: Visit, settled: bool) -> Answer:
        refused = after.refusal(seq) if settled else None
        if refused is not None:
            return Go(urls.price(code), Notice("risk", sentence(refused.message)))
        return Go(urls.price(code), Notice("done" if settled else "waiting", phrase("You have withdrawn the request.")))

    return Settle(seq, tell)


def download(visit: Visit) -> Answer:
    """A file that speaks for the price, as an attachment that no browser runs."""
    return OF_PRICES.hand(visit, visit.code("request"), visit.uuid("paper"))


def evidence(visit: Visit) -> Answer:
    """Add files to a request that somebody is deciding about: they decide about it with these files."""
    code = visit.code("request")
    row = get_exception(visit.conn, code)
    if "evidence" not in ACTS.get(row["status"], frozenset()):
        raise Conflict("nothing can be added to this request any more")
    if not visit.uploads:
        return Shown(price_view(visit, row, {"evidence": phrase("Choose a file.")}), 400)
    problem = OF_PRICES.take(visit, code).problem
    if problem is not None:
        return Shown(price_view(visit, row, by_field(problem.problems, PLACES)), 400)
    content: Mapping[str, Any] = row["content"]
    data = {name: content[name] for name in (*SENT, "requested_by") if content.get(name) is not None}
    try:
        with visit.conn.transaction():
            seq = visit.send("price_exception.amended", data | {"evidence": OF_PRICES.references(visit, code)})
    except Invalid as error:
        return Shown(price_view(visit, row, by_field(error.problems, PLACES)), 400)

    def tell(after: Visit, settled: bool) -> Answer:
        refused = after.refusal(seq) if settled else None
        if refused is not None:
            return Go(urls.price(code), Notice("risk", sentence(refused.message)))
        said = phrase("Your files were added. Whoever decides about it sees them.")
        return Go(urls.price(code), Notice("done" if settled else "waiting", said))

    return Settle(seq, tell)


def _row(row: Mapping[str, Any], names: Mapping[str, str], due: datetime | None) -> PriceRow:
    return PriceRow(
        request=row["request"],
        product=row["product"],
        name=names.get(row["product"], ""),
        status=row["status"],
        price=Money(row["unit_price"], row["currency"]),
        until=row["valid_until"] - INSTANT,
        changed=row["updated_at"],
        due=due,
    )


DOORS = (
    Door("GET", urls.PRICES, "prices.request", show_all),
    Door("GET", urls.price("{request}"), "prices.request", show, notes=True),
    Door("GET", urls.price_file("{request}", "{paper}"), "prices.request", download),
    Door("POST", urls.price_act("{request}", "evidence"), "prices.request", evidence),
    Door("POST", urls.price_act("{request}", "withdraw"), "prices.request", withdraw),
)
