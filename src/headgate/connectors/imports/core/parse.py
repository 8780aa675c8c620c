"""Read and validate a mapping. Everything wrong with it is said at once, each with its path in the file."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

from headgate.connectors.imports.core.mapping import (
    DOCUMENTS,
    RECORDS,
    AmountColumns,
    DocumentRule,
    Field,
    FileFormat,
    FileMapping,
    FixedRecords,
    Kind,
    RecordRule,
    Reject,
)
from headgate.connectors.imports.core.reading import Reading
from headgate.connectors.imports.core.yaml_text import read_yaml
from headgate.kernel.canonical import digest
from headgate.kernel.errors import Invalid, Problem, shorten
from headgate.kernel.money import CURRENCIES
from headgate.kernel.phrases import phrase

_TOP = frozenset(
    "mapping title file columns timezone price_decimals quantity_decimals numbers group_by amount defaults tables "
    "reject documents masters fixed".split()
)
_FIELD = frozenset({"column", "expr", "value", "lookup", "otherwise", "default", "negate", "time"})
_PLAIN_NAME = re.compile(r"[A-Za-z_][\w.]*")
_ASCII_SAFE = b'\n\r",;\t0aZ'
_EXACT: frozenset[Kind] = frozenset({"quantity", "price", "amount"})


def parse_mapping(text: str, file: str = "mapping") -> FileMapping:
    """The mapping in a YAML text. Raises `Invalid` whose problems name file and path, with a fix where one is known."""
    name = file.replace("\\", "/").rpartition("/")[2]
    raw = read_yaml(text, name)
    if not isinstance(raw, dict):
        problem = Problem(name, shorten(raw), "is not a mapping", "Start with `mapping: name`.")
        raise Invalid(str(problem), problems=(problem,))
    return _Reader(name, text, raw).read()


class _Reader(Reading):
    """Reads the sections of one mapping."""

    def __init__(self, file: str, text: str, raw: dict[str, Any]) -> None:
        super().__init__(file)
        self.mapping_text = text
        self.raw = raw
        self.tables: dict[str, dict[str, str]] = {}

    def read(self) -> FileMapping:
        raw = self.raw
        self.known("", raw, _TOP)
        self.take_columns(raw.get("columns", []))
        self.tables = self._tables(raw.get("tables", {}))
        layout = self._layout(raw.get("file", {}))
        numbers = self.block("numbers", raw.get("numbers", {}))
        self.known("numbers", numbers, {"decimal", "thousands"})
        mapping = FileMapping(
            name=self.text("mapping", raw.get("mapping"), required=True),
            title=self.text("title", raw.get("title")),
            file=self.file,
            text=self.mapping_text,
            digest=digest(_plain(raw)).hex(),
            layout=layout,
            columns=self.columns,
            timezone=self.timezone(raw.get("timezone", "UTC")),
            price_decimals=self.whole("price_decimals", raw.get("price_decimals", 6), 0, 6),
            quantity_decimals=self.whole("quantity_decimals", raw.get("quantity_decimals", 6), 0, 6),
            decimal_mark=self.text("numbers.decimal", numbers.get("decimal", ".")),
            thousands_mark=self.text("numbers.thousands", numbers.get("thousands", "")),
            group_by=self._group_by(raw.get("group_by")),
            amount=self._amount(raw.get("amount")),
            defaults=self._defaults(raw.get("defaults", {})),
            tables=self.tables,
            reject=self._rejects(raw.get("reject", [])),
            documents=self._documents(raw.get("documents")),
            records=self._records(raw.get("masters", {})),
            fixed=self._fixed(raw.get("fixed", [])),
        )
        if self.problems:
            lines = "\n".join(str(p) for p in self.problems)
            raise Invalid(phrase("the mapping cannot be used:\n%(lines)s", lines=lines), problems=self.problems)
        return mapping

    def _layout(self, value: object) -> FileFormat:
        raw = self.block("file", value)
        self.known("file", raw, {"format", "encoding", "delimiter", "explode"})
        kind = self.text("file.format", raw.get("format", "detect"))
        if kind not in {"csv", "jsonl", "detect"}:
            self.say(
                "file.format",
                kind,
                "is not a known format",
                "Use csv, jsonl or detect; compression is seen from the file.",
            )
        encoding = self.text("file.encoding", raw.get("encoding", "utf-8"))
        try:
            if _ASCII_SAFE.decode(encoding) != _ASCII_SAFE.decode("ascii"):
                raise LookupError
            encoding = codecs.lookup(encoding).name
        except (LookupError, UnicodeError):
            self.say(
                "file.encoding",
                encoding,
                "is not an encoding that can be read line by line",
                "Use utf-8, cp1252 or another that contains ASCII.",
            )
        delimiter = self.text("file.delimiter", raw.get("delimiter", ","))
        if len(delimiter) != 1 or delimiter in '"\r\n':
            self.say("file.delimiter", delimiter, "must be one character")
            delimiter = ","
        explode = self.text("file.explode", raw.get("explode")) or None
        return FileFormat(format=cast(Any, kind), encoding=encoding, delimiter=delimiter, explode=explode)

    def _group_by(self, value: object) -> tuple[str, ...]:
        if value is None:
            self.say(
                "group_by",
                None,
                "is missing",
                "Name the column whose rows make one document, for example the order number.",
            )
            return ()
        given = [value] if isinstance(value, str) else self.sequence("group_by", value)
        return tuple(self.column(f"group_by[{i}]", v) for i, v in enumerate(given))

    def _amount(self, value: object) -> AmountColumns:
        if value is None:
            self.say(
                "amount", None, "is missing", "Say which columns make a row's amount: {quantity, unit_price, currency}."
            )
            return AmountColumns("", "", "")
        raw = self.block("amount", value)
        self.known("amount", raw, {"quantity", "unit_price", "currency"})
        currency = self.text("amount.currency", raw.get("currency"), required=True)
        if currency and currency not in CURRENCIES:
            self.say("amount.currency", currency, "is not an ISO 4217 code", "Use three capitals such as EUR.")
        return AmountColumns(
            self.column("amount.quantity", raw.get("quantity")),
            self.column("amount.unit_price", raw.get("unit_price")),
            currency,
        )

    def _defaults(self, value: object) -> dict[str, str]:
        raw = self.block("defaults", value)
        return {self.column(f"defaults.{k}", k): self.text(f"defaults.{k}", v, required=True) for k, v in raw.items()}

    def _tables(self, value: object) -> dict[str, dict[str, str]]:
        return {
            name: {
                k: self.text(f"tables.{name}.{k}", v, required=True)
                for k, v in self.block(f"tables.{name}", table).items()
            }
            for name, table in self.block("tables", value).items()
        }

    def _rejects(self, value: object) -> tuple[Reject, ...]:
        found = []
        for i, item in enumerate(self.sequence("reject", value)):
            path = f"reject[{i}]"
            raw = self.block(path, item)
            self.known(path, raw, {"when", "reason"})
            when = self.expression(f"{path}.when", raw.get("when"))
            found.append(Reject(path, when, self.text(f"{path}.reason", raw.get("reason"), required=True)))
        return tuple(found)

    def _documents(self, value: object) -> tuple[DocumentRule, ...]:
        if not value:
            self.say("documents", None, "is missing", "Say what rows become, for example order.submitted.")
            return ()
        found = []
        for i, item in enumerate(self.sequence("documents", value)):
            path = f"documents[{i}]"
            raw = self.block(path, item)
            self.known(path, raw, {"type", "when", "header", "lines"})
            kind = self.text(f"{path}.type", raw.get("type"), required=True)
            if kind not in DOCUMENTS:
                self.say(
                    f"{path}.type", kind, "is not a document rows can become", f"Use {' or '.join(sorted(DOCUMENTS))}."
                )
                continue
            type_ = DOCUMENTS[kind]
            when = self.expression(f"{path}.when", raw["when"]) if "when" in raw else None
            header = self._fields(f"{path}.header", raw.get("header", {}), type_.header, type_.required)
            lines = self._fields(f"{path}.lines", raw.get("lines", {}), type_.lines, type_.required_lines)
            found.append(DocumentRule(path, type_, when, header, lines))
        for i, rule in enumerate(found[:-1]):
            if rule.when is None:
                self.say(
                    f"{rule.path}.when",
                    None,
                    f"is missing, so {found[i + 1].path} can never be reached",
                    "Give it a condition or move it to the end.",
                )
        return tuple(found)

    def _records(self, value: object) -> tuple[RecordRule, ...]:
        raw = self.block("masters", value)
        self.known("masters", raw, RECORDS)
        return tuple(
            RecordRule(
                f"masters.{name}", type_, self._fields(f"masters.{name}", raw[name], type_.fields, type_.required)
            )
            for name, type_ in RECORDS.items()
            if name in raw
        )

    def _fixed(self, value: object) -> tuple[FixedRecords, ...]:
        found = []
        for i, item in enumerate(self.sequence("fixed", value)):
            path = f"fixed[{i}]"
            raw = self.block(path, item)
            self.known(path, raw, {"type", "items"})
            kind = self.text(f"{path}.type", raw.get("type"), required=True)
            if not kind.endswith(".recorded") or kind == "return.recorded":
                self.say(f"{path}.type", kind, "is not a master record", "Use for example tax_rate.recorded.")
            items = tuple(
                self.block(f"{path}.items[{k}]", v)
                for k, v in enumerate(self.sequence(f"{path}.items", raw.get("items")))
            )
            found.append(FixedRecords(kind, items))
        return tuple(found)

    def _fields(
        self, path: str, value: object, known: Mapping[str, Kind], required: frozenset[str]
    ) -> dict[str, Field]:
        raw = self.block(path, value)
        self.known(path, raw, known)
        for name in sorted(required - raw.keys()):
            self.say(f"{path}.{name}", None, "is missing")
        return {name: self._field(f"{path}.{name}", raw[name], known[name]) for name in raw if name in known}

    def _field(self, path: str, value: object, kind: Kind) -> Field:
        if isinstance(value, str):
            plain = value in self.columns or (not self.columns and _PLAIN_NAME.fullmatch(value) is not None)
            return Field(path, column=value) if plain else Field(path, expression=self.expression(path, value))
        raw = self.block(path, value)
        self.known(path, raw, _FIELD)
        sources = [name for name in ("column", "expr", "value") if name in raw]
        if len(sources) != 1:
            self.say(path, raw, "needs exactly one of column, expr, value")
            return Field(path, constant="")
        lookup = self.text(f"{path}.lookup", raw.get("lookup")) or None
        if lookup is not None and lookup not in self.tables:
            self.say(
                f"{path}.lookup",
                lookup,
                "is not a table of this mapping",
                f"Tables: {', '.join(sorted(self.tables)) or 'none'}.",
            )
        if "negate" in raw and kind not in _EXACT:
            self.say(f"{path}.negate", None, "only an amount or a quantity can be negated")
        if "otherwise" in raw and lookup is None:
            self.say(f"{path}.otherwise", None, "needs a lookup")
        return Field(
            path,
            column=self.column(f"{path}.column", raw["column"]) if "column" in raw else None,
            expression=self.expression(f"{path}.expr", raw["expr"]) if "expr" in raw else None,
            constant=_constant(raw["value"]) if "value" in raw else None,
            lookup=lookup,
            otherwise=_constant(raw["otherwise"]) if "otherwise" in raw else None,
            default=_constant(raw["default"]) if "default" in raw else None,
            negate=raw.get("negate") is True,
            time_format=self._time_format(f"{path}.time", raw.get("time")) if kind == "time" else "",
        )

    def _time_format(self, path: str, value: object) -> str:
        text = self.text(path, value)
        if text:
            sample = datetime(2011, 3, 31, 13, 45, 59, tzinfo=UTC)
            try:
                if datetime.strptime(sample.strftime(text), text).date() != sample.date():  # noqa: DTZ007
                    raise ValueError
            except ValueError:
                self.say(path, text, "is not a time format with year, month and day", 'For example "%d.%m.%Y %H:%M".')
        return text


def _constant(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _plain(value: Any) -> Any:
    """The parsed YAML with text keys only, for the digest."""
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_plain(v) for v in value]
    return value
