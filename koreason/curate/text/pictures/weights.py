"""A language's model of what leans on a picture: words by class, flags and whole weights, in one file that `bench/pictures.py` makes.

    weights = read_weights(language.image_model)
    weights.signed(pl.Series(["이 사진 좀 봐 주세요"]))     # each word of a class is one sign

The file is JSON that people can read: `{"weights": {"text": {"사진": 12}, "classes": {"{this} {pic}": 31}, …}, …}`. Weights are whole
numbers, so that no rounding decides what is found.
"""

import functools
import hashlib
import json
import re
from dataclasses import dataclass

import numpy
import numpy.typing
import polars as pl

from koreason.columns.arrays import Flags
from koreason.config.load import load
from koreason.config.variables import expand
from koreason.curate.spec import ImageModel
from koreason.curate.text.pictures.grams import EDGE, Grams
from koreason.curate.text.search.literals import Literals
from koreason.errors import UserError
from koreason.home import HOME

ORDERS = {"text": 4, "classes": 5, "sequence": 4}  # the longest n-grams of each stream
SIGNS = 0xE000  # of the private use area, of which clean texts hold nothing: the first class's sign
MARKS = "?.!\n()"  # what stays beside the signs where they stand alone
REMEDY = "give the file that bench/pictures.py made, and its digest"


@dataclass(frozen=True, kw_only=True)
class Looks:
    """What a model looks at: written by hand, in `words.yaml` beside the labelled sentences.

    Attributes:
        classes: words of each class, set apart by white space, with `_` for a blank; of two that begin together the longer one counts.
        runs: what n-grams of characters see instead of what a pattern matches: one mark for several.
        lengths: characters from which on a text is longer: a flag `from_N` for each.
        flags: regular expressions of Rust's `regex`, by name.
        gate: words, written likewise: a text, or a piece of a long one, is looked at where it holds one of them.
        gate_short: further words by which a text that is one piece is looked at.
    """

    classes: dict[str, str]
    runs: dict[str, str]
    lengths: list[int]
    flags: dict[str, str]
    gate: str
    gate_short: str

    def names(self) -> list[str]:
        """The names of its flags, those of lengths last."""
        return [*self.flags, *(f"from_{length}" for length in self.lengths)]


@dataclass(frozen=True, kw_only=True)
class Learned:
    """Weights.

    Attributes:
        bias: of every text.
        phrase: of a text in which one of the language's phrases is found.
        flags: of a flag that matches.
        pairs: of a class of words together with a flag, as `class flag`.
        text: of n-grams of characters.
        classes: of n-grams in which each word of a class stands as `{class}`.
        sequence: of n-grams of classes and marks alone, with `^` for an edge.
    """

    bias: int
    phrase: int
    flags: dict[str, int]
    pairs: dict[str, int]
    text: dict[str, int]
    classes: dict[str, int]
    sequence: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class File:
    """What the file holds.

    Attributes:
        made_of: SHA-256 of what it was made of.
        looks: what it looks at.
        weights: what it has learned.
    """

    made_of: dict[str, str]
    looks: Looks
    weights: Learned


class Signs:
    """The classes of a model's words, each with a sign of one character."""

    def __init__(self, looks: Looks) -> None:
        """Take the words, the longest first."""
        self.names = [*looks.classes]
        self.of = {name: chr(SIGNS + place) for place, name in enumerate(self.names)}
        known: dict[str, str] = {}
        for name, words in looks.classes.items():
            for word in words.split():
                known.setdefault(word.replace("_", " "), name)
        self._words = sorted(known, key=lambda word: (-len(word), word))
        self._instead = [" " * word.startswith(" ") + self.of[known[word]] + " " * word.endswith(" ") for word in self._words]
        self.alone = numpy.zeros(0x110000, bool)  # which code points are signs, marks, or between two texts
        self.alone[[*range(SIGNS, SIGNS + len(self.names)), *map(ord, MARKS + EDGE)]] = True
        gates = ([word.replace("_", " ") for word in words.split()] for words in (looks.gate, looks.gate_short))
        self._gate, self._gate_short = (Literals([words], begun=True) for words in gates)

    def held(self, texts: pl.Series) -> Flags:
        """Which texts hold a word of the gate; a blank before one may be the beginning of a text or of a line, too."""
        found: Flags = self._gate.held(texts)[0]
        return found

    def held_short(self, texts: pl.Series) -> Flags:
        """Which texts hold one of the further words for short ones."""
        found: Flags = self._gate_short.held(texts)[0]
        return found

    def put(self, texts: pl.Series) -> pl.Series:
        """The texts with a sign in place of each word; blanks at a word's ends stay."""
        return texts.str.replace_many(self._words, self._instead, leftmost=True) if self._words else texts

    def read(self, gram: str) -> str:
        """An n-gram in which classes are written as `{class}`, with signs in their place."""
        return re.sub(r"\{(\w+)\}", lambda name: self.of[name[1]], gram) if "{" in gram else gram

    def written(self, gram: str) -> str:
        """The same the other way."""
        return "".join(
            f"{{{self.names[ord(letter) - SIGNS]}}}" if 0 <= ord(letter) - SIGNS < len(self.names) else letter for letter in gram
        )


