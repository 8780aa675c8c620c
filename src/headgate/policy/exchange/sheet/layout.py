"""Rows of a sheet to a policy: a few lines about the policy, the header row, then one rule a row.

The lines about it (`policy`, `title`, `owner`, `hit`, `label NAME`, …) may be missing where the sheet fills an existing
policy. A row whose id is `default` is the default.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, cast

from headgate.kernel.phrases import phrase
from headgate.policy.core.fields import MAX_TEXT
from headgate.policy.core.model import (
    AGGREGATES,
    DEFAULT_ROW,
    HITS,
    NUMERIC,
    Aggregate,
    Hit,
    InputColumn,
    OutputColumn,
    PolicyTable,
    PolicyTest,
    Row,
)
from headgate.policy.core.parse import MAX_COLUMNS, MAX_ROWS
from headgate.policy.core.unary import BadCell
from headgate.policy.exchange.names import slug, unused
from headgate.policy.exchange.notice import Imported, Refusals, refusal
from headgate.policy.exchange.sheet.cells import TEXTS, SheetCell, output_of, policy_cell
from headgate.policy.exchange.sheet.header import Head, is_header, read_header

ABOUT = ("policy", "version", "title", "description", "owner", "hit", "aggregate")
MAX_ABOUT = 2 * MAX_COLUMNS + len(ABOUT)


@dataclass
class _Sheet:
    about: dict[str, SheetCell] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    heads: dict[int, Head] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    default: Row | None = None


def read_rows(
    rows: Iterable[list[SheetCell]],
    file: str,
    base: PolicyTable | None = None,
    tests: tuple[PolicyTest, ...] | None = None,
) -> Imported:
    """The policy of a sheet. `base` gives what the sheet does not say: name, owner, hit policy, types, tests.

    Raises `Invalid` listing each cell that cannot be read; stops at the first row beyond the limit.
    """
    wrong = Refusals(file)
    sheet = _read(rows, base, wrong)
    if not sheet.heads and not wrong.found:
        fix = phrase("Name the columns in one row, for example: id, in amount: money, out fee: money.")
        wrong.refuse(phrase("the sheet"), phrase("has no header row"), fix)
    wrong.check()
    table = _table(sheet, file, base, tests, wrong)
    wrong.check()
    return Imported(table, tuple(wrong.notices))


def _read(rows: Iterable[list[SheetCell]], base: PolicyTable | None, wrong: Refusals) -> _Sheet:
    sheet = _Sheet()
    before = 0
    for cells in rows:
        if all(c.empty for c in cells):
            continue
        if sheet.heads:
            if len(sheet.rows) >= MAX_ROWS:
                fix = phrase("Split the table into several policies, or state ranges instead of single values.")
                raise refusal(
                    wrong.file,
                    cells[0].at,
                    phrase("is a row beyond the limit of %(most)s rules", most=MAX_ROWS),
                    fix,
                )
            _rule(sheet, cells, wrong)
        elif is_header(cells, base):
            if len([c for c in cells if not c.empty]) > 2 * MAX_COLUMNS:
                raise refusal(
                    wrong.file,
                    cells[0].at,
                    phrase("starts a header of more than %(most)s columns", most=2 * MAX_COLUMNS),
                )
            sheet.heads = read_header(cells, base, wrong)
            if not sheet.heads:
                break
        else:
            before += 1
            if before > MAX_ABOUT:
                raise refusal(
                    wrong.file,
                    cells[0].at,
                    phrase("has no header row in the first %(most)s rows", most=MAX_ABOUT),
                )
            _about(sheet, cells, wrong)
    return sheet


def _about(sheet: _Sheet, cells: list[SheetCell], wrong: Refusals) -> None:
    first, *rest = [c for c in cells if not c.empty]
    key = first.text.lower().rstrip(":")
    if len(rest) > 1:
        wrong.refuse(
            rest[1].at, phrase("stands behind %(key)s and its value", key=repr(key[:40])), phrase("Remove it.")
        )
    value = rest[0] if rest else SheetCell("", first.at)
    if key in ABOUT:
        sheet.about[key] = value
    elif key.startswith("label "):
        sheet.labels[slug(key[6:])] = value.text
    else:
        fix = phrase(
            "Above the header stand %(about)s and 'label NAME'; the header names 'in …' and 'out …' columns.",
            about=", ".join(ABOUT),
        )
        wrong.refuse(
            first.at, phrase("%(first)s is neither about the policy nor a header", first=repr(first.text[:60])), fix
        )


def _rule(sheet: _Sheet, cells: list[SheetCell], wrong: Refusals) -> None:
    words: dict[str, str] = {}
    when: dict[str, str] = {}
    then: dict[str, object] = {}
    for place, cell in enumerate(cells):
        if cell.empty:
            continue
        head = sheet.heads.get(place)
        if head is None:
            wrong.refuse(
                cell.at,
                phrase("%(cell)s stands under no header", cell=repr(cell.text[:40])),
                phrase("Name the column, or remove the cell."),
            )
        elif head.column is None:
            words[head.word] = cell.text
        elif isinstance(head.column, InputColumn):
            _remark(head.column, cell, wrong)
            if text := policy_cell(cell, head.column.type):
                when[head.column.name] = text
        else:
            _remark(head.column, cell, wrong)
            try:
                then[head.column.name] = output_of(cell, head.column.type)
            except BadCell as error:
                wrong.refuse(cell.at, phrase("column %(column)s: %(error)s", column=head.column.name, error=error.said))
    at = cells[0].at
    for word in ("because", "clause"):
        if len(words.get(word, "")) > MAX_TEXT:
            wrong.refuse(at, phrase("%(key)s is longer than %(most)s characters", key=word, most=MAX_TEXT))
    _place(sheet, at, words, when, then, wrong)


def _place(
    sheet: _Sheet, at: str, words: dict[str, str], when: dict[str, str], then: dict[str, object], wrong: Refusals
) -> None:
    line = int(re.sub(r"\D", "", at) or 0)
    taken = {r.id for r in sheet.rows}
    given = words.get("id", "")
    name = slug(given, "row") if given else unused(f"row_{len(sheet.rows) + 1}", taken)
    if given and name != given:
        wrong.tell(at, phrase("the id %(given)s becomes %(name)s", given=repr(given[:60]), name=name))
    row = Row(name, when, then, words.get("because", ""), words.get("clause", ""), line)
    if name == DEFAULT_ROW:
        if when:
            wrong.refuse(at, phrase("the default has a condition"), phrase("Leave its 'in' cells empty."))
        elif sheet.default is not None:
            wrong.refuse(at, phrase("is a second default"), phrase("Keep one."))
        sheet.default = row
        return
    if name in taken:
        wrong.refuse(at, phrase("a row before has the id %(name)s", name=name), phrase("Give each row its own id."))
    sheet.rows.append(row)


def _remark(column: InputColumn | OutputColumn, cell: SheetCell, wrong: Refusals) -> None:
    if isinstance(cell.value, Decimal) and column.type in TEXTS:
        wrong.tell(
            cell.at,
            phrase("the number %(text)s is read as a text", text=cell.text),
            phrase("Format the column as text to keep zeros."),
        )
    if cell.percent and column.type in NUMERIC and column.type != "percent":
        wrong.tell(
            cell.at,
            phrase(
                "is shown in percent and read as %(text)s, for %(name)s is of type %(type)s",
                text=cell.text,
                name=column.name,
                type=column.type,
            ),
            phrase("Declare it '%(name)s: percent' to count in percent.", name=column.name),
        )


def _table(
    sheet: _Sheet, file: str, base: PolicyTable | None, tests: tuple[PolicyTest, ...] | None, wrong: Refusals
) -> PolicyTable:
    columns = [h.column for h in sheet.heads.values() if h.column is not None]
    labelled = [replace(c, label=sheet.labels.get(c.name, c.label)) for c in columns]
    inputs = tuple(c for c in labelled if isinstance(c, InputColumn))
    outputs = tuple(c for c in labelled if isinstance(c, OutputColumn))
    for what, found in (("in", inputs), ("out", outputs)):
        if not found:
            wrong.refuse(
                phrase("the header"),
                phrase("names no '%(what)s' column", what=what),
                phrase("Write for example '%(what)s amount: money'.", what=what),
            )
    if not sheet.rows:
        wrong.refuse(phrase("the sheet"), phrase("has no rules below the header"), phrase("Write one rule per row."))
    for name in sheet.labels.keys() - {c.name for c in labelled}:
        wrong.tell(
            phrase("the lines above the header"), phrase("the label of %(name)s belongs to no column", name=name)
        )
    about = dict(_words(sheet, file, base, wrong))
    if base is not None and tests is None and base.tests:
        wrong.tell(
            phrase("tests"),
            phrase(
                "the %(count)s tests of %(policy)s version %(version)s are kept",
                count=len(base.tests),
                policy=base.policy,
                version=base.version,
            ),
        )
    return PolicyTable(
        **about,
        inputs=inputs,
        outputs=outputs,
        rows=tuple(sheet.rows),
        default=sheet.default,
        tests=tests if tests is not None else (base.tests if base else ()),
        digest="",
        file=file,
    )


def _words(sheet: _Sheet, file: str, base: PolicyTable | None, wrong: Refusals) -> Iterator[tuple[str, Any]]:
    stem = re.sub(r"\.[A-Za-z]+$", "", re.split(r"[/\\]", file)[-1])
    given = {key: cell.text for key, cell in sheet.about.items() if not cell.empty}
    policy = given.get("policy") or (base.policy if base else slug(stem, "policy"))
    yield "policy", slug(policy, "policy")
    yield "title", (given.get("title") or (base.title if base else stem))[:MAX_TEXT]
    yield "description", (given.get("description") or (base.description if base else ""))[:MAX_TEXT]
    owner = given.get("owner") or (base.owner if base else "")
    if not owner:
        wrong.tell(
            phrase("owner"),
            phrase("is not given; the policy's owner is set to 'unowned'"),
            phrase("Add a line: owner, and a name."),
        )
    yield "owner", owner or "unowned"
    yield "version", _version(sheet, base, wrong)
    hit = (given.get("hit") or (base.hit if base else "first")).lower().replace(" ", "_")
    if "hit" not in given and base is None:
        wrong.tell(
            phrase("hit"),
            phrase("is not given, so the first row that fits decides"),
            phrase("Add a line: hit, and a hit policy."),
        )
    if hit not in HITS:
        wrong.refuse(
            sheet.about["hit"].at,
            phrase("the hit policy %(hit)s is not known", hit=repr(hit[:40])),
            phrase("Use %(names)s.", names=_listed(HITS)),
        )
    yield "hit", cast(Hit, hit)
    aggregate = (given.get("aggregate") or (base.aggregate if base else "list")).lower()
    if aggregate not in AGGREGATES:
        wrong.refuse(
            sheet.about["aggregate"].at,
            phrase("%(aggregate)s is not known", aggregate=repr(aggregate[:40])),
            phrase("Use %(names)s.", names=_listed(AGGREGATES)),
        )
    yield "aggregate", cast(Aggregate, aggregate)


def _version(sheet: _Sheet, base: PolicyTable | None, wrong: Refusals) -> int:
    cell = sheet.about.get("version")
    if cell is None or cell.empty:
        return base.version + 1 if base else 1
    if not re.fullmatch(r"[1-9]\d{0,8}", cell.text):
        wrong.refuse(cell.at, phrase("the version %(cell)s is not a whole number from 1", cell=repr(cell.text[:40])))
        return 1
    return int(cell.text)


def _listed(words: Iterable[str]) -> str:
    return ", ".join(sorted(words))
