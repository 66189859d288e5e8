"""The most similar texts by BM25, ties by their place: the same ones on any machine.

Similar(["대한민국의 수도는?", "일본의 수도는?"]).to(0, 10)      # [1]

Texts are compared by pairs of characters within words, which need no dictionary and do not mind endings.
"""

import re

import numpy

K1, B = 1.5, 0.75
COMMON = (1000, 0.01)  # a pair that more texts and a larger share of them have says nothing about any, and costs the most
CHARS = 512  # of a text that count: what a question is about stands at its beginning


class Similar:
    """An index of texts."""

    def __init__(self, texts: list[str]) -> None:
        import bm25s

        vocabulary: dict[str, int] = {}
        self._ids = [[vocabulary.setdefault(pair, len(vocabulary)) for pair in pairs(text)] for text in texts]
        self._index = bm25s.BM25(k1=K1, b=B, method="lucene", backend="numpy", csc_backend="numpy")
        if vocabulary:
            self._index.index((self._ids, vocabulary), create_empty_token=False, show_progress=False)
            counts = numpy.diff(self._index.scores["indptr"])
            self._rare = counts <= max(COMMON[0], COMMON[1] * len(texts))

    def to(self, place: int, most: int) -> list[int]:
        """The places of at most `most` texts that share something with the text at `place`, the most similar first."""
        query = [pair for pair in dict.fromkeys(self._ids[place]) if self._rare[pair]]
        if not query:
            return []
        scores = self._index.get_scores_from_ids(query)
        scores[place] = 0
        # the value of the last that is taken is the same whatever the order among equals, so all down to it are sorted
        last = numpy.partition(scores, -most)[-most] if most < len(scores) else 0
        best = numpy.flatnonzero((scores >= last) & (scores > 0))
        order = numpy.lexsort((best, -scores[best]))
        return [int(found) for found in best[order][:most]]


def pairs(text: str) -> list[str]:
    """Pairs of neighbouring characters within words; a word of one character is one."""
    words = re.findall(r"\w+", text[:CHARS].casefold())
    return [word[place : place + 2] for word in words for place in range(max(len(word) - 1, 1))]
