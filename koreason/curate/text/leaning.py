"""What tells that a text leans on a picture or table that is not there: a phrase, or the words that a linear model goes by.

found = image_evidence(frame["text"], language)

A language without a model goes by its phrases alone (`images.py`). With one, a text that holds a word of its gate is scored: n-grams of
its characters, the same with classes of words in place of words, what matches flags, and whether a phrase is found. A text of up to
`LONG` characters is scored in one piece, so that a phrase can be outvoted; of a longer one each line, or sentence of a long line, that
holds such a word, and one is enough. What costs most, phrases and tables, is looked for only where it can change what is decided.
"""

from collections import Counter
from collections.abc import Container, Mapping
from itertools import repeat

import numpy
import numpy.typing
import polars as pl

from koreason.curate.spec import PromptLanguage
from koreason.curate.text.grams import EDGE, Codes
from koreason.curate.text.images import DRAWN, MARKDOWN_IMAGE, TABLE, image_phrase
from koreason.curate.text.weights import ORDERS, SIGNS, Looks, Signs, Weights, read_weights

LONG = 200  # characters of a text that is one piece
BLOCK = 4096  # pieces scored at once: their n-grams fit the memory next to the core
WHOLE = {"table": TABLE, "drawn": DRAWN, "image": f"{MARKDOWN_IMAGE}|(?i:<img\\s|\\[img[\\]=])"}  # flags of a text, whatever its piece
MARKS = "?.!\n()"  # what stays beside the classes in the stream of classes alone
SHOWN = 3  # n-grams named as evidence
# What is quoted is spoken of: its words tell nothing of the text around it.
QUOTED = r"\"[^\"\n]{1,40}\"|“[^“”\n]{1,40}”|‘[^‘’\n]{1,40}’|'[^'\n]{1,40}'|「[^「」\n]{1,40}」|`[^`\n]{1,40}`"
Scores = numpy.typing.NDArray[numpy.float64]
Whole = numpy.typing.NDArray[numpy.int64]
Flags = numpy.typing.NDArray[numpy.bool_]


def image_evidence(texts: pl.Series, language: PromptLanguage) -> pl.Series:
    """By what each text depends on a picture: a phrase, or n-grams as `~ …, …`; empty where it does not."""
    if language.image_model is None or not len(texts):
        return image_phrase(texts, language)
    found = pl.repeat("", len(texts), eager=True, dtype=pl.String).alias("image_phrase")
    weights = read_weights(language.image_model, WHOLE)
    pieces = leaning(cut(texts, weights), texts, language, weights, language.image_model.threshold).unique("row", maintain_order=True)
    if not pieces.height:
        return found
    untold = (pieces["phrase"] == "").arg_true()
    phrases = pieces["phrase"].scatter(untold, evidence(pieces["piece"].gather(untold), weights)) if len(untold) else pieces["phrase"]
    return found.scatter(pieces["row"], phrases)


def cut(texts: pl.Series, weights: Weights) -> pl.DataFrame:
    """The pieces that are scored, in order: `row`, the text that each is of, and `piece`."""
    piece, signs = pl.col("piece"), weights.signs
    long = piece.str.len_chars() > LONG
    frame = pl.DataFrame({"row": pl.int_range(len(texts), dtype=pl.UInt32, eager=True), "piece": texts})
    frame = frame.with_columns(long=long, held=signs.held(piece))
    short = frame.filter(~pl.col("long"))
    short = short.filter(pl.col("held") | signs.held_short(piece))
    lines = frame.filter("long", "held").with_columns(piece.str.split("\n")).explode("piece").filter(signs.held(piece))
    ended = piece.str.replace_all(r"([.?!])[ \t]+", "$1\n")
    lines = lines.with_columns(pl.when(long).then(ended).otherwise(piece).str.split("\n")).explode("piece").filter(signs.held(piece))
    return pl.concat([short, lines]).sort("row", maintain_order=True).select("row", "piece")


def leaning(pieces: pl.DataFrame, texts: pl.Series, language: PromptLanguage, weights: Weights, threshold: int) -> pl.DataFrame:
    """The pieces whose scores are above the threshold, with the `phrase` in them, or none.

    A score without what is looked for late, and how far that can raise it, rule most pieces out.
    """
    sums, whole, late = scored(pieces["piece"], weights)
    places = numpy.flatnonzero(sums > threshold - whole - numpy.maximum(late, 0).sum(axis=1))
    some = pieces[places]
    phrases, held = held_late(some["piece"], texts.gather(some["row"]), language)
    whole = whole[places] + (late[places] * held).sum(axis=1)
    return some.with_columns(phrases.alias("phrase")).filter(pl.Series(sums[places] > threshold - whole, dtype=pl.Boolean))


