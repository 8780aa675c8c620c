"""The partner's returns: the list, one return with its milestones, and what can be done now."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from headgate.channel import returns
from headgate.channel.products import product_names
from headgate.channel.returns import ReturnMilestone
from headgate.kernel.errors import Conflict, Invalid
from headgate.kernel.money import Money
from headgate.kernel.phrases import joined, phrase, sentence
from headgate.portal import urls
from headgate.portal.list_views import ReturnsView
from headgate.portal.lists import PAGE, filters_of, further, period, sought_in
from headgate.portal.pages.evidence import OF_RETURNS
from headgate.portal.pages.reading import amount, by_field
from headgate.portal.pages.sending import RETURN, unsettled
from headgate.portal.pages.threads import thread_of
from headgate.portal.return_views import ReturnLineRow, ReturnRow, ReturnView
from headgate.portal.views import Stage, Step
from headgate.portal.visit import Answer, Door, Go, Settle, Shown, Visit
from headgate.ui.cookies import Notice
from headgate.ui.listed import OPEN_RETURNS
from headgate.ui.recorded import recorded

MOST_NAMES = 2000
NEEDS = "returns.request"
OPEN = ("requested", "deciding", "returned", "authorised", "sent", "received", "inspected")
TABS = (
    ("", phrase("All")),
    (OPEN_RETURNS, phrase("Under way")),
    ("returned", phrase("Needs you")),
    ("credited", phrase("Credited")),
    ("replaced", phrase("Replaced")),
)
# What a status means for the partner, and who has to do something next.
EXPLAINS: Mapping[str, tuple[str, str]] = {
    "requested": (phrase("We received your request and are checking it."), "us"),
    "deciding": (phrase("Somebody is deciding about it. You will see the decision here."), "us"),
    "returned": (phrase("We need something more from you before we can decide."), "you"),
    "authorised": (phrase("Send the goods, with the number of the return on the parcel."), "you"),
    "sent": (phrase("The goods are on their way to us."), "carrier"),
    "received": (phrase("We have the goods and inspect them next."), "us"),
    "inspected": (phrase("The goods were inspected. What becomes of them is being decided."), "us"),
    "credited": (phrase("We credit the amount below. Tax comes on top of it, as it was charged."), ""),
    "replaced": (phrase("A replacement is on its way to you."), ""),
    "refused": (phrase("The goods were not accepted, and come back to you."), ""),
    "declined": (phrase("We cannot take these goods back."), ""),
    "lapsed": (phrase("It ended, because nothing came in time. Ask again, if you still have the goods."), ""),
    "withdrawn": (phrase("You gave it up."), ""),
}
NEED = {"returned": phrase("We need something from you"), "authorised": phrase("Send the goods")}
WHOSE = {"us": phrase("Next: we do"), "you": phrase("Next: you do"), "carrier": phrase("Next: the carrier delivers")}
HEADLINES: Mapping[str, tuple[str, str, str]] = {
    "requested": (phrase("Requested"), "circle-dot", "active"),
    "deciding": (phrase("Waiting for a decision"), "hourglass", "waiting"),
    "returned": (phrase("More is needed from you"), "arrow-back-up", "waiting"),
    "authorised": (phrase("Authorised"), "circle-check", "done"),
    "sent": (phrase("Sent"), "truck", "active"),
    "received": (phrase("Received"), "circle-check", "active"),
    "inspected": (phrase("Inspected"), "eye", "active"),
    "credited": (phrase("Credited"), "circle-check", "done"),
    "replaced": (phrase("Replacement sent"), "truck", "done"),
    "refused": (phrase("Not accepted"), "x", "quiet"),
    "declined": (phrase("Declined"), "x", "quiet"),
    "lapsed": (phrase("Lapsed"), "clock", "quiet"),
    "withdrawn": (phrase("Withdrawn"), "ban", "quiet"),
}
REASONS = (
    ("defective", phrase("It is defective")),
    ("damaged_in_transit", phrase("It was damaged on the way")),
    ("wrong_item", phrase("It is not what we ordered")),
    ("not_as_described", phrase("It is not as described")),
    ("no_longer_needed", phrase("We do not need it any more")),
)
OUTCOMES = {"credit": phrase("Credited"), "replace": phrase("Replaced"), "reject": phrase("Not accepted")}
_PATH = (phrase("Requested"), phrase("Authorised"), phrase("Received"), phrase("Inspected"))
DONE = {
    "rma.amended": phrase("Thank you. We are looking at it again."),
    "rma.sent": phrase("Thank you. We expect the goods."),
    "rma.withdrawn": phrase("You have given the return up."),
}
# What is sent by each act, and the field of its form beside which a refusal stands.
EVENTS = {"pictures": "rma.amended", "sent": "rma.sent", "withdraw": "rma.withdrawn"}
FIRST = {"rma.amended": "note", "rma.sent": "carrier", "rma.withdrawn": "reason"}
# Every phrase above, for the catalogues of languages.
WORDS = (
    *(label for _, label in TABS),
    *(text for text, _ in EXPLAINS.values()),
    *NEED.values(),
    *WHOSE.values(),
    *(text for text, _, _ in HEADLINES.values()),
    *(text for _, text in REASONS),
    *OUTCOMES.values(),
    *DONE.values(),
    phrase("Settled"),
)
_PLACES = {
    "requested": 0, "deciding": 0, "returned": 0, "authorised": 1, "sent": 1, "received": 2, "inspected": 3,
    "credited": 4, "replaced": 4, "refused": 4,
}  # fmt: skip
_REACHED = {
    phrase("Requested"): "requested",
    phrase("Authorised"): "authorised",
    phrase("Received"): "received",
    phrase("Inspected"): "inspected",
}
ACTS: Mapping[str, frozenset[str]] = {
    "deciding": frozenset({"pictures", "withdraw"}),
    "returned": frozenset({"pictures", "withdraw"}),
    "authorised": frozenset({"sent", "withdraw"}),
    "sent": frozenset({"sent", "withdraw"}),
}


def show_all(visit: Visit) -> Answer:
    """Returns, last changed first."""
    sought = sought_in(visit, urls.RETURNS, {OPEN_RETURNS, *returns.STATUSES})
    since, until = period(visit, sought)
    page = returns.list_returns(
        visit.conn,
        status=OPEN if sought.status == OPEN_RETURNS else sought.status,
        text=sought.text,
        since=since,
        until=until,
        cursor=visit.cursor(),
        limit=PAGE,
    )
    rows = tuple(
        ReturnRow(r["rma"], r["order_no"], r["status"], NEED.get(r["status"], ""), r["updated_at"]) for r in page.items
    )
    waiting = () if sought.status or visit.cursor() else unsettled(visit, RETURN)
    return ReturnsView(filters_of(visit, sought, TABS), rows, further(sought, page.next_cursor or ""), waiting)


def show(visit: Visit) -> Answer:
    """One return."""
    return return_view(visit, returns.get_return(visit.conn, visit.code("rma")))


def return_view(
    visit: Visit,
    row: Mapping[str, Any],
    errors: Mapping[str, str] | None = None,
    fields: Mapping[str, str] | None = None,
) -> ReturnView:
    """The page of a return; with what was entered and what is wrong with it, after an act that could not be done."""
    content, status = row["content"], row["status"]
    explains, whose = EXPLAINS.get(status, ("", ""))
    reached = returns.milestones_of(visit.conn, row["rma"])
    names = dict(product_names(visit.conn, MOST_NAMES))
    return ReturnView(
        rma=row["rma"],
        order=row["order_no"],
        status=status,
        explains=explains,
        whose=WHOSE.get(whose, ""),
        told=tuple(map(recorded, row["told"])),
        wanted=row["wanted"],
        send_by=row["send_by"] if status in ("authorised", "sent") else None,
        carrier=row["carrier"],
        tracking=row["tracking"],
        note=content["request"]["note"],
        credit=Money(row["credit"], row["currency"]) if status == "credited" else None,
        milestones=milestones(status, reached),
        lines=tuple(_line(each, row, names) for each in content["request"]["lines"]),
        files=OF_RETURNS.rows(visit, row["rma"]),
        steps=tuple(_step(each) for each in reversed(reached)),
        acts=ACTS.get(status, frozenset()),
        thread=thread_of(visit, "rma", row["rma"], row["case_id"]),
        fields=fields or {},
        errors=errors or {},
    )


def milestones(status: str, reached: list[ReturnMilestone]) -> tuple[Stage, ...]:
    """How far a return is; one that came to nothing ends where it did."""
    moments = {m.status: m.at for m in reached}
    first = Stage(_PATH[0], "done", moments.get("requested"))
    if status not in _PLACES:
        return (first, Stage(HEADLINES[status][0], "current", moments.get(status)))
    place = _PLACES[status]
    found = []
    for n, label in enumerate(_PATH):
        state = "done" if n < place or (n == place and n in (1, 2) and label != "Received") else "ahead"
        found.append(Stage(label, "current" if n == place else state, moments.get(_REACHED[label])))
    last = HEADLINES[status][0] if place == 4 else phrase("Settled")
    return (*found, Stage(last, "current" if place == 4 else "ahead", moments.get(status) if place == 4 else None))


def _line(each: Mapping[str, Any], row: Mapping[str, Any], names: Mapping[str, str]) -> ReturnLineRow:
    content = row["content"]
    sold = next(x for x in content["sold"] if x["line"] == each["line"])
    settled = row["status"] in ("credited", "replaced", "refused")
    outcomes = [o for o in content["outcomes"] if o["line"] == each["line"]] if settled else []
    credit = sum((amount(o["net"]) for o in outcomes), Decimal(0))
    fee = sum((amount(o["fee"]) for o in outcomes), Decimal(0))
    return ReturnLineRow(
        product=sold["product"],
        name=names.get(sold["product"], sold["product"]),
        unit=sold["unit"],
        quantity=amount(each["quantity"]),
        reason=dict(REASONS).get(each["reason"], each["reason"]),
        note=each["note"],
        received=amount(content["received"].get(each["line"], "0")),
        credit=Money(credit, row["currency"]) if credit else None,
        fee=Money(fee, row["currency"]) if fee else None,
        outcomes=tuple((amount(o["quantity"]), OUTCOMES[o["outcome"]], recorded(o["told"])) for o in outcomes),
    )


def _step(each: ReturnMilestone) -> Step:
    text, icon, tone = HEADLINES.get(each.status, (each.status, "circle-dot", "quiet"))
    return Step(each.at, text, icon, tone, quote=joined(" ", map(recorded, each.told)) if each.told else "")


def download(visit: Visit) -> Answer:
    """A file of a return, as an attachment that no browser runs."""
    return OF_RETURNS.hand(visit, visit.code("rma"), visit.uuid("picture"))


def pictures(visit: Visit) -> Answer:
    """Add pictures and a word to a request that is not decided yet; it is looked at again."""
    code = visit.code("rma")
    row = returns.get_return(visit.conn, code)
    fields = {"note": visit.field("note")}
    if "pictures" not in ACTS.get(row["status"], frozenset()):
        raise Conflict("this return cannot be changed any more")
    problem = OF_RETURNS.take(visit, code).problem
    if problem is not None:
        names = {"evidence": "pictures", "pictures": "pictures"}
        return Shown(return_view(visit, row, by_field(problem.problems, names), fields), 400)
    if not visit.uploads and not fields["note"]:
        return Shown(
            return_view(visit, row, {"pictures": phrase("Add a picture, or write what you can tell us.")}, fields), 400
        )
    asked = row["content"]["request"]
    data = {**asked, "pictures": OF_RETURNS.references(visit, code), "requested_by": visit.me.id}
    if fields["note"]:
        data["note"] = "\n".join(part for part in (asked["note"], fields["note"]) if part)[-2000:]
    return _send(visit, row, "rma.amended", data, fields)


def sent(visit: Visit) -> Answer:
    """Tell with whom the goods are on their way."""
    row = returns.get_return(visit.conn, visit.code("rma"))
    fields = {"carrier": visit.field("carrier"), "tracking": visit.field("tracking")}
    return _send(visit, row, "rma.sent", {"rma": row["rma"], **fields}, fields)


def withdraw(visit: Visit) -> Answer:
    """Give a return up."""
    row = returns.get_return(visit.conn, visit.code("rma"))
    fields = {"reason": visit.field("reason")}
    return _send(visit, row, "rma.withdrawn", {"rma": row["rma"], **fields}, fields)


def _send(
    visit: Visit, row: Mapping[str, Any], kind: str, data: Mapping[str, Any], fields: Mapping[str, str]
) -> Answer:
    code = row["rma"]
    try:
        with visit.conn.transaction():
            seq = visit.send(kind, data)
    except Invalid as error:
        names = {name: name for name in ("note", "carrier", "tracking", "reason", "pictures")}
        return Shown(return_view(visit, row, by_field(error.problems, names), fields), 400)

    def tell(after: Visit, settled: bool) -> Answer:
        refused = after.refusal(seq) if settled else None
        if refused is not None:
            now = return_view(after, returns.get_return(after.conn, code), {FIRST[kind]: refused.message}, fields)
            if kind not in map(EVENTS.get, now.acts):
                return Go(urls.rma(code), Notice("risk", sentence(refused.message)))
            return Shown(now, 409)
        return Go(urls.rma(code), Notice("done" if settled else "waiting", visit.fmt.say(DONE[kind])))

    return Settle(seq, tell)


DOORS = (
    Door("GET", urls.RETURNS, NEEDS, show_all),
    Door("GET", urls.rma("{rma}"), NEEDS, show, notes=True),
    Door("GET", urls.return_file("{rma}", "{picture}"), NEEDS, download),
    Door("POST", urls.return_act("{rma}", "pictures"), NEEDS, pictures),
    Door("POST", urls.return_act("{rma}", "sent"), NEEDS, sent),
    Door("POST", urls.return_act("{rma}", "withdraw"), NEEDS, withdraw),
)
