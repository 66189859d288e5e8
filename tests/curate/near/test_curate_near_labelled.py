"""Labelled pairs: precision and recall of twins.

`labelled/seen` was at hand when the rules were written, and by `labelled/blind` they were mended later. `labelled/second` and
`labelled/third`, written by others, were at hand neither time.
"""

import json
from pathlib import Path

import numpy
import pytest
from twin_sources import LANGUAGE, rows_of

from koreason.curate.near.bare import bare
from koreason.curate.near.forms import forms
from koreason.curate.near.guards import guards
from koreason.curate.near.words import replaced
from koreason.curate.spec import Talk
from koreason.minhash.forms import joined
from koreason.minhash.jaccard import similarities
from koreason.minhash.sketches import bands

LABELLED = Path(__file__).resolve().parents[1] / "labelled"
KOREAN = Talk(**LANGUAGE)


def are_twins(pairs: list[dict], kind: str) -> list[bool]:
    """What dedup says of pairs that are alone with each other."""
    sides = []
    for side in ("a", "b"):
        frame = bare(rows_of([pair[side] for pair in pairs]), kind, KOREAN)
        found, guard = forms(frame, kind, KOREAN), guards(frame, kind, KOREAN)
        sides.append((found, guard, found.digests(guard), *bands(found, guard)))
    (one, guard, digests, keys, some), (other, guard2, digests2, keys2, some2) = sides
    shared = (keys == keys2).any(axis=1) & some & some2 & (guard == guard2)
    places = numpy.arange(len(pairs))
    both = joined([one, other])
    equal = (digests == digests2).all(axis=1)
    said: numpy.ndarray = equal | (shared & (similarities(both, places, places + len(places)) >= 0.8))
    said &= equal | ~replaced(both, places, places + len(places), kind, KOREAN.interchangeable)
    return said.tolist()


HALVES = [("seen", 0.97, 0.95), ("blind", 0.97, 0.72), ("second", 0.0, 0.0), ("third", 0.0, 0.0)]


@pytest.mark.parametrize(("half", "precision", "recall"), HALVES)
def test_labelled_pairs(half: str, precision: float, recall: float) -> None:
    path = LABELLED / half / "twins.jsonl"
    if not path.exists():
        pytest.skip(f"there is no {half} half")
    pairs = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    right = said = same = 0
    for kind in sorted({pair["kind"] for pair in pairs}):
        mine = [pair for pair in pairs if pair["kind"] == kind]
        found, true = are_twins(mine, kind), [pair["same"] for pair in mine]
        both = sum(one and other for one, other in zip(found, true, strict=True))
        print(f"{half} {kind}: precision {both / max(1, sum(found)):.3f}, recall {both / max(1, sum(true)):.3f} of {len(mine)} pairs")
        right, said, same = right + both, said + sum(found), same + sum(true)
    print(f"{half}: precision {right / said:.3f}, recall {right / same:.3f} of {len(pairs)} pairs")
    assert right / said >= precision
    assert right / same >= recall
