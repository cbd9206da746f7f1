from __future__ import annotations

from eqchip.devices.place import Place


def test_the_places_are_passed_in_the_order_of_the_design() -> None:
    assert [place.value for place in Place] == [
        "law", "drawn", "programmed", "stored", "read", "wire", "node", "converter", "clock",
    ]  # fmt: skip
