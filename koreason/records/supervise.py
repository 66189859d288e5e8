"""A stage's command in a process of its own, so that its end is seen and recorded whatever that is.

    status = supervised(outs, facts)      # forks: None in the process that is to do the work
    if status is not None:
        return status                     # in the one that watched it

The parent costs a few MB and no start of its own: it is this process, before any engine is read.
"""

import ctypes
import os
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

from koreason.records import attempts

HANDED_ON = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
PR_SET_PDEATHSIG = 1


def supervised(outs: Sequence[Path], facts: dict[str, Any]) -> int | None:
    """Go on in a child and record its attempt at `outs`; returns None in the child and its exit status, or 128 + signal, in the parent."""
    attempt = attempts.begin(outs, **facts)
    code = forked(attempt.end)
    if code is None:
        os.environ[attempts.VARIABLE] = str(attempt.path.absolute())
        return None
    return code if code >= 0 else 128 - code


def forked(ended: Callable[[int], None] = lambda code: None) -> int | None:
    """Go on in a child; returns None there, and in this process, when the child has ended, its exit status, or minus its signal.

    The child ends with its parent. Signals that tell this process to end are handed on until `ended` has been called with the status.
    """
    parent = os.getpid()
    # held until it is known whom to tell
    signal.pthread_sigmask(signal.SIG_BLOCK, HANDED_ON)
    child = os.fork()
    if not child:
        _die_with(parent)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, HANDED_ON)
        return None

    def hand_on(number: int, _: FrameType | None) -> None:
        # a terminal has told the child already
        if number != signal.SIGINT or not _at_a_terminal():
            with suppress(ProcessLookupError):
                os.kill(child, number)

    before = {number: signal.signal(number, hand_on) for number in HANDED_ON}
    signal.pthread_sigmask(signal.SIG_UNBLOCK, HANDED_ON)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    ended(code)
    for number, handler in before.items():
        signal.signal(number, handler)
    return code


def _die_with(parent: int) -> None:
    """Let the kernel end this process with its parent, which may be killed without a chance to hand anything on."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(128 + signal.SIGKILL)


def _at_a_terminal() -> bool:
    """Whether this process is in the foreground of a terminal, which sends Ctrl-C to all of it."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)
