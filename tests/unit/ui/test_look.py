"""Colours keep their contrast; charts, words and brands hold what they promise."""

import re
from decimal import Decimal

import pytest

from headgate.kernel.errors import Invalid
from headgate.ui import charts, words
from headgate.ui.assets import STATIC
from headgate.ui.brand import Brand, brand_css
from headgate.ui.colour import contrast, mix, parse_hex, readable_on

TOKEN = re.compile(r"--([a-z0-9-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)")
TOKENS = {name: (light, dark) for name, light, dark in TOKEN.findall((STATIC / "css" / "tokens.css").read_text())}
THEMES = [0, 1]

READ = [
    *((text, ground) for text in ("text", "text-2", "text-3") for ground in ("canvas", "sunken", "raised", "hover")),
    *((tone, f"{tone}-soft") for tone in ("waiting", "risk", "breach", "done", "active", "quiet", "accent")),
    *((tone, "canvas") for tone in ("waiting", "risk", "breach", "done", "active", "quiet", "accent")),
    *(("text", f"{tone}-soft") for tone in ("waiting", "risk", "breach", "done", "active", "quiet")),
    ("accent", "sunken"),
    ("text", "pressed"),
    ("text-2", "pressed"),
    ("on-accent", "accent-solid"),
    ("on-accent", "accent-solid-hover"),
]
SEEN = [
    ("line-strong", "canvas"),
    ("line-strong", "raised"),
    *((f"{tone}-solid", "canvas") for tone in ("breach", "done", "accent")),
]


def ratio(one: str, other: str, theme: int, tokens: dict[str, tuple[str, str]] = TOKENS) -> float:
    return contrast(parse_hex(tokens[one][theme]), parse_hex(tokens[other][theme]))


@pytest.mark.parametrize("theme", THEMES, ids=["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), READ)
def test_text_has_a_contrast_of_four_and_a_half(text: str, ground: str, theme: int) -> None:
    assert ratio(text, ground, theme) >= 4.5


@pytest.mark.parametrize("theme", THEMES, ids=["light", "dark"])
@pytest.mark.parametrize(("shape", "ground"), SEEN)
def test_edges_of_fields_and_shapes_have_a_contrast_of_three(shape: str, ground: str, theme: int) -> None:
    assert ratio(shape, ground, theme) >= 3


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert contrast(parse_hex("#767676"), (255, 255, 255)) == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("accent", ["#4646c6", "#ffe600", "#000000", "#ffffff", "#e4002b", "#7fdbff", "#808080"])
def test_any_accent_of_a_tenant_stays_readable_in_both_themes(accent: str) -> None:
    tokens = TOKENS | {name: (one, two) for name, one, two in TOKEN.findall(brand_css(Brand("Nordwind", accent)))}
    for theme in THEMES:
        for text, ground in (
            ("accent", "canvas"),
            ("accent", "sunken"),
            ("accent", "accent-soft"),
            ("text", "accent-soft"),
            ("on-accent", "accent-solid"),
        ):
            assert ratio(text, ground, theme, tokens) >= 4.5, (text, ground, theme)


def test_an_accent_that_is_no_colour_is_refused() -> None:
    with pytest.raises(Invalid, match="is not a colour"):
        brand_css(Brand("Nordwind", "red; } body { display: none"))


def test_a_colour_is_moved_only_as_far_as_needed() -> None:
    assert readable_on((0, 0, 0), (255, 255, 255), 4.5) == (0, 0, 0)
    assert mix((0, 0, 0), (255, 255, 255), 0.5) == (128, 128, 128)


def test_bars_begin_at_zero_and_the_largest_is_full() -> None:
    assert charts.bars([Decimal(50), Decimal(100), Decimal(0)]) == [Decimal(50), Decimal(100), Decimal(0)]
    assert charts.bars([]) == []
    assert charts.bars([0, 0]) == [0, 0]


def test_a_column_above_zero_is_never_drawn_as_none() -> None:
    tall, none, small = charts.columns([1000, 0, 1], 300, 96)
    assert [tall.height, none.height, small.height] == [Decimal(96), Decimal(0), Decimal(1)]
    assert small.y == 95
    assert tall.x + tall.width <= 100 <= none.x


def test_a_trend_needs_two_values_and_lies_within_its_box() -> None:
    assert charts.line([5], 88, 24) == ""
    points = [[float(part) for part in point.split(",")] for point in charts.line([0, 5, 10], 88, 24).split()]
    assert points == [[2, 22], [44, 12], [86, 2]]


def test_a_share_is_between_none_and_all() -> None:
    assert charts.share(5, 0) == 0
    assert charts.share(-5, 10) == 0
    assert charts.share(15, 10) == 100
    assert charts.share(1, 3) == Decimal("33.33")


def test_every_state_has_a_word_and_a_shape_that_exists() -> None:
    sprite = (STATIC / "vendor" / "icons.svg").read_text()
    tones = {"waiting", "risk", "breach", "done", "active", "quiet"}
    for kind, states in words.STATES.items():
        for code, word in states.items():
            assert word.label, (kind, code)
            assert word.tone in tones, (kind, code)
            assert f'id="{word.icon}"' in sprite, (kind, code)


def test_two_states_of_a_kind_never_look_the_same() -> None:
    for kind, states in words.STATES.items():
        assert len({word.label for word in states.values()}) == len(states), kind


def test_a_state_that_is_not_known_is_shown_quietly_as_it_is() -> None:
    word = words.state("order", "parked_by_erp")
    assert (word.label, word.tone) == ("Parked by erp", "quiet")


def test_codes_become_words() -> None:
    assert words.humanise("price_deviation") == "Price deviation"
    assert words.humanise("sla_breach") == "SLA breach"
    assert words.humanise("") == ""
