"""One order, a glance at it, and the explanation of every number and verdict on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from headgate.access import accounts_in_roles
from headgate.channel import orders
from headgate.channel.agreements import find_terms
from headgate.channel.exceptions import list_exceptions
from headgate.channel.inventory import load_stock
from headgate.channel.products import load_products
from headgate.channel.returns import list_returns
from headgate.console import urls
from headgate.console.pages.loading import last_verification, names_of, policy_tables, proofs_of
from headgate.console.present import explain
from headgate.console.present.checks import evaluations_in
from headgate.console.present.evaluations import version_of
from headgate.console.present.history import actors, audit_lines, timeline
from headgate.console.present.lens import Lens
from headgate.console.present.order import OrderFacts, OrderStory, deciders_of, order_view
from headgate.console.views.common import View
from headgate.console.views.order import OrderPrice, OrderReturn
from headgate.console.visit import Answer, Door, Visit
from headgate.kernel.money import Money
from headgate.ledger import audit_list
from headgate.policy import decisions_get
from headgate.process import Approval, case_of_subject, pending_approvals, ways

MOST_HISTORY = 100
ORDER = "{order}"
LINE = "{line}"
READ = ("orders.read",)
# Steps of an approval name roles; whoever holds one of these permissions may be named.
DECIDE = ("approvals.decide", "orders.write")


def facts_of(visit: Visit) -> OrderFacts:
    """The order of the path with all that explains it. Raises `NotFound`."""
    return order_facts(visit, visit.code("order"))


def order_facts(visit: Visit, order_no: str) -> OrderFacts:
    """An order with the decision that stands, its policies' texts and its products. Raises `NotFound`."""
    row = orders.get_order(visit.conn, order_no)
    found = decisions_get(visit.conn, [row["decision"]]) if row["decision"] else {}
    decision = found.get(row["decision"])
    recorded = decision.evaluations if decision is not None and isinstance(decision.evaluations, dict) else {}
    return OrderFacts(
        row=row,
        decision=decision,
        tables=policy_tables(visit, [version_of(e) for e in evaluations_in(recorded)]),
        products=load_products(visit.conn, sorted({line["product"] for line in row["lines"]})),
        names=names_of(visit, people=[row["requested_by"]], partners=[row["partner"]]),
    )


def lens_on(visit: Visit, facts: OrderFacts | None) -> Lens:
    """The reader's lens, which knows the names of what an order is about."""
    return visit.lens if facts is None else replace(visit.lens, called=facts.called)


def show(visit: Visit) -> Answer:
    """The order."""
    facts = facts_of(visit)
    entries = audit_list(visit.conn, case_id=facts.row["case_id"], limit=MOST_HISTORY) if facts.row["case_id"] else []
    names = names_of(visit, people=actors(entries))
    verified = last_verification(visit)
    about = [entry for entry in entries if entry.subject_type == "order"]
    proofs = proofs_of(visit, about)
    story = _story(visit, facts)
    found = order_view(
        facts,
        OrderStory(
            pending=story.pending,
            may_decide=story.may_decide,
            case=story.case,
            deciders=story.deciders,
            history=timeline(entries, names),
            audit=audit_lines(about, proofs, verified.reached, names),
            verified_at=verified.at,
        ),
        lens_on(visit, facts),
    )
    return replace(found, returns=_returns(visit, facts), prices=prices_asked(visit, facts))


def _returns(visit: Visit, facts: OrderFacts) -> tuple[OrderReturn, ...]:
    """Returns of goods of the order; of one that has sent nothing there are none."""
    if not any(line["shipped"] for line in facts.row["lines"]):
        return ()
    return tuple(
        OrderReturn(
            rma=each["rma"],
            status=each["status"],
            changed=each["updated_at"],
            credit=facts.money(each["credit"]) if each["status"] == "credited" else None,
        )
        for each in list_returns(visit.conn, order=facts.order_no, limit=20).items
    )


