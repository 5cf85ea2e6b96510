"""Become an unprivileged account, ask to die with the parent, and turn into the given program.

Run as a script (``python -I -S trampoline.py PARENT UID GID SIGNAL PROGRAM ARGUMENT…``; UID -1 keeps the
account), so that it is safe in a threaded parent and the program stays a direct child of it. It imports
nothing of the project. The death signal is Linux only; elsewhere an orphan is stopped by the next start.
"""

import ctypes
import os
import sys

_PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Do it; never returns. The order matters: changing the account would clear the death signal."""
    parent, uid, gid, death_signal = (int(word) for word in arguments[:4])
    program = arguments[4:]
    if uid >= 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    os.umask(0o077)
    if sys.platform == "linux":
        if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, death_signal, 0, 0, 0) != 0:
            sys.exit(f"prctl: {os.strerror(ctypes.get_errno())}")
        if os.getppid() != parent:
            sys.exit("the parent died before its server began")
    os.execv(program[0], program)  # noqa: S606 – no shell is the point


if __name__ == "__main__":
    main(sys.argv[1:])
