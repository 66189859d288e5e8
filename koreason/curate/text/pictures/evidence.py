"""By what a text depends on a picture or table that is not there: a phrase, or the words that a linear model goes by.

found = image_evidence(frame["text"], language)

A language without a model goes by its phrases alone (`phrases.py`). With one, a text that holds a word of its gate is scored
(`leaning.py`), and evidence is the phrase in it, or the n-grams that add most.
"""

import itertools

import numpy
import polars as pl

from koreason.columns.arrays import Places
from koreason.curate.spec import PromptLanguage
from koreason.curate.text.pictures.grams import EDGE, Codes
from koreason.curate.text.pictures.leaning import WHOLE, Scores, cut, leaning, padded, streams_of
from koreason.curate.text.pictures.phrases import image_phrase
from koreason.curate.text.pictures.weights import ORDERS, Weights, read_weights

SHOWN = 3  # n-grams that are named


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


def evidence(pieces: pl.Series, weights: Weights) -> pl.Series:
    """The n-grams that add most to each piece's score, as `~ 사진 좀, {this} {pic}`."""
    streams = streams_of(padded(pieces, weights.looks), weights.signs)
    rows, grams, added = (numpy.concatenate(each) for each in zip(*(_added(name, streams[name], weights) for name in ORDERS), strict=True))
    places = numpy.lexsort((grams, -added, rows))
    ends = numpy.searchsorted(rows[places], numpy.arange(len(pieces) + 1))
    return pl.Series([_said(grams[places[first:last]], weights) for first, last in itertools.pairwise(ends)], dtype=pl.String)


def _added(name: str, stream: Codes, weights: Weights) -> tuple[Places, Places, Scores]:
    """Of one stream the n-grams in each piece that tell of a picture: the piece, which one it is, and what it adds to the score."""
    held, numbers = weights.grams[name].found(stream)
    numbers = weights.telling[name][numbers]
    held, numbers = held[numbers >= 0], numbers[numbers >= 0]
    keys, counts = numpy.unique(held * len(weights.told) + numbers, return_counts=True)
    rows, grams = keys // len(weights.told), keys % len(weights.told)
    each, added = 1 / (ORDERS[name] * numpy.maximum(stream.lengths(), 1)) ** 0.5, numpy.zeros(len(keys))
    for count in range(int(counts.max(initial=0))):  # as `shares` adds them
        added += numpy.where(counts > count, each[rows], 0)
    return rows, grams, added * weights.tells[grams]


def _said(grams: Places, weights: Weights) -> str:
    named: list[str] = []
    for gram, _ in map(weights.told.__getitem__, grams):
        shown = weights.signs.written(gram).replace(EDGE, "").strip()
        if len(gram.strip()) > 1 and not any(shown in other or other in shown for other in named):
            named.append(shown)
        if len(named) == SHOWN:
            break
    return "~ " + ", ".join(named)
