"""What tells that a text leans on a picture or table that is not there: a phrase, or the words that a linear model goes by.

found = image_evidence(frame["text"], language)

A language without a model goes by its phrases alone (`images.py`). With one, a text that holds a word of the model's is scored: n-grams
of its characters, the same with classes of words in place of words, what matches flags, and whether a phrase is found. A text of up to
`LONG` characters is scored in one piece, so that a phrase can be outvoted; of a longer one each line, or sentence of a long line, and
the highest score counts, or a phrase.
"""

import numpy
import numpy.typing
import polars as pl

from koreason.curate.spec import PromptLanguage
from koreason.curate.text.grams import EDGE, Codes
from koreason.curate.text.images import DRAWN, MARKDOWN_IMAGE, TABLE, image_phrase
from koreason.curate.text.weights import ORDERS, SIGNS, Signs, Weights, read_weights

LONG = 200  # characters of a text that is one piece
BLOCK = 4096  # pieces scored at once: their n-grams fit the memory next to the core
WHOLE = {"table": TABLE, "drawn": DRAWN, "image": f"{MARKDOWN_IMAGE}|(?i:<img\\s|\\[img[\\]=])"}  # flags of a text, whatever its piece
MARKS = "?.!\n()"  # what stays beside the classes in the stream of classes alone
SHOWN = 3  # n-grams named as evidence
Scores = numpy.typing.NDArray[numpy.float64]


def image_evidence(texts: pl.Series, language: PromptLanguage) -> pl.Series:
    """By what each text depends on a picture: a phrase, or n-grams as `~ …, …`; empty where it does not."""
    phrases = image_phrase(texts, language)
    if language.image_model is None or not len(texts):
        return phrases
    weights = read_weights(language.image_model, WHOLE)
    pieces = cut(texts, phrases, weights)
    scores = pl.Series("score", scored(pieces, weights))
    best = pieces.with_columns(scores).sort("score", descending=True, maintain_order=True).unique("row", keep="first", maintain_order=True)
    best = best.with_columns(leans=pl.col("score") > language.image_model.threshold).sort("row")
    outvoted = best.filter(~pl.col("leans") & pl.col("alone"))["row"]
    told = best.filter(pl.col("leans") & (pl.col("phrase") == ""))
    phrases = phrases.scatter(outvoted, "") if len(outvoted) else phrases
    if not told.height:
        return phrases
    return phrases.scatter(told["row"], evidence(told["piece"], weights))


def cut(texts: pl.Series, phrases: pl.Series, weights: Weights) -> pl.DataFrame:
    """The pieces that are scored: `row`, `piece`, whether it is `alone`, the text's `phrase`, and the flags of whole texts."""
    frame = pl.DataFrame({"row": pl.int_range(len(texts), dtype=pl.UInt32, eager=True), "piece": texts, "phrase": phrases})
    piece = pl.col("piece")
    frame = frame.with_columns(alone=piece.str.len_chars() <= LONG, held=weights.signs.held(piece) | (pl.col("phrase") != ""))
    short = frame.filter(pl.col("alone") & ~pl.col("held")).filter(weights.signs.paired(padded(piece)))
    long = frame.filter(~pl.col("alone") & pl.col("held"))
    frame = pl.concat([frame.filter(pl.col("alone") & pl.col("held")), short, long])
    frame = frame.with_columns(piece.str.contains(pattern).alias(name) for name, pattern in WHOLE.items())
    lines = frame.filter(~pl.col("alone")).with_columns(piece.str.split("\n")).explode("piece")
    ended = piece.str.replace_all(r"([.?!])[ \t]+", "$1\n")
    lines = lines.with_columns(pl.when(piece.str.len_chars() > LONG).then(ended).otherwise(piece).str.split("\n")).explode("piece")
    return pl.concat([frame.filter("alone"), lines.filter(weights.signs.held(piece))])


def padded(text: pl.Expr) -> pl.Expr:
    """A text with one blank between words and around it and its line breaks, and 0 for any number."""
    numbers = text.str.replace_all(r"[0-9]+(?:[.,][0-9]+)*", "0")
    return " " + numbers.str.replace_all(r"[ \t]+", " ").str.replace_all(r"\s*\n\s*", " \n ").str.strip_chars() + " "


