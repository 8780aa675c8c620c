"""Entries of a policy file's lists as YAML text: byte for byte what the YAML library writes, in a tenth of its time.

Rows and tests are mappings with a line per key, of plain cells. Such an entry is put together here, from scalars styled
by the library's own rules; one with a long line, with breaks or with keys of its own is left to the library.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import lru_cache

import yaml

from headgate.policy.core.model import Formula

WIDTH = 116
STR, NULL, BOOL = "tag:yaml.org,2002:str", "tag:yaml.org,2002:null", "tag:yaml.org,2002:bool"
INT, FLOAT = "tag:yaml.org,2002:int", "tag:yaml.org,2002:float"
# Cells of a long table: what was styled once is found again at the next save.
_REMEMBERED = 32_768
_LONGEST_KEY = 100


class PolicyDumper(yaml.SafeDumper):
    """Indents the entries of a list below their key, as our files do."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        return super().increase_indent(flow, False)


_STYLIST = PolicyDumper(io.StringIO(), width=WIDTH, allow_unicode=True)


def entry_text(value: object, order: Sequence[str]) -> str | None:
    """The lines of an entry of a list below a key at the top, keys in this order; None where the library has to write
    it."""
    if not isinstance(value, Mapping) or not value or not value.keys() <= set(order):
        return None
    lines: list[str] = []
    for key in order:
        if key in value:
            said = _flow(value[key], within=False)
            line = f"  {'  ' if lines else '- '}{key}: {said}"
            if said is None or len(line) > WIDTH:
                return None
            lines.append(line)
    return "\n".join(lines) + "\n"


def scalar_of(value: object) -> tuple[str, str]:
    """A plain value as text, and its tag."""
    if isinstance(value, Formula):
        return f"= {value.text}", STR
    if value is None:
        return "null", NULL
    if isinstance(value, bool):
        return ("true" if value else "false"), BOOL
    if isinstance(value, int):
        return str(value), INT
    if isinstance(value, Decimal):
        text = format(value, "f")
        return text, FLOAT if "." in text else INT
    return str(value), STR


def _flow(value: object, *, within: bool) -> str | None:
    """A value on one line, `within` braces or brackets or after a key of its own line."""
    if isinstance(value, Mapping):
        pairs = []
        for key, each in value.items():
            name, said = _key(str(key)), _flow(each, within=True)
            if name is None or said is None or not isinstance(key, str):
                return None
            pairs.append(f"{name}: {said}")
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, (list, tuple)):
        items = [_flow(each, within=True) for each in value]
        return None if None in items else f"[{', '.join(str(item) for item in items)}]"
    text, tag = scalar_of(value)
    return _styled(text, tag, within) if len(text) <= WIDTH else None


def _key(text: str) -> str | None:
    return _styled(text, STR, True) if 0 < len(text) < _LONGEST_KEY else None


@lru_cache(maxsize=_REMEMBERED)
def _styled(text: str, tag: str, within: bool) -> str | None:
    """The scalar as the library styles it; None for one that it writes over several lines or with escapes."""
    found = _STYLIST.analyze_scalar(text)
    plain = _STYLIST.resolve(yaml.ScalarNode, text, (True, False)) == tag  # type: ignore[no-untyped-call]
    if found.multiline or (not plain and tag != STR):
        return None
    if plain and (found.allow_flow_plain if within else found.allow_block_plain):
        return text
    if not found.allow_single_quoted:
        return None
    quoted = text.replace("'", "''")
    return f"'{quoted}'"
