"""What is to be folded again, and what of the result is news: pure values, no database."""

from datetime import timedelta

from ecm.visits import refolding
from ecm.visits.domain import FAR, NEAR, Visit, window
from ecm.visits.refolding import Folded, Kept
from tests.visits.visit_values import CLIENT, DAY, at, folded, only, plan

COUNCIL, OTHER_COUNCIL = "E10000015", "E10000002"


def visit(code: str = "V-1", start: str = "08:00") -> Visit:
    return only(folded([plan(code, at(start))]))


def as_folded(one: Visit, document: str = "now", council: str = COUNCIL) -> Folded:
    return Folded(one, council, document)


def kept(document: str = "now", council: str = COUNCIL) -> Kept:
    return Kept(CLIENT, DAY, council, document)


def test_days_folded_together_are_read_in_one_stretch_that_holds_the_window_of_each() -> None:
    days = [DAY, DAY + timedelta(days=2), DAY + timedelta(days=9)]
    near, far = refolding.windows(reversed(days), NEAR)
    assert near == (window(days[0])[0], window(days[1])[1])
    assert far == window(days[2])


def test_a_change_late_in_a_day_folds_the_days_beside_it_too() -> None:
    days = refolding.days_to_fold([("C-2", at("08:00")), (CLIENT, at("23:50")), (CLIENT, at("23:55"))], {})
    around = frozenset(DAY + timedelta(days=step) for step in (-1, 0, 1))
    assert days == {CLIENT: around, "C-2": around}


def test_where_a_visit_lasts_long_a_change_is_felt_farther_away() -> None:
    days = refolding.days_to_fold([("C-2", at("08:00")), (CLIENT, at("08:00"))], {CLIENT: FAR})
    assert days[CLIENT] == frozenset(DAY + timedelta(days=step) for step in (-3, -2, -1, 0, 1, 2))
    assert len(days["C-2"]) == 3


def test_a_visit_that_says_what_was_stored_is_no_news() -> None:
    change = refolding.news([as_folded(visit())], {"V-1": kept()})
    assert (change.changed, change.removed, change.beside) == ((), (), ())


def test_a_visit_that_another_council_pays_for_now_is_news_though_it_says_the_same() -> None:
    moved = as_folded(visit(), council=OTHER_COUNCIL)
    assert refolding.news([moved], {"V-1": kept()}).changed == (moved,)


def test_a_visit_that_is_no_more_is_removed_and_its_day_looked_at_again() -> None:
    stays = as_folded(visit("V-2", "12:00"))
    change = refolding.news([stays], {"V-1": kept(), "V-2": kept()})
    assert (change.changed, change.removed) == ((), (("V-1", kept()),))
    assert change.beside == (stays.visit,)
