"""Body: the cards of one level sorted by what they are: what is declared is known before it is used."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial

from eqchip.errors import InputError
from eqchip.netlists.card import Card
from eqchip.netlists.expression import Function
from eqchip.netlists.parameters import Assignment, assignments, function


@dataclass(slots=True)
class Body:
    """The cards of the netlist, or of one subcircuit with its ports and defaults."""

    ports: list[str] = field(default_factory=list)
    defaults: list[Assignment] = field(default_factory=list)
    parameters: list[Assignment] = field(default_factory=list)
    functions: dict[str, Function] = field(default_factory=dict)
    models: list[Card] = field(default_factory=list)
    subcircuits: list[Card] = field(default_factory=list)
    buses: list[Card] = field(default_factory=list)
    elements: list[Card] = field(default_factory=list)
    directives: list[Card] = field(default_factory=list)

    @property
    def formals(self) -> list[str]:
        """Return the names an instance may give values to."""
        return [one.name for one in self.defaults]

    def bus_ports(self) -> set[str]:
        """Return the ports that a .bus card of the body makes buses, in lower case."""
        declared = {token.partition("[")[0].lower() for card in self.buses for token in card.tokens}
        return declared & {port.lower() for port in self.ports}


def _at_once(step: Callable[[], None]) -> None:
    step()


def sort_cards(cards: Iterable[Card], attempt: Callable[[Callable[[], None]], None] = _at_once) -> Body:
    """Sort cards by what they are; .param and .func cards are read, each by an `attempt` of its own."""
    body = Body()
    elements = body.elements
    for card in cards:
        if card.head[0] != ".":
            elements.append(card)
            continue
        kind = card.kind
        if kind == ".param":
            attempt(partial(_read_parameters, body, card))
        elif kind == ".func":
            attempt(partial(_read_function, body, card))
        elif kind == ".model":
            body.models.append(card)
        elif kind == ".subckt":
            body.subcircuits.append(card)
        elif kind == ".bus":
            body.buses.append(card)
        else:
            body.directives.append(card)
    return body


def _read_parameters(body: Body, card: Card) -> None:
    body.parameters += assignments(card)


def _read_function(body: Body, card: Card) -> None:
    own = function(card)
    body.functions[own.name] = own


def subcircuit_body(card: Card) -> Body:
    """Read a .subckt card and sort what stands in it: `.subckt NAME ports … [params:] name=value …`."""
    tokens = card.tokens
    body = sort_cards(card.body)
    stop = tokens.index("=") - 1 if "=" in tokens else len(tokens)
    for k in range(1, stop):
        word = tokens[k]
        if word in ("(", ")", ","):
            continue
        if word.lower() == "params:":
            if k != stop - 1:
                raise InputError(
                    f"'{tokens[k + 1]}' has no default", card.where(k + 1), expected="name=value"
                )
            continue
        if word.lower() in (port.lower() for port in body.ports) and word.lower() not in ("0", "gnd"):
            raise InputError(f"port '{word}' is there twice", card.where(k))
        body.ports.append(word)
    if stop < len(tokens):
        body.defaults = assignments(card, stop)
    for directive in body.directives:
        if directive.kind != ".global":
            raise InputError(f"{directive.kind} inside a subcircuit is not supported yet", directive.where())
    return body
