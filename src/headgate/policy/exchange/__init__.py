"""Policies in the files of other tools, in and out. Pure: bytes in, values out.

Everything read becomes a policy like one written by hand: it is linted, tested and approved as such. What a file cannot
hold, or holds and a policy cannot, is said in notices with its place; what would change meaning silently is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from headgate.kernel.errors import invalid, shorten
from headgate.kernel.phrases import phrase
from headgate.policy.core.model import PolicyTable
from headgate.policy.core.parse import parse_policy
from headgate.policy.exchange.dmn import read_decisions, write_dmn
from headgate.policy.exchange.jdm import read_jdm, write_jdm
from headgate.policy.exchange.notice import Exported, Imported, Notice, refusal
from headgate.policy.exchange.sheet import read_csv, read_xlsx, write_csv, write_xlsx
from headgate.policy.exchange.yaml_text import write_yaml

MAX_FILE = 10_000_000  # bytes

_Reader = Callable[[bytes, str, PolicyTable | None], list[Imported]]


def read_tables(data: bytes, filename: str, base: PolicyTable | None = None) -> list[Imported]:
    """The policies in a file, told by the ending of its name: .dmn, .jdm, .json, .xlsx,
    .csv, .tsv, .txt (pasted cells), .yaml.

    A DMN or GoRules model may hold several, required ones first; every other file holds one. `base` is the policy that
    a spreadsheet changes: it gives what the sheet does not say, and its next version number.
    The tables are not yet linted. Raises `Invalid` with every reason and its place.
    """
    suffix = filename.rpartition(".")[2].lower()
    reader = _READERS.get(suffix)
    if reader is None:
        raise invalid(
            "file",
            shorten(filename),
            phrase("has an unknown ending"),
            phrase("Use .%(names)s.", names=", .".join(sorted(_READERS))),
        )
    if len(data) > MAX_FILE:
        raise refusal(
            filename,
            phrase("the file"),
            phrase("is larger than %(most)s MB", most=MAX_FILE // 1000000),
            phrase("Split it into policies."),
        )
    if not data.strip():
        raise refusal(filename, phrase("the file"), phrase("is empty"))
    return reader(data, filename, base)


def read_table(data: bytes, filename: str, base: PolicyTable | None = None) -> Imported:
    """The one policy in a file, as `read_tables` reads it. Raises `Invalid`, also where there are several."""
    found = read_tables(data, filename, base)
    if len(found) > 1:
        names = ", ".join(i.policy.policy for i in found[:20])
        raise refusal(
            filename,
            phrase("the file"),
            phrase("holds %(count)s policies (%(names)s)", count=len(found), names=names),
            phrase("Keep one, or import them all."),
        )
    return found[0]


def write_table(table: PolicyTable, form: str) -> Exported:
    """The policy as a file of that form: dmn, jdm, xlsx, csv, yaml. Raises `Invalid` for another."""
    writer = _WRITERS.get(form)
    if writer is None:
        raise invalid(
            "format",
            shorten(form),
            phrase("is not known"),
            phrase("Use %(names)s.", names=", ".join(sorted(_WRITERS))),
        )
    return writer(table)


def _from_dmn(data: bytes, file: str, _: PolicyTable | None) -> list[Imported]:
    return read_decisions(data, file)


def _from_jdm(data: bytes, file: str, _: PolicyTable | None) -> list[Imported]:
    return read_jdm(data, file)


def _from_xlsx(data: bytes, file: str, base: PolicyTable | None) -> list[Imported]:
    return [read_xlsx(data, file, base)]


def _from_csv(data: bytes, file: str, base: PolicyTable | None) -> list[Imported]:
    return [read_csv(data, file, base)]


def _from_yaml(data: bytes, file: str, _: PolicyTable | None) -> list[Imported]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise refusal(
            file, phrase("byte %(start)s", start=error.start), phrase("is not UTF-8 text"), phrase("Save it as UTF-8.")
        ) from None
    return [Imported(parse_policy(text, file), ())]


def _to_yaml(table: PolicyTable) -> Exported:
    return Exported(write_yaml(table).encode(), "application/yaml", "yaml", ())


_READERS: Mapping[str, _Reader] = {
    **dict.fromkeys(["dmn", "xml"], _from_dmn),
    **dict.fromkeys(["jdm", "json"], _from_jdm),
    "xlsx": _from_xlsx,
    **dict.fromkeys(["csv", "tsv", "txt"], _from_csv),
    **dict.fromkeys(["yaml", "yml"], _from_yaml),
}
_WRITERS: Mapping[str, Callable[[PolicyTable], Exported]] = {
    "dmn": write_dmn,
    "jdm": write_jdm,
    "xlsx": write_xlsx,
    "csv": write_csv,
    "yaml": _to_yaml,
}
FORMATS = tuple(sorted(_WRITERS))
ENDINGS = tuple(sorted(_READERS))

__all__ = [
    "ENDINGS",
    "FORMATS",
    "MAX_FILE",
    "Exported",
    "Imported",
    "Notice",
    "read_table",
    "read_tables",
    "write_table",
    "write_yaml",
]
