"""The statistics against SciPy and statsmodels, to 1e-9; and under a simulated null."""

import functools
import json
import random
import subprocess

import numpy
import pytest

from koreason.statistics.distributions import t_quantile, two_sided_t
from koreason.statistics.paired import bootstrap, clustered, clustered_error, holm, mcnemar, paired
from koreason.statistics.summary import wilson

pytestmark = pytest.mark.slow


def cases():
    """Data of many kinds, always the same."""
    draw = random.Random(11)
    tables = [(draw.randrange(60), draw.randrange(60)) for _ in range(40)] + [(1, 0), (700, 640)]
    families = [[draw.random() ** 3 for _ in range(draw.randrange(1, 12))] for _ in range(40)]
    shares = [(draw.randrange(size + 1), size) for size in (1, 3, 30, 129, 2587) for _ in range(6)]
    groups = []
    for _ in range(40):
        count = draw.randrange(3, 120)
        differences = [draw.choice([-1, -0.5, 0, 0, 0, 1 / 3, 1]) for _ in range(count)] + [0.25]
        groups.append((differences, [draw.randrange(1 + count // 3) for _ in range(count)] + [0]))
    return {"tables": tables, "families": families, "shares": shares, "clustered": [g for g in groups if len(set(g[1])) > 1]}


def test_they_agree_to_nine_digits(home):
    given = cases() | {"t": [(value, degrees) for value in (0.0, 0.1, 1.3, 2.0, 5.5, 40.0) for degrees in (1, 2, 7, 29, 199, 15302)]}
    run = [str(home / "envs/run"), "interop", "python", str(home / "tests/statistics/by_statsmodels.py")]
    done = subprocess.run(run, input=json.dumps(given), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    theirs = json.loads(done.stdout.splitlines()[-1])
    assert [mcnemar(*table) for table in given["tables"]] == pytest.approx(theirs["tables"], abs=1e-9)
    for family, expected in zip(given["families"], theirs["families"], strict=True):
        assert holm(family) == pytest.approx(expected, abs=1e-9)
    for (hits, size), expected in zip(given["shares"], theirs["shares"], strict=True):
        assert wilson(hits / size, size) == pytest.approx(expected, abs=1e-9)
    for (differences, groups), (mean, error, p) in zip(given["clustered"], theirs["clustered"], strict=True):
        items = [str(n) for n in range(len(differences))]
        sums, sizes = clustered(items, differences, dict(zip(items, map(str, groups), strict=True)))
        found = clustered_error(sums, sizes)
        assert found == pytest.approx(error, abs=1e-9)
        assert two_sided_t(abs(mean) / found, len(sums) - 1) == pytest.approx(p, abs=1e-9)
    for (value, degrees), (p, quantile) in zip(given["t"], theirs["t"], strict=True):
        assert two_sided_t(value, degrees) == pytest.approx(p, abs=1e-9)
        assert t_quantile(0.975, degrees) == pytest.approx(quantile, rel=1e-9)


def test_equal_models_are_told_apart_as_often_as_said():
    """Of pairs of equal models with passages of one to six items, three repeats each: 5% ± 0.5 of the clustered tests and bootstraps."""
    draw, runs, rejected = numpy.random.default_rng(3), 4_000, [0, 0]
    for _ in range(runs):
        sizes = draw.integers(1, 7, 200)
        hard = numpy.repeat(draw.normal(0, 0.3, 200), sizes)  # what items of a passage share, and each model has of its own
        differences = hard + draw.normal(0, 0.2, len(hard)) + draw.choice([-1, 0, 1], len(hard), p=[0.1, 0.8, 0.1])
        items = [str(n) for n in range(len(hard))]
        sums, counts = clustered(items, differences.tolist(), dict(zip(items, map(str, numpy.repeat(range(200), sizes)), strict=True)))
        error = clustered_error(sums, counts)
        rejected[0] += two_sided_t(abs(sum(sums)) / sum(counts) / error, len(sums) - 1) < 0.05
        low, high = bootstrap(sums, counts, seed=1, draws=1_000)
        rejected[1] += not low <= 0 <= high
    for count in rejected:
        assert 0.045 <= count / runs <= 0.055, [each / runs for each in rejected]


def test_an_exact_test_rejects_at_most_as_often_as_said():
    draw, runs = numpy.random.default_rng(4), 20_000
    ease = draw.random((runs, 120))
    one, other = draw.random((runs, 120)) < ease, draw.random((runs, 120)) < ease
    p = functools.cache(mcnemar)
    tables = zip((one & ~other).sum(axis=1).tolist(), (other & ~one).sum(axis=1).tolist(), strict=True)
    assert sum(p(lost, won) < 0.05 for lost, won in tables) / runs <= 0.05


def test_a_passage_is_one_draw_and_not_many():
    """Twelve questions to each of ten passages: as if they stood alone, the error would be a third of what it is."""
    clusters = {f"{passage}-{n}": str(passage) for passage in range(10) for n in range(12)}
    first = {item: [int(item.split("-")[0]) % 2 == 0] for item in clusters}
    second = {item: [int(item.split("-")[0]) % 3 == 0] for item in clusters}
    alone, together = paired(first, second, 1), paired(first, second, 1, clusters)
    assert (alone.test, together.test) == ("McNemar, exact", "clustered by what items share")
    assert together.clusters == 10 and together.error > 3 * alone.error and together.p > 3 * alone.p
