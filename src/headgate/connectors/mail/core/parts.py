"""Both parts of a mail: text that reads well as text, and HTML that loads nothing and suits light and dark."""

from __future__ import annotations

import html
from collections.abc import Iterator
from typing import Final

from headgate.connectors.mail.core.letters import Look
from headgate.connectors.mail.core.writing import Written, WrittenLine, WrittenSection

# Mail programs that keep no style sheet show the light colours, which stand with each element.
_LIGHT: Final = {"ground": "#f3f3f6", "card": "#ffffff", "ink": "#101114", "quiet": "#5b5d66", "line": "#dcdde3"}
_DARK: Final = {"ground": "#101114", "card": "#1b1c21", "ink": "#ececf1", "quiet": "#a3a5ae", "line": "#3a3c44"}
_FONT: Final = "-apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"


def plain(letter: Written, look: Look) -> str:
    """The letter as text."""
    facts = ("\n".join(f"{label}: {value}" for label, value in letter.facts),) if letter.facts else ()
    link = (f"{letter.act}:\n{letter.link}",) if letter.link else ()
    ways = ((letter.stop_said, letter.stop), (letter.choose_said, letter.choose))
    below = "\n".join((letter.why, *(f"{said}: {address}" for said, address in ways if address)))
    sections = tuple(text for section in letter.sections for text in _plain_section(section))
    above = (letter.greeting, *letter.paragraphs, *sections, *facts, *link, *letter.after, look.name)
    return "\n\n".join(above) + f"\n\n-- \n{below}\n"


def _plain_section(section: WrittenSection) -> Iterator[str]:
    yield f"{section.title}\n{'=' * len(section.title)}"
    for line in section.lines:
        yield "\n".join(("* " + line.title, *(f"  {text}" for text in (line.facts, line.link) if text)))
    if section.more:
        yield section.more


def page(letter: Written, look: Look) -> str:
    """The letter as simple HTML; everything in it is escaped."""
    c = _LIGHT
    body = "".join(_paragraph(text) for text in (letter.greeting, *letter.paragraphs))
    body += "".join(_section(section) for section in letter.sections)
    if letter.facts:
        rows = "".join(_fact(label, value) for label, value in letter.facts)
        body += (
            f'<table role="presentation" class="line" style="border-collapse:collapse;width:100%;margin:0 0 16px;'
            f'border-top:1px solid {c["line"]}">{rows}</table>'
        )
    if letter.link:
        body += _button(letter)
    body += "".join(_paragraph(text) for text in letter.after)
    return (
        f'<!doctype html><html lang="{html.escape(letter.language, quote=True)}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark">'
        f"<title>{html.escape(letter.subject)}</title><style>{_style(letter)}</style></head>"
        f'<body class="ground" style="margin:0;padding:16px;background:{c["ground"]};color:{c["ink"]};'
        f'font:16px/1.5 {_FONT}"><div style="max-width:560px;margin:0 auto">'
        f'<div class="card" style="background:{c["card"]};border:1px solid {c["line"]};border-radius:10px;'
        f'padding:24px;border-top:4px solid {look.accent}">'
        f'<p class="ink" style="margin:0 0 20px;font-weight:600;color:{c["ink"]}">{html.escape(look.name)}</p>'
        f"{body}</div>{_footer(letter)}</div></body></html>"
    )


def _style(letter: Written) -> str:
    d, shades = _DARK, letter.shades
    dark = (
        f".ground{{background:{d['ground']}!important;color:{d['ink']}!important}}"
        f".card{{background:{d['card']}!important;border-left-color:{d['line']}!important;"
        f"border-right-color:{d['line']}!important;border-bottom-color:{d['line']}!important}}"
        f".ink{{color:{d['ink']}!important}}.quiet{{color:{d['quiet']}!important}}"
        f".line{{border-color:{d['line']}!important}}"
        f".button{{background:{shades.dark}!important;color:{shades.on_dark}!important}}"
    )
    return f":root{{color-scheme:light dark}}@media (prefers-color-scheme:dark){{{dark}}}"


def _paragraph(text: str) -> str:
    return f'<p class="ink" style="margin:0 0 16px;color:{_LIGHT["ink"]}">{html.escape(text)}</p>'


def _section(section: WrittenSection) -> str:
    ink, line = _LIGHT["ink"], _LIGHT["line"]
    rows = "".join(_line(each) for each in section.lines)
    more = _paragraph(section.more) if section.more else ""
    return (
        f'<h2 class="ink" style="margin:24px 0 4px;font-size:18px;line-height:1.3;color:{ink}">'
        f"{html.escape(section.title)}</h2>"
        f'<ul class="line" style="list-style:none;margin:0 0 16px;padding:0;border-top:1px solid {line}">{rows}</ul>'
        f"{more}"
    )


def _line(each: WrittenLine) -> str:
    ink, quiet, line = _LIGHT["ink"], _LIGHT["quiet"], _LIGHT["line"]
    link = html.escape(each.link, quote=True)
    facts = f'<br><span class="quiet" style="font-size:14px;color:{quiet}">{html.escape(each.facts)}</span>'
    return (
        f'<li class="line" style="margin:0;padding:10px 0;border-bottom:1px solid {line};overflow-wrap:anywhere">'
        f'<a class="ink" href="{link}" style="color:{ink};font-weight:600;text-decoration:underline">'
        f"{html.escape(each.title)}</a>{facts if each.facts else ''}</li>"
    )


def _fact(label: str, value: str) -> str:
    line, quiet, ink = _LIGHT["line"], _LIGHT["quiet"], _LIGHT["ink"]
    cell = f"border-bottom:1px solid {line};padding:8px 0;vertical-align:top;text-align:left"
    return (
        f'<tr><th scope="row" class="quiet line" style="{cell};padding-right:16px;white-space:nowrap;color:{quiet};'
        f'font-weight:400">'
        f"{html.escape(label)}</th>"
        f'<td class="ink line" style="{cell};color:{ink};font-weight:600;word-break:break-word;overflow-wrap:anywhere">'
        f"{html.escape(value)}</td></tr>"
    )


def _button(letter: Written) -> str:
    link, shades, quiet = html.escape(letter.link, quote=True), letter.shades, _LIGHT["quiet"]
    style = (
        f"display:inline-block;padding:12px 20px;border-radius:8px;background:{shades.light};color:{shades.on_light}"
    )
    return (
        f'<p style="margin:0 0 16px"><a class="button" href="{link}" style="{style};font-weight:600;'
        f'text-decoration:none">{html.escape(letter.act)}</a></p>'
        f'<p class="quiet" style="margin:0 0 16px;font-size:13px;color:{quiet}">{html.escape(letter.instead)}<br>'
        f'<span style="word-break:break-all">{link}</span></p>'
    )


def _footer(letter: Written) -> str:
    quiet = _LIGHT["quiet"]
    style = f"color:{quiet};text-decoration:underline"
    ways = ((letter.stop_said, letter.stop), (letter.choose_said, letter.choose))
    links = " · ".join(
        f'<a class="quiet" href="{html.escape(address, quote=True)}" style="{style}">{html.escape(said)}</a>'
        for said, address in ways
        if address
    )
    said = html.escape(letter.why) + (f"<br>{links}" if links else "")
    return f'<p class="quiet" style="margin:16px 8px;font-size:13px;color:{quiet}">{said}</p>'