def prices_asked(visit: Visit, facts: OrderFacts) -> tuple[OrderPrice, ...]:
    """The prices that were asked for the order, last changed first."""
    asked = list_exceptions(visit.conn, partner=facts.row["partner"], order=facts.order_no, limit=20)
    return tuple(
        OrderPrice(
            request=each["request"],
            name=facts.called.get(each["product"], each["product"]),
            status=each["status"],
            price=Money(each["unit_price"], each["currency"]),
            changed=each["updated_at"],
            case_id=each["case_id"],
        )
        for each in asked.items
    )


def peek(visit: Visit) -> Answer:
    """The order at a glance, in the drawer."""
    facts = facts_of(visit)
    return order_view(facts, _story(visit, facts), lens_on(visit, facts))


def _story(visit: Visit, facts: OrderFacts) -> OrderStory:
    case_id, status = facts.row["case_id"], facts.row["status"]
    if case_id is None or status not in ("held", "returned"):
        return OrderStory()
    pending = pending_approvals(visit.conn, [case_id]).get(case_id)
    case = case_of_subject(visit.conn, "order", facts.order_no) if pending is None else None
    return OrderStory(
        pending=pending,
        may_decide=pending is not None and may_decide(visit, pending),
        case=case,
        deciders=_deciders(visit, pending),
    )


def may_decide(visit: Visit, approval: Approval) -> bool:
    """Whether the reader can decide an approval now, in their own right or for somebody."""
    return visit.may(*DECIDE) and visit.voter is not None and bool(ways(approval, visit.voter))


def _deciders(visit: Visit, pending: Approval | None) -> list[str]:
    if pending is None:
        return []
    roles = sorted({step.role for step in pending.steps if step.status == "open"})
    people = accounts_in_roles(visit.conn, roles, visit.now)
    able = {role: [a.name for a in people if role in a.roles and a.principal not in pending.barred] for role in roles}
    return deciders_of(pending, able)


def explained(make: Callable[[Visit, OrderFacts], View]) -> Callable[[Visit], Answer]:
    """A door's handler that explains something of the order of the path."""

    def answer(visit: Visit) -> Answer:
        return make(visit, facts_of(visit))

    return answer


def _price(visit: Visit, facts: OrderFacts) -> View:
    line = visit.code("line")
    terms = find_terms(visit.conn, explain.candidate_terms(facts, line))
    return explain.price_view(facts, line, terms, lens_on(visit, facts))


def _check(visit: Visit, facts: OrderFacts) -> View:
    view = explain.check_view(facts, visit.code("check"), lens_on(visit, facts))
    version = visit.app.policies.get(visit.conn, view.policy.policy, view.policy.version)
    names = names_of(visit, people=version.hands)
    return replace(view, makers=explain.makers_of(version, names))


def _stock(visit: Visit, facts: OrderFacts) -> View:
    line = facts.line(visit.code("line"))
    levels = load_stock(visit.conn, [line["product"]]).get(line["product"], ()) if line is not None else ()
    return explain.stock_view(facts, visit.code("line"), levels, visit.now)


DOORS = (
    Door("GET", urls.order(ORDER), READ, show),
    Door("GET", urls.order_peek(ORDER), READ, peek),
    Door("GET", urls.explain_price(ORDER, LINE), READ, explained(_price)),
    Door(
        "GET",
        urls.explain_margin(ORDER, LINE),
        READ,
        explained(lambda visit, facts: explain.margin_view(facts, visit.code("line"), lens_on(visit, facts))),
    ),
    Door(
        "GET",
        urls.explain_check(ORDER, "{check}"),
        READ,
        explained(_check),
    ),
    Door(
        "GET",
        urls.explain_credit(ORDER),
        READ,
        explained(lambda visit, facts: explain.credit_view(facts, visit.lens)),
    ),
    Door(
        "GET",
        urls.explain_tax(ORDER),
        READ,
        explained(lambda visit, facts: explain.tax_view(facts, visit.lens)),
    ),
    Door("GET", urls.explain_stock(ORDER, LINE), READ, explained(_stock)),
)
