"""Make, check and measure a language's model of what leans on a picture.

    PYTHONPATH=. .envs/dev/bin/python bench/pictures.py train     # config/languages/ko/pictures.json, and its digest for the entry
    PYTHONPATH=. .envs/dev/bin/python bench/pictures.py cross     # each set by a model made of the others: what to expect
    PYTHONPATH=. .envs/dev/bin/python bench/pictures.py measure FILE.jsonl [--misses]     # of the whole rule, as `clean` applies it

A line of a set is `{"text": "…", "drop": true}`, or `depends` in place of `drop`. The model is a logistic regression with an L2 penalty,
taken to its optimum by Newton's method, so that the same sentences give the same bytes: weights are rounded to 1/64 long after the last
step changes them by less. N-grams count that stand in at least four sets: what one author alone writes tells nothing. The sets that the
phrases were written from do not show which phrases are found in them: there they are right more often than in life.
"""

import argparse
import hashlib
import json
import sys
from collections import defaultdict
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy
import numpy.typing
import polars as pl
import yaml

from koreason.config.effects import given
from koreason.config.files.layers import read_language
from koreason.config.load import load
from koreason.curate.spec import PromptLanguage
from koreason.curate.text.pictures.evidence import image_evidence
from koreason.curate.text.pictures.leaning import (
    WHOLE,
    cut,
    flags_of,
    flags_of_whole,
    padded,
    phrases_of,
    scored,
    shares,
    without_quotes,
)
from koreason.curate.text.pictures.phrases import image_phrase
from koreason.curate.text.pictures.weights import ORDERS, File, Learned, Looks, Signs, Weights
from koreason.records.digests import sha256_file

HOME = Path(__file__).resolve().parents[1]
KNOWN = ("seen", "blind", "second")  # sets that the phrases were written from
OTHERS = ("third", "pictures_fourth")  # sets of other authors that the model learns from
UNIT = 32  # parts of a weight's one
STRENGTH = 30.0  # of the sentences against the penalty
SCALES = {"flags": 0.3, "pairs": 0.15, "phrase": 0.5, "bias": 10.0}  # how cheap a weight of each kind is; an n-gram's is 1
LEAST_SETS = 4
FOLDS = 6
Numbers = numpy.typing.NDArray[numpy.float64]
Column = tuple[str, str]  # kind and name


@dataclass(frozen=True)
class Labelled:
    """Sentences, what they are labelled, the set of each, and the phrase found in it (none is shown of the sets in `KNOWN`)."""

    texts: list[str]
    drop: numpy.typing.NDArray[numpy.bool_]
    sets: numpy.typing.NDArray[numpy.str_]
    phrases: pl.Series

    def where(self, flags: numpy.typing.NDArray[numpy.bool_]) -> "Labelled":
        """Some of them."""
        return Labelled(
            [text for text, flag in zip(self.texts, flags, strict=True) if flag],
            self.drop[flags],
            self.sets[flags],
            self.phrases.filter(pl.Series(flags)),
        )


def sources(language: str) -> list[Path]:
    """The labelled sets of a language, by name."""
    found = sorted((HOME / "data/labelled/pictures" / language).glob("*.jsonl"))
    tests = HOME / "tests/curate/labelled"
    return found + ([*sorted(tests.glob("*/image.jsonl")), tests / "pictures_fourth.jsonl"] if language == "ko" else [])


def name_of(path: Path) -> str:
    """A set's name: of its file, or of the folder that holds one of each kind."""
    return path.parent.name if path.stem == "image" else path.stem


