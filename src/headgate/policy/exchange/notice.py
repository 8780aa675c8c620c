"""What an import or export has to say about itself, and what an import gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from headgate.kernel.errors import Invalid, Problem
from headgate.kernel.phrases import Phrase, counted, joined, phrase, worded
from headgate.policy.core.model import PolicyTable
from headgate.policy.exchange.yaml_text import write_yaml


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that was changed or left behind on the way, and where. Nothing is dropped without one."""

    place: str  # a cell address, an element id, a row and column
    message: str
    fix: str = ""

    def __str__(self) -> str:
        return self.told

    @property
    def told(self) -> Phrase:
        """The whole of it in one line."""
        place, message = worded(self.place), worded(self.message)
        if not self.fix:
            return phrase("%(place)s: %(message)s.", place=place, message=message)
        return phrase("%(place)s: %(message)s. %(fix)s", place=place, message=message, fix=worded(self.fix))


class Imported(NamedTuple):
    """A policy read from a foreign file, and what could not be taken over as it was."""

    policy: PolicyTable
    notices: tuple[Notice, ...]

    @property
    def text(self) -> str:
        """The policy as YAML, ready to be drafted."""
        return write_yaml(self.policy)


class Exported(NamedTuple):
    """A file, its media type and name ending, and what it cannot hold."""

    data: bytes
    media_type: str
    suffix: str
    notices: tuple[Notice, ...]


class Refusals:
    """Collects every reason to refuse a file, so that its author mends them in one go; the first hundred are told."""

    MOST = 100

    def __init__(self, file: str) -> None:
        self.file = file
        self.found: list[Notice] = []
        self.notices: list[Notice] = []

    def refuse(self, place: str, message: str, fix: str = "") -> None:
        """Note a reason; reading goes on."""
        if len(self.found) < self.MOST:
            self.found.append(Notice(place, message, fix))

    def tell(self, place: str, message: str, fix: str = "") -> None:
        """Note something that does not stop the import."""
        self.notices.append(Notice(place, message, fix))

    def check(self) -> None:
        """Raises `Invalid` with every reason that was noted."""
        if self.found:
            raise refused(self.file, self.found)


def refused(file: str, reasons: list[Notice]) -> Invalid:
    """The error that says why a file is not taken, with each reason's place as a problem."""
    problems = [Problem(joined(" ", (file, worded(r.place))), "", r.message, r.fix) for r in reasons]
    told = joined(", ", (file, reasons[0].told))
    if len(reasons) > 1:
        told = counted("%(told)s One reason more.", "%(told)s %(count)s reasons more.", len(reasons) - 1, told=told)
    return Invalid(told, problems=problems)


def refusal(file: str, place: str, message: str, fix: str = "") -> Invalid:
    """The error for one reason that ends reading at once."""
    return refused(file, [Notice(place, message, fix)])
