"""The Jinja environment. Autoescape is always on and a name that does not exist is an error, never an empty string.

A template sees one reader's `fmt` (a `Formatter`), which the filters below read, so macros must be imported
`with context`:

    {% import "ui/macros/values.html" as v with context %}
    {{ order.total | money }}   {{ v.amount(order.total) }}

`_('…')` translates a phrase that stands in the template, and trusts it as HTML. A word that comes from data goes
through the filter `say`, which translates and then escapes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from gettext import NullTranslations
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PrefixLoader, StrictUndefined, pass_context
from jinja2.runtime import Context

from headgate.kernel.money import Money
from headgate.ui import charts, words
from headgate.ui.assets import Assets
from headgate.ui.format import Formatter, iso
from headgate.ui.languages import LANGUAGES

UI = Path(__file__).parent


def environment(
    root: Path,
    assets: Assets,
    *,
    names: Mapping[str, object] | None = None,
    translations: NullTranslations | None = None,
    watch: bool = False,
) -> Environment:
    """An environment for the templates under `root`, with the design system under the prefix `ui/`.

    `names` are further globals (for example the edge's addresses). `watch` rereads changed templates, for development.
    """
    env = Environment(
        loader=ChoiceLoader(
            [
                FileSystemLoader(root),
                PrefixLoader(
                    {"ui": PrefixLoader({part: FileSystemLoader(UI / part) for part in ("macros", "layouts")})}
                ),
            ]
        ),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=watch,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
    )
    env.policies["ext.i18n.trimmed"] = True
    words_of_ours = translations or NullTranslations()
    env.install_gettext_callables(  # type: ignore[attr-defined]  # an extension's
        _spoken(words_of_ours), words_of_ours.ngettext, newstyle=True
    )
    env.globals.update(
        asset=assets.url,
        state_word=words.state,
        languages=LANGUAGES,
        hit_policies=words.HIT_POLICIES,
        chart_bars=charts.bars,
        chart_columns=charts.columns,
        chart_line=charts.line,
        chart_share=charts.share,
        **(names or {}),
    )
    env.filters.update(_FILTERS)
    return env


def _fmt(context: Context) -> Formatter:
    found = context["fmt"]
    assert isinstance(found, Formatter)
    return found


def _spoken(translations: NullTranslations) -> Callable[[Context, str], str]:
    """Phrases in the reader's words; a macro that was imported without context has only those of the language."""

    @pass_context
    def say(context: Context, phrase: str) -> str:
        found = context.get("fmt")
        return found.say(phrase) if isinstance(found, Formatter) else translations.gettext(phrase)

    return say


def _filter(call: Callable[..., str]) -> Callable[..., str]:
    @pass_context
    def apply(context: Context, value: Any, *args: Any) -> str:
        return call(_fmt(context), value, *args)

    return apply


def _plural(fmt: Formatter, value: int, one: str, many: str) -> str:
    return f"{fmt.number(value)}\u00a0{one if value == 1 else many}"


def _show(fmt: Formatter, value: object) -> str:
    return fmt.show(value)


def _say(fmt: Formatter, text: str) -> str:
    return fmt.say(text)


def _money(fmt: Formatter, value: Money) -> str:
    return fmt.money(value)


def _percent(fmt: Formatter, value: Decimal, decimals: int = 1) -> str:
    return fmt.percent(value, decimals)


def _day(fmt: Formatter, value: date | datetime) -> str:
    return fmt.day(value)


_FILTERS: Mapping[str, Callable[..., str]] = {
    "money": _filter(_money),
    "money_whole": _filter(Formatter.money_whole),
    "amount": _filter(Formatter.amount),
    "price": _filter(Formatter.price),
    "number": _filter(Formatter.number),
    "quantity": _filter(Formatter.quantity),
    "percent": _filter(_percent),
    "plural": _filter(_plural),
    "exact": _filter(Formatter.exact),
    "minute": _filter(Formatter.minute),
    "clock": _filter(Formatter.clock),
    "day": _filter(_day),
    "day_short": _filter(Formatter.day_short),
    "weekday": _filter(Formatter.weekday),
    "weekday_short": _filter(Formatter.weekday_short),
    "month": _filter(Formatter.month),
    "relative": _filter(Formatter.relative),
    "time_left": _filter(Formatter.time_left),
    "show": _filter(_show),
    "say": _filter(_say),
    "iso": iso,
    "humanise": words.humanise,
}
