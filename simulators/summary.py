"""What a person reads at the end of the rehearsal."""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from simulators.conclusions import Conclusions
from simulators.outbox import Outbox
from simulators.registration import OFFICER, coordinator_of, manager_of
from simulators.score import Difference
from simulators.state import DayState
from simulators.world import World

_GONE = "withdrawn"
_SHOWN = 20


def summary(
    world: World,
    concluded: Conclusions,
    outbox: Outbox,
    differences: Iterable[Difference],
) -> Iterator[str]:
    """The counts, then the differences to the truth, as lines of text."""
    yield f"{world.council_name}, {world.day:%A %d %B %Y}: an invented morning, all people and providers synthetic"
    yield ""
    answers = Counter(entry.status for entry in outbox.answers)
    stored = len({entry.key for entry in outbox.answers if entry.status == "recorded"})
    yield (
        f"  check-ins   {stored} stored, {answers['duplicate']} duplicates, {answers['conflict']} conflicts, "
        f"{answers['refused']} refused"
    )
    statuses = Counter(visit.status for provider in concluded.providers for visit in provider.visits)
    yield f"  visits      {sum(statuses.values())}: {_counted(statuses)}"
    yield f"  late        {statuses['done_late'] + statuses['late']}"
    yield f"  missed      {statuses['missed'] + statuses['presumed_missed']}"
    alerts = [alert for provider in concluded.providers for alert in provider.alerts]
    yield f"  alerts      {len(alerts)}: {_standing(Counter((a.kind, a.state) for a in alerts))}"
    candidates = [candidate for provider in concluded.providers for candidate in provider.candidates]
    yield f"  candidates  {len(candidates)}: {_standing(Counter((c.type, c.state) for c in candidates))}"
    lines = [line for provider in concluded.providers for line in provider.lines]
    yield f"  hours       {sum(line.paid_minutes for line in lines)} minutes to pay in {len(lines)} lines"
    yield ""
    yield from _differences(list(differences))


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "none"


def _standing(counts: Counter[tuple[str, str]]) -> str:
    return ", ".join(f"{count} {kind} {state}" for (kind, state), count in sorted(counts.items())) or "none"


def _differences(differences: list[Difference]) -> Iterator[str]:
    faults = [difference for difference in differences if not difference.explained]
    explained = Counter(difference.reason for difference in differences if difference.explained)
    if not differences:
        yield "difference to the truth: none"
        return
    yield f"difference to the truth: {sum(explained.values())} explained, {len(faults)} unexplained"
    for reason, count in explained.most_common():
        yield f"  {count:4} {reason}"
    for fault in faults[:_SHOWN]:
        yield f"  UNEXPLAINED {fault.subject}: {fault.what}: truth {fault.truth}, concluded {fault.concluded}"
    if len(faults) > _SHOWN:
        yield f"  … and {len(faults) - _SHOWN} more"


def addresses(base: str, world: World, state: DayState, folder: Path) -> Iterator[str]:
    """The pages, and who may sign in to them."""
    yield "pages:"
    for path, what in (
        ("/", "today"),
        ("/candidates", "possible CQC notifications"),
        ("/imports", "files in"),
        ("/reconciliation", "hours for the council"),
        ("/v1/openapi.json", "the API"),
    ):
        yield f"  {base}{path}  {what}"
    yield f"sign in at {base}/sign-in:"
    names = [coordinator_of(world.providers[0]), manager_of(world.providers[0])]
    for name in (*names, OFFICER):
        account = state.staff[name]
        yield f"  {account.username:<16} {account.password}  {account.role.replace('_', ' ')}"
    yield f"API tokens: {folder}/tokens/{names[0]} and so on"


def written(folder: Path) -> str:
    """Where the accounts of the morning lie."""
    return f"truth, conclusions and differences: {folder}/truth.json, concluded.json, differences.json"
