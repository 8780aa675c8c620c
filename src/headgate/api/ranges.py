"""Parts of a file that are asked for by `Range` (RFC 9110, 14): a broken download goes on where it ended."""

from __future__ import annotations

import re
from typing import Final

from headgate.access.tenancy import Part
from headgate.api.errors import RequestRefused

_ONE: Final = re.compile(r"bytes=[ \t]*(\d{0,18})-(\d{0,18})[ \t]*", re.IGNORECASE | re.ASCII)


def part_of(asked: str, if_range: str, etag: str, size: int) -> Part | None:
    """The part that is asked for, None for all of it: also where several are asked for, in another unit, in a way that
    cannot be read, or of a file that is not this one any more (`If-Range` wants exactly this strong tag).

    Raises `RequestRefused` (416) for one beyond the end.
    """
    found = _ONE.fullmatch(asked.strip())
    if found is None or found.groups() == ("", "") or (if_range and if_range.strip() != etag):
        return None
    begins, ends = found.groups()
    if not begins:
        first, last = max(0, size - int(ends)), size - 1
    else:
        first, last = int(begins), min(int(ends), size - 1) if ends else size - 1
        if ends and int(ends) < first:
            return None
    if first >= size:
        said = f"the file has {size} bytes, and none of them is in {asked.strip()[:60]}"
        raise RequestRefused("beyond_the_end", said, headers={"Content-Range": f"bytes */{size}"})
    return Part(first, last)
