import json
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecm.audit.merkle import (
    EMPTY_ROOT,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root_hash,
    verify_consistency,
    verify_inclusion,
)

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "rfc6962_tree.json").read_text("utf-8"))
REFERENCE = [leaf_hash(bytes.fromhex(leaf)) for leaf in VECTORS["leaves"]]
REFERENCE_ROOTS = [bytes.fromhex(one) for one in VECTORS["roots_by_size"]]


def leaves_of(size: int) -> list[bytes]:
    return [leaf_hash(number.to_bytes(4, "big")) for number in range(size)]


def rfc_root(leaves: list[bytes]) -> bytes:
    """RFC 9162 §2.1.1 as it is written: split at the largest power of two below the size."""
    if len(leaves) <= 1:
        return leaves[0] if leaves else sha256(b"").digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return node_hash(rfc_root(leaves[:split]), rfc_root(leaves[split:]))


def rfc_path(index: int, leaves: list[bytes]) -> list[bytes]:
    """RFC 9162 §2.1.3.1 as it is written."""
    if len(leaves) == 1:
        return []
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    if index < split:
        return [*rfc_path(index, leaves[:split]), rfc_root(leaves[split:])]
    return [*rfc_path(index - split, leaves[split:]), rfc_root(leaves[:split])]


def rfc_subproof(old_size: int, leaves: list[bytes], known: bool) -> list[bytes]:
    """RFC 9162 §2.1.4.1 as it is written."""
    if old_size == len(leaves):
        return [] if known else [rfc_root(leaves)]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    if old_size <= split:
        return [*rfc_subproof(old_size, leaves[:split], known), rfc_root(leaves[split:])]
    return [*rfc_subproof(old_size - split, leaves[split:], False), rfc_root(leaves[:split])]


def flip(value: bytes, bit: int) -> bytes:
    changed = bytearray(value)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


bits = st.integers(0, 255)
sizes = st.integers(1, 130)


@pytest.mark.parametrize("size", range(len(REFERENCE_ROOTS)))
def test_the_root_of_each_reference_tree_is_the_published_one(size):
    assert root_hash(REFERENCE[:size]) == REFERENCE_ROOTS[size]


def test_every_reference_leaf_and_every_reference_growth_can_be_shown():
    for size, root in enumerate(REFERENCE_ROOTS):
        for index in range(size):
            proof = inclusion_proof(REFERENCE[:size], index)
            assert verify_inclusion(REFERENCE[index], index, size, proof, root)
        for old_size in range(size + 1):
            proof = consistency_proof(REFERENCE[:size], old_size)
            assert verify_consistency(old_size, size, REFERENCE_ROOTS[old_size], root, proof)


@pytest.mark.parametrize("size", range(70))
def test_root_and_proofs_are_those_of_the_rfcs_own_recursion(size):
    leaves = leaves_of(size)
    assert root_hash(leaves) == rfc_root(leaves)
    for index in range(size):
        assert inclusion_proof(leaves, index) == tuple(rfc_path(index, leaves))
        assert consistency_proof(leaves, index + 1) == tuple(rfc_subproof(index + 1, leaves, True))


def test_a_leaf_cannot_pass_as_a_node():
    left, right = leaves_of(2)
    assert leaf_hash(left + right) != node_hash(left, right)


@given(entries=st.lists(st.binary(max_size=40), min_size=1, max_size=80), data=st.data())
def test_every_leaf_of_every_tree_is_shown_to_be_there(entries, data):
    leaves = [leaf_hash(entry) for entry in entries]
    index = data.draw(st.integers(0, len(leaves) - 1))
    proof = inclusion_proof(leaves, index)
    assert verify_inclusion(leaves[index], index, len(leaves), proof, root_hash(leaves))


@given(size=sizes, data=st.data(), bit=bits)
def test_any_flipped_bit_breaks_an_inclusion_proof(size, data, bit):
    leaves = leaves_of(size)
    index = data.draw(st.integers(0, size - 1))
    proof, root = inclusion_proof(leaves, index), root_hash(leaves)
    assert not verify_inclusion(flip(leaves[index], bit), index, size, proof, root)
    assert not verify_inclusion(leaves[index], index, size, proof, flip(root, bit))
    for place in range(len(proof)):
        broken = (*proof[:place], flip(proof[place], bit), *proof[place + 1 :])
        assert not verify_inclusion(leaves[index], index, size, broken, root)


@given(size=sizes, data=st.data())
def test_a_leaf_is_shown_at_its_own_place_only(size, data):
    leaves = leaves_of(size)
    index = data.draw(st.integers(0, size - 1))
    proof, root = inclusion_proof(leaves, index), root_hash(leaves)
    for other in range(-1, size + 2):
        if other != index:
            assert not verify_inclusion(leaves[index], other, size, proof, root)


