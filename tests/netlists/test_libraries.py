"""The packaged libraries: every number as published, every model whole, with its source."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eqchip.devices.cells.cells import cells_of
from eqchip.netlists.circuit import Model
from eqchip.netlists.elaborate import elaborate
from eqchip.netlists.libraries import LibraryModel, library_model, library_models, library_with, models_of
from eqchip.netlists.lint import lint
from eqchip.netlists.reader import parse, read

FACTS: dict[str, Any] = json.loads(
    (Path(__file__).parent.parent / "data" / "device_presets.json").read_text(encoding="utf-8")
)
FOLDER = Path(__file__).parents[2] / "netlists" / "library"
BOOKS = sorted(path.name for path in FOLDER.glob("*.lib"))
SYNAPSES = [
    one for one in library_models() if one.type == "synapse" or one.library in ("pcm.lib", "reram.lib")
]


def values(name: str) -> dict[str, Any]:
    found = library_model(name)
    assert found is not None, name
    return dict(found[1].values)


# -- the numbers

AIHWKIT = {
    "reram_gong": "ReRamESPresetDevice",
    "reram_gong_soft": "ReRamSBPresetDevice",
    "capacitor_li": "CapacitorPresetDevice",
    "ecram_tang": "EcRamPresetDevice",
    "ecram_kim": "EcRamMOPresetDevice",
    "idealized": "IdealizedPresetDevice",
    "gokmen_vlasov": "GokmenVlasovPresetDevice",
    "pcm_nandakumar_device": "PCMPresetDevice",
    "reram_om": "ReRamArrayOMPresetDevice",
    "reram_hfo2": "ReRamArrayHfO2PresetDevice",
}
SPELLED = {
    "a": "exp_a",
    "b": "exp_b",
    "A_up": "a_up",
    "A_down": "a_down",
    "corrupt_devices_prob": "stuck_prob",
    "corrupt_devices_range": "stuck_range",
    "reference_std": "reference_dtod",
}
UPDATES = {
    "ExpStepDevice": "exponential",
    "SoftBoundsReferenceDevice": "softbounds",
    "LinearStepDevice": "linear",
    "ConstantStepDevice": "constant",
}
#: mean_bound_reference: slopes count from the nominal bounds, as here always. enforce_consistency: steps keep
#: their sign, as here always. lifetime of the capacitor: in mini-batches there, said above the card.
OTHERWISE = {"mean_bound_reference", "enforce_consistency"}


@pytest.mark.parametrize("name", AIHWKIT)
def test_presets_of_pulsed_devices_have_the_published_numbers(name: str) -> None:
    preset = FACTS["aihwkit"]["devices"][AIHWKIT[name]]
    card = values(name)
    expected: dict[str, Any] = {"update": UPDATES[preset["model"]]}
    for key, value in preset["params"].items():
        if key == "dw_min_dtod_log_normal":
            expected["dtod_law"] = "lognormal" if value else "normal"
        elif key == "subtract_symmetry_point":
            expected["symmetry"] = str(int(value))
        elif key == "mult_noise":
            expected["mult_noise"] = str(int(value))
        elif key == "lifetime":
            assert value == 1e6
            assert "1e6 mini-batches" in next(one.text for one in library_models() if one.name == name)
        elif key not in OTHERWISE:
            expected[SPELLED.get(key, key)] = value
    assert card == {key: one if isinstance(one, str) else pytest.approx(one) for key, one in expected.items()}


def test_the_pair_and_the_measured_shares_of_stuck_devices() -> None:
    unit = FACTS["aihwkit"]["PCMPresetUnitCell"]
    added = {"cells": "onesided", "refresh": unit["refresh_every"], "bl": unit["refresh_update_desired_bl"]}
    assert values("pcm_nandakumar") == values("pcm_nandakumar_device") | added
    measured = FACTS["aihwkit"]["corrupt_prob_measured_not_default"]
    assert values("reram_om_stuck")["stuck_prob"] == measured["ReRamArrayOMPresetDevice"]
    assert values("reram_hfo2_stuck")["stuck_prob"] == measured["ReRamArrayHfO2PresetDevice"]


NOISES = FACTS["aihwkit"]["inference_noise"]
WAN = NOISES["ReRamWan2022NoiseModel"]


@pytest.mark.parametrize(
    ("name", "unit", "coefficients"),
    [
        ("pcm_like", 25, NOISES["PCMLikeNoiseModel"]["prog_coeff_uS"]),
        ("pcm_state_independent", 25, NOISES["StateIndependentNoiseModel"]["prog_coeff_uS"]),
        ("pcm_hermes", 10.35, NOISES["HermesNoiseModel_1dev"]["prog_coeff_uS"]),
        ("pcm_hermes_2", 20.7, NOISES["HermesNoiseModel_2dev"]["prog_coeff_uS"]),
        ("reram_wan_1s", 40, WAN["sigma_uS_poly_low_to_high"]["1s"]),
        ("reram_wan_1d", 40, WAN["sigma_uS_poly_low_to_high"]["1d"]),
        ("reram_wan_2d", 40, WAN["sigma_uS_poly_low_to_high"]["2d"]),
    ],
)
def test_programming_errors_are_the_published_polynomials(
    name: str, unit: float, coefficients: list[float]
) -> None:
    card = values(name)
    assert card["gmax"] == pytest.approx(unit * 1e-6)
    for order in range(5):
        wanted = coefficients[order] / unit if order < len(coefficients) else 0.0
        assert card.get(f"prog_{order}", 0.0) == pytest.approx(wanted)


def test_the_ranges_of_those_models_are_the_published_ones() -> None:
    for name, key in (
        ("pcm_like", "PCMLikeNoiseModel"),
        ("pcm_state_independent", "StateIndependentNoiseModel"),
    ):
        assert values(name)["gmax"] == pytest.approx(NOISES[key]["g_max_uS"] * 1e-6)
        assert values(name)["drift_t0"] == NOISES[key]["t0_s"]
    for name, key in (("pcm_hermes", "HermesNoiseModel_1dev"), ("pcm_hermes_2", "HermesNoiseModel_2dev")):
        assert values(name)["gmax"] == pytest.approx(NOISES[key]["g_max_uS"] * 1e-6)
        assert values(name)["drift_t0"] == NOISES[key]["t0_s"]
        assert values(name)["flicker_read"] == pytest.approx(NOISES[key]["t_read_s"])
    assert WAN["g_max_ref_uS"] == 40


def test_drift_and_flicker_of_the_phase_change_models() -> None:
    like = NOISES["PCMLikeNoiseModel"]
    assert like["nu_mean"] == "clip(-0.0155 ln g+0.0244,.049,.1)"
    assert like["Qs"] == "min(.2, .0088/max(g^.65,1e-3))"
    assert like["nu_std"] == "clip(-0.0125 ln g-0.0059,.008,.045)"
    card = values("pcm_like")
    drift = {"drift_nu": 0.0244, "drift_nu_k": 0.0155, "drift_nu_min": 0.049, "drift_nu_max": 0.1}
    flicker = {"flicker": 0.0088, "flicker_exp": 0.65, "flicker_max": 0.2, "flicker_read": like["t_read_s"]}
    assert {key: card[key] for key in drift | flicker} == pytest.approx(drift | flicker)
    assert card["drift_dtod"] == 0.008  # its spread at high conductance; the comment says so
    independent = NOISES["StateIndependentNoiseModel"]
    assert values("pcm_state_independent")["drift_nu"] == independent["nu_mean"]
    assert values("pcm_state_independent")["drift_dtod"] == independent["nu_std"]
    for name, key in (("pcm_hermes", "HermesNoiseModel_1dev"), ("pcm_hermes_2", "HermesNoiseModel_2dev")):
        assert NOISES[key]["nu_mean"].startswith("g<.0945: clip(-.0387 ln g-.0182,.072,.13)")
        card = values(name)
        assert [card[f"drift_nu{end}"] for end in ("", "_k", "_min", "_max")] == [
            -0.0182,
            0.0387,
            0.072,
            0.13,
        ]


def _deviation(name: str, conductance: float, full: float) -> float:
    """σ in microsiemens of the card at a conductance."""
    card = values(name)
    x = conductance / full
    return full * sum(card.get(f"prog_{order}", 0.0) * x**order for order in range(5))


@pytest.mark.parametrize("share", [0.05, 0.3, 0.7, 1.0])
def test_errors_of_crosssim_are_the_published_ones_at_any_conductance(share: float) -> None:
    devices = FACTS["crosssim"]["devices"]
    g = share * devices["PCMJoshi"]["G_uS"][1]
    assert devices["PCMJoshi"]["sigma_uS"] == "max(-0.00178767 G^2+0.07585724 G+0.28638599,0)"
    assert _deviation("pcm_joshi", g, 25) == pytest.approx(-0.00178767 * g**2 + 0.07585724 * g + 0.28638599)
    g = share * devices["RRAMWan"]["G_uS_max"]
    assert devices["RRAMWan"]["sigma_uS"] == "max(1.536e-4 G^3-1.167e-2 G^2+0.2374 G+1.053,0)"
    wanted = 1.536e-4 * g**3 - 1.167e-2 * g**2 + 0.2374 * g + 1.053
    assert _deviation("reram_wan", g, 39.26) == pytest.approx(wanted)
    g = share * devices["RRAMMilo"]["G_uS"][1]
    assert devices["RRAMMilo"]["sigma_uS"] == "max(-0.009107 G+4.782321,0)"
    assert _deviation("reram_milo", g, 225) == pytest.approx(-0.009107 * g + 4.782321)
    assert values("reram_milo")["gmin"] == pytest.approx(devices["RRAMMilo"]["G_uS"][0] * 1e-6)
    for name, key in (("reram_cmo", "0.2%"), ("reram_cmo_2", "2%")):
        low, high = NOISES["ReRamCMONoiseModel"]["prog_uS_low_to_high"][key]
        least, full = NOISES["ReRamCMONoiseModel"]["g_uS"]
        assert (values(name)["gmin"], values(name)["gmax"]) == pytest.approx((least * 1e-6, full * 1e-6))
        assert _deviation(name, full * share, full) == pytest.approx(low + high * full * share)


def test_sonos_of_every_day() -> None:
    facts = FACTS["crosssim"]["devices"]["SONOS"]
    full = facts["I_max_nA"]
    for day, (a, b) in enumerate(zip(facts["A"], facts["B"], strict=True)):
        card = values("sonos_agrawal" + (f"_{day}d" if day else ""))
        assert (card["prog_sat"], card["prog_knee"]) == (pytest.approx(a / full), pytest.approx(b / full))
        assert card["read_noise"] == pytest.approx(facts["read_A"] / full)


TABLES = {
    "ecram_enode": "ENODe",
    "ecram_enode_multi": "ENODe_multi_1",
    "reram_taox_1": "TaOx_1",
    "reram_taox_2": "TaOx_2",
}


@pytest.mark.parametrize("name", TABLES)
def test_tables_of_crosssim_pass_through_the_measured_steps(name: str) -> None:
    facts = FACTS["crosssim"]["training_LUT_v2.0"][TABLES[name]]
    card = values(name)
    for way, sign, keys in (
        ("up", 1, ("mean_dG_up", "mean_dG_up_frac_10_50_90")),
        ("down", -1, ("mean_dG_dn", "mean_dG_dn_frac_10_50_90")),
    ):
        steps = next(facts[key] for key in keys if key in facts)
        found = [sign * card["dw_min"] * card[f"{way}_{node}"] / 2.0 for node in (1, 5, 9)]
        assert found == pytest.approx(steps)  # as shares of the range, which is 2
        for node in (3, 7):  # straight between them
            between = 0.5 * (card[f"{way}_{node - 2}"] + card[f"{way}_{node + 2}"])
            assert card[f"{way}_{node}"] == pytest.approx(between)
    if "G_S" in facts:
        assert [card["gmin"], card["gmax"]] == pytest.approx(facts["G_S"])
    spread = facts.get("sigma_over_mean_up")
    if spread:
        assert card["dw_min_std"] == spread[1]
        assert card["mult_noise"] == "1"


NEUROSIM = {
    "neurosim_ag_asi": "Ag:a-Si",
    "neurosim_taox_tio2": "TaOx/TiO2 (V2 table)",
    "neurosim_taox_hfox": "TaOx/HfOx",
    "neurosim_pcmo": "PCMO",
    "neurosim_alox_hfo2": "AlOx/HfO2",
    "neurosim_gst": "GST PCM",
    "neurosim_epiram": "EpiRAM Ag:SiGe",
    "fefet_hzo": "HZO FeFET",
}


@pytest.mark.parametrize("name", NEUROSIM)
def test_devices_of_neurosim_have_the_numbers_of_its_table(name: str) -> None:
    facts = FACTS["neurosim"]["devices"][NEUROSIM[name]]
    card = values(name)
    states = 100 if facts["states"] == "100-120" else facts["states"]
    wanted = {
        "nl_up": facts["NL_up"],
        "nl_down": facts["NL_dn"],
        "p_max": states,
        "dw_min": 2.0 / states,
        "w_max": 1.0,
        "w_min": -1.0,
        "dw_min_std": facts["c2c_frac"] * states,
        "gmax": 1.0 / facts["Ron_ohm"],
        "gmin": 1.0 / facts["Ron_ohm"] / facts["on_off"],
        "pulse_v": facts["pulse_up_V_s"][0],
        "pulse_t": facts["pulse_up_V_s"][1],
    }
    assert card.pop("update") == "pmax"
    assert card == pytest.approx(wanted)
    volts, seconds = facts["pulse_dn_V_s"]
    if (volts, seconds) != (-facts["pulse_up_V_s"][0], facts["pulse_up_V_s"][1]):
        comment = next(one.text for one in library_models() if one.name == name)
        assert f"down pulses of {volts:g} V, " in comment


def test_every_preset_is_there() -> None:
    """A device that is added to the facts has to be added to a library, or excused here."""
    assert set(AIHWKIT.values()) == set(FACTS["aihwkit"]["devices"])
    assert set(NEUROSIM.values()) == set(FACTS["neurosim"]["devices"])
    assert set(TABLES.values()) == set(FACTS["crosssim"]["training_LUT_v2.0"])
    # CubicDevice is an example of CrossSim, no device; it is a law of current, which weights have not.
    assert set(FACTS["crosssim"]["devices"]) == {"PCMJoshi", "RRAMWan", "RRAMMilo", "SONOS", "CubicDevice"}
    assert len(NOISES) == 6


# -- the models


@pytest.mark.parametrize("model", SYNAPSES, ids=lambda one: one.name)
def test_every_model_is_said_and_sourced(model: LibraryModel) -> None:
    assert model.text, model.name
    assert len(model.source) > 10, model.name
    text = (FOLDER / model.library).read_text(encoding="utf-8")
    assert f"* {model.name}:" in text


@pytest.mark.parametrize("book", BOOKS)
def test_a_library_elaborates_and_lint_finds_nothing(book: str, tmp_path: Path) -> None:
    assert lint(read(FOLDER / book)) == []
    (tmp_path / "chip.cir").write_text(f"t\n.include {book}\nV1 a 0 1\nR1 a 0 1\n.op\n")
    assert lint(read(tmp_path / "chip.cir")) == []
    inside = {one.name.lower() for one in models_of((FOLDER / book).read_text(encoding="utf-8"), book)}
    models: dict[str, Model] = dict(elaborate(read(tmp_path / "chip.cir")).models)
    assert inside <= set(models)


def test_all_libraries_may_be_included_together() -> None:
    cards = "".join(f".include {book}\n" for book in BOOKS)
    models = elaborate(parse(f"t\n{cards}R1 a 0 1\n")).models
    assert {one.name.lower() for one in library_models()} <= set(models)
    assert len({one.name.lower() for one in library_models()}) == len(library_models())


@pytest.mark.parametrize("model", SYNAPSES, ids=lambda one: one.name)
def test_every_device_takes_changes_and_keeps_within_its_bounds(model: LibraryModel) -> None:
    given = values(model.name)
    cells = cells_of(given, (20, 30), lambda name: np.random.default_rng(len(name)))
    if cells is None:
        assert model.name == "ideal"
        return
    random = np.random.default_rng(1)
    cells.program(np.zeros((20, 30)), random)
    for request in (0.2, -0.1):
        cells.change(np.full((20, 30), request), random)
        cells.wait(1.0, random)
    read_out = cells.read(random)
    assert np.all(np.isfinite(read_out))
    assert not math.isclose(float(np.std(read_out)), 0.0) or model.name.startswith("ideal_")


@pytest.mark.parametrize("model", SYNAPSES, ids=lambda one: one.name)
def test_every_device_stands_in_a_chip_itself_and_as_a_kind(model: LibraryModel) -> None:
    for name, kind in ((model.name, ""), ("own", f".model own ako:{model.name} synapse(wscale=0.5)\n")):
        cards = f"t\n.include {model.library}\n.bus x[2] h[2]\n.model cell neuron\n{kind}"
        found = elaborate(parse(f"{cards}Yxh x h {name}\nNh h cell\n.op\n")).instance("Yxh")
        assert found is not None
        assert found.model is not None
        assert found.model.name == name


def test_a_user_takes_a_model_and_changes_some_of_it() -> None:
    cards = ".include pcm.lib\n.model syn ako:pcm_nandakumar synapse(wscale=0.5)\nR1 a 0 1\n"
    found = elaborate(parse("t\n" + cards)).models["syn"]
    assert found.values == {**values("pcm_nandakumar"), "wscale": 0.5}
    assert library_with("pcm_nandakumar") == "pcm.lib"
    assert library_with("nothing") is None
    assert library_model("nothing") is None
