"""Exact money: `Decimal` with a currency, rounding always named.

Minor units follow ISO 4217. Rounding names are Python's `decimal` modes; the platform's default for amounts is
`ROUND_HALF_UP` everywhere (commercial rounding) and `ROUND_HALF_EVEN` nowhere, so that an invoice adds up as people
expect.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from headgate.kernel.errors import Invalid, invalid

ROUNDING = ROUND_HALF_UP
MAX_AMOUNT = Decimal("1e15")
PRICE_DECIMALS = 6

# ISO 4217 currencies whose minor unit is not two decimals.
_NO_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE_DECIMALS = "BHD IQD JOD KWD LYD OMR TND"
_EXPONENTS = {
    **dict.fromkeys(_NO_DECIMALS.split(), 0),
    **dict.fromkeys(_THREE_DECIMALS.split(), 3),
    "CLF": 4,
    "UYW": 4,
}
_TWO = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC "
    "CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD "
    "KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO "
    "NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL "
    "THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD YER ZAR ZMW ZWG"
)
CURRENCIES = frozenset(_EXPONENTS) | frozenset(_TWO.split())

_MOST_DIGITS = 40
_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,12})?", re.ASCII)


def exponent(currency: str) -> int:
    """Decimals of a currency's minor unit. Raises `Invalid` for a code that ISO 4217 does not list."""
    if currency not in CURRENCIES:
        raise invalid("currency", currency, "is not an ISO 4217 code", "Use three capitals such as EUR.")
    return _EXPONENTS.get(currency, 2)


_QUANTA = {code: Decimal(1).scaleb(-_EXPONENTS.get(code, 2)) for code in CURRENCIES}


def to_minor(amount: Decimal, currency: str, rounding: str = ROUNDING) -> Decimal:
    """Round to the currency's minor unit (commercial rounding unless another mode is named).

    Raises `Invalid` for an unknown currency and for amounts of more than 28 digits, which could not be kept exactly.
    """
    try:
        return amount.quantize(_QUANTA[currency], rounding)  # by place: a keyword takes Decimal twice as long
    except KeyError:
        exponent(currency)
        raise
    except InvalidOperation:
        raise invalid("amount", str(amount), "has too many digits to be kept exactly") from None


def stated(text: str) -> Money | None:
    """An amount as records state it, such as `86000.50 EUR`; None for anything else."""
    figures, _, currency = text.partition(" ")
    return Money(Decimal(figures), currency) if currency in CURRENCIES and _NUMBER.fullmatch(figures) else None


def parse_decimal(field: str, value: object, *, decimals: int = PRICE_DECIMALS) -> Decimal:
    """An exact number from JSON (a string, an int or a Decimal) of at most 15 digits before and `decimals` after the
    point.

    Raises `Invalid` naming the field for floats, NaN, exponents, huge numbers and too many decimals.
    """
    if isinstance(value, (bool, float)) or not isinstance(value, (str, int, Decimal)):
        raise invalid(field, value, "is not an exact number", 'Send it as a string such as "12.50".')
    text = value.strip() if isinstance(value, str) else _plain(value)
    if not _NUMBER.fullmatch(text):
        raise invalid(field, value, "is not a plain decimal number in range", 'Write it like "12.50".')
    number = Decimal(text)
    if -number.as_tuple().exponent > decimals and number != round(number, decimals):  # type: ignore[operator]
        raise invalid(field, value, f"has more than {decimals} decimals", "Round it before sending.")
    return number


def _plain(number: int | Decimal) -> str:
    """A number without an exponent; empty when it is far out of range, so that 1e999999 never becomes a long text."""
    if isinstance(number, int):
        return str(number) if -MAX_AMOUNT < number < MAX_AMOUNT else ""
    _, digits, places = number.as_tuple()
    if not isinstance(places, int) or not -_MOST_DIGITS <= places <= _MOST_DIGITS - len(digits):
        return ""
    return format(number, "f")


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in a currency. Arithmetic refuses to mix currencies (`Invalid`)."""

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        amount: object = self.amount
        if not isinstance(amount, Decimal) or not amount.is_finite():
            raise invalid("amount", self.amount, "is not a finite Decimal")
        exponent(self.currency)

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.amount + other.amount, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.amount - other.amount, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.amount, self.currency)

    def times(self, factor: Decimal | int) -> Money:
        """The product, unrounded; call `rounded` when it becomes an amount someone owes."""
        return Money(self.amount * factor, self.currency)

    def rounded(self, rounding: str = ROUNDING) -> Money:
        """Rounded to the minor unit."""
        return Money(to_minor(self.amount, self.currency, rounding), self.currency)

    def converted(self, currency: str, rate: Decimal, rounding: str = ROUNDING) -> Money:
        """Amount × rate in `currency`, rounded to its minor unit; `rate` is units of `currency` for one of this."""
        return Money(to_minor(self.amount * rate, currency, rounding), currency)

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            raise Invalid(f"cannot combine {self.currency} with {other.currency}; convert first")
