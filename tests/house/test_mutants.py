"""The mutants fit the code as it stands, so that a rename or a rule that goes takes its mutants along."""

from tests.mutants.catalogue import Mutant, catalogue, complaints
from tests.mutants.hunt import fate


def test_every_mutant_has_its_text_exactly_once_and_tests_that_exist() -> None:
    mutants = catalogue()
    assert list(complaints(mutants)) == []
    assert len(mutants) > 200


def test_a_mutant_that_fits_no_longer_is_told_of() -> None:
    here = "tests/house/test_mutants.py"
    good = Mutant("good", "", here, "def test_a_mutant_that_fits_" + "no_longer", "", (here,))
    twice = Mutant("twice", "", here, "Mutant(", "", (f"{here}::test_a_mutant_that_fits_no_longer_is_told_of[one]",))
    gone = Mutant("gone", "", here, "what is not " + "here", "", (f"{here}::test_nothing",))
    unheard_of = Mutant("gone", "", "tests/house/nowhere.py", "same", "same", ())
    assert [complaint.partition(": ")[0] for complaint in complaints([good])] == []
    assert ["twice: its old text" in complaint for complaint in complaints([twice])] == [True]
    assert [complaint.partition(": ")[2] for complaint in complaints([gone, unheard_of])] == [
        "its old text is not found in tests/house/test_mutants.py, and must be there once",
        "there is no test tests/house/test_mutants.py::test_nothing",
        "there are two of this id",
        "there is no file tests/house/nowhere.py",
        "it changes nothing",
        "no test is named that must catch it",
    ]


def test_a_mutant_is_dead_only_where_a_test_failed() -> None:
    assert fate(0, "3 passed in 0.1s\n") == "alive"
    assert fate(1, "FAILED one\n1 failed, 2 passed in 0.1s\n") == "dead"
    assert fate(1, "ERROR one\n1 error in 0.1s\n") == "broken"
    assert fate(2, "1 error during collection\n") == "broken"
    assert fate(None, "It took more than 120 seconds.") == "broken"
