"""What a brand may be: pictures cleaned of everything but the picture, colours, names and words."""

from __future__ import annotations

import struct
import zlib

import pytest

from headgate.access.branding import BrandDraft, check_brand, colour, draft_of, read_logo, words_of
from headgate.access.branding.core.brand import stored
from headgate.kernel.errors import Invalid


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int = 2, height: int = 1, *extra: bytes) -> bytes:
    """A red picture, with more chunks before its data."""
    rows = b"".join(b"\0" + b"\xff\0\0" * min(width, 4) for _ in range(min(height, 4)))
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(extra) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def jpeg(width: int = 8, height: int = 8, *extra: bytes) -> bytes:
    """The frame of a JPEG; its coded data holds a stuffed byte and a restart marker."""
    frame = b"\xff\xc0" + struct.pack(">HBHHB", 11, 8, height, width, 1) + b"\x01\x11\x00"
    scan = b"\xff\xda" + struct.pack(">H", 8) + b"\x01\x01\x00\x00\x3f\x00" + b"\x12\xff\x00\x34\xff\xd0\x56"
    return b"\xff\xd8" + b"".join(extra) + frame + scan + b"\xff\xd9"


def segment(marker: int, body: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body


SCRIPT = b"<script>alert(1)</script>"


@pytest.mark.parametrize(
    "content",
    [
        png(2, 1, chunk(b"tEXt", b"Comment\0" + SCRIPT), chunk(b"eXIf", SCRIPT)),
        png() + SCRIPT,
        png(2, 1, chunk(b"iTXt", SCRIPT)) + b"PK\x03\x04" + SCRIPT,
    ],
)
def test_a_png_keeps_its_picture_and_nothing_else(content: bytes) -> None:
    logo = read_logo(content)
    assert logo.content == png()
    assert (logo.media_type, logo.width, logo.height) == ("image/png", 2, 1)


@pytest.mark.parametrize(
    "content",
    [
        jpeg(8, 8, segment(0xE1, b"Exif\0\0" + SCRIPT), segment(0xFE, SCRIPT), segment(0xE2, SCRIPT)),
        jpeg() + SCRIPT,
        jpeg(8, 8, b"\xff\xff" + segment(0xED, SCRIPT)),
    ],
)
def test_a_jpeg_keeps_its_picture_and_nothing_else(content: bytes) -> None:
    logo = read_logo(content)
    assert logo.content == jpeg()
    assert (logo.media_type, logo.width, logo.height) == ("image/jpeg", 8, 8)
    adobe = jpeg(8, 8, segment(0xEE, b"Adobe\0\x64\0\0\0\0\x01"))
    assert read_logo(adobe).content == adobe, "how colours are meant stays"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "no PNG or JPEG"),
        (b"<?xml version='1.0'?><svg/>", "no PNG or JPEG"),
        (b"GIF89a" + b"\0" * 20, "no PNG or JPEG"),
        (b"", "no PNG or JPEG"),
        (b"\x89PNG\r\n\x1a\n" + SCRIPT * 4, "ends before"),
        (png()[:-6], "ends before"),
        (png()[:40] + b"\0" + png()[41:], "damaged"),
        (b"\x89PNG\r\n\x1a\n" + chunk(b"IDAT", b"") + chunk(b"IEND", b""), "damaged"),
        (b"\x89PNG\r\n\x1a\n" + png()[8:33] + chunk(b"IEND", b""), "no picture"),
        (png(0, 1), "pixels"),
        (png(2001, 1), "pixels"),
        (png(2**31 - 1, 2**31 - 1), "pixels"),
        (jpeg(5000, 8), "pixels"),
        (jpeg()[:-2], "ends before"),
        (b"\xff\xd8\xff\xe0\x00\x01", "ends before"),
        (b"\xff\xd8" + SCRIPT, "damaged"),
        (b"\xff\xd8\xff\xd9", "no picture"),
        (png() + b"\0" * 100_000, "100 kB"),
    ],
)
def test_what_is_no_safe_picture_is_refused_with_words(content: bytes, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        read_logo(content)


def test_every_cut_of_a_picture_is_refused_or_whole() -> None:
    for whole in (png(2, 1, chunk(b"pHYs", b"\0" * 9)), jpeg(8, 8, segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"))):
        for cut in range(len(whole)):
            with pytest.raises(Invalid):
                read_logo(whole[:cut])
        assert read_logo(whole).content == whole


@pytest.mark.parametrize(
    ("text", "kept"), [("#0B6E4F", "#0b6e4f"), ("0b6e4f", "#0b6e4f"), (" #fa0 ", "#ffaa00"), ("000", "#000000")]
)
def test_a_colour_is_understood_as_people_write_it(text: str, kept: str) -> None:
    assert colour(text) == kept


@pytest.mark.parametrize(
    "text",
    ["red", "#12", "#12345", "#1234567", "#0b6e4f;} body{display:none", "url(//x)", "＃0b6e4f", "#०b6e4f"],
)
def test_a_colour_that_is_more_than_a_colour_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="not a colour"):
        colour(text)


@pytest.mark.parametrize(
    "word",
    ["<b>", "dealer'", 'dealer"', "%(x)s", "{{ 7*7 }}", "a&amp;b", "x" * 31, "-dealer", "1", "\u202edealer"],
)
def test_a_word_is_letters_and_never_markup(word: str) -> None:
    draft = BrandDraft(words={"en": {"partner": (word, "dealers")}})
    with pytest.raises(Invalid) as caught:
        check_brand(draft)
    assert [p.field for p in caught.value.problems] == ["word.en.partner.one"]
    assert words_of({"en": {"partner": [word, "dealers"]}}) == {}, "and one that was stored another way is left out"


def test_every_mistake_is_told_at_once() -> None:
    wrong = BrandDraft("x" * 61, "blue", "a\x00b", "nobody", {"de": {"deal": ("Projekt", "")}})
    with pytest.raises(Invalid) as caught:
        check_brand(wrong)
    told = {p.field for p in caught.value.problems}
    assert told == {"name", "accent", "sender", "reply_to", "word.de.deal.many"}


def test_a_brand_comes_back_as_it_was_kept() -> None:
    draft = BrandDraft("Nordwind", "#0b6e4f", "Desk", "a@b.example", {"en": {"deal": ("opportunity", "opportunities")}})
    assert draft_of(stored(check_brand(draft))) == draft
    assert stored(BrandDraft()) == {}
    odd = {"name": 7, "accent": None, "words": {"en": {"deal": "x", "order": ["a", "b"]}, "xx": {}}}
    assert draft_of(odd) == BrandDraft(words={})
