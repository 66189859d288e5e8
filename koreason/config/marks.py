"""What a field of the configuration is, said beside it; the schema carries it, and planning reads it there.

    recompute: Annotated[bool, How()]

A field without a mark says *what* is made: it is part of the key by which a result of its rules is known, and a change runs
them again. Which rules it reaches follows from the class it stands in: see `koreason/config/catalogue.py`, GIVEN.
"""

from dataclasses import dataclass
from typing import Annotated, Any


@dataclass(frozen=True)
class How:
    """Says how fast or where a stage works, and nothing about what it makes: a change runs nothing again and loses nothing.

    It reaches the stage as `--how`, and is recorded in run.json.
    """

    def keywords(self) -> dict[str, Any]:
        """The mark in the schema's words."""
        return {"x-how": True}


@dataclass(frozen=True)
class Label:
    """Shown or sorted by, never computed with: only the rules named here are given it."""

    rules: tuple[str, ...] = ("page",)

    def keywords(self) -> dict[str, Any]:
        """The mark in the schema's words."""
        return {"x-reruns": list(self.rules)}


@dataclass(frozen=True)
class Flow:
    """Decides which files rules read, or where results lie, by names in the plan and not by an argument.

    Attributes:
        reruns: rules whose jobs read other files or are told of it, and run again.
        makes: rules that make new results beside those that are there.
    """

    reruns: tuple[str, ...] = ()
    makes: tuple[str, ...] = ()

    def keywords(self) -> dict[str, Any]:
        """The mark in the schema's words."""
        return {"x-reruns": list(self.reruns), "x-makes": list(self.makes)}


@dataclass(frozen=True)
class Range:
    """Values outside make no sense: `least` and `most` are allowed, `above` and `below` are not."""

    least: float | None = None
    most: float | None = None
    above: float | None = None
    below: float | None = None

    def keywords(self) -> dict[str, Any]:
        """The mark in the schema's words."""
        found = {"minimum": self.least, "maximum": self.most, "exclusiveMinimum": self.above, "exclusiveMaximum": self.below}
        return {word: value for word, value in found.items() if value is not None}

    def refuses(self, value: float) -> str | None:
        """What would be accepted in place of a value that is outside; None for one inside, NaN is not."""
        inside = (
            (self.least is None or value >= self.least)
            and (self.most is None or value <= self.most)
            and (self.above is None or value > self.above)
            and (self.below is None or value < self.below)
        )
        return None if inside else f"accepted: {self.words()}"

    def words(self) -> str:
        """The range in words."""
        found = {"at least": self.least, "more than": self.above, "at most": self.most, "less than": self.below}
        return " and ".join(f"{word} {value:g}" for word, value in found.items() if value is not None)


@dataclass(frozen=True)
class OneOf:
    """One of some names that the code has in a table."""

    names: tuple[str, ...]

    def keywords(self) -> dict[str, Any]:
        """The mark in the schema's words."""
        return {"enum": list(self.names)}

    def refuses(self, value: str) -> str | None:
        """What would be accepted in place of a name that is none of these; None for one of them."""
        return None if value in self.names else f"accepted: {', '.join(self.names)}"


@dataclass(frozen=True)
class Table:
    """Names an entry of a top-level table of the configuration; `koreason.config.checks.check` holds it against the table."""

    name: str

    def keywords(self) -> dict[str, Any]:
        """The mark in the schema's words."""
        return {"x-table": self.name}


@dataclass(frozen=True)
class Place:
    """A path of this machine; a relative one is relative to the file of the configuration that it stands in."""

    def keywords(self) -> dict[str, Any]:
        """The mark in the schema's words."""
        return {"x-path": True}


@dataclass(frozen=True)
class Secret:
    """Names the variable of the environment that holds a secret, as `$NAME`."""

    def keywords(self) -> dict[str, Any]:
        """The mark in the schema's words."""
        return {"x-secret": True}


Mark = How | Label | Flow | Range | OneOf | Table | Place | Secret

Share = Annotated[float, Range(0, 1)]
Positive = Annotated[int, Range(1)]
Natural = Annotated[int, Range(0)]
