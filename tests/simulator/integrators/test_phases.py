"""How stepped phases end: steps, seconds, a tolerance; courses; what is refused or fails."""

import numpy as np
import pytest

from eqchip.errors import InputError, SimulationError
from eqchip.simulator.chip import Nudge, Settling, State
from eqchip.simulator.integrators import array_stage, sparse_stage
from eqchip.simulator.integrators.methods import INTEGRATORS
from stepped_chips import FORMS, PHYSICAL, SMOOTH, inputs, made, smooth


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", PHYSICAL)
def test_seconds_a_tolerance_and_a_course_say_the_same(name: str, form: str) -> None:
    chip, data, nudge = smooth(form), inputs(), Nudge(np.ones((3, 3)), 0.4)
    still = chip.settle(data, Settling(tol=1e-12), nudge)
    ended = chip.settle(data, Settling(name, tol=1e-8), nudge)
    assert np.all(ended.settled)
    assert np.all(ended.residual <= 1e-8)
    assert ended.durations is not None
    assert ended.seconds == pytest.approx(np.max(ended.durations))
    np.testing.assert_allclose(chip.outputs(ended), chip.outputs(still), atol=2e-7)
    seconds = 7.3 * chip.tau
    for settling in (
        Settling(name, seconds=seconds),
        Settling(name, steps=9, eps=0.37),
        Settling(name, tol=1e-5),
    ):
        state = chip.settle(data, settling, nudge)
        first, *course = chip.course(data, settling, nudge)
        assert first.seconds == 0.0
        np.testing.assert_allclose(chip.outputs(first), 0.0)
        np.testing.assert_allclose(chip.outputs(course[-1]), chip.outputs(state), rtol=1e-13, atol=1e-15)
        assert course[-1].seconds == pytest.approx(state.seconds)
        times = [one.seconds for one in course]
        assert np.all(np.diff(times) > 0.0)
        if settling.steps:
            np.testing.assert_allclose(times, 0.37 * chip.tau * np.arange(1, 10))
        if settling.seconds:
            assert state.seconds == pytest.approx(seconds)
            assert state.durations == pytest.approx(np.full(3, seconds))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", [one for one in PHYSICAL if not INTEGRATORS[one].adaptive])
def test_what_a_sample_becomes_does_not_depend_on_its_batch(name: str, form: str) -> None:
    chip, data = smooth(form), inputs(4)
    together = chip.settle(data, Settling(name, tol=1e-7))
    assert together.durations is not None
    assert len(set(together.durations)) > 1
    for row in range(4):
        alone = chip.settle(data[row : row + 1], Settling(name, tol=1e-7))
        assert alone.iterations[0] == together.iterations[row]
        np.testing.assert_allclose(chip.outputs(alone)[0], chip.outputs(together)[row], rtol=1e-12)


@pytest.mark.parametrize("name", PHYSICAL)
def test_a_phase_that_does_not_end_says_so(name: str) -> None:
    with pytest.raises(
        SimulationError, match=rf"solve={name}: 3 of 3 samples did not settle to tol=1e-08 in 3 steps"
    ):
        smooth("array").settle(inputs(), Settling(name, tol=1e-8, limit=3))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", PHYSICAL)
def test_weights_written_between_two_steps_count_from_the_next_step_on(name: str, form: str) -> None:
    chip, data, eps = made(form), inputs(), 0.3
    before = chip.parameters()
    after = {key: 1.5 * value + 0.1 for key, value in before.items()}
    course = chip.course(data, Settling(name, steps=4, eps=eps))
    for number, state in enumerate(course):
        if number == 2:
            half = state
            chip.write(after)
        last = state
    wanted = chip.settle(data, Settling(name, steps=2, eps=eps), start=half)
    error = 3e-6 if INTEGRATORS[name].adaptive else 1e-12  # another sequence of steps
    np.testing.assert_allclose(chip.outputs(last), chip.outputs(wanted), atol=error)
    chip.write(before)
    unchanged = chip.settle(data, Settling(name, steps=2, eps=eps), start=half)
    assert np.max(np.abs(chip.outputs(unchanged) - chip.outputs(last))) > 1e-3


# -- where a step fails ---------------------------------------------------------------------------------


