"""What the operating system refuses, as a plain sentence for whoever runs the service."""

import errno
import os
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_SENTENCES: Final[Mapping[int, str]] = MappingProxyType(
    {
        errno.ENOSPC: "There is no room left on the disk of {where}. Make room on it, or choose a folder on another.",
        errno.EDQUOT: "The disk quota for {where} is used up. Make room, or choose a folder on another disk.",
        errno.EROFS: "The disk of {where} can be read only. Make it writable, or choose a folder on another.",
        errno.EACCES: "This user may not use {where}. Give the user the right to, or choose another folder.",
        errno.EPERM: "This user may not use {where}. Give the user the right to, or choose another folder.",
        errno.ENOTDIR: "{where} cannot be a folder, for a file stands in its way. Choose another.",
        errno.EEXIST: "{where} cannot be a folder, for a file stands in its way. Choose another.",
        errno.EIO: "The disk of {where} is failing: it could not be read or written.",
        errno.EMFILE: "This process may hold no more files open. Raise the limit (ulimit -n).",
        errno.ENFILE: "This machine can hold no more files open.",
        errno.ENAMETOOLONG: "The name of {where} is too long. Choose a shorter one.",
    }
)
# In this order, since a full disk may be told of beside what followed from it.
_TOLD_BY_OTHERS: Final = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EACCES)


def in_plain_words(error: OSError, where: object) -> str:
    """Return what went wrong, and what to do; `where` is the folder in question if the error names no file."""
    told = _SENTENCES.get(error.errno or 0)
    if told is not None:
        return told.format(where=error.filename or where)
    return refusal_in(str(error), where) or f"{error.filename or where}: {error.strerror or error}."


def refusal_in(text: str, where: object) -> str | None:
    """Return the sentence for a refusal that another program tells of in English; None when it tells of none."""
    for number in _TOLD_BY_OTHERS:
        if os.strerror(number) in text:
            return _SENTENCES[number].format(where=where)
    return None
