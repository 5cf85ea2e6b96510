"""The morning itself: simulated time goes forward in steps, and everything that happens in a step is sent in it."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from simulators.accounts import STEP
from simulators.client import Refusal, ServiceClient, Token
from simulators.happenings import Tap
from simulators.intruder import Intruder
from simulators.office import NothingToFollowUp, Office
from simulators.outbox import Outbox
from simulators.phones import Phone
from simulators.registration import AT_ONCE, coordinator_of
from simulators.replies import Clock
from simulators.roster import local
from simulators.state import DayState
from simulators.truth import ProviderTruth, Truth

_NOT_SIGNED_IN = 401
BEGINS, ENDS, INTRUDER_AT = "05:30", "14:00", "08:30"


class ClockGoneOn(Exception):
    """The service has rehearsed past the start of this morning already."""


class OtherService(Exception):
    """The service has another database than the one the rehearsal began with."""


def steps_of(truth: Truth) -> list[datetime]:
    """The instants of the morning, five minutes apart, its end included."""
    begins, ends = local(truth.world.day, BEGINS), local(truth.world.day, ENDS)
    return [begins + STEP * n for n in range((ends - begins) // STEP + 1)]


@dataclass(slots=True)
class Morning:
    """Plays a truth to a service. The state says how many steps are complete; a step may be played twice."""

    truth: Truth
    service: ServiceClient
    operator: Token
    state: DayState
    kept_at: Path
    outbox: Outbox
    _phones: dict[str, Phone] = field(init=False)

    def __post_init__(self) -> None:
        links = {
            (client.code, kind): self.state.links[str(tag)]
            for provider in self.truth.world.providers
            for client in provider.clients
            for kind, tag in (("nfc", client.nfc_tag), ("qr", client.qr_card))
            if tag is not None
        }
        self._phones = {
            carer.code: Phone(self.truth.world.seed, carer, told.habits[carer.code], self.outbox, links)
            for told in self.truth.providers
            for carer in told.provider.carers
        }

    async def play(self, stepped: Callable[[datetime], None]) -> None:
        """Play what is left of the morning; `stepped` is called after each step."""
        for at in steps_of(self.truth)[self.state.step :]:
            await self._step(at)
            self.state.step += 1
            self.state.save(self.kept_at)
            stepped(at)

    async def _step(self, at: datetime) -> None:
        now = await set_clock(self.service, self.operator, at)
        for told in self.truth.providers:
            self._sign(told, at)
        seats = asyncio.Semaphore(AT_ONCE)

        async def post(phone: Phone) -> None:
            async with seats:
                await phone.post(self.service, now)

        async with asyncio.TaskGroup() as group:
            for phone in self._phones.values():
                if phone.habits.online(at):
                    group.create_task(post(phone))
        for told in self.truth.providers:
            await self._office(told, at)
        if at >= local(self.truth.world.day, INTRUDER_AT):
            await Intruder(self.truth, self.outbox).post(self.service, now)

    def _sign(self, told: ProviderTruth, at: datetime) -> None:
        taps: dict[str, list[Tap]] = defaultdict(list)
        for tap in told.taps:
            if tap.at <= at and self.outbox.signed(tap.key) is None:
                taps[tap.carer].append(tap)
        for carer, tapped in taps.items():
            self._phones[carer].tap(tapped)
        for alert in told.phone_alerts:
            if alert.at <= at:
                self._phones[alert.carer].report([alert])

    async def _office(self, told: ProviderTruth, at: datetime) -> None:
        token = self.state.token(coordinator_of(told.provider))
        office = Office(self.truth.world.seed, self.service, token)
        for act in told.office:
            if at - STEP < act.at <= at:
                try:
                    await office.act(act, at)
                except NothingToFollowUp as nothing:
                    self.state.undone.append(f"{act.key}: {nothing}")


async def set_clock(service: ServiceClient, operator: Token, at: datetime) -> datetime:
    """Move the service's clock to an instant and return what it then shows, which may be later, never earlier."""
    try:
        shown = await service.post("/v1/rehearsal/clock", operator, Clock(at), Clock)
    except Refusal as refusal:
        shown = await service.get("/v1/rehearsal/clock", operator, Clock)
        if shown.now < at:
            raise refusal from None
    return shown.now.replace(microsecond=0)


async def check_accounts(service: ServiceClient, state: DayState) -> None:
    """Raise OtherService when a rehearsal cannot go on because the service does not know its accounts."""
    for account in state.staff.values():
        try:
            await service.send("GET", "/v1/contracts", account.token)
        except Refusal as refusal:
            if refusal.status != _NOT_SIGNED_IN:
                raise
            raise OtherService(
                f"the service does not know {account.username}: its database is not the one this rehearsal began with; "
                "use that one again, another --state, or begin afresh (make clean)"
            ) from None


async def check_clock(service: ServiceClient, operator: Token, truth: Truth) -> None:
    """Raise ClockGoneOn when a new rehearsal cannot begin, the service's clock being past its start."""
    shown = await service.get("/v1/rehearsal/clock", operator, Clock)
    begins = local(truth.world.day, BEGINS)
    if shown.now > begins + timedelta(minutes=1):
        raise ClockGoneOn(
            f"the service's rehearsal clock shows {shown.now:%Y-%m-%d %H:%M} UTC and only goes forward, so the morning "
            f"of {truth.world.day} cannot begin; use a later --day, or a service that starts afresh (make clean)"
        )
