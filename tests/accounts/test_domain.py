"""Scopes, secrets and password hashes."""

from uuid import UUID

import pytest

from ecm.accounts.domain import (
    NOBODYS_PASSWORD_HASH,
    new_password,
    new_secret,
    password_hash,
    password_matches,
    scope_fits,
    secret_hash,
)
from ecm.words.roles import Role

PROVIDER = UUID(int=1)
COUNCIL = "E10000015"


@pytest.mark.parametrize(
    ("role", "fitting"),
    [
        ("coordinator", (PROVIDER, None)),
        ("registered_manager", (PROVIDER, None)),
        ("council_officer", (None, COUNCIL)),
        ("operator", (None, None)),
    ],
)
def test_a_role_has_the_one_scope_it_works_for_and_no_other(role: Role, fitting: tuple[UUID | None, str | None]):
    for provider in (None, PROVIDER):
        for council in (None, COUNCIL):
            assert scope_fits(role, provider, council) == ((provider, council) == fitting)


def test_secrets_and_passwords_are_never_the_same_twice():
    assert len({new_secret() for _ in range(100)}) == 100
    assert len({new_password() for _ in range(100)}) == 100


def test_a_secret_is_long_and_safe_in_a_header_and_a_password_can_be_typed():
    assert len(new_secret()) == 43
    assert new_secret().isascii()
    groups = new_password().split("-")
    assert [len(group) for group in groups] == [5, 5, 5, 5]
    assert set("".join(groups)) <= set("abcdefghijklmnopqrstuvwxyz234567")


def test_only_a_digest_of_a_secret_is_stored_and_any_text_has_one():
    assert secret_hash("a") != secret_hash("b")
    assert len(secret_hash("\ud800")) == 32


@pytest.mark.heavy  # hashing is slow on purpose
def test_a_password_matches_its_own_hash_only_and_two_hashes_of_it_differ():
    stored = password_hash("kettle-apple")
    assert password_matches("kettle-apple", stored)
    assert not password_matches("kettle-Apple", stored)
    assert password_hash("kettle-apple") != stored
    assert "kettle" not in stored


def test_nobodys_password_is_no_password():
    assert not password_matches("", NOBODYS_PASSWORD_HASH)
