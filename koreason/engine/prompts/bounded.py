"""A chat template is its makers' program: it is refused where it could do without end what nobody can interrupt, and bounded else.

refuse_powers(template)          # `10 ** 10 ** 10` is one step for the interpreter, and takes for ever
with bounded(SECONDS, MEMORY):   # raises TimeoutError, or lets it run out of memory alone
    ...
"""

import resource
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from jinja2 import Environment, TemplateError, nodes
from jinja2.ext import Extension
from jinja2.parser import Parser

SECONDS, MEMORY = 10.0, 2 * 2**30  # of one rendering: bytes beside what the process has
AGAIN = 0.5  # seconds until a template that survived the first is interrupted again


class _Generation(Extension):
    """The tag `generation` of transformers, in which assistants' turns may stand."""

    tags = {"generation"}  # noqa: RUF012  as Jinja declares it

    def parse(self, parser: Parser) -> Any:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def refuse_powers(template: str) -> None:
    """Refuse a template that raises to a power; no chat needs one.

    Raises:
        TemplateError: it does, or is no template.
    """
    tree = Environment(autoescape=True, extensions=["jinja2.ext.loopcontrols", _Generation]).parse(template)
    if next(tree.find_all(nodes.Pow), None):
        raise TemplateError("it raises to a power, which may take for ever")


@contextmanager
def bounded(seconds: float, memory: int) -> Iterator[None]:
    """Bound what stands in it by time and by memory beside what the process has; in another than the main thread not at all.

    Raises:
        TimeoutError: it took longer.
        MemoryError: it wanted more.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def told(number: int, frame: FrameType | None) -> NoReturn:
        raise TimeoutError(f"no end after {seconds:g} s")

    before, (soft, hard) = signal.signal(signal.SIGALRM, told), resource.getrlimit(resource.RLIMIT_AS)
    has = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize() + memory
    least = min([has, *(limit for limit in (soft, hard) if limit != resource.RLIM_INFINITY)])
    resource.setrlimit(resource.RLIMIT_AS, (least, hard))
    signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
