"""Merkle trees over what was recorded, so that anyone can check a record is there and the past unchanged.

Pure functions over leaf hashes; the tree, its proofs and their checks are those of RFC 9162 §2.1 (the same
as RFC 6962 §2.1) with SHA-256. The prefixes 00 and 01 keep a leaf from passing as a node.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Final

EMPTY_ROOT: Final = sha256().digest()
_HASH_BYTES: Final = 32


def leaf_hash(data: bytes) -> bytes:
    """Return the 32-byte hash of one entry of the tree."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the 32-byte hash of a node from those of its two children."""
    return sha256(b"\x01" + left + right).digest()


def root_hash(leaf_hashes: Sequence[bytes]) -> bytes:
    """Return the root of the tree over leaf hashes in order; that of no leaves is EMPTY_ROOT."""
    level = leaf_hashes
    while len(level) > 1:
        level = _level_above(level)
    return level[0] if level else EMPTY_ROOT


def inclusion_proof(leaf_hashes: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """Return the hashes, lowest first, that lead from the leaf at index (from 0) to the root.

    Raises IndexError when there is no such leaf. Source: RFC 9162 §2.1.3.1.
    """
    if not 0 <= index < len(leaf_hashes):
        raise IndexError(f"A tree of {len(leaf_hashes)} leaves has no leaf {index}.")
    proof: list[bytes] = []
    level = leaf_hashes
    while len(level) > 1:
        if index ^ 1 < len(level):
            proof.append(level[index ^ 1])
        level = _level_above(level)
        index >>= 1
    return tuple(proof)


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Return whether the proof shows the leaf hash at index (from 0) of the tree of that size and root.

    Never raises on a bad proof. Source: RFC 9162 §2.1.3.2.
    """
    if not 0 <= index < size or not _are_hashes((leaf, root, *proof)):
        return False
    node, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if node & 1 or node == last:
            found = node_hash(sibling, found)
            node, last = _skip_left_edge(node, last)
        else:
            found = node_hash(found, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and found == root


def consistency_proof(leaf_hashes: Sequence[bytes], old_size: int) -> tuple[bytes, ...]:
    """Return the hashes that show the tree of the first old_size leaves to be the beginning of this tree.

    Empty when old_size is 0 or all the leaves. Raises IndexError when the tree is smaller than old_size.
    Source: RFC 9162 §2.1.4.1.
    """
    if not 0 <= old_size <= len(leaf_hashes):
        raise IndexError(f"A tree of {len(leaf_hashes)} leaves was never one of {old_size}.")
    if old_size == 0:
        return ()
    proof: list[bytes] = []
    rest, old_here, old_is_known = leaf_hashes, old_size, True
    while old_here < len(rest):
        split = _left_size(len(rest))
        left, right = rest[:split], rest[split:]
        if old_here <= split:
            proof.append(root_hash(right))
            rest = left
        else:
            proof.append(root_hash(left))
            rest, old_here, old_is_known = right, old_here - split, False
    if not old_is_known:
        proof.append(root_hash(rest))
    return tuple(reversed(proof))


def verify_consistency(old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Return whether the proof shows that the old tree is the beginning of the new one, nothing changed.

    Never raises on a bad proof. The empty tree is the beginning of every tree. Source: RFC 9162 §2.1.4.2.
    """
    if not 0 <= old_size <= new_size or not _are_hashes((old_root, new_root, *proof)):
        return False
    if old_size == new_size:
        return not proof and old_root == new_root
    if old_size == 0:
        return not proof and old_root == EMPTY_ROOT
    path = list(proof)
    if old_size & (old_size - 1) == 0:
        path.insert(0, old_root)
    if not path:
        return False
    node, last = old_size - 1, new_size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old_found = new_found = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            old_found = node_hash(sibling, old_found)
            new_found = node_hash(sibling, new_found)
            node, last = _skip_left_edge(node, last)
        else:
            new_found = node_hash(new_found, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and old_found == old_root and new_found == new_root


def _level_above(level: Sequence[bytes]) -> list[bytes]:
    above = [node_hash(left, right) for left, right in zip(level[::2], level[1::2], strict=False)]
    if len(level) % 2:
        above.append(level[-1])
    return above


def _left_size(size: int) -> int:
    """Return the largest power of two below size."""
    return 1 << ((size - 1).bit_length() - 1)


def _skip_left_edge(node: int, last: int) -> tuple[int, int]:
    """Climb past the levels where the node, a left child without a sibling, is handed up as it is."""
    while node and not node & 1:
        node, last = node >> 1, last >> 1
    return node, last


def _are_hashes(values: Sequence[bytes]) -> bool:
    return all(len(value) == _HASH_BYTES for value in values)
