"""A council's payment rules: versioned, dated, and data rather than code.

A contract says on what basis delivered minutes are paid, in which order its rules apply, and what an
undelivered visit pays. Every field is printed on the report it governs.
"""

from datetime import date
from importlib import resources
from typing import Annotated, Literal

import msgspec

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
Grade = Literal["proven", "corroborated", "located", "tagged", "uncertain", "declared", "contradicted"]
SecondCarer = Literal["overlap"]
Pays = Literal["delivered", "planned", "presence", "nothing"]

GRADES: tuple[Grade, ...] = (
    "proven",
    "corroborated",
    "located",
    "tagged",
    "uncertain",
    "declared",
    "contradicted",
)
MINUTES_A_DAY = 24 * 60

Minutes = Annotated[int, msgspec.Meta(ge=0, le=MINUTES_A_DAY)]
Code = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,39}$(?!\n)")]
CouncilId = Annotated[str, msgspec.Meta(pattern=r"^[EWSN][0-9]{8}$(?!\n)")]


class ContractError(ValueError):
    """A contract that cannot be read, contradicts itself, or is not known."""


class Band(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Delivered minutes from `minutes_from` to `minutes_to`, both included, become `becomes` minutes."""

    minutes_from: Minutes
    minutes_to: Minutes
    becomes: Minutes


class Tolerance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Minutes up to `under_minutes` short of the commissioned minutes, or `over_minutes` above, become them.

    `when` declares whether that happens before or after the bands: with bands that round down the two differ.
    """

    under_minutes: Minutes
    over_minutes: Minutes
    when: Literal["after_bands", "before_bands"]


class Punctual(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many minutes before and after the planned start an arrival is still punctual, both included."""

    early_minutes: Minutes = 30
    late_minutes: Minutes = 30


class Outcomes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a visit that was not delivered pays.

    `planned` minutes, or the same if the carer's `presence` is shown, or the time `delivered`, or `nothing`.
    A visit the provider missed, merged or planned in error pays nothing under every contract, so it has no field here.
    """

    no_reply: Pays = "presence"
    client_refused: Pays = "presence"
    client_absent_known: Pays = "nothing"
    cancelled_in_notice: Pays = "nothing"
    cancelled_short_notice: Pays = "planned"
    hospital: Pays = "nothing"
    respite_or_holiday: Pays = "nothing"
    deceased: Pays = "nothing"
    suspended_by_council: Pays = "nothing"


class Contract(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One version of a council's payment rules. Minutes are whole minutes and money is whole pence.

    `bands_above_delivered` must be true for a band to raise minutes above those delivered (Ombudsman,
    Norfolk, 19 009 101).
    `second_carer` is what carers after the first are paid for: the `overlap`, time shared with the first.
    `presence_check_ins` is how many electronic check-ins show presence at a visit nobody answered.
    `rate_pence_per_hour` None means that minutes are reported and not priced.
    Raises ContractError if the fields contradict each other.
    """

    code: Code = msgspec.field(name="contract")
    version: Annotated[int, msgspec.Meta(ge=1)]
    council: CouncilId
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    valid_from: date
    basis: Literal["banded", "by_the_minute"]
    bands: tuple[Band, ...] | None = None
    bands_above_delivered: bool = False
    tolerance: Tolerance | None = None
    cap: Literal["visit", "week"] | None = None
    week_starts: Weekday = "monday"
    second_carer: SecondCarer = "overlap"
    punctual: Punctual = Punctual()
    grades_paid: tuple[Grade, ...] = GRADES
    outcomes: Outcomes = Outcomes()
    presence_check_ins: Literal["one", "both"] = "one"
    rate_pence_per_hour: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] | None = None

    def __post_init__(self) -> None:
        if self.basis == "banded":
            _check_bands(self.bands)
        elif self.bands:
            raise ContractError("a contract paid by the minute has no bands")
        if self.basis == "by_the_minute" and self.bands_above_delivered:
            raise ContractError("bands_above_delivered needs bands")

    @property
    def key(self) -> str:
        """The code and version as one text, such as `A@1`."""
        return contract_key(self.code, self.version)

    def order(self) -> tuple[str, ...]:
        """The rules of this contract in the order in which they apply to a line."""
        bands = ["bands"] if self.basis == "banded" else []
        snap = ["tolerance"] if self.tolerance else []
        middle = snap + bands if self.tolerance and self.tolerance.when == "before_bands" else bands + snap
        cap = [f"cap per {self.cap}"] if self.cap else []
        rate = ["rate"] if self.rate_pence_per_hour is not None else []
        return ("whole minutes", "outcome", "evidence", further_carer_rule(self.second_carer), *middle, *cap, *rate)


def _check_bands(bands: tuple[Band, ...] | None) -> None:
    if not bands:
        raise ContractError("a banded contract needs bands")
    expected, becomes = 0, 0
    for band in bands:
        if band.minutes_from != expected:
            raise ContractError(f"bands must follow each other from 0: expected {expected}, found {band.minutes_from}")
        if band.minutes_to < band.minutes_from:
            raise ContractError(f"the band from {band.minutes_from} ends before it starts")
        if band.becomes < becomes:
            raise ContractError(f"the band from {band.minutes_from} pays less than the band before it")
        expected, becomes = band.minutes_to + 1, band.becomes


def further_carer_rule(paid_for: SecondCarer) -> str:
    """The name of the rule for carers after the first, in a contract's order of rules and in a trace."""
    return f"second carer's {paid_for}"


def contract_key(code: str, version: int) -> str:
    """The key of one version of a contract in a mapping of contracts; `@` cannot occur in a code."""
    return f"{code}@{version}"


def contract_from_json(document: bytes | str) -> Contract:
    """Read a contract document; raises ContractError that says what is wrong and where."""
    try:
        return msgspec.json.decode(document, type=Contract)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise ContractError(str(error)) from error


def contract_to_json(contract: Contract) -> bytes:
    """Write a contract document that `contract_from_json` reads back to the same contract."""
    return msgspec.json.encode(contract)


def example_contract(name: Literal["a", "b"]) -> Contract:
    """One of the two contracts that ship as examples: `a` is banded, `b` is by the minute."""
    return contract_from_json(resources.files("reports").joinpath("contracts", f"{name}.json").read_bytes())
