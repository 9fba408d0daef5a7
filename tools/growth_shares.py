"""Print how many accounts are born within a log of four weeks, and how many of these are abusive.

Accounts of `scenarios/separability.yaml`, with and without enforcement, over five seeds. Nothing is
simulated but the accounts: `python -m tools.growth_shares` takes some minutes.
"""

from __future__ import annotations

import click
import numpy as np

from sim.population.population import Population, build_population
from sim.scenario.load import load_scenario

SEEDS = range(1, 6)
_CHANGES = ("clock.duration=28 d",)


CLASSES = ("ordinary", "grey", "abusive")


def shares_of(population: Population) -> list[float]:
    """Return the shares of one population, as in `TITLES`.

    Abusive is what extracts without permission; grey has no legitimate access, but does not
    extract. An account is born within the log if it signs up after the opening.
    """
    number = [
        2 if t.is_extraction else int(t.access_legitimacy != "authorised")
        for t in population.typology_of_actor()
    ]
    class_of = np.array(number)[population.actor_of_account]
    is_born = population.accounts.created_us > 0
    members = [class_of == k for k in range(len(CLASSES))]
    return [
        *(float(m.mean()) for m in members[1:]),
        *(float(is_born[m].mean()) for m in members),
        *(float(m[is_born].mean()) for m in members[1:]),
    ]


TITLES = (
    *(f"{name}, of all" for name in CLASSES[1:]),
    *(f"born, of {name}" for name in CLASSES),
    *(f"{name}, of born" for name in CLASSES[1:]),
)


def main() -> None:
    """Print a table in Markdown: means over the seeds, and their standard errors."""
    click.echo(f"| enforcement | {' | '.join(TITLES)} |")
    click.echo("|---|" + "---|" * len(TITLES))
    for title, more in (("none", ()), ("default", ("world.enforcement=default",))):
        rows = []
        for seed in SEEDS:
            changes = (*_CHANGES, *more)
            asked = load_scenario("scenarios/separability.yaml", overrides=changes, seed=seed)
            rows.append(shares_of(build_population(asked)))
        found = np.array(rows)
        error = found.std(axis=0, ddof=1) / np.sqrt(len(rows))
        cells = [f"{m:.3f} ± {e:.3f}" for m, e in zip(found.mean(axis=0), error, strict=True)]
        click.echo(f"| {title} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
