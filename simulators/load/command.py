"""The command `load`."""

from pathlib import Path
from typing import Any, get_args

import click
import msgspec

from simulators.client import Refusal, ServiceLost
from simulators.load.fleet import FleetRejected
from simulators.load.pace import Arrivals
from simulators.load.run import Wish, run
from simulators.load.sender import Plan
from simulators.load.tally import describe

_PATH = click.Path(path_type=Path)


@click.command()
@click.option("--service", "services", multiple=True, required=True, help="Address; again for each replica.")
@click.option("--operator-token-file", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--rate", type=click.FloatRange(min=0, min_open=True), help="Requests a second, open loop.")
@click.option("--flat-out", is_flag=True, help="As many as the connections carry; the default without --rate.")
@click.option("--arrivals", type=click.Choice(get_args(Arrivals)), default="poisson", show_default=True)
@click.option("--connections", type=click.IntRange(1, 20_000), default=64, show_default=True)
@click.option("--devices", type=click.IntRange(1, 100_000), default=1000, show_default=True)
@click.option("--batch", type=click.IntRange(1, 500), default=1, show_default=True, help="Check-ins a request.")
@click.option("--seconds", type=click.FloatRange(min=0.1), default=10.0, show_default=True)
@click.option("--warm-up", type=click.FloatRange(min=0), default=0.0, show_default=True, help="Seconds not counted.")
@click.option("--timeout", type=click.FloatRange(min=0.1), default=10.0, show_default=True, help="Seconds for a reply.")
@click.option("--prepare", type=click.IntRange(1), help="Check-ins to sign for a flat-out run.")
@click.option("--processes", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes that send.")
@click.option("--seed", default=1, show_default=True)
@click.option("--broken", type=click.IntRange(0, 1000), default=0, show_default=True, help="Phones sending nonsense.")
@click.option("--broken-rate", type=float, default=10_000.0, show_default=True, help="Items a minute from each.")
@click.option("--twice", is_flag=True, help="Send every request twice.")
@click.option("--ledger", type=_PATH, help="Post each item until answered, and add what was answered to this file.")
@click.option("--give-up", type=click.FloatRange(min=0), default=60.0, show_default=True, help="Seconds, for --ledger.")
@click.option("--keep", "kept_at", type=_PATH, help="Where the phones are kept; beside the operator's token.")
@click.option("--out", type=_PATH, help="Write the summary here, as JSON.")
def load(
    operator_token_file: Path,
    flat_out: bool,
    devices: int,
    batch: int,
    prepare: int | None,
    processes: int,
    seed: int,
    broken: int,
    broken_rate: float,
    kept_at: Path | None,
    out: Path | None,
    **plan: Any,
) -> None:
    """Send correctly signed check-ins at a set rate or flat out, and say how fast they were answered.

    Latencies run from the instant a request was due, so that a stall shows in every request it held up.
    """
    if flat_out and plan["rate"] is not None:
        raise click.UsageError("--rate and --flat-out exclude each other")
    wish = Wish(
        plan=Plan(**plan),
        operator_token_file=operator_token_file,
        kept_at=kept_at or operator_token_file.parent / f"load-{seed}.json",
        devices=devices,
        batch=batch,
        seed=seed,
        processes=processes,
        prepare=prepare,
        broken=broken,
        broken_rate=broken_rate,
    )
    try:
        result = run(wish)
    except (Refusal, ServiceLost, FleetRejected, OSError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(describe(result.load))
    if result.broken is not None:
        click.echo("broken items:")
        click.echo(describe(result.broken))
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(msgspec.json.format(msgspec.json.encode(result), indent=1) + b"\n")
