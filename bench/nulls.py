"""How often tests tell equal models apart:  envs/run dev python bench/nulls.py [RUNS]

Simulates pairs of models that are equally good, on 200 passages of one to six questions, whose difficulty each model sees in its own way,
three repeats each, and prints the share of pairs that the clustered test and the bootstrap reject at 5%, and McNemar's exact test on
single runs. A claim of 5% ± 0.5 wants 20,000 runs: their own error is 0.15 points.
"""

import argparse

import numpy

from koreason.progress import bar
from koreason.statistics.distributions import two_sided_t
from koreason.statistics.paired import bootstrap, clustered_error, mcnemar

CLUSTERS, LEVEL = 200, 0.05


def main(runs: int) -> None:
    """Print the shares."""
    draw, rejected = numpy.random.default_rng(7), [0, 0, 0]
    for _ in bar(range(runs), what="pairs", unit=" pairs"):
        sizes = draw.integers(1, 7, CLUSTERS)
        owner = numpy.repeat(numpy.arange(CLUSTERS), sizes)
        differences = draw.normal(0, 0.3, CLUSTERS)[owner] + draw.normal(0, 0.2, len(owner))
        differences += draw.choice([-1, 0, 1], len(owner), p=[0.1, 0.8, 0.1])
        sums, counts = numpy.bincount(owner, differences).tolist(), sizes.tolist()
        error = clustered_error(sums, counts)
        rejected[0] += two_sided_t(abs(sum(sums)) / sum(counts) / error, CLUSTERS - 1) < LEVEL
        low, high = bootstrap(sums, counts, seed=1, draws=2_000)
        rejected[1] += not low <= 0 <= high
        ease = draw.random(120)
        one, other = draw.random(120) < ease, draw.random(120) < ease
        rejected[2] += mcnemar(int((one & ~other).sum()), int((other & ~one).sum())) < LEVEL
    for name, count in zip(("clustered test", "cluster bootstrap", "McNemar, exact"), rejected, strict=True):
        print(f"{name:20} rejects {count / runs:.2%} of {runs:,} pairs of equal models, at {LEVEL:.0%}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="?", type=int, default=20_000, metavar="RUNS", help="pairs (default: %(default)s, ten minutes)")
    main(parser.parse_args().runs)
