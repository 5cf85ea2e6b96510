"""The house as the imports draw it: no circle among its rooms, and no arrow from a lower room to a higher one."""

from tests.house.arrows import FROM_THE_GROUND, arrows, in_a_circle, upward

FOUND = arrows()


def test_no_rooms_import_each_other_in_a_circle():
    assert in_a_circle(FOUND) == []


def test_no_arrow_runs_upward():
    assert upward(FOUND) == []


def test_every_room_has_its_floor():
    assert {room for pair in FOUND for room in pair} - {"__main__"} == set(FROM_THE_GROUND)


def test_a_circle_and_an_upward_arrow_would_be_seen():
    drawn_wrong = {("words", "http"): 1, ("http", "words"): 1, ("db", "words"): 1}
    assert in_a_circle(drawn_wrong) == [["http", "words"]]
    assert upward(drawn_wrong) == [("words", "http")]
