"""The reader's own account: how they sign in, and where they are signed in."""

from __future__ import annotations

from typing import Literal, cast

from headgate.identity.account import ways
from headgate.identity.mails import changed_post
from headgate.identity.person import Act, Leave, Show, person_of
from headgate.identity.views import Account
from headgate.portal.guard import COOKIES, WHERE
from headgate.portal.views import AccountView, ConfirmView
from headgate.portal.visit import SIGNED_IN, Answer, Door, Go, Handler, Shown, Visit, Write


def _handler(act: Act) -> Handler:
    def handle(visit: Visit) -> Answer:
        person = person_of(visit, WHERE, COOKIES.own_path)
        done = act(person)
        if not done.changed:
            return _answered(done)
        post = changed_post(person, done.changed)
        return Write(post.letter, post.about, post.key, _answered(done))

    return handle


def _answered(done: Show | Leave) -> Answer:
    if isinstance(done, Leave):
        return Go(done.href, done.notice, done.session)
    body = done.body
    return Shown(AccountView(body) if isinstance(body, Account) else ConfirmView(body), done.status)


DOORS = tuple(
    Door(
        cast("Literal['GET', 'POST']", way.method), way.path, SIGNED_IN, _handler(way.act), fresh=way.fresh, keeps=False
    )
    for way in ways(WHERE)
)