def scored(pieces: pl.DataFrame, weights: Weights) -> Scores:
    """The score of each piece: whole numbers but for the roots of lengths that n-grams' sums are divided by."""
    parts = [numpy.zeros(0)]
    for first in range(0, pieces.height, BLOCK):
        block = pieces.slice(first, BLOCK)
        streams = streams_of(block.select(padded(pl.col("piece"))).to_series(), weights.signs)
        whole = weights.learned.bias + weights.learned.phrase * (block["alone"] & (block["phrase"] != "")).to_numpy()
        flags = flags_of(block, weights.flags)
        classes = numpy.zeros((block.height, len(weights.signs.names)), bool)
        signs = streams["sequence"].points.astype(numpy.int64) - SIGNS
        held = (signs >= 0) & (signs < len(weights.signs.names))
        classes[streams["sequence"].rows[held], signs[held]] = True
        total = (whole + flags @ weights.of_flags + ((classes @ weights.of_pairs) * flags).sum(axis=1)).astype(numpy.float64)
        for stream, orders in ORDERS.items():
            total += weights.grams[stream].sums(streams[stream]) / numpy.sqrt(orders * numpy.maximum(streams[stream].lengths(), 1))
        parts.append(total)
    return numpy.concatenate(parts)


def streams_of(texts: pl.Series, signs: Signs) -> dict[str, Codes]:
    """What n-grams are made of: the padded texts, the same with signs in place of words, and signs and marks alone."""
    classes = Codes(signs.put(texts))
    marks = numpy.array([*map(ord, MARKS)], numpy.uint32)
    kept = (classes.points >= SIGNS) & (classes.points < SIGNS + len(signs.names)) | numpy.isin(classes.points, marks)
    return {"text": Codes(texts), "classes": classes, "sequence": classes.kept(kept)}


def flags_of(pieces: pl.DataFrame, flags: dict[str, str]) -> numpy.typing.NDArray[numpy.int64]:
    """Which flags match, of shape (pieces, flags)."""
    named = (pl.col(name) if name in WHOLE else pl.col("piece").str.contains(pattern).alias(name) for name, pattern in flags.items())
    return pieces.select(named).to_numpy().astype(numpy.int64)


def shares(text: str, classes: str, signs: Signs) -> dict[tuple[str, str], float]:
    """What each n-gram of a piece counts, by stream and n-gram: how often it stands there, by the root of the stream's length.

    Args:
        text: the piece, padded.
        classes: the same with signs in place of words.
        signs: those of the model.
    """
    alone = "".join(letter for letter in classes if 0 <= ord(letter) - SIGNS < len(signs.names) or letter in MARKS)
    found: dict[tuple[str, str], float] = {}
    for stream, string in {"text": text, "classes": classes, "sequence": f"{EDGE}{alone}{EDGE}"}.items():
        each = 1 / (ORDERS[stream] * max(len(alone) if stream == "sequence" else len(string), 1)) ** 0.5
        for order in range(1, ORDERS[stream] + 1):
            for place in range(len(string) - order + 1):
                gram = stream, string[place : place + order]
                found[gram] = found.get(gram, 0.0) + each
    return found


def evidence(pieces: pl.Series, weights: Weights) -> pl.Series:
    """The n-grams that add most to each piece's score, as `~ 사진 좀, {this} {pic}`."""
    texts = pl.DataFrame({"piece": pieces}).select(padded(pl.col("piece"))).to_series()
    return pl.Series([_said(*each, weights) for each in zip(texts, weights.signs.put(texts), strict=True)], dtype=pl.String)


def _said(text: str, classes: str, weights: Weights) -> str:
    added = {gram: share * weights.tables[gram[0]].get(gram[1], 0) for gram, share in shares(text, classes, weights.signs).items()}
    named: list[str] = []
    for _, gram in sorted(added, key=lambda each: (-added[each], each)):
        shown = weights.signs.written(gram).replace(EDGE, "").strip()
        if len(gram.strip()) > 1 and not any(shown in other or other in shown for other in named):
            named.append(shown)
        if len(named) == SHOWN:
            break
    return "~ " + ", ".join(named)
