"""From a view to HTML."""

from __future__ import annotations

from gettext import NullTranslations
from pathlib import Path
from zoneinfo import ZoneInfo

from headgate.portal import urls
from headgate.portal.views import Page, View
from headgate.ui import languages
from headgate.ui.assets import Assets
from headgate.ui.format import Formatter
from headgate.ui.templates import environment
from headgate.ui.wording import voice

TEMPLATES = Path(__file__).parent / "templates"


class Portal:
    """Renders views. Built once, at start; safe to share between threads."""

    def __init__(self, assets: Assets, translations: NullTranslations | None = None) -> None:
        self._words = {code: translations or languages.translations(code) for code in languages.LANGUAGES}
        self._environments = {
            code: environment(TEMPLATES, assets, names={"urls": urls}, translations=words)
            for code, words in self._words.items()
        }

    def render(self, page: Page, view: View) -> str:
        """The view as a whole page."""
        language = languages.language_of(page.locale)
        spoken = voice(self._words[language], language, page.words)
        formatter = Formatter(page.locale, ZoneInfo(page.timezone), page.now, *spoken)
        found = self._environments[language].get_template(view.template)
        return found.render(page=page, view=view, fmt=formatter, theme=page.theme)
