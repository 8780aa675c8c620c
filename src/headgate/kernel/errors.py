"""One small tree of errors, named for the fact. Only edges translate them (HTTP status, exit code)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from headgate.kernel.phrases import Phrase, phrase, worded


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with an input: the field (dotted path), the value as seen, and how to mend it.

    Message and fix are English for the API and logs; they remember their phrases, so a page says them as its reader
    speaks.
    """

    field: str
    value: str
    message: str
    fix: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "message", worded(self.message))
        object.__setattr__(self, "fix", worded(self.fix))

    def told(self) -> Phrase:
        """All of it in one line."""
        shown = phrase(" (got %(value)s)", value=self.value) if self.value else ""
        mend = Phrase(" %(fix)s", {"fix": self.fix}) if self.fix else ""
        parts = {"field": self.field, "message": self.message, "shown": shown, "mend": mend}
        return Phrase("%(field)s: %(message)s%(shown)s.%(mend)s", parts)

    def __str__(self) -> str:
        return str(self.told())


class Unread(Exception):
    """A text that cannot be read. Whoever refuses it says where it stands and passes on what it says of itself."""

    @property
    def said(self) -> Phrase:
        """The message, as the phrase it is."""
        return worded(self.args[0] if self.args else "")


class HeadgateError(Exception):
    """Anything Headgate refuses or cannot do. `code` is stable and machine-readable.

    The message is English for the API and logs, and a phrase that pages say as their reader speaks.
    """

    code = "error"

    def __init__(self, message: str, *, problems: Sequence[Problem] = ()) -> None:
        super().__init__(message)
        self.message = worded(message)
        self.problems = tuple(problems)


class Invalid(HeadgateError):
    """The input breaks its schema or a rule that needs no stored state."""

    code = "invalid"


class NotFound(HeadgateError):
    """What was named does not exist for this tenant (or this caller may not know that it does)."""

    code = "not_found"


class Conflict(HeadgateError):
    """The request contradicts what is stored, for example the same event id with another body."""

    code = "conflict"


class Stale(Conflict):
    """What was approved or edited has changed since it was shown."""

    code = "stale"


class Unauthenticated(HeadgateError):
    """No valid proof of who is asking."""

    code = "unauthenticated"


class Forbidden(HeadgateError):
    """The principal is known and may not do this."""

    code = "forbidden"


class DutyConflict(Forbidden):
    """Segregation of duties: the same person stands on both sides, directly or through a delegate."""

    code = "duty_conflict"


class Suspended(Forbidden):
    """The whole tenant is shut: its people and systems are known, and nothing is taken from them for now."""

    code = "tenant_suspended"


class OverQuota(Conflict):
    """It would be more than the tenant may use of this installation."""

    code = "over_quota"


class ProofNeeded(Forbidden):
    """The principal may do this once they have proved again who they are.

    `page` is where they go on afterwards and `action` the address of the form there, where that is not the page and
    the form that they come from.
    """

    code = "proof_needed"

    def __init__(self, message: str, *, page: str = "", action: str = "") -> None:
        super().__init__(message)
        self.page = page
        self.action = action


class Refused(HeadgateError):
    """An event that is well-formed but cannot be applied to the records as they stand; it goes to quarantine."""

    code = "refused"


class NotYet(HeadgateError):
    """What an event speaks of is in the log and still to be applied: it is tried again when that has been."""

    code = "not_yet"


class Busy(HeadgateError):
    """Too much at once; try again after `retry_after` seconds."""

    code = "busy"

    def __init__(self, message: str, *, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Misconfigured(HeadgateError):
    """The installation cannot run like this; the message says which setting to change."""

    code = "misconfigured"


def invalid(field: str, value: object, message: str, fix: str = "") -> Invalid:
    """An `Invalid` about one field; the value is cut to 80 characters."""
    problem = Problem(field, shorten(value), message, fix)
    return Invalid(problem.told(), problems=(problem,))


def refused(field: str, value: object, message: str, fix: str = "") -> Refused:
    """A `Refused` about one field; the value is cut to 80 characters."""
    problem = Problem(field, shorten(value), message, fix)
    return Refused(problem.told(), problems=(problem,))


def shorten(value: object, limit: int = 80) -> str:
    """A value as shown in an error: its text, cut, never empty of meaning."""
    try:
        text = str(value) if isinstance(value, (str, Decimal)) else repr(value)
    except ValueError:  # an integer with more digits than Python writes out
        text = "a number too long to show"
    return text if len(text) <= limit else text[: limit - 1] + "…"
