"""Which contract governs an attendance, and which lines there are to be."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from reports.contracts import Contract, ContractError
from reports.entries import Entry, entries
from reports.rows import Attendance, RowError, Slot
from tests.reports.report_rows import DAY, A, B, attendance, slot

A2 = msgspec.structs.replace(A, version=2)
CONTRACTS = {contract.key: contract for contract in (A, A2, B)}
TOMORROW = DAY + timedelta(days=1)


def lines(slots: list[Slot], attendances: list[Attendance], replay: Contract | None = None) -> list[Entry]:
    return entries(slots, attendances, CONTRACTS, replay)


def extra(**changes: Any) -> Attendance:
    """An attendance that fills no slot."""
    unscheduled: dict[str, Any] = {"commission": None, "slot": None, "visit": "unplanned:1"}
    return attendance(**unscheduled | changes)


def contract_of_the_extra(slots: list[Slot], one: Attendance, replay: Contract | None = None) -> Contract | None:
    (found,) = [entry for entry in lines(slots, [one], replay) if entry.slot is None]
    return found.contract


def test_an_attendance_without_a_slot_is_governed_by_its_clients_one_contract():
    assert contract_of_the_extra([slot()], extra()) == A


@pytest.mark.parametrize(
    "other",
    [
        {"contract": "B", "commission": "K-0002"},
        {"contract_version": 2, "commission": "K-0002"},
        {"contract_version": 2, "day": TOMORROW},
    ],
)
def test_of_several_contracts_or_versions_none_is_taken(other: dict[str, Any]):
    for slots in ([slot(), slot(**other)], [slot(**other), slot()]):
        assert contract_of_the_extra(slots, extra()) is None


def test_a_commission_that_is_named_decides_between_the_contracts_of_its_client():
    slots = [slot(), slot(contract="B", commission="K-0002")]
    for commission, contract in (("K-0001", A), ("K-0002", B)):
        assert contract_of_the_extra(slots, extra(commission=commission)) == contract
    assert contract_of_the_extra(slots, extra(commission="K-0009")) is None


def test_a_commission_under_two_versions_of_its_contract_decides_nothing():
    slots = [slot(), slot(day=TOMORROW, contract_version=2)]
    assert contract_of_the_extra(slots, extra(commission="K-0001")) is None


def test_a_client_of_whom_nothing_is_bought_has_no_contract_and_another_clients_is_not_taken():
    assert contract_of_the_extra([slot()], extra(client="C-0002")) is None
    assert contract_of_the_extra([slot()], extra(provider="another")) is None


def test_a_replayed_contract_governs_everything():
    slots = [slot(), slot(contract="B", commission="K-0002")]
    assert {entry.contract for entry in lines(slots, [extra()], replay=B)} == {B}


def test_a_slot_of_a_contract_that_is_not_known_or_not_valid_yet_is_an_error():
    with pytest.raises(ContractError, match="contract Z version 1 is not known"):
        lines([slot(contract="Z")], [])
    with pytest.raises(ContractError, match="contract A has no version that is valid yet"):
        lines([slot(contract_version=None)], [])


def test_a_slot_given_twice_is_an_error():
    with pytest.raises(RowError, match="has slot 0 twice"):
        lines([slot(), slot()], [])


def test_an_attendance_that_names_a_commission_which_buys_nothing_that_day_says_so():
    found = lines([slot()], [extra(), extra(commission="K-0001", day=TOMORROW), extra(commission="K-0001")])
    assert [(entry.whose.day, entry.whose.commission, entry.wrong_dates) for entry in found if entry.slot is None] == [
        (DAY, "K-0001", False),
        (DAY, None, False),
        (TOMORROW, "K-0001", True),
    ]


def test_a_carer_beyond_those_commissioned_is_a_line_of_their_own_that_fills_no_slot() -> None:
    bought, beyond = lines([slot(carers=1)], [attendance(), attendance(position=1)])
    assert (bought.attendance.position, beyond.attendance.position) == (0, 1)
    assert (bought.slot is None, beyond.slot is None) == (False, True)
