"""The reader's own account: how they sign in, and where they are signed in."""

from __future__ import annotations

from typing import Literal, cast

from headgate.console import auth
from headgate.console.guard import WHERE
from headgate.console.views.sign_in import AccountView, ConfirmView
from headgate.console.visit import SIGNED_IN, Answer, Door, Go, Handler, Shown, Visit
from headgate.identity.account import ways
from headgate.identity.mails import changed_post
from headgate.identity.person import Act, Leave, person_of
from headgate.identity.views import Account


def _handler(act: Act) -> Handler:
    def handle(visit: Visit) -> Answer:
        person = person_of(visit, WHERE, auth.own_path)
        done = act(person)
        if done.changed and visit.ctx.principal.id.startswith("user:"):  # a guest of a provider has no mailbox here
            post = changed_post(person, done.changed)
            visit.app.mailroom.send(visit.conn, visit.ctx, visit.tenant, post.letter, about=post.about, key=post.key)
        if isinstance(done, Leave):
            return Go(done.href, done.notice, done.session)
        body = done.body
        return Shown(AccountView(body) if isinstance(body, Account) else ConfirmView(body), done.status)

    return handle


DOORS = tuple(
    Door(cast("Literal['GET', 'POST']", way.method), way.path, SIGNED_IN, _handler(way.act), way.fresh, keeps=False)
    for way in ways(WHERE)
)