class Weights:
    """A model, ready for use.

    Attributes:
        looks: what it looks at.
        signs: its classes.
        flags: names of flags: the model's, then those that every language has.
        of_flags: a weight for each.
        of_pairs: of shape (classes, flags): a weight for each class with each flag.
        tables: of each stream the n-grams, with signs, and their weights.
    """

    def __init__(self, file: File, flags: dict[str, str]) -> None:
        """Take a file's weights; `flags` are those that every language has."""
        self.looks, self.signs, self.learned = file.looks, Signs(file.looks), file.weights
        self.flags = names = [*file.looks.names(), *flags]
        self.of_flags = numpy.array([file.weights.flags.get(name, 0) for name in names], numpy.int64)
        self.of_pairs = numpy.zeros((len(self.signs.names), len(names)), numpy.int64)
        for pair, weight in file.weights.pairs.items():
            name, flag = pair.split()
            self.of_pairs[self.signs.names.index(name), names.index(flag)] = weight
        self.tables = {
            stream: {self._read(stream, gram): weight for gram, weight in getattr(file.weights, stream).items()} for stream in ORDERS
        }

    @functools.cached_property
    def grams(self) -> dict[str, Grams]:
        """The tables, for many texts at once."""
        return {stream: Grams(table, ORDERS[stream]) for stream, table in self.tables.items()}

    @functools.cached_property
    def told(self) -> list[tuple[str, str]]:
        """All n-grams that tell of a picture, in order, each with its stream."""
        return sorted((gram, stream) for stream, table in self.tables.items() for gram, weight in table.items() if weight > 0)

    @functools.cached_property
    def tells(self) -> numpy.typing.NDArray[numpy.int64]:
        """What each of these weighs."""
        return numpy.array([self.tables[stream][gram] for gram, stream in self.told], numpy.int64)

    @functools.cached_property
    def telling(self) -> dict[str, numpy.typing.NDArray[numpy.int64]]:
        """Of each table which of these its n-grams are, in its order; -1 for others."""
        places = {gram: place for place, gram in enumerate(self.told)}
        return {
            stream: numpy.array([places.get((gram, stream), -1) for gram in table], numpy.int64) for stream, table in self.tables.items()
        }

    def _read(self, stream: str, gram: str) -> str:
        if stream == "text":
            return gram
        return self.signs.read(gram).replace("^", EDGE) if stream == "sequence" else self.signs.read(gram)


def read_weights(model: ImageModel, flags: dict[str, str]) -> Weights:
    """The model of a language, read once.

    Raises:
        UserError: the file is not there, is another one, or is no model.
    """
    return _read(model.file, model.sha256, tuple(flags.items()))


@functools.lru_cache(maxsize=4)
def _read(name: str, sha256: str, flags: tuple[tuple[str, str], ...]) -> Weights:
    path = HOME / expand(name)  # one that is absolute stays as it is
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"cannot be read ({error.strerror})", path, REMEDY) from None
    if (found := hashlib.sha256(data).hexdigest()) != sha256:
        raise UserError(f"is another file: its SHA-256 is {found}, and image_model says {sha256}", path, REMEDY)
    try:
        weights = Weights(load(File, json.loads(data)), dict(flags))
        for pattern in weights.looks.flags.values():
            pl.Series([""]).str.contains(pattern)
    except (ValueError, KeyError, TypeError, AttributeError, UserError, pl.exceptions.ComputeError) as error:
        raise UserError(f"is no model of pictures ({' '.join(str(error).split())[:120]})", path, REMEDY) from None
    return weights
