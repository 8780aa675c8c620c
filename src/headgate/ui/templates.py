"""The Jinja environment. Autoescape is always on and a name that does not exist is an error, never an empty string.

A template sees one reader's `fmt` (a `Formatter`), which the filters below read, so macros must be imported
`with context`:

    {% import "ui/macros/values.html" as v with context %}
    {{ order.total | money }}   {{ v.amount(order.total) }}

`_('…')` translates a phrase that stands in the template, and trusts it as HTML. A word that comes from data goes
through the filter `say`, which translates and then escapes. A `Phrase` that code made is translated by itself wherever
it is put out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from gettext import NullTranslations
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PrefixLoader, StrictUndefined, pass_context
from jinja2.filters import sync_do_join
from jinja2.runtime import Context
from markupsafe import Markup

from headgate.kernel.money import Money
from headgate.kernel.phrases import Phrase, said
from headgate.ui import actions, charts, scripts, units, words
from headgate.ui.assets import Assets
from headgate.ui.format import Formatter
from headgate.ui.languages import LANGUAGES
from headgate.ui.times import iso

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
    words_of_ours = translations or NullTranslations()
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
        finalize=_finalised(words_of_ours),
    )
    env.policies["ext.i18n.trimmed"] = True
    env.newstyle_gettext = True  # type: ignore[attr-defined]  # an extension's: `trans` passes values by name
    env.globals.update(
        gettext=_spoken(words_of_ours),
        ngettext=_counted(words_of_ours),
        asset=assets.url,
        state_word=words.state,
        languages=LANGUAGES,
        hit_policies=words.HIT_POLICIES,
        chart_bars=charts.bars,
        chart_columns=charts.columns,
        chart_line=charts.line,
        chart_share=charts.share,
        script_words=_script_words,
        **(names or {}),
    )
    env.filters.update(_FILTERS, join=_joined(words_of_ours))
    return env


def _fmt(context: Context) -> Formatter:
    found = context["fmt"]
    assert isinstance(found, Formatter)
    return found


class _Voice:
    """How phrases are said; a macro that was imported without context has the language, not the tenant's words."""

    def __init__(self, context: Context, translations: NullTranslations) -> None:
        found = context.get("fmt")
        self.fmt = found if isinstance(found, Formatter) else None
        self.say = translations.gettext if self.fmt is None else self.fmt.say
        self.count = translations.ngettext if self.fmt is None else self.fmt.count

    def put(self, text: str, values: Mapping[str, object]) -> Markup:
        """A phrase of a template as HTML, with its values: translated where they are phrases, and escaped."""
        return Markup(text) % {name: self.told(value) for name, value in values.items()}  # noqa: S704

    def told(self, value: object) -> object:
        """A phrase in the reader's words and figures, anything else as it is."""
        if self.fmt is None:
            return said(value, self.say, self.count)
        return self.fmt.tell(value) if isinstance(value, Phrase) else value


def _finalised(translations: NullTranslations) -> Callable[[Context, object], object]:
    """What is put out: a phrase in the reader's words, anything else as it is."""

    @pass_context
    def finalise(context: Context, value: object) -> object:
        return _Voice(context, translations).told(value) if isinstance(value, Phrase) else value

    return finalise


def _joined(translations: NullTranslations) -> Callable[..., str]:
    """Jinja's `join`, with phrases in the reader's words."""

    @pass_context
    def join(context: Context, parts: Iterable[object], between: str = "") -> str:
        voice = _Voice(context, translations)
        return sync_do_join(context.eval_ctx, [voice.told(part) for part in parts], between)

    return join


def _spoken(translations: NullTranslations) -> Callable[..., Markup]:
    """`_('…', name=value)`: as Jinja's own, and values that are phrases are said, too."""

    @pass_context
    def gettext(context: Context, text: str, /, **values: object) -> Markup:
        voice = _Voice(context, translations)
        return voice.put(voice.say(text), values)

    return gettext


def _counted(translations: NullTranslations) -> Callable[..., Markup]:
    """`ngettext('%(num)s line', '%(num)s lines', count)`, `num` in the reader's figures."""

    @pass_context
    def ngettext(context: Context, one: str, many: str, num: int, /, **values: object) -> Markup:
        voice = _Voice(context, translations)
        found = context.get("fmt")
        written = found.number(num) if isinstance(found, Formatter) else str(num)
        return voice.put(voice.count(one, many, num), {"num": written, **values})

    return ngettext


@pass_context
def _script_words(context: Context, name: str) -> Markup:
    return scripts.script_words(_fmt(context), name)


def _filter(call: Callable[..., str]) -> Callable[..., str]:
    @pass_context
    def apply(context: Context, value: Any, *args: Any) -> str:
        return call(_fmt(context), value, *args)

    return apply


def _plural(fmt: Formatter, value: int, one: str, many: str) -> str:
    return f"{fmt.number(value)}\u00a0{fmt.count(one, many, value)}"


def _show(fmt: Formatter, value: object) -> str:
    return fmt.show(value)


def _say(fmt: Formatter, text: str) -> str:
    return fmt.tell(text)


def _money(fmt: Formatter, value: Money) -> str:
    return fmt.money(value)


def _percent(fmt: Formatter, value: Decimal, decimals: int = 1, least: int = 0) -> str:
    return fmt.percent(value, decimals, least)


def _capitalised(fmt: Formatter, text: str) -> str:
    found = fmt.tell(text)
    return found[:1].upper() + found[1:]


def _day(fmt: Formatter, value: date | datetime) -> str:
    return fmt.day(value)


def _last_day(fmt: Formatter, end: date | datetime) -> str:
    return fmt.last_day(end) if isinstance(end, datetime) else fmt.day(end)


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
    "hover": _filter(Formatter.hover),
    "minute": _filter(Formatter.minute),
    "clock": _filter(Formatter.clock),
    "day": _filter(_day),
    "last_day": _filter(_last_day),
    "since": _filter(Formatter.since),
    "until": _filter(Formatter.until),
    "day_short": _filter(Formatter.day_short),
    "weekday": _filter(Formatter.weekday),
    "weekday_short": _filter(Formatter.weekday_short),
    "month": _filter(Formatter.month),
    "relative": _filter(Formatter.relative),
    "time_left": _filter(Formatter.time_left),
    "show": _filter(_show),
    "say": _filter(_say),
    "capitalize": _filter(_capitalised),
    "iso": iso,
    "humanise": words.humanise,
    "unit": units.unit,
    "acted": actions.acted,
}
