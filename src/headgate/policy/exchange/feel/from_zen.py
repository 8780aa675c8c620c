"""The cells and formulas of a policy as S-FEEL. What FEEL has no word for raises `NotCarried`."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from headgate.kernel.errors import Unread
from headgate.kernel.phrases import phrase
from headgate.policy.core import unary
from headgate.policy.core.unary import BadCell, NotUnary, Token, number, parse_unary, time_of, tokens
from headgate.policy.exchange.feel.tree import (
    Binary,
    Call,
    Choice,
    Compare,
    Expr,
    Listing,
    Literal,
    Matches,
    Name,
    Negation,
    Not,
    Range,
    UnaryTest,
)
from headgate.policy.exchange.feel.zen import CALLS, condition_of

_BINDING = {"?": 1, "or": 2, "and": 3, "??": 7}
_BINDING |= dict.fromkeys(["==", "!=", "<", "<=", ">", ">="], 4) | dict.fromkeys("+-", 5) | dict.fromkeys("*/", 6)
_COMPARES = ("==", "!=", "<=", ">=", "<", ">")
_FEEL_CALLS = {ours: feel for feel, ours in CALLS.items() if feel != "list contains"}


class NotCarried(Unread):
    """S-FEEL has no equal for it; the message says for what."""


def tests_of(text: str, kinds: Mapping[str, str], names: Mapping[str, str], column: str) -> tuple[UnaryTest, ...]:
    """A cell as unary tests. `kinds` gives each input's type, `names` what DMN calls it. Raises `NotCarried`."""
    try:
        simple = parse_unary(text)
    except NotUnary:
        return _rich(text, kinds, names, column)
    except BadCell as error:
        raise NotCarried(error.said) from None
    if simple == unary.ANYTHING:
        return ()
    found = [_of(test) for test in simple]
    if len(found) > 1 and any(isinstance(test, Not) for test in found):  # not(…) stands alone in S-FEEL
        return (Matches(_or([condition_of(test) for test in found])),)
    return tuple(found)


def expression_of(text: str, kinds: Mapping[str, str], names: Mapping[str, str]) -> Expr:
    """A formula (without its `=`) as an expression. Raises `NotCarried`."""
    try:
        reader = _Reader(tokens(text), kinds, names)
        found = reader.expression(0)
    except BadCell as error:
        raise NotCarried(error.said) from None
    if reader.peek().kind != "end":
        raise NotCarried(phrase("cannot say %(text)s in S-FEEL", text=repr(reader.peek().text)))
    return found


def _of(test: unary.Test) -> UnaryTest:
    if isinstance(test, unary.Not):
        return Not(tuple(_of(t) for t in test.tests))
    if isinstance(test, unary.Range):
        return Matches(Range(Literal(test.low), test.low_in, Literal(test.high), test.high_in))
    if test.op == "==":
        return Matches(Literal(test.value))
    if test.op == "!=":
        return Not((Matches(Literal(test.value)),))
    return Compare(test.op, Literal(test.value))


def _rich(text: str, kinds: Mapping[str, str], names: Mapping[str, str], column: str) -> tuple[UnaryTest, ...]:
    with_self = {**kinds, "$": kinds[column]}
    called = {**names, "$": "?"}
    try:
        found = tokens(text)
    except BadCell as error:
        raise NotCarried(error.said) from None
    if any(t.text == "$" for t in found):
        return (Matches(expression_of(text, with_self, called)),)
    if found[0].kind == "op" and found[0].text in _COMPARES:
        inner = expression_of(text[found[0].at + len(found[0].text) :], with_self, called)
        if found[0].text == "!=":
            return (Not((Matches(inner),)),)
        return (Matches(inner),) if found[0].text == "==" else (Compare(found[0].text, inner),)
    return (Matches(expression_of(text, with_self, called)),)


def _or(parts: list[Expr]) -> Expr:
    found = parts[0]
    for part in parts[1:]:
        found = Binary("or", found, part)
    return found


class _Reader:
    """The expressions of `core/arithmetic.py`, and the calls ZEN adds, to a tree."""

    def __init__(self, found: list[Token], kinds: Mapping[str, str], names: Mapping[str, str]) -> None:
        self.found = found
        self.at = 0
        self.kinds = kinds
        self.names = names

    def peek(self) -> Token:
        return self.found[self.at]

    def take(self) -> Token:
        token = self.found[self.at]
        self.at += token.kind != "end"
        return token

    def expect(self, text: str) -> None:
        token = self.take()
        if token.text != text:
            raise NotCarried(phrase("expected %(text)s, found %(token)s", text=text, token=repr(token.text)))

    def expression(self, floor: int) -> Expr:
        left = self.operand()
        while True:
            token = self.peek()
            op = token.text if token.kind in ("op", "word") else ""
            strength = _BINDING.get(op, 0)
            if strength <= floor:
                return left
            self.take()
            if op == "?":
                yes = self.expression(0)
                self.expect(":")
                left = Choice(left, yes, self.expression(0))
            elif op == "??":
                left = Choice(Binary("=", left, Literal(None)), self.expression(strength), left)
            else:
                left = Binary("=" if op == "==" else op, left, self.expression(strength))

    def operand(self) -> Expr:
        token = self.take()
        if token.kind == "number":
            return Literal(number(token))
        if token.kind == "text":
            return Literal(token.text[1:-1])
        if token.text == "(":
            inner = self.expression(0)
            self.expect(")")
            return inner
        if token.text == "[":
            return Listing(self.items("]"))
        if token.kind == "op" and token.text in ("-", "+"):
            operand = self.expression(6)
            return operand if token.text == "+" else _negative(operand)
        if token.text in ("not", "!"):
            return Call("not", (self.expression(6),))
        if token.kind == "word":
            return self.word(token.text)
        raise NotCarried(phrase("cannot say %(text)s in S-FEEL", text=repr(token.text)))

    def items(self, closing: str) -> tuple[Expr, ...]:
        found: list[Expr] = []
        while self.peek().text != closing:
            if found:
                self.expect(",")
            found.append(self.expression(0))
        self.take()
        return tuple(found)

    def word(self, word: str) -> Expr:
        if word in ("true", "false"):
            return Literal(word == "true")
        if word == "null":
            return Literal(None)
        if self.peek().text != "(":
            if word not in self.names:
                raise NotCarried(phrase("%(word)s is not an input", word=word))
            return Name(self.names[word])
        self.take()
        if word in unary.TIME_FUNCTIONS:
            moment = time_of(word, self.take())
            self.expect(")")
            return Literal(moment)
        arguments = self.items(")")
        if word in ("min", "max"):
            inner = arguments[0] if len(arguments) == 1 else None
            return Call(word, inner.items if isinstance(inner, Listing) else arguments)
        return self.call(word, arguments)

    def call(self, word: str, arguments: tuple[Expr, ...]) -> Expr:
        known = _FEEL_CALLS.get(word)
        if known is None:
            raise NotCarried(phrase("the function %(word)s has no equal in S-FEEL", word=word))
        if word in ("round", "trunc") and len(arguments) == 1:
            arguments = (*arguments, Literal(number(Token("number", "0", 0))))
        first = arguments[0] if arguments else None
        if word == "contains" and isinstance(first, Name) and self.kind_of(first) == "list":
            known = "list contains"
        return Call(known, arguments)

    def kind_of(self, name: Name) -> str:
        return next((self.kinds[ours] for ours, called in self.names.items() if called == name.name), "")


def _negative(operand: Expr) -> Expr:
    if isinstance(operand, Literal) and isinstance(operand.value, Decimal) and operand.value:
        return Literal(-operand.value)
    return Negation(operand)
