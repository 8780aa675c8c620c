"""Saving a decision table of 5,000 rows from the editor: the grid's file written, read, linted and made a grid again.

Beside it the same as one would do it without looking twice: the YAML library writes the whole, and what it wrote is
read once for the table and once more for the grid. Both ways take turns, a cell is changed for each, and both must
write the same bytes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar

import yaml

from bench.harness import Options, Report, median
from headgate.policy.checking import check_text
from headgate.policy.core.document import read_document, write_document
from headgate.policy.core.editing import from_grid, to_grid
from headgate.policy.core.emitting import WIDTH, PolicyDumper, scalar_of

TITLE = "Saving 5,000 rows"
T = TypeVar("T")
_MAP, _SEQ = "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"


def bench(options: Options) -> Report:
    """A cell is changed and the table saved, again and again, as somebody does who writes one."""
    size, rounds = options.size(5_000, 100), options.size(5, 1)
    document = read_document(write_document(_document(size)))
    grid = to_grid(document)
    ours, theirs, writing, library = [], [], [], []
    for turn in range(rounds):
        grid["rows"][turn]["because"] = f"Changed in turn {turn}"
        found, seconds = _timed(partial(from_grid, document, grid))
        text, written = _timed(partial(write_document, found))
        _, told = _timed(partial(_told, text, "ours", found))
        ours.append(seconds + written + told)
        writing.append(written)
        same, straight = _timed(partial(_straight, found))
        if same != text:
            raise AssertionError("both ways should write the same bytes")
        _, again = _timed(partial(_told, same, "theirs"))
        theirs.append(seconds + straight + again)
        library.append(straight)
    options.say(f"{size} rows: {median(ours):.2f} s, straight {median(theirs):.2f} s")
    figures = {
        "save_ms": median(ours) * 1e3,
        "write_ms": median(writing) * 1e3,
        "straight_save_ms": median(theirs) * 1e3,
        "straight_write_ms": median(library) * 1e3,
    }
    ratios = {
        "straight_to_save": median(theirs) / median(ours),
        "straight_to_write": median(library) / median(writing),
    }
    return Report("policy_save", TITLE, figures, ratios, ("processor time; of a save without the database",))


def _told(text: str, file: str, document: Mapping[str, Any] | None = None) -> None:
    """What the editor is answered: lints of the text, and its grid."""
    check_text(text, file)
    to_grid(read_document(text) if document is None else document)


def _document(rows: int) -> dict[str, Any]:
    regions = ("emea", "apac", "amer")
    return {
        "policy": "slabs",
        "version": 1,
        "title": "Discounts by product and quantity",
        "owner": "bench",
        "hit": "first",
        "inputs": [
            {"name": "product", "type": "string"},
            {"name": "quantity", "type": "integer", "min": 1},
            {"name": "region", "type": "enum", "values": list(regions)},
        ],
        "outputs": [{"name": "discount", "type": "percent"}],
        "rows": [
            {
                "id": f"r{n}",
                "when": {
                    "product": f"'P-{n // 2}'",
                    "quantity": ">= 100" if n % 2 else "[1..100)",
                    "region": regions[n % 3],
                },
                "then": {"discount": n % 40},
                "because": f"The spring list, row {n}, gives {n % 40} percent",
                "clause": f"Price list 4.{n % 9}",
            }
            for n in range(rows)
        ],
        "default": {"discount": 0},
        "tests": [
            {
                "name": "the first",
                "given": {"product": "P-0", "quantity": "5", "region": "emea"},
                "expect": {"discount": 0},
                "rows": ["r0"],
            }
        ],
    }


def _straight(document: Mapping[str, Any]) -> str:
    """The file as the YAML library writes it in one piece."""
    top = []
    for key, value in document.items():
        if key in ("inputs", "outputs"):
            node: yaml.Node = yaml.SequenceNode(_SEQ, [_flow(each) for each in value], flow_style=False)
        elif key in ("rows", "tests"):
            blocks = [
                yaml.MappingNode(_MAP, [(_scalar(k), _flow(v)) for k, v in each.items()], flow_style=False)
                for each in value
            ]
            node = yaml.SequenceNode(_SEQ, blocks, flow_style=False)
        else:
            node = _flow(value)
        top.append((_scalar(key), node))
    root = yaml.MappingNode(_MAP, top, flow_style=False)
    return str(yaml.serialize(root, Dumper=PolicyDumper, width=WIDTH, allow_unicode=True))


def _flow(value: object) -> yaml.Node:
    if isinstance(value, Mapping):
        return yaml.MappingNode(_MAP, [(_scalar(k), _flow(v)) for k, v in value.items()], flow_style=True)
    if isinstance(value, list):
        return yaml.SequenceNode(_SEQ, [_flow(v) for v in value], flow_style=True)
    return _scalar(value)


def _scalar(value: object) -> yaml.Node:
    text, tag = scalar_of(value)
    return yaml.ScalarNode(tag, text)


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    start = time.process_time()
    found = work()
    return found, time.process_time() - start
