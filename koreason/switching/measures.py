"""The measures of traces: how much of each language, how often it changes, in what pieces, and where.

    frame = measured(traces, Scripts(("Hangul",), ("Latin",)))

Formulas, code and addresses are set apart first. What each measure is stands in `docs/measures.md`; a slow reference that computes the
same word by word, in `tests/switching/plain.py`.
"""

import itertools
from collections import Counter

import numpy
import polars as pl

from koreason.columns.arrays import Places, sums_before
from koreason.switching.letters import Block, Scripts, by_script, cut, letters, prose
from koreason.switching.loops import loop_ratios
from koreason.switching.spec import MEASURES, TENTHS
from koreason.switching.words import Floats, Words, sums, target_spans, words_of


def measured(traces: pl.DataFrame, scripts: Scripts) -> tuple[pl.DataFrame, Counter[str]]:
    """Every measure of each trace, and the letters of all thinking by script.

    Args:
        traces: columns `question`, `think` and `answer`; nulls are empty texts.
        scripts: of the target language, and of those beside it.

    Returns:
        the columns of `MEASURES`, a row for each trace, in the same order; null where a measure has no denominator.
    """
    think, answer = prose(traces["think"]), prose(traces["answer"])
    blocks = cut(think, scripts)
    columns = _letters(think, blocks) | _words(blocks, prose(traces["question"]))
    columns |= {f"answer_{name}": values for name, values in _letters(answer, cut(answer, scripts)).items()}
    frame = pl.DataFrame(columns).with_columns(pl.selectors.float().fill_nan(None))
    frame = frame.with_columns(loop_ratios(traces["think"], traces["answer"]).alias("loop_ratio"))
    return frame.select(pl.col(name).cast(kind) for name, kind in MEASURES.items()), Counter(by_script(blocks))


def share(part: numpy.ndarray, whole: numpy.ndarray) -> Floats:
    """Quotients; NaN where the denominator is 0."""
    found: Floats = numpy.divide(part, whole, out=numpy.full(len(whole), numpy.nan), where=numpy.asarray(whole) > 0)
    return found


def _letters(texts: pl.Series, blocks: list[Block]) -> dict[str, numpy.ndarray]:
    found = letters(texts, blocks)
    return {
        "letters": found.letters,
        "share_letters": share(found.target, found.letters),
        "share_characters": share(found.target, found.visible),
        "leaked_share": share(found.leaked, found.letters),
    }


def _words(blocks: list[Block], questions: pl.Series) -> dict[str, numpy.ndarray]:
    """What is measured of words and spans, block by block."""
    parts = []
    for block in blocks:
        words = words_of(block)
        parts.append(_alternation(words) | _tenths(words) | {"copied_spans": _copied(block, words, questions)})
    return {name: numpy.concatenate([part[name] for part in parts]) for name in parts[0]}


def _alternation(found: Words) -> dict[str, numpy.ndarray]:
    words, spans = numpy.diff(found.of_words), numpy.diff(found.of_spans)
    switches = numpy.maximum(spans - 1, 0)
    target = share(sums(found.target, found.of_words), words)
    concentration = target**2 + (1 - target) ** 2
    sizes = numpy.diff(numpy.append(found.span, len(found.begin)))
    mean = share(words, spans)
    deviation = numpy.sqrt(numpy.maximum(share(sums(sizes**2, found.of_spans), spans) - mean**2, 0))
    ours = sums(found.spans_target, found.of_spans)
    return {
        "words": words,
        "switches": switches,
        "switches_per_100_words": share(100 * switches, words),
        "i_index": share(switches, words - 1),
        "m_index": (1 - concentration) / concentration,
        "target_spans": ours,
        "span_words": share(sums(found.target, found.of_words), ours),
        "longest_span_words": _longest(numpy.where(found.spans_target, sizes, 0), found.of_spans),
        "burstiness": numpy.where(spans > 1, share(deviation - mean, deviation + mean), numpy.nan),
    }


def _longest(sizes: Places, edges: Places) -> Places:
    """The largest between edges; 0 where nothing stands there."""
    most = numpy.maximum.reduceat(numpy.append(sizes, 0), edges[:-1]) if len(edges) > 1 else sizes[:0]
    return numpy.where(numpy.diff(edges) > 0, most, 0)


def _tenths(found: Words) -> dict[str, numpy.ndarray]:
    """The target language's share of each tenth of the letters; none of a text that has fewer letters than tenths."""
    letters, ours = (sums_before(values) for values in (found.letters, found.letters * found.target))
    first, count = letters[found.of_words[:-1]], numpy.diff(letters[found.of_words])
    edges = [first + count * tenth // TENTHS for tenth in range(TENTHS + 1)]
    total = [_until(edge, letters, ours, found) for edge in edges]
    return {
        f"tenth_{tenth}": numpy.where(count >= TENTHS, share(total[tenth] - total[tenth - 1], end - start), numpy.nan)
        for tenth, (start, end) in enumerate(itertools.pairwise(edges), 1)
    }


def _until(edges: Places, letters: Places, ours: Places, found: Words) -> Places:
    """Letters of the target language among as many as `edges` says; `letters` and `ours` are those before each word."""
    word = numpy.searchsorted(letters, edges, "right") - 1
    of_word = numpy.append(found.target, False)[word]  # behind the last word nothing is left to count
    ours_until: Places = ours[word] + (edges - letters[word]) * of_word
    return ours_until


def _copied(block: Block, words: Words, questions: pl.Series) -> Floats:
    """Which share of the target language's spans stands in the question, letter by letter."""
    spans = target_spans(block, words).with_columns(pl.col("row").cast(pl.Int64))
    spans = spans.with_columns(question=questions.gather(spans["row"]))
    copied = spans.select(pl.col("question").str.contains(pl.col("span"), literal=True)).to_series()
    first, last = block.rows
    hits = numpy.bincount(spans["row"].to_numpy() - first, copied.to_numpy(), last - first)
    return share(hits, sums(words.spans_target, words.of_spans))
