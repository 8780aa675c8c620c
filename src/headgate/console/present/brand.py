"""From a brand to its page: the fields, the preview, and what each version changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_DOWN, Decimal
from urllib.parse import urlencode

from headgate.access import Tenant
from headgate.access.branding import (
    NOUNS,
    WORD_LANGUAGES,
    BrandDraft,
    BrandVersion,
    colour,
    current_version,
    words_of,
)
from headgate.console import urls
from headgate.console.present.lens import Lens
from headgate.console.views.brand import BrandView, Preview, ShadeRow, VersionRow, WordField, WordGroup
from headgate.console.views.common import Person
from headgate.kernel.errors import Invalid
from headgate.ui.brand import DEFAULT_BRAND, shades
from headgate.ui.figures import number
from headgate.ui.languages import LANGUAGES, language_of
from headgate.ui.web import problem_told
from headgate.ui.wording import reword

# What everybody says, by language: as one, as many.
USUAL: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "en": {"partner": ("partner", "partners"), "deal": ("deal", "deals")},
    "de": {"partner": ("Partner", "Partner"), "deal": ("Geschäft", "Geschäfte")},
}
SHADES = {
    "light text": "Text and links, light",
    "light button": "Buttons, light",
    "dark text": "Text and links, dark",
    "dark button": "Buttons, dark",
}
FIELDS = {
    "name": "name",
    "accent": "colour",
    "sender": "sender of mails",
    "from_address": "address of mails",
    "reply_to": "address for answers",
    "words": "words",
}


def brand_view(
    lens: Lens,
    tenant: Tenant,
    logo: str,
    draft: BrandDraft,
    host: str,
    versions: Sequence[BrandVersion],
    errors: Mapping[str, str] | None = None,
) -> BrandView:
    """The page for a draft, which may be wrong in places."""
    return BrandView(
        version=current_version(tenant.settings),
        usual_name=tenant.name,
        common_accent=DEFAULT_BRAND.accent,
        name=draft.name,
        accent=draft.accent,
        logo=logo,
        sender=draft.sender,
        reply_to=draft.reply_to,
        from_address=draft.from_address,
        host=host,
        words=tuple(_group(lens, language, draft) for language in WORD_LANGUAGES),
        preview=preview(lens, tenant, logo, draft),
        versions=_rows(lens, versions, current_version(tenant.settings)),
        errors=errors or {},
    )


def preview(lens: Lens, tenant: Tenant, logo: str, draft: BrandDraft) -> Preview:
    """How the draft looks. A colour that is none keeps the common one and says so."""
    say, locale = lens.fmt.say, lens.fmt.locale
    problem, accent = "", DEFAULT_BRAND.accent
    try:
        accent = colour(draft.accent) if draft.accent.strip() else accent
    except Invalid as error:
        problem = problem_told(error.problems[0], error.problems[0].value)
    language = language_of(locale)
    words = words_of(draft.words).get(language, {})
    usual = {key: reword(text, language, words) for key, text in _preview_words(language).items()}

    rows = tuple(
        ShadeRow(
            say(SHADES[key]),
            number_of(shade.before, locale),
            shade.used,
            number_of(shade.after, locale),
            shade.corrected,
        )
        for key, shade in shades(accent).items()
    )
    sheet = f"{urls.BRAND_PREVIEW_CSS}?{urlencode({'accent': accent})}"
    return Preview(draft.name.strip() or tenant.name, logo, sheet, **usual, shades=rows, problem=problem)


def number_of(ratio: float, locale: str) -> str:
    """A contrast ratio to one decimal, cut and not rounded: 4.49 is not the 4.5 that is asked for."""
    return number(Decimal(str(ratio)).quantize(Decimal("0.1"), rounding=ROUND_DOWN), locale, 1, 1)


def _preview_words(language: str) -> dict[str, str]:
    if language == "de":
        return {"deals": "Geschäfte", "register": "Ein Geschäft registrieren", "partners": "Partner"}
    return {"deals": "Deals", "register": "Register a deal", "partners": "Partners"}


def _group(lens: Lens, language: str, draft: BrandDraft) -> WordGroup:
    chosen = draft.words.get(language, {})
    fields = []
    for noun in NOUNS:
        one, many = chosen.get(noun, ("", ""))
        fields.append(WordField(noun, *USUAL[language][noun], one, many))
    return WordGroup(language, LANGUAGES[language], tuple(fields))


def _rows(lens: Lens, versions: Sequence[BrandVersion], current: int) -> tuple[VersionRow, ...]:
    older = [*versions[1:], None] if versions else []
    return tuple(
        VersionRow(
            each.version,
            Person(each.changed_by, each.changed_by_name),
            each.changed_at,
            tuple(lens.fmt.say(text) for text in _changes(each, before)),
            each.version == current,
        )
        for each, before in zip(versions, older, strict=True)
    )


def _changes(version: BrandVersion, before: BrandVersion | None) -> list[str]:
    """Which fields differ from the version before; of the oldest one shown, which are chosen at all."""
    old = before.draft if before else BrandDraft()
    changed = [label for field, label in FIELDS.items() if getattr(version.draft, field) != getattr(old, field)]
    return changed + (["logo"] if version.logo != (before.logo if before else "") else [])
