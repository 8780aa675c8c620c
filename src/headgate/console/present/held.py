"""Decisions that are held before they count, in words."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from headgate.console.present import bulk
from headgate.console.views.bulk import HeldNews
from headgate.kernel.errors import Conflict, HeadgateError, Stale
from headgate.kernel.phrases import Phrase, counted, phrase
from headgate.process import Approval, Voter
from headgate.process.being_decided import Being
from headgate.process.core.outlook import outlook
from headgate.process.holding import Held, HeldItem, News

_BEING = {
    "approve": phrase("Being approved"),
    "reject": phrase("Being rejected"),
    "return": phrase("Being returned"),
    "edit": phrase("Being approved with changes"),
}


def being_of(being: Being | None) -> str:
    """What a row of the reader's list says of a request that is being decided; '' where it is not."""
    if being is None:
        return ""
    return _BEING[being.outcome] if being.mine else phrase("A colleague is deciding this")


def undo_of(being: Being) -> HeldNews:
    """What the page of a request says while its reader's decision about it can be undone."""
    return HeldNews(being.held, _BEING[being.outcome], being.due_at)


def undo_line(held: Held) -> HeldNews:
    """The same, of a decision at hand."""
    return HeldNews(held.held, _BEING[held.outcome], held.due_at)


def news_lines(news: Iterable[News]) -> tuple[HeldNews, ...]:
    """What stands over the lists."""
    return tuple(_line(each) for each in news)


def _line(news: News) -> HeldNews:
    if news.status == "held":
        return HeldNews(news.held, _waits(news.outcome, news.items - news.refused), news.due_at)
    text = counted(
        "%(count)s request of your decision was not decided",
        "%(count)s requests of your decision were not decided",
        news.refused,
    )
    return HeldNews(news.held, text, None)


def _waits(outcome: str, count: int) -> Phrase:
    if outcome == "approve":
        return counted("%(count)s request is being approved", "%(count)s requests are being approved", count)
    if outcome == "reject":
        return counted("%(count)s request is being rejected", "%(count)s requests are being rejected", count)
    if outcome == "edit":
        return phrase("1 request is being approved with changes")
    return counted("%(count)s request is being returned", "%(count)s requests are being returned", count)


def title_of(held: Held, decided: int) -> str:
    """The heading: what is being decided, or what became of it."""
    if held.status == "held":
        return _waits(held.outcome, len(held.waiting))
    if held.status == "undone":
        back = sum(1 for item in held.items if item.status == "undone")
        return counted("Undone: %(count)s request is open again", "Undone: %(count)s requests are open again", back)
    return bulk.title_of(held.outcome, decided, done=True)


def fate_of(held: Held, item: HeldItem, after: Approval, queued: Collection[int], voter: Voter | None) -> str:
    """What an item leads to, or has led to; '' where it was not decided."""
    if item.status == "undone":
        return phrase("Nothing was decided; it is open again.")
    if item.status == "held":
        return _foretold(held, item, after, voter)
    if item.event_seq is None:
        return ""
    if any(vote.event_seq == item.event_seq for vote in after.votes):
        return bulk.then_of(after)
    return phrase("It is in the log and takes effect in a moment.") if item.event_seq in queued else ""


def _foretold(held: Held, item: HeldItem, now: Approval, voter: Voter | None) -> str:
    try:
        if voter is not None and now.status == "pending":
            return bulk.then_of(outlook(now, voter, item.on_behalf_of, held.outcome, held.due_at))
    except HeadgateError:
        pass
    return phrase("It is looked at once more when the time is over.")


def error_of(item: HeldItem) -> HeadgateError:
    """Why an item was not decided."""
    if item.problem == Stale.code:
        return Stale(item.reason or "")
    return Conflict(item.reason or phrase("something else came in between, so it was not decided"))
