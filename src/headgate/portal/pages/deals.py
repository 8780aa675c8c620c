"""The partner's deals: the list, and one deal with its clock, what happened, and what can be done now."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from headgate.access import accounts_of
from headgate.channel import deals
from headgate.channel.deals import Milestone
from headgate.channel.products import names_of_products
from headgate.domain.calendar import add_working_time
from headgate.kernel.errors import NotFound
from headgate.kernel.money import Money
from headgate.kernel.phrases import joined, phrase
from headgate.ledger import StoredEvent, event_list
from headgate.portal import urls
from headgate.portal.list_views import DealsView
from headgate.portal.lists import PAGE, filters_of, further, period, sought_in
from headgate.portal.pages.evidence import OF_DEALS
from headgate.portal.pages.reading import amount, day_or_none
from headgate.portal.pages.sending import DEAL, unsettled
from headgate.portal.pages.threads import thread_of
from headgate.portal.views import DealRow, DealView, Step
from headgate.portal.visit import Answer, Door, Go, Visit
from headgate.process.sent_forms import sent_form
from headgate.ui.recorded import recorded
from headgate.ui.words import humanise

DRAFT = "draft"
CHECKED = frozenset({"under_review", "pending_approval"})  # somebody looks at it
# After a rejection an appeal is open for ten working days of eight hours; the process ends it
# with its timer `appeal_open`.
APPEAL_HOURS = 80
# No calendar makes ten working days last longer than this many days; what is older need not be looked up.
LONG_OVER = timedelta(days=120)
TABS = (
    ("", phrase("All")),
    ("draft", phrase("Drafts")),
    ("pending_approval", phrase("Being checked")),
    ("approved", phrase("Protected")),
    ("returned", phrase("Came back")),
    ("rejected", phrase("Rejected")),
    ("converted", phrase("Won")),
)
EXPLAINS = {
    "draft": phrase("Not sent yet."),
    "submitted": phrase("We received it and are checking it."),
    "under_review": phrase("Somebody is looking at it. You will see the decision here."),
    "pending_approval": phrase("Somebody is deciding about it. You will see the decision here."),
    "approved": phrase("This business is yours until the protection ends."),
    "returned": phrase("Something has to be changed. Mend it and send it again."),
    "rejected": phrase("It was not accepted."),
    "appealed": phrase("Somebody else is looking at it again."),
    "converted": phrase("Won. Congratulations."),
    "lost": phrase("The opportunity was lost, and the protection has ended."),
    "expired": phrase("The protection has ended."),
    "withdrawn": phrase("You gave it up."),
}
HEADLINES = {
    "submitted": (phrase("Submitted"), "circle-dot", "active"),
    "under_review": (phrase("Under review"), "eye", "waiting"),
    "pending_approval": (phrase("Waiting for a decision"), "hourglass", "waiting"),
    "approved": (phrase("Protected"), "lock", "done"),
    "returned": (phrase("Returned to you"), "arrow-back-up", "waiting"),
    "rejected": (phrase("Rejected"), "x", "quiet"),
    "appealed": (phrase("Appeal received"), "message", "waiting"),
    "converted": (phrase("Won"), "circle-check", "done"),
    "lost": (phrase("Lost"), "circle-minus", "quiet"),
    "expired": (phrase("Protection ended"), "clock", "quiet"),
    "withdrawn": (phrase("Withdrawn"), "ban", "quiet"),
    "draft": (phrase("Draft kept"), "pencil", "quiet"),
}
OWN = {
    "deal.submitted": phrase("Sent the registration"),
    "deal.drafted": phrase("Kept a draft"),
    "deal.amended": phrase("Changed the registration"),
    "deal.withdrawn": phrase("Gave it up"),
    "deal.appealed": phrase("Appealed"),
    "deal.activity_recorded": phrase("Reported activity"),
    "deal.extension_requested": phrase("Asked for more time"),
}
ACTS: Mapping[str, frozenset[str]] = {
    "draft": frozenset({"change", "withdraw"}),
    "returned": frozenset({"change", "withdraw"}),
    "under_review": frozenset({"change", "withdraw"}),
    "pending_approval": frozenset({"change", "withdraw"}),
    "approved": frozenset({"activity", "extension", "withdraw"}),
    "rejected": frozenset({"appeal"}),
    "appealed": frozenset({"withdraw"}),
}


def headline(kind: str, status: str) -> str:
    """A milestone in words."""
    if kind == "extended":
        return phrase("Protection prolonged")
    return HEADLINES.get(status, (status, "", ""))[0]


def show_all(visit: Visit) -> Answer:
    """Deals, last changed first; drafts that were not sent stand before them."""
    sought = sought_in(visit, urls.DEALS, deals.STATUSES)
    since, until = period(visit, sought)
    page = deals.list_deals(
        visit.conn,
        status=sought.status,
        text=sought.text,
        since=since,
        until=until,
        cursor=visit.cursor(),
        limit=PAGE,
    )
    rows = [_row(row) for row in page.items]
    first = sought.status in ("", DRAFT) and not visit.cursor()
    if first:
        drafts = (_draft(d, visit) for d in deals.list_drafts(visit.conn, visit.ctx))
        rows = [d for d in drafts if _fits(d, sought.text, since, until)] + rows
    waiting = unsettled(visit, DEAL) if first else ()
    return DealsView(filters_of(visit, sought, TABS), tuple(rows), further(sought, page.next_cursor or ""), waiting)


def _fits(draft: DealRow, text: str, since: datetime | None, until: datetime | None) -> bool:
    """Whether a draft has what is sought, as deals that were sent are found."""
    within = (since is None or draft.changed >= since) and (until is None or draft.changed < until)
    return within and text.lower() in f"{draft.deal} {draft.customer}".lower()


def show(visit: Visit) -> Answer:
    """One deal; one that was not sent yet is its form."""
    code = visit.code("deal")
    try:
        row = deals.get_deal(visit.conn, code)
    except NotFound:
        if sent_form(visit.conn, visit.ctx, DEAL.kind, code) is None:
            deals.get_draft(visit.conn, visit.ctx, code)
        return Go(urls.deal_form(code))
    return deal_view(visit, row)


def deal_view(
    visit: Visit,
    row: Mapping[str, Any],
    errors: Mapping[str, str] | None = None,
    fields: Mapping[str, str] | None = None,
) -> DealView:
    """The page of a deal; with what was entered and what is wrong with it, after an act that could not be done."""
    content: Mapping[str, Any] = row["content"]
    milestones = deals.milestones_of(visit.conn, row["deal"])
    names = names_of_products(visit.conn, {str(each["product"]) for each in content["lines"]})
    until, since = row["protected_until"], row["protected_from"]
    return DealView(
        deal=row["deal"],
        customer=row["customer"],
        status=row["status"],
        explains=EXPLAINS.get(row["status"], ""),
        told=_told(row, milestones),
        amount=Money(row["amount"], row["currency"]),
        facts=_facts(content, visit),
        contact=tuple((label, content["contact"][key]) for label, key in _CONTACT if content["contact"].get(key)),
        lines=tuple(
            (
                code := str(each["product"]),
                names.get(code, ""),
                amount(each["quantity"]),
                Money(amount(each["amount"]), row["currency"]),
            )
            for each in content["lines"]
        ),
        protected_from=since if row["status"] == "approved" else None,
        protected_until=until if row["status"] == "approved" else None,
        spent=_spent(since, until, visit.now),
        steps=_steps(visit, row["deal"], milestones),
        files=OF_DEALS.rows(visit, row["deal"]),
        acts=_acts(visit, row, milestones),
        today=visit.today(),
        latest=visit.today() + timedelta(days=365),
        thread=thread_of(visit, "deal", row["deal"], row["case_id"]),
        errors=errors or {},
        fields=fields or {},
    )


_CONTACT = ((phrase("Contact"), "name"), ("E-mail", "email"), (phrase("Phone"), "phone"), (phrase("Role"), "title"))


def _acts(visit: Visit, row: Mapping[str, Any], milestones: list[Milestone]) -> frozenset[str]:
    if not visit.may("deals.write"):
        return frozenset()
    acts = ACTS.get(row["status"], frozenset())
    if "appeal" not in acts:
        return acts
    ends = None if any(m.status == "appealed" for m in milestones) else appeal_ends(visit, row)
    return acts - {"appeal"} if ends is None or visit.now >= ends else acts


def appeal_ends(visit: Visit, row: Mapping[str, Any]) -> datetime | None:
    """Until when a rejection can be appealed, in the working hours that count for the partner; None when long over.

    The tenant's hours are no partner's rows, so they are read in a transaction of the tenant's own.
    """
    if visit.now - row["updated_at"] > LONG_OVER:
        return None
    with visit.app.database.transaction(visit.ctx.tenant_id, read_only=True) as conn:
        hours = visit.app.calendars(conn).of(visit.partner)
    return add_working_time(hours.hours, row["updated_at"], timedelta(hours=APPEAL_HOURS))


def _row(row: Mapping[str, Any]) -> DealRow:
    return DealRow(
        deal=row["deal"],
        href=urls.deal(row["deal"]),
        customer=row["customer"],
        status=row["status"],
        amount=Money(row["amount"], row["currency"]),
        closes=row["close_on"],
        ends=row["protected_until"] if row["status"] == "approved" else None,
        changed=row["updated_at"],
    )


def _draft(draft: deals.DealDraft, visit: Visit) -> DealRow:
    return DealRow(
        deal=draft.deal,
        href=urls.deal_form(draft.deal),
        customer=draft.fields.get("customer_name") or phrase("No customer yet"),
        status=DRAFT,
        amount=None,
        closes=day_or_none(draft.fields.get("close_on", "")),
        ends=None,
        changed=draft.updated_at,
    )


def _facts(content: Mapping[str, Any], visit: Visit) -> tuple[tuple[str, str], ...]:
    customer = content["customer"]
    place = " ".join(str(customer[k]) for k in ("postcode", "city") if customer[k])
    facts = (
        (phrase("Country"), visit.fmt.country(str(customer["country"]))),
        (phrase("Address"), ", ".join(part for part in (str(customer["street"]), place) if part)),
        (phrase("Web"), ", ".join(customer["domains"])),
        ("D-U-N-S", str(customer["duns"])),
        (phrase("Parent company"), str(customer["parent_name"])),
        (phrase("Programme"), str(content["programme"])),
        (phrase("Expected close"), visit.fmt.day(day_or_none(str(content["close_on"])) or visit.today())),
        (phrase("Territory"), str(content["territory"])),
        (phrase("Distributor"), str(content["distributor"])),
        (phrase("Incumbent"), str(content["incumbent"])),
        (phrase("Competitor"), str(content["competitor"])),
        (phrase("Notes"), str(content["notes"])),
    )
    return tuple((label, value) for label, value in facts if value)


def _told(row: Mapping[str, Any], milestones: list[Milestone]) -> tuple[str, ...]:
    """What the rules let the partner know. What was said while people looked at it is over once they have decided, and
    one that expired says why."""
    looked_at = any(m.status in CHECKED for m in milestones)
    return () if looked_at and row["status"] not in {*CHECKED, "expired"} else tuple(map(recorded, row["told"]))


def _spent(since: datetime | None, until: datetime | None, now: datetime) -> int:
    """How much of the protection has passed, in percent."""
    if since is None or until is None or until <= since:
        return 0
    return max(0, min(100, int((now - since) / (until - since) * 100)))


def _steps(visit: Visit, deal: str, milestones: list[Milestone]) -> tuple[Step, ...]:
    """What happened, newest first: decisions, and what the partner's own people did."""
    own = [e for e in event_list(visit.conn, key=f"deal:{deal}", limit=100) if e.type in OWN]
    refused = visit.refusals([e.seq for e in own])
    own = [e for e in own if e.seq not in refused]
    people = accounts_of(visit.conn, sorted({e.actor for e in own}), visit.now)
    steps = [_own_step(visit, e, people[e.actor].name if e.actor in people else "") for e in own]
    said: tuple[str, ...] = ()
    for m in milestones:
        news, said = tuple(t for t in m.told if t not in said), m.told
        if m.kind == "activity" or (m.kind == "status" and m.status == "submitted" and own):
            continue
        text, icon, tone = HEADLINES.get(m.status, (m.status, "circle", "quiet"))
        if m.kind == "extended":
            text, icon, tone = phrase("Protection prolonged"), "clock", "done"
        if m.protected_until is not None and (m.kind == "extended" or m.status == "approved"):
            text = phrase(
                "%(text)s until %(day)s", text=text, day=visit.fmt.day(m.protected_until - timedelta(seconds=1))
            )
        steps.append(Step(m.at, text, icon, tone, "", joined(" ", map(recorded, news)) if news else ""))
    return tuple(sorted(steps, key=lambda s: s.at, reverse=True))


def _own_step(visit: Visit, event: StoredEvent, name: str) -> Step:
    text = OWN[event.type]
    if event.type == "deal.activity_recorded":
        text = phrase("Reported activity: %(activity)s", activity=humanise(str(event.data.get("activity"))))
    if event.type == "deal.extension_requested":
        until = day_or_none(str(event.data.get("until")))
        text = phrase("Asked for protection until %(until)s", until=visit.fmt.day(until) if until else "")
    said = (
        str(event.data.get("reason") or event.data.get("notes") or "") if not event.type.endswith("submitted") else ""
    )
    return Step(event.received_at, text, "arrow-right", "quiet", name, said)


DOORS = (
    Door("GET", urls.DEALS, "deals.read", show_all),
    Door("GET", urls.deal("{deal}"), "deals.read", show, notes=True),
)
