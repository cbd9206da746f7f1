"""The sets that ship: their numbers, and which samples are for testing."""

import numpy as np
import pytest

from eqchip.simulator.data.digits import digits
from eqchip.simulator.data.iris import iris
from eqchip.simulator.data.split import every_fifth, in_turn


def test_digits_are_those_of_the_repository() -> None:
    found = digits()
    assert found.test is not None
    both = np.concatenate([found.train.data, found.test.data])
    assert both.shape == (1797, 64)
    assert (both.min(), both.max()) == (0, 16)
    # As published: samples of each class (names file of the UCI repository).
    counts = np.bincount(np.concatenate([found.train.answers, found.test.answers]))
    assert counts.tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert found.scale == 1 / 16
    # The first image of the source, a zero: it has a hole.
    first = found.train.data[0] if found.train.answers[0] == 0 else found.test.data[0]
    image = first.reshape(8, 8)
    assert image[3:5, 3:5].max() <= 1
    assert image[:, 2:6].sum() > 100


def test_iris_is_fishers() -> None:
    found = iris()
    assert found.test is not None
    data = np.concatenate([found.train.data, found.test.data])
    species = np.concatenate([found.train.answers, found.test.answers])
    assert (data.min(axis=0).tolist(), data.max(axis=0).tolist()) == ([0.0] * 4, [1.0] * 4)
    # Means in cm by species, as in table 1 of the paper.
    cm = np.array([4.3, 2.0, 1.0, 0.1]) + data * np.array([3.6, 2.4, 5.9, 2.4])
    wanted = [[5.006, 3.428, 1.462, 0.246], [5.936, 2.770, 4.260, 1.326], [6.588, 2.974, 5.552, 2.026]]
    for one, means in enumerate(wanted):
        np.testing.assert_allclose(cm[species == one].mean(axis=0), means, atol=1e-9)


@pytest.mark.parametrize(("source", "sizes"), [(digits, (1437, 360)), (iris, (120, 30))])
def test_parts_are_fixed_apart_and_have_all_classes_alike(source, sizes) -> None:  # type: ignore[no-untyped-def]
    found, again = source(), source()
    assert (len(found.train), len(found.test)) == sizes
    for one, two in ((found.train, again.train), (found.test, again.test)):
        np.testing.assert_array_equal(one.data, two.data)
    share = [np.bincount(part.answers) / len(part) for part in (found.train, found.test)]
    np.testing.assert_allclose(share[0], share[1], atol=0.003)


def test_every_fifth_of_each_class_is_kept_apart() -> None:
    classes = np.array([1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1])
    train, test = every_fifth(classes)
    assert sorted([*train, *test]) == list(range(11))
    # Sorted by class: 1 3 5 7 9 | 0 2 4 6 8 10, of which the first, sixth and eleventh.
    assert test.tolist() == [0, 1, 10]


def test_classes_take_turns() -> None:
    assert in_turn(np.array([0, 0, 0, 1, 1, 2])).tolist() == [0, 3, 5, 1, 4, 2]
