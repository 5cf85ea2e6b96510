import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.contracts import Band, ContractError, contract_from_json, contract_to_json
from reports.snaps import band_of
from tests.reports.report_rows import A, B, changed

DOCUMENT = json.loads(contract_to_json(A))


@pytest.mark.parametrize("contract", [A, B])
def test_a_contract_reads_back_as_it_was_written(contract):
    assert contract_from_json(contract_to_json(contract)) == contract


def test_the_examples_hold_the_published_rules():
    assert A.bands is not None
    assert A.bands[:5] == (Band(0, 7, 0), Band(8, 22, 15), Band(23, 37, 30), Band(38, 52, 45), Band(53, 67, 60))
    assert (A.cap, B.cap, B.basis, B.bands) == ("visit", "week", "by_the_minute", None)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"bands": [{"minutes_from": 1, "minutes_to": 7, "becomes": 0}]}, "expected 0, found 1"),
        (
            {
                "bands": [
                    {"minutes_from": 0, "minutes_to": 7, "becomes": 0},
                    {"minutes_from": 7, "minutes_to": 9, "becomes": 15},
                ]
            },
            "expected 8, found 7",
        ),
        ({"bands": [{"minutes_from": 0, "minutes_to": -1, "becomes": 0}]}, "minutes_to|>= 0"),
        ({"bands": []}, "needs bands"),
        ({"bands": None}, "needs bands"),
        (
            {
                "bands": [
                    {"minutes_from": 0, "minutes_to": 7, "becomes": 15},
                    {"minutes_from": 8, "minutes_to": 9, "becomes": 0},
                ]
            },
            "pays less",
        ),
        ({"basis": "by_the_minute", "bands_above_delivered": False}, "has no bands"),
        ({"basis": "by_the_minute", "bands": None, "bands_above_delivered": True}, "needs bands"),
        ({"week_starts": "someday"}, "week_starts"),
        ({"cap": "both"}, "cap"),
        ({"second_carer": "alone"}, "second_carer"),
        ({"council": "Bury"}, "council"),
        ({"contract": "no spaces"}, "contract"),
        ({"rate_pence_per_hour": 24.1}, "rate_pence_per_hour"),
        ({"tolerence": None}, "tolerence"),
        ({"version": 0}, "version"),
    ],
)
def test_a_contract_that_contradicts_itself_is_refused_with_the_reason(change, message):
    with pytest.raises(ContractError, match=message):
        contract_from_json(json.dumps(DOCUMENT | change))


@pytest.mark.parametrize("document", [b"", b"{", b"\xff", b"[]", b"null"])
def test_a_document_that_is_no_contract_is_refused(document):
    with pytest.raises(ContractError):
        contract_from_json(document)


@st.composite
def band_tables(draw):
    ends = sorted(draw(st.sets(st.integers(0, 600), min_size=1, max_size=30)))
    pays = sorted(draw(st.lists(st.integers(0, 600), min_size=len(ends), max_size=len(ends))))
    starts = [0, *(end + 1 for end in ends)]
    return tuple(Band(start, end, pay) for start, end, pay in zip(starts, ends, pays, strict=False))


@given(bands=band_tables(), minutes=st.integers(0, 2000))
def test_every_number_of_minutes_falls_in_exactly_one_band(bands, minutes):
    contract = changed(A, bands=bands)
    assert contract.bands == bands
    found = band_of(bands, minutes)
    holding = [band for band in bands if band.minutes_from <= minutes <= band.minutes_to]
    assert [found] == (holding or [bands[-1]])
