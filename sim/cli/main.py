"""The command line: one file a verb. Results go to stdout, messages to stderr.

Exit codes: 0 done; 1 the run failed; 2 usage or invalid scenario, nothing written; 3 a stated
check failed; 130, 143, 129 ended by Ctrl-C, SIGTERM, SIGHUP.
"""

from __future__ import annotations

import click

from sim._version import __version__
from sim.cli.audit_command import audit
from sim.cli.calibrate_command import calibrate
from sim.cli.check_command import check
from sim.cli.check_run_command import check_run
from sim.cli.compare_command import compare
from sim.cli.counts_command import counts
from sim.cli.dataset_command import dataset
from sim.cli.detect_command import detect
from sim.cli.export_command import export
from sim.cli.group import SimGroup
from sim.cli.leaderboard_command import leaderboard
from sim.cli.list_command import list_
from sim.cli.process import own_process
from sim.cli.realism_command import realism
from sim.cli.replicate_command import replicate
from sim.cli.report_command import report
from sim.cli.run_command import run
from sim.cli.schema_command import schema
from sim.cli.score_command import score
from sim.cli.show_command import show
from sim.cli.stream_command import stream
from sim.cli.verify_command import verify


@click.group(
    cls=SimGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="sim")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.pass_obj
def cli(obj: dict[str, bool], debug: bool) -> None:
    """Simulate LLM API traffic: benchmarks, agents, campaigns.

    A SCENARIO is a YAML file, `-` for standard input, or the name of a shipped scenario
    (`sim list scenarios`). A RECIPE of labelled data likewise (`sim list recipes`).
    """
    obj["debug"] = obj["debug"] or debug


# in the order in which docs/reference/cli.md shows them
for verb in (
    check,
    show,
    list_,
    schema,
    run,
    dataset,
    audit,
    detect,
    score,
    leaderboard,
    replicate,
    stream,
    counts,
    report,
    export,
    compare,
    realism,
    calibrate,
    verify,
    check_run,
):
    cli.add_command(verb)


def main() -> None:
    """Run the command line and exit."""
    with own_process():
        cli()
