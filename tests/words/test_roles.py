"""The roles, and which of them may what."""

from ecm.words.roles import COUNCIL, MANAGERS, OFFICE, OPERATORS, READERS, ROLES


def test_there_are_four_roles_and_each_belongs_to_the_office_the_council_or_the_operators():
    assert ROLES == ("coordinator", "registered_manager", "council_officer", "operator")
    assert sorted([*OFFICE, *COUNCIL, *OPERATORS]) == sorted(ROLES)


def test_only_a_registered_manager_decides_and_managers_are_of_the_office():
    assert frozenset({"registered_manager"}) == MANAGERS
    assert MANAGERS < OFFICE


def test_an_operator_reads_nothing_of_care():
    assert frozenset({"coordinator", "registered_manager", "council_officer"}) == READERS
    assert not READERS & OPERATORS
