"""Write to the tenant about a deal, an order, a price exception or a return of one's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from psycopg import Connection

from headgate.channel.deals import get_deal
from headgate.channel.exceptions import get_exception
from headgate.channel.orders import get_order
from headgate.channel.returns import get_return
from headgate.kernel.errors import Invalid, NotFound
from headgate.kernel.phrases import phrase, sentence
from headgate.portal import urls
from headgate.portal.visit import SIGNED_IN, Answer, Door, Go, Visit
from headgate.process.messages import About, send_message
from headgate.ui.cookies import Notice

# What can be written about: how it is found (the database shows only the partner's own), and who may see it.
Found = Callable[[Connection[Any], str], dict[str, Any]]
SUBJECTS: Mapping[str, tuple[Found, str]] = {
    "deal": (get_deal, "deals.read"),
    "order": (partial(get_order, costs=False), "orders.read"),
    "price_exception": (get_exception, "prices.request"),
    "rma": (get_return, "returns.request"),
}


def write(visit: Visit) -> Answer:
    """Send a message."""
    kind, code = str(visit.request.path_params["kind"]), visit.code("code")
    if kind not in SUBJECTS or not visit.may(SUBJECTS[kind][1]):
        raise NotFound("there is nothing under this address")
    row = SUBJECTS[kind][0](visit.conn, code)
    href = urls.subject(kind, code)
    if row["case_id"] is None:
        raise NotFound("there is nothing to write about yet")
    about = About(row["case_id"], kind, code, visit.partner)
    try:
        send_message(visit.conn, visit.ctx, about, visit.form.get("message", ""))
    except Invalid as error:
        return Go(
            f"{href}#messages",
            Notice("risk", phrase("The message was not sent: %(message)s", message=sentence(error.message))),
        )
    return Go(f"{href}#messages", Notice("done", phrase("Your message was sent.")))


DOORS = (Door("POST", "/portal/messages/{kind}/{code}", SIGNED_IN, write),)
