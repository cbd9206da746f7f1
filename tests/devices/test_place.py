from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from eqchip.devices.place import Place, Places


@dataclass(frozen=True)
class Times:
    """Multiplies by a factor and adds one, so that the order shows."""

    name: str
    place: Place
    factor: float

    def apply(self, values: np.ndarray) -> np.ndarray:
        return values * self.factor + 1.0


def test_the_places_are_passed_in_the_order_of_the_design() -> None:
    assert [place.value for place in Place] == [
        "law", "drawn", "programmed", "stored", "read", "wire", "node", "converter", "clock",
    ]  # fmt: skip


def test_a_place_runs_its_own_imperfections_only_in_the_order_given() -> None:
    places = Places(
        [Times("a", Place.READ, 2.0), Times("b", Place.STORED, 10.0), Times("c", Place.READ, 3.0)]
    )
    assert places.at(Place.READ, np.array([1.0])) == (1.0 * 2.0 + 1.0) * 3.0 + 1.0
    assert places.at(Place.STORED, np.array([1.0])) == 11.0
    assert places.names() == ["b", "a", "c"]


def test_an_ideal_array_is_passed_through_and_not_copied() -> None:
    places = Places()
    values = np.ones(3)
    assert not places
    assert places.at(Place.READ, values) is values
