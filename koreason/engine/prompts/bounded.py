"""A chat template is its makers' program: it is refused where it could do without end what nobody can interrupt, and bounded else.

refuse_powers(template)          # `10 ** 10 ** 10` is one step for the interpreter, and takes for ever
with bounded(SECONDS, MEMORY):   # raises TimeoutError, or lets it run out of memory alone
    ...
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from jinja2 import Environment, TemplateError, nodes
from jinja2.ext import Extension
from jinja2.parser import Parser

from koreason.intake.limits import memory, seconds

SECONDS, MEMORY = 10.0, 2 * 2**30  # of one rendering: bytes beside what the process has
LONGEST = 1 << 20  # characters of a template; those of models have some thousand


class _Generation(Extension):
    """The tag `generation` of transformers, in which assistants' turns may stand."""

    tags = {"generation"}  # noqa: RUF012  as Jinja declares it

    def parse(self, parser: Parser) -> Any:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def refuse_powers(template: str) -> None:
    """Refuse a template that raises to a power; no chat needs one.

    Raises:
        TemplateError: it does, or is no template, or longer than any.
    """
    if len(template) > LONGEST:
        raise TemplateError(f"it has {len(template):,} characters")
    tree = Environment(autoescape=True, extensions=["jinja2.ext.loopcontrols", _Generation]).parse(template)
    if next(tree.find_all(nodes.Pow), None):
        raise TemplateError("it raises to a power, which may take for ever")


@contextmanager
def bounded(most: float, beside: int) -> Iterator[None]:
    """Bound what stands in it by time and by memory beside what the process has; in another than the main thread not at all.

    Raises:
        TimeoutError: it took longer.
        MemoryError: it wanted more.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    with memory(beside), seconds(most):
        yield
