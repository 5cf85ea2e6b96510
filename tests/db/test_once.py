"""Once: the same again answers the same, other content conflicts, and nothing that is stored ever changes."""

import asyncio
from dataclasses import dataclass, field
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecm.db.once import store_once
from ecm.db.pool import Connection, Database
from ecm.words.problems import CONFLICT, Problem

OTHER = CONFLICT.because("There is another under this id.")


@dataclass(frozen=True)
class Said:
    """Something under an id: what was said, and who said it, which does not make it another."""

    number: int
    text: str
    by: str


@dataclass
class Shelf:
    """A table with an id: an INSERT that does nothing where the id is taken, and a look."""

    kept: dict[int, Said] = field(default_factory=dict)

    async def insert(self, said: Said) -> bool:
        return self.kept.setdefault(said.number, said) is said

    async def find(self, number: int) -> Said | None:
        return self.kept.get(number)

    async def store(self, said: Said) -> tuple[Said, bool]:
        return await store_once(
            said, self.insert(said), partial(self.find, said.number), lambda one: one.text, CONFLICT.because("Another.")
        )


everything_said = st.lists(
    st.builds(Said, st.integers(1, 3), st.sampled_from(["one", "other", ""]), st.sampled_from(["ann", "bob"]))
)


@given(everything_said)
def test_the_first_under_an_id_stays_the_same_is_answered_with_it_and_other_content_conflicts(given_in_turn):
    shelf = Shelf()
    first: dict[int, Said] = {}
    for said in given_in_turn:
        known = first.setdefault(said.number, said)
        if known.text == said.text:
            answer, is_new = asyncio.run(shelf.store(said))
            assert answer is known
            assert is_new == (known is said)
        else:
            with pytest.raises(Problem, match="Another"):
                asyncio.run(shelf.store(said))
        assert shelf.kept == first


async def test_what_is_there_and_cannot_be_seen_conflicts():
    async def nothing() -> Said | None:
        return None

    shelf = Shelf({1: Said(1, "hidden", "ann")})
    with pytest.raises(Problem, match="another"):
        await store_once(Said(1, "hidden", "ann"), shelf.insert(Said(1, "hidden", "ann")), nothing, str, OTHER)


@pytest.fixture
async def table(superuser) -> None:
    await superuser.execute("CREATE TABLE shelf (number integer PRIMARY KEY, text text, by text)")
    await superuser.execute("GRANT SELECT, INSERT ON shelf TO ecm_service")


@pytest.mark.usefixtures("table")
async def test_of_many_at_once_one_is_new_and_the_others_are_answered_with_it(database: Database):
    all_here = asyncio.Barrier(6)

    async def insert(connection: Connection, said: Said) -> object:
        return await connection.fetchval(
            "INSERT INTO shelf VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING true",
            said.number,
            said.text,
            said.by,
        )

    async def find(connection: Connection, number: int) -> Said | None:
        row = await connection.fetchrow("SELECT * FROM shelf WHERE number = $1", number)
        return None if row is None else Said(*row)

    async def store(said: Said) -> tuple[Said, bool] | Problem:
        try:
            async with database.transaction("store_once") as connection:
                await all_here.wait()
                return await store_once(
                    said, insert(connection, said), partial(find, connection, said.number), lambda one: one.text, OTHER
                )
        except Problem as problem:
            return problem

    for number in range(5):
        said = [Said(number, text, f"{text} {turn}") for turn in range(3) for text in ("one", "other")]
        answers = await asyncio.gather(*(store(one) for one in said))
        ((first, _),) = [answer for answer in answers if isinstance(answer, tuple) and answer[1]]
        for one, answer in zip(said, answers, strict=True):
            assert answer == ((first, one is first or one == first) if one.text == first.text else OTHER)
