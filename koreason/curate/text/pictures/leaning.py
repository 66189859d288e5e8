"""How much pieces of texts lean on a picture or table that is not there: the scores of a linear model.

    pieces = leaning(cut(texts, weights), texts, language, weights, language.image_model.threshold)
    pieces["row"], pieces["phrase"]

Scored are n-grams of characters, the same with classes of words in place of words, what matches flags, and whether a phrase is found.
A text of up to `LONG` characters is scored in one piece, so that a phrase can be outvoted; of a longer one each line, or sentence of a
long line, that holds a word of the gate, and one is enough. What costs most, phrases and tables, is looked for only where it can change
what is decided.
"""

from collections import Counter
from itertools import repeat

import numpy
import numpy.typing
import polars as pl

from koreason.columns.arrays import pieces as runs
from koreason.columns.arrays import sums_before
from koreason.curate.spec import PromptLanguage
from koreason.curate.text.pictures.grams import EDGE, Codes
from koreason.curate.text.pictures.phrases import DRAWN, MARKDOWN_IMAGE, TABLE, image_phrase
from koreason.curate.text.pictures.weights import ORDERS, SIGNS, Looks, Signs, Weights

LONG = 200  # characters of a text that is one piece
BLOCK = 1 << 23  # bytes of pieces scored at once: more take more memory, fewer more time for making ready what searches them
WHOLE = {"table": TABLE, "drawn": DRAWN, "image": f"{MARKDOWN_IMAGE}|(?i:<img\\s|\\[img[\\]=])"}  # flags of a text, whatever its piece
# What is quoted is spoken of: its words tell nothing of the text around it.
QUOTED = r"\"[^\"\n]{1,40}\"|“[^“”\n]{1,40}”|‘[^‘’\n]{1,40}’|'[^'\n]{1,40}'|「[^「」\n]{1,40}」|`[^`\n]{1,40}`"
Scores = numpy.typing.NDArray[numpy.float64]
Whole = numpy.typing.NDArray[numpy.int64]


def cut(texts: pl.Series, weights: Weights) -> pl.DataFrame:
    """The pieces that are scored, in order: `row`, the text that each is of, and `piece`."""
    piece, signs = pl.col("piece"), weights.signs
    held, long = signs.held(texts), (texts.str.len_chars() > LONG).to_numpy()
    others = numpy.flatnonzero(~held & ~long)
    held[others] = signs.held_short(texts.gather(others))
    frame = pl.DataFrame({"row": pl.int_range(len(texts), dtype=pl.UInt32, eager=True), "piece": texts})
    short, lines = frame.filter(held & ~long), frame.filter(held & long)
    ended = piece.str.replace_all(r"([.?!])[ \t]+", "$1\n")
    for parts in (piece, pl.when(piece.str.len_chars() > LONG).then(ended).otherwise(piece)):
        lines = lines.with_columns(parts.str.split("\n")).explode("piece")
        lines = lines.filter(signs.held(lines["piece"]))
    return pl.concat([short, lines]).sort("row", maintain_order=True)


def leaning(pieces: pl.DataFrame, texts: pl.Series, language: PromptLanguage, weights: Weights, threshold: int) -> pl.DataFrame:
    """The pieces whose scores are above the threshold, with the `phrase` in them, or none.

    A score without what is looked for late, and how far that can raise or lower it, decide of most pieces.
    """
    sums, whole, late = scored(pieces["piece"], weights)
    places = numpy.flatnonzero(sums > threshold - whole - numpy.maximum(late, 0).sum(axis=1))
    some, sums, whole, late = pieces[places], sums[places], whole[places], late[places]
    shown = texts.gather(some["row"])
    phrases = phrases_of(some["piece"], shown, language)
    whole = whole + late[:, 0] * (phrases != "").to_numpy()
    up, down = (bound(late[:, 1:], 0).sum(axis=1) for bound in (numpy.maximum, numpy.minimum))
    open_ = numpy.flatnonzero((sums > threshold - whole - up) & (sums <= threshold - whole - down))
    whole[open_] += (late[open_, 1:] * flags_of_whole(shown.gather(open_))).sum(axis=1)
    return some.with_columns(phrases.alias("phrase")).filter(pl.Series(sums > threshold - whole, dtype=pl.Boolean))


def phrases_of(pieces: pl.Series, texts: pl.Series, language: PromptLanguage) -> pl.Series:
    """The phrase in each piece of a text, or none."""
    return image_phrase(without_quotes(pieces), language, texts)


def flags_of_whole(texts: pl.Series) -> Whole:
    """Which flags of whole texts hold, of shape (texts, flags)."""
    return numpy.column_stack([texts.str.contains(pattern).to_numpy() for pattern in WHOLE.values()]).astype(numpy.int64)


