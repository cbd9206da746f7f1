"""Setting: one NAME=VALUE that changes a value, from a .set card or from outside."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from eqchip.devices.families import owners_of
from eqchip.devices.parameter import Parameter, Value, find
from eqchip.errors import InputError, Location
from eqchip.netlists.card import Card
from eqchip.netlists.expression import Scope, evaluate
from eqchip.netlists.grammar import parse_expression
from eqchip.netlists.parameters import assignments
from eqchip.netlists.role_cards import check_seconds, is_text
from eqchip.netlists.training import check_samples
from eqchip.units import parse_number


@dataclass(frozen=True, slots=True)
class Setting:
    """One NAME=VALUE. `card` and `index`: where the value stands, of a .set card."""

    name: str
    value: Value
    card: Card | None = None
    index: int = -1

    @property
    def at(self) -> Location | None:
        """Where the name stands."""
        return self.card.where(self.index - 2) if self.card else None

    @property
    def parts(self) -> list[str]:
        """The words between the dots, those in brackets kept."""
        return self.name.split(".")

    def error(self, message: str, expected: str | None = None, near: str | None = None) -> InputError:
        """Return the error that says which setting is meant."""
        place = self.at
        return InputError(
            message if place else f"set {self.name}: {message}", place, expected=expected, near=near
        )

    def text(self) -> str:
        """Return the value as text."""
        return self.value if isinstance(self.value, str) else f"{self.value!r}"

    def number(self, scope: Scope) -> float:
        """Return the value as a number: `10k`, or an expression of the netlist's parameters."""
        try:
            return self._number(scope)
        except InputError as error:
            if self.card is not None:  # it has its place
                raise
            raise self.error(error.message, error.expected, error.near) from None

    def _number(self, scope: Scope) -> float:
        if not isinstance(self.value, str):
            return self._given()
        try:
            return parse_number(self.value)
        except ValueError:
            return evaluate(parse_expression(self.value, self.card, self.index), scope)

    def _given(self) -> float:
        """Return a value given from Python, where it may be anything."""
        try:
            value = float(self.value)
        except (TypeError, ValueError):
            kind = type(self.value).__name__
            raise InputError(f"a value of type {kind}", expected="a number, or text such as 10k") from None
        if not math.isfinite(value):
            raise InputError(f"the value {value:g}", expected="a finite number")
        return value

    def checked(self, parameter: Parameter, scope: Scope) -> Value:
        """Return the value for a parameter, or say what would be right."""
        value: Value
        try:
            if is_text(parameter):
                return check_samples(parameter.name, self.text(), self.at)
            if isinstance(self.value, str) and parameter.named and self.value.isalpha():
                value = self.value
            elif parameter.words:
                value = self.value if not isinstance(self.value, bool) else float(self.value)
            else:
                value = self._number(scope)
                check_seconds(parameter, self.text(), self.at)
            return parameter.check(value)
        except InputError as error:
            raise self.error(error.message, error.expected, error.near) from None

    def find(self, declared: Mapping[str, Parameter], name: str, owner: str) -> Parameter:
        """Return the declaration a name means."""
        try:
            return find(declared, name, owner, None, owners_of)
        except InputError as error:
            raise self.error(error.message, error.expected, error.near) from None


def from_card(card: Card) -> list[Setting]:
    """Read `.set NAME=VALUE …`."""
    given = assignments(card)
    if not given:
        raise InputError(".set changes nothing", card.where(), expected=".set NAME=VALUE")
    return [Setting(card.tokens[one.index - 2], one.text, card, one.index) for one in given]
