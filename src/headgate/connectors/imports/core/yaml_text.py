"""YAML for mappings: plain, bounded, and without the surprises that hurt codes and prices."""

from __future__ import annotations

import re
from typing import Any, cast

import yaml

from headgate.kernel.errors import Invalid, Problem
from headgate.kernel.phrases import phrase

MAX_BYTES = 1_000_000


class _Loader(yaml.SafeLoader):
    """YAML in which only true, false, null and whole numbers are not text: `NO` is Norway and 2.50 keeps its zero."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.composer.ComposerError(None, None, "an alias is not allowed; write the value out")
        return super().compose_node(parent, index)


_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"(?:true|false)\Z"), list("tf"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"(?:~|null|)\Z"), ["~", "n", ""])
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"-?(?:0|[1-9]\d*)\Z"), list("-0123456789"))


def _mapping_without_repeats(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[str] = set()
    for key, _ in node.value:
        if key.value in seen:
            raise yaml.constructor.ConstructorError(None, None, f"the key {key.value!r} stands twice", key.start_mark)
        seen.add(key.value)
    return cast(dict[Any, Any], yaml.SafeLoader.construct_mapping(loader, node, deep=True))


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping_without_repeats)


def read_yaml(text: str, name: str) -> object:
    """The one document in a text. Raises `Invalid` with file and line."""
    if len(text.encode()) > MAX_BYTES:
        raise _broken(name, f"is larger than {MAX_BYTES} bytes")
    try:
        return _Loader(text).get_single_data()
    except RecursionError:
        raise _broken(name, "is nested too deeply") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        said = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise _broken(f"{name}:{mark.line + 1}" if mark is not None else name, f"is not YAML: {said}") from None


def _broken(where: str, message: str) -> Invalid:
    return Invalid(
        phrase("%(where)s: %(message)s", where=where, message=message), problems=(Problem(where, "", message),)
    )
