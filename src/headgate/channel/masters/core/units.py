"""Units of measure that Headgate understands: plain words, symbols, and common codes of UN/ECE Recommendation 20."""

from __future__ import annotations

_WORDS = (
    "each ea pc pce pcs piece unit box case carton pack package pallet set pair dozen gross kit bundle bag bottle can "
    "crate drum jar roll reel sheet tube tray layer display "
    "mg g kg t lb oz ml cl l gal mm cm m km in ft yd m2 m3 ft2 kwh "
    "minute hour day week month quarter year licence license user seat subscription device node core gb tb point"
)
_REC20 = (
    "C62 EA H87 PR DZN GRO SET XBX XCT XCS XPK XPX XBG XBO XCR XRO KGM GRM MGM TNE LBR ONZ LTR MLT CLT GLL MMT CMT MTR "
    "KMT INH FOT YRD MTK MTQ FTK KWH MIN HUR DAY WEE MON QAN ANN E34 E35"
)
UNITS = frozenset(_WORDS.split()) | frozenset(_REC20.split())
