"""`eqchip evaluate`: a trained chip again, under any --set."""

from __future__ import annotations

import click

from eqchip.cli.habits import Speaker, assignments, options


@click.command()
@click.argument("run", metavar="RUN.h5")
@click.option(
    "--data", metavar="SPEC", help="Samples instead of those it was trained with: FILE.npz, FILE.csv."
)
@options("set", "form", "dtype", "threads", "json", "quiet")
def evaluate(
    run: str,
    data: str | None,
    settings: tuple[str, ...],
    form: str,
    dtype: str | None,
    threads: int,
    as_json: bool,
    quiet: bool,
) -> None:
    """Test the chip that RUN.h5 trained, with the weights it learned."""
    from eqchip import threads as pools
    from eqchip.cli.train import percent
    from eqchip.simulator import api
    from eqchip.simulator.loaded import load

    speaker = Speaker(as_json, quiet)
    pools.apply(threads)
    loaded = load(run).set(assignments(settings))
    speaker.warn_when_cold()
    found = api.evaluate(loaded, data=data, form=form, dtype=dtype, threads=threads)
    speaker.say(
        f"{found['samples']} test samples: error {percent(found['test_error'])}, "
        f"loss {found['test_loss']:.4g} ({found['samples_per_second']:,.0f} samples/s, "
        f"{found['form']} form, {found['dtype']})"
    )
    speaker.answer({**found, "seconds": speaker.seconds, "file": run})