def test_an_adaptive_step_that_nothing_makes_right_is_given_up() -> None:
    chip = made("array", "activation=linear bias=1", "activation=linear")
    chip.write({"Yhy": np.full((4, 3), 9.0)})
    with pytest.raises(SimulationError, match="solve=adaptive: the step became too small"):
        chip.settle(inputs(), Settling("adaptive", seconds=1e-3))


def test_implicit_steps_say_when_they_are_too_large_or_not_solved(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as few:
        few.setattr(array_stage, "LARGEST", 6)
        with pytest.raises(InputError, match="solve=trap solves for all nodes at once: 7 are more than 6"):
            smooth("array").settle(inputs(), Settling("trap", steps=2, eps=0.5))
    with monkeypatch.context() as few:
        few.setattr(array_stage, "MOST", 1)
        with pytest.raises(SimulationError, match="solve=trap: Newton's method did not solve a step"):
            smooth("array").settle(inputs(), Settling("trap", steps=2, eps=0.5))
    with monkeypatch.context() as few:
        few.setattr(sparse_stage, "CONTROL", sparse_stage.CONTROL._replace(limit=1))
        with pytest.raises(SimulationError, match="solve=trap: Newton's method did not solve a step"):
            made("sparse").settle(inputs(), Settling("trap", steps=2, eps=0.5))


def test_a_large_batch_of_implicit_steps_is_solved_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    chip, settling = smooth("array"), Settling("trap", steps=3, eps=0.5)
    whole = chip.settle(inputs(5), settling, Nudge(np.ones((5, 3)), 0.4))
    monkeypatch.setattr(array_stage, "ROOM", 2 * 7 * 7)
    parts = chip.settle(inputs(5), settling, Nudge(np.ones((5, 3)), 0.4))
    np.testing.assert_allclose(chip.outputs(parts), chip.outputs(whole), rtol=1e-12)


# -- what has no meaning --------------------------------------------------------------------------------


def test_prototypical_dynamics_refuse_what_they_have_no_meaning_for() -> None:
    steps = Settling("discrete", steps=3)
    with pytest.raises(InputError, match="solve=discrete takes the drive as it is: h weighs it with ρ′"):
        made("array").settle(inputs(), steps)
    direct = made("array", f"{SMOOTH} drive=direct", "activation=tanh drive=direct")
    direct.settle(inputs(), steps)
    with pytest.raises(InputError, match="solve=discrete nudges activities: those of y stand behind"):
        direct.settle(inputs(), steps, Nudge(np.ones((3, 3)), 0.1))
    with pytest.raises(InputError, match="solve=discrete is for the array form"):
        made("sparse", f"{SMOOTH} drive=direct", "activation=linear").settle(inputs(), steps)
    with pytest.raises(InputError, match="solve=discrete has steps, and no time"):
        direct.settle(inputs(), Settling("discrete", seconds=1e-6))


@pytest.mark.parametrize("form", FORMS)
def test_names_that_are_no_solver_are_refused(form: str) -> None:
    with pytest.raises(InputError, match=r"solve=rk5: no such solver(.|\n)*rk4"):
        smooth(form).settle(inputs(), Settling("rk5", steps=3))


def test_steps_and_seconds_together_are_refused() -> None:
    with pytest.raises(InputError, match="both say how long"):
        smooth("array").settle(inputs(), Settling("rk4", steps=3, eps=0.1, seconds=1e-6))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", PHYSICAL)
def test_an_empty_batch_stays_empty(name: str, form: str) -> None:
    for settling in (Settling(name, steps=3, eps=0.1), Settling(name, tol=1e-6)):
        assert len(smooth(form).settle(np.zeros((0, 2)), settling).residual) == 0


def test_states_that_run_away_are_reported_by_their_residual() -> None:
    chip = made("array", "activation=linear bias=1", "activation=linear")
    chip.write({"Yhy": np.full((4, 3), 9.0)})
    for settling in (Settling("rk4", steps=4000, eps=0.5), Settling("rk4", tol=1e-6)):
        state: State = chip.settle(inputs(), settling)
        assert not np.any(np.isfinite(state.residual))
        assert not np.any(state.settled)