def unquoted(text: pl.Expr) -> pl.Expr:
    """A text with `""` in place of what is quoted."""
    return text.str.replace_all(QUOTED, '""')


def without_quotes(texts: pl.Series) -> pl.Series:
    """The same of texts."""
    return texts.to_frame("text").select(unquoted(pl.col("text"))).to_series()


def padded(texts: pl.Series, looks: Looks) -> pl.Series:
    """Texts with one blank between words and around them and their line breaks, 0 for any number, and nothing in quotes."""
    text = unquoted(pl.col("text")).str.replace_all(r"[0-9]+(?:[.,][0-9]+)*", "0")
    for pattern, mark in looks.runs.items():
        text = text.str.replace_all(pattern, mark)
    text = " " + text.str.replace_all(r"[ \t]{2,}|\t", " ").str.replace_all(r"\s*\n\s*", " \n ").str.strip_chars() + " "
    return texts.to_frame("text").select(text).to_series()


def scored(pieces: pl.Series, weights: Weights) -> tuple[Scores, Whole, Whole]:
    """The parts of each piece's score.

    Returns:
        what the n-grams add up to, by the roots of lengths; the whole numbers that are known at once; and of shape (pieces, 1 + flags of
        whole texts) what a phrase and those flags add where they are found.
    """
    cuts = [*runs(sums_before(pieces.str.len_bytes().to_numpy()), BLOCK)] or [(0, 0)]
    blocks = [_scored(pieces.slice(first, last - first), weights) for first, last in cuts]
    sums, whole, late = (numpy.concatenate(parts) for parts in zip(*blocks, strict=True))
    return sums, whole, late


def _scored(pieces: pl.Series, weights: Weights) -> tuple[Scores, Whole, Whole]:
    signs = weights.signs
    streams = streams_of(padded(pieces, weights.looks), signs)
    many = len(signs.names)
    classes = numpy.zeros((len(pieces), many), bool)
    numbers = streams["sequence"].points.astype(numpy.int64) - SIGNS
    held = (numbers >= 0) & (numbers < many)
    classes[streams["sequence"].rows()[held], numbers[held]] = True
    each = classes @ weights.of_pairs + weights.of_flags  # what each flag adds, where it matches
    now = len(weights.flags) - len(WHOLE)
    whole = weights.learned.bias + (each[:, :now] * flags_of(pieces, weights.looks)).sum(axis=1)
    late = numpy.column_stack([numpy.full(len(pieces), weights.learned.phrase), each[:, now:]])
    sums = numpy.zeros(len(pieces))
    for stream, orders in ORDERS.items():
        sums += weights.grams[stream].sums(streams[stream]) / numpy.sqrt(orders * numpy.maximum(streams[stream].lengths(), 1))
    return sums, whole, late


def streams_of(texts: pl.Series, signs: Signs) -> dict[str, Codes]:
    """What n-grams are made of: the padded texts, the same with signs in place of words, and signs and marks alone."""
    classes = Codes(signs.put(texts))
    return {"text": Codes(texts), "classes": classes, "sequence": classes.kept(signs.alone.take(classes.points))}


def flags_of(pieces: pl.Series, looks: Looks) -> Whole:
    """Which of a model's flags hold, of shape (pieces, flags)."""
    found = numpy.zeros((len(pieces), len(looks.names())), numpy.int64)
    for place, pattern in enumerate(looks.flags.values()):
        found[:, place] = pieces.str.contains(pattern).to_numpy()
    found[:, len(looks.flags) :] = pieces.str.len_chars().to_numpy()[:, None] >= numpy.array(looks.lengths, numpy.int64)
    return found


def shares(text: str, classes: str, signs: Signs) -> dict[tuple[str, str], float]:
    """What each n-gram of a piece counts, by stream and n-gram: how often it stands there, by the root of the stream's length.

    Args:
        text: the piece, padded.
        classes: the same with signs in place of words.
        signs: those of the model.
    """
    alone = "".join(letter for letter in classes if signs.alone[ord(letter)])
    found: dict[tuple[str, str], float] = {}
    for stream, string in {"text": text, "classes": classes, "sequence": f"{EDGE}{alone}{EDGE}"}.items():
        each = 1 / (ORDERS[stream] * max(len(alone) if stream == "sequence" else len(string), 1)) ** 0.5
        orders = range(1, ORDERS[stream] + 1)
        counts = Counter(string[place : place + order] for order in orders for place in range(len(string) - order + 1))
        del counts[EDGE]  # an edge by itself tells nothing
        # added up and not multiplied: to the bit what the weights were learnt from
        found |= {(stream, gram): sum(repeat(each, count)) for gram, count in counts.items()}
    return found