def read(paths: list[Path], spoken: PromptLanguage) -> Labelled:
    """All sentences of some sets."""
    rows = [(name_of(path), json.loads(line)) for path in paths for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    texts = [row["text"] for _, row in rows]
    drop = numpy.array([bool(row["drop"] if "drop" in row else row["depends"]) for _, row in rows])
    sets = numpy.array([name for name, _ in rows])
    return Labelled(texts, drop, sets, image_phrase(without_quotes(pl.Series(texts, dtype=pl.String)), spoken))


def language_of(name: str) -> PromptLanguage:
    """A language as `clean` is given it."""
    found: PromptLanguage = load(PromptLanguage, given("clean", "languages", read_language(HOME / "config/languages" / f"{name}.yaml")))
    return found


def looks_of(name: str) -> Looks:
    """What its model looks at."""
    found: Looks = load(Looks, yaml.safe_load((HOME / "data/labelled/pictures" / name / "words.yaml").read_text(encoding="utf-8")))
    return found


class Features:
    """What is seen of labelled sentences: by sentence, kind and name, a number."""

    def __init__(self, labelled: Labelled, looks: Looks) -> None:
        """See all of it once."""
        self.labelled, signs, flags = labelled, Signs(looks), [*looks.names(), *WHOLE]
        series = pl.Series(labelled.texts)
        late = [series.str.contains(pattern).to_numpy() for pattern in WHOLE.values()]
        held = numpy.column_stack([flags_of(series, looks), *late]).astype(bool)
        number: dict[Column, int] = {}
        rows, columns, values = [], [], []
        texts = padded(series, looks)
        for row, (text, classes) in enumerate(zip(texts, signs.put(texts), strict=True)):
            seen: dict[Column, float] = dict(shares(text, classes, signs))
            some = [name for name, flag in zip(flags, held[row], strict=True) if flag]
            held_signs = sorted({gram for stream, gram in seen if stream == "sequence" and gram in signs.of.values()})
            seen |= {("flags", name): SCALES["flags"] for name in some} | {("bias", ""): SCALES["bias"]}
            seen |= {("pairs", f"{signs.written(sign)[1:-1]} {name}"): SCALES["pairs"] for sign in held_signs for name in some}
            if labelled.phrases[row] and labelled.sets[row] not in KNOWN:
                seen["phrase", ""] = SCALES["phrase"]
            for column, value in seen.items():
                rows.append(row)
                columns.append(number.setdefault(column, len(number)))
                values.append(value)
        self.names, self.signs = [*number], signs
        self.rows, self.columns, self.values = numpy.array(rows), numpy.array(columns), numpy.array(values)
        _, self.set = numpy.unique(labelled.sets, return_inverse=True)

    def fitted(self, among: numpy.typing.NDArray[numpy.bool_]) -> dict[Column, float]:
        """The weights that some of the sentences give."""
        held = among[self.rows]
        rows, columns, values = self.rows[held], self.columns[held], self.values[held]
        sets = numpy.zeros((int(self.set.max()) + 1, len(self.names)), bool)
        sets[self.set[rows], columns] = True
        always = numpy.array([kind in SCALES for kind, _ in self.names])
        kept = (sets.sum(axis=0) >= LEAST_SETS) | (always & sets.any(axis=0))
        some = kept[columns]
        rows, columns, values = rows[some], (numpy.cumsum(kept) - 1)[columns[some]], values[some]
        names = [name for name, keep in zip(self.names, kept, strict=True) if keep]
        tells = numpy.where(always[kept], 1.0, telling(columns, self.labelled.drop[rows], len(names)))
        found = newton(rows, columns, values * tells[columns], numpy.where(self.labelled.drop, 1.0, -1.0), among, len(names))
        return {name: weight * SCALES.get(name[0], 1.0) for name, weight in zip(names, found * tells, strict=True)}


def telling(columns: Any, drop: Any, many: int) -> Numbers:
    """How far each n-gram stands in one kind of sentence more than in the other, about 1 in the mean: a weight is cheaper where it does.

    The log-count ratio of Wang and Manning, "Baselines and Bigrams" (ACL 2012), half of it.
    """
    yes, no = (1.0 + numpy.bincount(columns[drop == kind], minlength=many) for kind in (True, False))
    ratio = numpy.abs(numpy.log((yes / yes.sum()) / (no / no.sum())))
    return 0.5 + 0.5 * ratio / numpy.sqrt((ratio**2).mean())


def newton(rows: Any, columns: Any, values: Numbers, signs: Numbers, among: Any, many: int) -> Numbers:
    """The minimum of |w|²/2 + STRENGTH · Σ log(1 + exp(−sign · x·w)) over the sentences `among`; sums run in one order on any machine."""

    def score(weights: Numbers) -> Numbers:
        return numpy.bincount(rows, values * weights[columns], len(signs))

    def back(numbers: Numbers) -> Numbers:
        return numpy.bincount(columns, values * numbers[rows], many)

    def loss(weights: Numbers) -> float:
        return float((weights**2).sum() / 2 + STRENGTH * numpy.logaddexp(0, -signs * score(weights))[among].sum())

    weights = numpy.zeros(many)
    for _ in range(40):
        share = 1 / (1 + numpy.exp(signs * score(weights))) * among
        slope = weights - STRENGTH * back(signs * share)
        bend = STRENGTH * share * (1 - share)
        step, left = numpy.zeros(many), -slope
        way, size = left, float((left**2).sum())
        first = size
        for _ in range(200):  # conjugate gradients for (1 + X'BX) step = −slope
            bent = way + back(bend * score(way))
            along = size / float((way * bent).sum())
            step, left = step + along * way, left - along * bent
            size, before = float((left**2).sum()), size
            if size < 1e-4 * first:
                break
            way = left + size / before * way
        length, now = 1.0, loss(weights)
        while length > 1e-3 and loss(weights + length * step) > now:
            length /= 2
        weights = weights + length * step
        if float(numpy.abs(step).max()) < 1e-5:
            break
    return weights


def rounded(weights: dict[Column, float], features: Features, looks: Looks, made_of: dict[str, str]) -> File:
    """The file of some weights, in whole numbers; what rounds to none goes."""
    parts: dict[str, dict[str, int]] = defaultdict(dict)
    for (kind, name), weight in sorted(weights.items()):
        whole = round(weight * UNIT)
        if kind in ("classes", "sequence"):
            if "{" in name or "^" in name:
                continue  # would be taken for a class
            name = features.signs.written(name).replace("\x00", "^")
        if whole and (kind not in ORDERS or "\x00" not in name):
            parts[kind][name] = whole
    numbers = {kind: parts[kind].get("", 0) for kind in ("bias", "phrase")}
    return File(made_of=made_of, looks=looks, weights=Learned(**numbers, **{kind: parts[kind] for kind in ("flags", "pairs", *ORDERS)}))


def scores(labelled: Labelled, weights: Weights, spoken: PromptLanguage) -> Numbers:
    """The highest score of each sentence's pieces, in parts of `UNIT`; none where it is not looked at."""
    texts = pl.Series(labelled.texts)
    pieces = cut(texts, weights)
    rows = pieces["row"].to_numpy()
    sums, whole, late = scored(pieces["piece"], weights)
    shown = texts.gather(pieces["row"])
    phrases = phrases_of(pieces["piece"], shown, spoken) != ""
    held = numpy.column_stack([phrases.to_numpy() & ~numpy.isin(labelled.sets[rows], KNOWN), flags_of_whole(shown)])
    found = numpy.full(len(labelled.texts), -numpy.inf)
    numpy.maximum.at(found, rows, sums + whole + (late * held).sum(axis=1))
    return found


def figures(drop: Any, found: Any) -> str:
    """Precision and recall."""
    hits = int((drop & found).sum())
    return (
        f"precision {hits / max(int(found.sum()), 1):.3f} recall {hits / max(int(drop.sum()), 1):.3f} of {int(drop.sum())} in {len(drop)}"
    )


def train(arguments: argparse.Namespace) -> None:
    """Write the model."""
    paths, looks = sources(arguments.language), looks_of(arguments.language)
    features = Features(read(paths, language_of(arguments.language)), looks)
    made_of = {str(path.relative_to(HOME)): sha256_file(path) for path in paths}
    file = rounded(features.fitted(numpy.ones(len(features.labelled.texts), bool)), features, looks, made_of)
    out = arguments.out or HOME / "config/languages" / arguments.language / "pictures.json"
    out.write_text(json.dumps(asdict(file), ensure_ascii=False, indent=0, sort_keys=True) + "\n", encoding="utf-8")
    grams = sum(len(getattr(file.weights, stream)) for stream in ORDERS)
    print(f"{len(features.labelled.texts)} sentences of {len(paths)} sets, {grams} n-grams")
    print(f"{out}: sha256 {hashlib.sha256(out.read_bytes()).hexdigest()}")


def cross(arguments: argparse.Namespace) -> None:
    """Judge each set by what the others teach."""
    looks, spoken = looks_of(arguments.language), language_of(arguments.language)
    labelled = read(sources(arguments.language), spoken)
    features = Features(labelled, looks)
    tests = [name for name in numpy.unique(labelled.sets) if name in (*KNOWN, *OTHERS)]
    own = [name for name in numpy.unique(labelled.sets) if name not in tests]
    found = numpy.full(len(labelled.texts), -numpy.inf)
    for fold in [*([name] for name in tests), *(own[place::FOLDS] for place in range(FOLDS))]:
        out = numpy.isin(labelled.sets, fold)
        weights = Weights(rounded(features.fitted(~out), features, looks, {}), WHOLE)
        found[out] = scores(labelled.where(out), weights, spoken)
    judged = ~numpy.isin(labelled.sets, KNOWN)
    threshold = arguments.threshold if arguments.threshold is not None else best(labelled.drop[judged], found[judged])
    for name in numpy.unique(labelled.sets):
        at = labelled.sets == name
        print(f"{name:20} {figures(labelled.drop[at], found[at] > threshold)}")
    print(f"{'all but ' + ' '.join(KNOWN):20} {figures(labelled.drop[judged], found[judged] > threshold)} at {threshold}")
    if arguments.misses:
        missed(labelled, found > threshold, (found - threshold) / UNIT)


def best(drop: Any, found: Numbers) -> int:
    """The threshold by which the worse of precision and recall is best."""
    order = numpy.argsort(-found, kind="stable")
    hits = numpy.cumsum(drop[order])
    worse = numpy.minimum(hits / numpy.arange(1, len(drop) + 1), hits / drop.sum())
    return int(numpy.floor(found[order][int(worse.argmax())])) - 1


def measure(arguments: argparse.Namespace) -> None:
    """Judge files by the language as it stands."""
    spoken = language_of(arguments.language)
    for path in arguments.files:
        labelled = read([path], spoken)
        phrases = image_evidence(pl.Series(labelled.texts), spoken)
        found = (phrases != "").to_numpy()
        print(f"{path}: {figures(labelled.drop, found)}")
        if arguments.misses:
            missed(replace(labelled, phrases=phrases), found, None)


def missed(labelled: Labelled, found: Any, by: Numbers | None) -> None:
    """Print what was judged wrongly."""
    wrong = numpy.flatnonzero(labelled.drop != found)
    for row in (wrong if by is None else wrong[numpy.argsort(-numpy.abs(by[wrong]), kind="stable")]).tolist():
        far = "" if by is None else f"{by[row]:+.1f} "
        print(
            f"  {far}{'missed' if labelled.drop[row] else 'wrong'} {labelled.sets[row]}: {labelled.texts[row]!r} ({labelled.phrases[row]})"
        )


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--language", default="ko", help="an entry of config/languages (default: %(default)s)")
    parser.set_defaults(work=cross, misses=False, threshold=None)
    parts = parser.add_subparsers()
    for work in (train, cross, measure):
        part = parts.add_parser(work.__name__, help=work.__doc__)
        part.set_defaults(work=work)
        if work is train:
            part.add_argument("--out", type=Path, help="where it is written")
        else:
            part.add_argument("--misses", action="store_true", help="print what was judged wrong")
        if work is cross:
            part.add_argument("--threshold", type=int, help="another than the language's")
        if work is measure:
            part.add_argument("files", nargs="+", type=Path, help="labelled sentences")
    arguments = parser.parse_args()
    arguments.work(arguments)


if __name__ == "__main__":
    sys.exit(main())
