"""Work shared among threads: all of it, once; and who must not be waited for."""

import numpy as np
import pytest

import eqchip
from eqchip import threads


@pytest.mark.parametrize("count", [1, 2, 5])
def test_every_part_is_done_once(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "_count", count)
    for length in (1, 2, 7, 40):
        for _ in range(200):
            done = np.zeros(length, int)

            def work(first: int, last: int, done: np.ndarray = done) -> None:
                done[first:last] += 1

            threads.share(work, length)
            assert np.all(done == 1)


def test_what_is_shared_inside_shared_work_is_done_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "_count", 2)
    done = np.zeros((6, 6), int)

    def outer(first: int, last: int) -> None:
        for row in range(first, last):

            def inner(begin: int, end: int, row: int = row) -> None:
                done[row, begin:end] += 1

            threads.share(inner, 6)

    threads.share(outer, 6)
    assert np.all(done == 1)


def test_long_waits_lead_to_work_alone_and_short_ones_back() -> None:
    luck = threads._Luck()
    luck.learn(worked=1e-3, waited=0.4e-3)
    assert luck.alone == 0
    luck.learn(worked=1e-3, waited=4e-3)
    first, luck.alone = luck.alone, 0
    luck.learn(worked=1e-3, waited=4e-3)
    assert luck.alone > first > 0
    for _ in range(100):
        luck.learn(worked=1e-3, waited=0.0)
    luck.learn(worked=1e-3, waited=4e-3)
    assert luck.alone == first


def test_the_policy_holds_as_soon_as_a_chip_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "_count", 0)
    eqchip.load("xor").compile("array", None)
    assert threads._count == threads.default()
    assert {pool["threads"] for pool in threads.describe()["pools"] if pool["library"] == "openblas"} == {1}