@given(size=sizes, data=st.data())
def test_an_inclusion_proof_longer_or_shorter_or_of_odd_hashes_fails(size, data):
    leaves = leaves_of(size)
    index = data.draw(st.integers(0, size - 1))
    proof, root = inclusion_proof(leaves, index), root_hash(leaves)
    assert not verify_inclusion(leaves[index], index, size, (*proof, root), root)
    assert not verify_inclusion(leaves[index], index, size, (*proof, b""), root)
    assert not verify_inclusion(leaves[index] + b"\x00", index, size, proof, root)
    if proof:
        assert not verify_inclusion(leaves[index], index, size, proof[:-1], root)
        assert not verify_inclusion(leaves[index], index, size, proof[1:], root)


def test_hashes_cut_elsewhere_so_that_they_join_to_the_same_bytes_prove_nothing():
    left, right, third = leaves_of(3)
    two, three = root_hash([left, right]), root_hash([left, right, third])
    assert node_hash(left + right[:1], right[1:]) == two
    assert not verify_inclusion(left + right[:1], 0, 2, (right[1:],), two)
    assert not verify_consistency(1, 2, left + right[:1], two, (right[1:],))
    assert verify_consistency(2, 3, two, three, (third,))


@given(size=sizes, data=st.data(), bit=bits)
def test_every_growth_is_shown_and_any_flipped_bit_breaks_it(size, data, bit):
    leaves = leaves_of(size)
    old_size = data.draw(st.integers(0, size))
    old_root, new_root = root_hash(leaves[:old_size]), root_hash(leaves)
    proof = consistency_proof(leaves, old_size)
    assert verify_consistency(old_size, size, old_root, new_root, proof)
    assert not verify_consistency(old_size, size, flip(old_root, bit), new_root, proof)
    if old_size:
        assert not verify_consistency(old_size, size, old_root, flip(new_root, bit), proof)
    for place in range(len(proof)):
        broken = (*proof[:place], flip(proof[place], bit), *proof[place + 1 :])
        assert not verify_consistency(old_size, size, old_root, new_root, broken)


@given(size=sizes, data=st.data())
def test_a_consistency_proof_longer_or_shorter_or_of_other_sizes_fails(size, data):
    leaves = leaves_of(size)
    old_size = data.draw(st.integers(1, size))
    old_root, new_root = root_hash(leaves[:old_size]), root_hash(leaves)
    proof = consistency_proof(leaves, old_size)
    assert not verify_consistency(old_size, size, old_root, new_root, (*proof, new_root))
    assert not verify_consistency(old_size, size, old_root, new_root, (*proof, b""))
    assert not verify_consistency(size + 1, size, old_root, new_root, proof)
    assert not verify_consistency(-1, size, old_root, new_root, proof)
    if proof:
        assert not verify_consistency(old_size, size, old_root, new_root, proof[:-1])
        assert not verify_consistency(old_size, size, old_root, new_root, proof[1:])
        assert not verify_consistency(old_size - 1, size, old_root, new_root, proof)


@given(size=st.integers(2, 130), data=st.data())
def test_a_rewritten_past_is_found_out(size, data):
    leaves = leaves_of(size)
    old_size = data.draw(st.integers(1, size - 1))
    rewritten = data.draw(st.integers(0, old_size - 1))
    forged = [*leaves[:rewritten], leaf_hash(b"forged"), *leaves[rewritten + 1 :]]
    proof = consistency_proof(forged, old_size)
    assert not verify_consistency(old_size, size, root_hash(leaves[:old_size]), root_hash(forged), proof)


def test_the_empty_tree_is_the_beginning_of_every_tree_and_proves_nothing_else():
    leaves = leaves_of(5)
    assert verify_consistency(0, 5, EMPTY_ROOT, root_hash(leaves), ())
    assert verify_consistency(0, 0, EMPTY_ROOT, EMPTY_ROOT, ())
    assert not verify_consistency(0, 5, root_hash(leaves[:1]), root_hash(leaves), ())
    assert not verify_consistency(3, 5, root_hash(leaves[:3]), root_hash(leaves), ())
    assert not verify_inclusion(leaves[0], 0, 0, (), EMPTY_ROOT)


@pytest.mark.parametrize("index", [-1, 3, 4])
def test_a_leaf_that_is_not_there_has_no_proof(index):
    with pytest.raises(IndexError, match=f"3 leaves has no leaf {index}"):
        inclusion_proof(leaves_of(3), index)


@pytest.mark.parametrize("old_size", [-1, 4])
def test_a_tree_that_never_was_has_no_proof(old_size):
    with pytest.raises(IndexError, match=f"was never one of {old_size}"):
        consistency_proof(leaves_of(3), old_size)
