"""Bounds on what a stranger's file may make this process do: seconds, and bytes beside what it has.

with memory(MEMORY): ...             # what asks for more gets a MemoryError
with seconds(10.0): ...              # a TimeoutError in what Python runs; what a library runs is asked in a child (`child.py`)
"""

import resource
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn, TypeVar

AGAIN = 0.5  # seconds until what survived the first interruption is interrupted again
MEMORY = 2 << 30
T = TypeVar("T")


@contextmanager
def memory(most: int) -> Iterator[None]:
    """Bound the bytes that this process may ask for beside those that it has.

    Raises:
        MemoryError: what stands in it wanted more; Arrow's is one, too.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    has = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize() + most
    resource.setrlimit(resource.RLIMIT_AS, (min([has, *(limit for limit in (soft, hard) if limit != resource.RLIM_INFINITY)]), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


@contextmanager
def seconds(most: float) -> Iterator[None]:
    """Bound the time of what stands in it; in another than the main thread, which no signal reaches, not at all.

    Raises:
        TimeoutError: it took longer.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def told(number: int, frame: FrameType | None) -> NoReturn:
        raise TimeoutError(f"no end after {most:g} s")

    before = signal.signal(signal.SIGALRM, told)
    signal.setitimer(signal.ITIMER_REAL, most, AGAIN)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def within(most: int, items: Iterator[T], refused: Callable[[], Exception]) -> Iterator[T]:
    """What an iterator gives, each piece made within `most` bytes; else what `refused` makes is raised."""
    while True:
        try:
            with memory(most):
                item = next(items)
        except StopIteration:
            return
        except MemoryError:
            raise refused() from None
        yield item
