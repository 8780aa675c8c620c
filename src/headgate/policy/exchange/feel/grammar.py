"""Tokens to a tree: expressions and unary tests, by recursive descent.

Precedence from loose to tight, as in DMN 1.5, 10.3.1.2: `or`, `and`, comparison, `+ -`, `* /`, `**`, unary minus, path.
Arithmetic is left-associative, `**` too; a minus binds tighter than `**`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from headgate.kernel.months import Months
from headgate.kernel.phrases import phrase
from headgate.policy.exchange.feel.dates import BadDate, date_and_time_of, date_of, duration_of, temporal_of, time_of
from headgate.policy.exchange.feel.tokens import BadFeel, Token, tokens
from headgate.policy.exchange.feel.tree import (
    Between,
    Binary,
    Call,
    Choice,
    Compare,
    Expr,
    In,
    Listing,
    Literal,
    Matches,
    Name,
    Negation,
    Not,
    Path,
    Range,
    UnaryTest,
)

MAX_DEPTH = 40
MAX_TESTS = 500
_COMPARISONS = ("=", "!=", "<", "<=", ">", ">=")
_LEVELS = (("+", "-"), ("*", "/"), ("**",))
_LITERALS = {"date": date_of, "time": time_of, "date and time": date_and_time_of, "duration": duration_of}


def parse_expression(text: str, names: Iterable[str] = ()) -> Expr:
    """The expression; `names` are those in scope, which may hold spaces. Raises `BadFeel`."""
    reader = _Reader(tokens(text, names))
    found = reader.expression()
    reader.end()
    return found


def parse_tests(text: str, names: Iterable[str] = ()) -> tuple[UnaryTest, ...]:
    """The unary tests of a cell, of which one must hold; none for `-` and for an empty cell. Raises `BadFeel`."""
    if text.strip() in ("", "-"):
        return ()
    reader = _Reader(tokens(text, names))
    found = reader.tests()
    reader.end()
    return found


class _Reader:
    def __init__(self, found: list[Token]) -> None:
        self.found = found
        self.at = 0
        self.depth = 0

    def peek(self, ahead: int = 0) -> Token:
        return self.found[min(self.at + ahead, len(self.found) - 1)]

    def take(self) -> Token:
        token = self.peek()
        self.at += 1
        return token

    def accept(self, *texts: str) -> str:
        token = self.peek()
        if token.kind in ("op", "word") and token.value in texts:
            self.at += 1
            return token.value
        return ""

    def expect(self, text: str) -> None:
        token = self.peek()
        if not self.accept(text):
            raise BadFeel(phrase("expected %(text)s, found %(token)s", text=text, token=_told(token)), token.at)

    def end(self) -> None:
        token = self.peek()
        if token.kind != "end":
            raise BadFeel(phrase("cannot read %(token)s here", token=_told(token)), token.at)

    def tests(self) -> tuple[UnaryTest, ...]:
        if self.peek().kind == "word" and self.peek().value == "not" and self.peek(1).value == "(":
            after = self.closing()
            if after.kind == "end" or after.value == ")":  # else not(…) is only the beginning of an expression
                self.take()
                self.take()
                inner = self.listed()
                self.expect(")")
                return (Not(inner),)
        return self.listed()

    def closing(self) -> Token:
        """The token after the parenthesis that opens next is closed."""
        depth = 0
        for index in range(self.at, len(self.found)):
            step = self.step(index)
            depth += step
            if step and depth == 0:
                return self.found[index + 1]
        return self.found[-1]

    def step(self, index: int) -> int:
        """Whether a token opens (1) or closes (-1) a bracket; `]1..5[` is a range with open ends and turns both."""
        token, before = self.found[index], self.found[index - 1] if index else Token("op", "", 0)
        if token.kind != "op" or token.value not in ("(", ")", "[", "]"):
            return 0
        if token.value in "()":
            return 1 if token.value == "(" else -1
        operator = before.kind == "op" and before.value not in (")", "]", "?")
        value_follows = operator or (before.kind == "word" and before.value not in ("true", "false", "null"))
        if token.value == "[":
            return 1 if value_follows else -1
        return 1 if value_follows and before.value != "[" else -1

    def is_interval(self) -> bool:
        """Whether the bracket that comes next opens a range: it holds `..` itself, not in brackets of its own."""
        if self.peek().value == "]":
            return True
        depth = 0
        for index in range(self.at, len(self.found)):
            depth += self.step(index)
            if depth == 0:
                return False
            if depth == 1 and self.found[index].kind == "op" and self.found[index].value == "..":
                return True
        return False

    def listed(self) -> tuple[UnaryTest, ...]:
        found = [self.test()]
        while self.accept(","):
            found.append(self.test())
            if len(found) > MAX_TESTS:
                raise BadFeel(phrase("lists more than %(most)s tests", most=MAX_TESTS), self.peek().at)
        return tuple(found)

    def test(self) -> UnaryTest:
        op = self.accept(*_COMPARISONS)
        if op:
            return Compare(op, self.arithmetic(0))
        return Matches(self.expression())

    def expression(self) -> Expr:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise BadFeel(phrase("nests deeper than %(most)s levels", most=MAX_DEPTH), self.peek().at)
        found = self.conjunction()
        while self.accept("or"):
            found = Binary("or", found, self.conjunction())
        self.depth -= 1
        return found

    def conjunction(self) -> Expr:
        found = self.comparison()
        while self.accept("and"):
            found = Binary("and", found, self.comparison())
        return found

    def comparison(self) -> Expr:
        left = self.arithmetic(0)
        op = self.accept(*_COMPARISONS)
        if op:
            return Binary(op, left, self.arithmetic(0))
        if self.accept("between"):
            low = self.arithmetic(0)
            self.expect("and")
            return Between(left, low, self.arithmetic(0))
        if self.accept("in"):
            if self.peek().value == "(" and self.peek().kind == "op":
                return In(left, self.members())
            return In(left, (self.test(),))
        return left

    def members(self) -> tuple[UnaryTest, ...]:
        if self.is_interval():
            return (Matches(self.interval()),)
        self.expect("(")
        found = self.tests()
        self.expect(")")
        return found

    def arithmetic(self, level: int) -> Expr:
        if level == len(_LEVELS):
            return self.unary()
        found = self.arithmetic(level + 1)
        while op := self.accept(*_LEVELS[level]):
            found = Binary(op, found, self.arithmetic(level + 1))
        return found

    def unary(self) -> Expr:
        if not self.accept("-"):
            return self.postfix()
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise BadFeel(phrase("nests deeper than %(most)s levels", most=MAX_DEPTH), self.peek().at)
        operand = self.unary()
        self.depth -= 1
        if isinstance(operand, Literal) and type(operand.value) is Decimal and not operand.value.is_signed():
            return Literal(operand.value.copy_negate() if operand.value else operand.value)
        return Negation(operand)

    def postfix(self) -> Expr:
        found = self.primary()
        while self.peek().value == "." and self.peek().kind == "op":
            self.take()
            token = self.take()
            if token.kind not in ("name", "word"):
                raise BadFeel(phrase("expected a name after the dot, found %(token)s", token=_told(token)), token.at)
            found = Path(found, token.value)
        if self.peek().value == "[" and self.peek().kind == "op" and not isinstance(found, (Literal, Range)):
            raise BadFeel(phrase("a filter [ ] is beyond S-FEEL"), self.peek().at)
        return found

    def primary(self) -> Expr:
        token = self.peek()
        if token.kind == "number":
            self.take()
            return Literal(_number(token))
        if token.kind == "text":
            self.take()
            return Literal(token.value)
        if token.kind == "name":
            return self.named()
        if token.kind == "word":
            return self.word()
        if token.value == "?":
            self.take()
            return Name("?")
        if token.value == "@":
            self.take()
            return _temporal(temporal_of, self.take())
        if token.value in ("(", "[", "]"):
            return self.bracketed()
        if token.value == "{":
            raise BadFeel(phrase("a context { } is beyond S-FEEL"), token.at)
        raise BadFeel(phrase("expected a value, found %(token)s", token=_told(token)), token.at)

    def bracketed(self) -> Expr:
        if self.is_interval():
            return self.interval()
        if self.accept("("):
            inner = self.expression()
            self.expect(")")
            return inner
        self.expect("[")
        items: list[Expr] = []
        while not self.accept("]"):
            if items:
                self.expect(",")
            items.append(self.expression())
        return Listing(tuple(items))

    def interval(self) -> Range:
        opening = self.take()
        if opening.value not in ("(", "[", "]"):
            raise BadFeel(phrase("expected a range, found %(opening)s", opening=_told(opening)), opening.at)
        low = self.arithmetic(0)
        self.expect("..")
        high = self.arithmetic(0)
        closing = self.take()
        if closing.value not in (")", "]", "["):
            raise BadFeel(
                phrase("expected ) or ] at the end of the range, found %(closing)s", closing=_told(closing)), closing.at
            )
        return Range(low, opening.value == "[", high, closing.value == "]")

    def named(self) -> Expr:
        token = self.take()
        if self.peek().value != "(" or self.peek().kind != "op":
            return Name(token.value)
        self.take()
        return self.called(token)

    def called(self, function: Token) -> Expr:
        literal = _LITERALS.get(function.value)
        if literal and self.peek().kind == "text" and self.peek(1).value == ")":
            found = _temporal(literal, self.take())
            self.take()
            return found
        arguments: list[Expr] = []
        while not self.accept(")"):
            if arguments:
                self.expect(",")
            if self.peek().kind == "name" and self.peek(1).value == ":":
                raise BadFeel(phrase("arguments by name are beyond S-FEEL; give them in order"), self.peek().at)
            arguments.append(self.expression())
        return Call(function.value, tuple(arguments))

    def word(self) -> Expr:
        token = self.take()
        if token.value in ("true", "false"):
            return Literal(token.value == "true")
        if token.value == "null":
            return Literal(None)
        if token.value == "not":
            self.expect("(")
            inner = self.expression()
            self.expect(")")
            return Call("not", (inner,))
        if token.value == "if":
            test = self.expression()
            self.expect("then")
            yes = self.expression()
            self.expect("else")
            return Choice(test, yes, self.expression())
        if token.value in ("for", "some", "every"):
            raise BadFeel(phrase("%(token)s … loops and is beyond S-FEEL", token=token.value), token.at)
        raise BadFeel(phrase("expected a value, found %(token)s", token=_told(token)), token.at)


def _number(token: Token) -> Decimal:
    value = Decimal(token.value)
    if len(value.as_tuple().digits) > 34 or (value and not -6000 <= value.adjusted() <= 6000):
        raise BadFeel(phrase("a number has more than 34 digits"), token.at)
    return value


def _temporal(read: object, token: Token) -> Literal:
    if token.kind != "text":
        raise BadFeel(phrase("expected a text in double quotes, found %(token)s", token=_told(token)), token.at)
    try:
        value = read(token.value)  # type: ignore[operator]  # one of the readers above
    except BadDate as error:
        raise BadFeel(error.said, token.at) from None
    assert isinstance(value, (date, time, datetime, timedelta, Months))
    return Literal(value)


def _told(token: Token) -> str:
    return phrase("the end") if token.kind == "end" else repr(token.value[:30])