def held_late(pieces: pl.Series, texts: pl.Series, language: PromptLanguage) -> tuple[pl.Series, Flags]:
    """What is looked for late.

    Returns:
        the phrase in each piece, or none; and of shape (pieces, 1 + flags of whole texts) whether there is one, and which flags match.
    """
    phrases = image_phrase(without_quotes(pieces), language, texts)
    flags = (texts.str.contains(pattern) for pattern in WHOLE.values())
    return phrases, numpy.column_stack([(phrases != "").to_numpy(), *(flag.to_numpy() for flag in flags)]).astype(bool)


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
    text = " " + text.str.replace_all(r"[ \t]+", " ").str.replace_all(r"\s*\n\s*", " \n ").str.strip_chars() + " "
    return texts.to_frame("text").select(text).to_series()


def scored(pieces: pl.Series, weights: Weights) -> tuple[Scores, Whole, Whole]:
    """The parts of each piece's score.

    Returns:
        what the n-grams add up to, by the roots of lengths; the whole numbers that are known at once; and of shape (pieces, 1 + flags of
        whole texts) what a phrase and those flags add where they are found.
    """
    blocks = [_scored(pieces.slice(first, BLOCK), weights) for first in range(0, max(len(pieces), 1), BLOCK)]
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
    marks = numpy.array([*map(ord, MARKS)], numpy.uint32)
    kept = (classes.points >= SIGNS) & (classes.points < SIGNS + len(signs.names)) | numpy.isin(classes.points, marks)
    return {"text": Codes(texts), "classes": classes, "sequence": classes.kept(kept)}


def flags_of(pieces: pl.Series, looks: Looks) -> Whole:
    """Which of a model's flags hold, of shape (pieces, flags)."""
    found = numpy.zeros((len(pieces), len(looks.names())), numpy.int64)
    for place, pattern in enumerate(looks.flags.values()):
        found[:, place] = pieces.str.contains(pattern).to_numpy()
    found[:, len(looks.flags) :] = pieces.str.len_chars().to_numpy()[:, None] >= numpy.array(looks.lengths, numpy.int64)
    return found


def shares(text: str, classes: str, signs: Signs, known: Mapping[str, Container[str]] | None = None) -> dict[tuple[str, str], float]:
    """What each n-gram of a piece counts, by stream and n-gram: how often it stands there, by the root of the stream's length.

    Args:
        text: the piece, padded.
        classes: the same with signs in place of words.
        signs: those of the model.
        known: of each stream the n-grams that are counted; None: all.
    """
    alone = "".join(letter for letter in classes if 0 <= ord(letter) - SIGNS < len(signs.names) or letter in MARKS)
    found: dict[tuple[str, str], float] = {}
    for stream, string in {"text": text, "classes": classes, "sequence": f"{EDGE}{alone}{EDGE}"}.items():
        each = 1 / (ORDERS[stream] * max(len(alone) if stream == "sequence" else len(string), 1)) ** 0.5
        cuts = (string[place : place + order] for order in range(1, ORDERS[stream] + 1) for place in range(len(string) - order + 1))
        counts = Counter(gram for gram in cuts if known is None or gram in known[stream])
        del counts[EDGE]  # an edge by itself tells nothing
        # added up and not multiplied: to the bit what the weights were learnt from
        found |= {(stream, gram): sum(repeat(each, count)) for gram, count in counts.items()}
    return found


def evidence(pieces: pl.Series, weights: Weights) -> pl.Series:
    """The n-grams that add most to each piece's score, as `~ 사진 좀, {this} {pic}`."""
    texts = padded(pieces, weights.looks)
    return pl.Series([_said(*each, weights) for each in zip(texts, weights.signs.put(texts), strict=True)], dtype=pl.String)


def _said(text: str, classes: str, weights: Weights) -> str:
    added = {
        gram: share * weights.tables[gram[0]][gram[1]] for gram, share in shares(text, classes, weights.signs, weights.telling).items()
    }
    named: list[str] = []
    for _, gram in sorted((-weight, gram) for (_, gram), weight in added.items()):
        shown = weights.signs.written(gram).replace(EDGE, "").strip()
        if len(gram.strip()) > 1 and not any(shown in other or other in shown for other in named):
            named.append(shown)
        if len(named) == SHOWN:
            break
    return "~ " + ", ".join(named)
