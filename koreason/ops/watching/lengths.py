"""How long answers are, from finished ones and from those that are being drawn.

    lengths = Lengths(finished, running)     # tokens of each
    lengths.mean, lengths.error              # and its standard error
    lengths.left(numpy.array([4096]))        # tokens that answers with so many have yet to come, and their variance

What runs is what is long, so the mean of finished answers is too small, most so at the beginning. The estimator of survival
analysis takes both: at each length, of the answers that came so far, the share that ended there (Kaplan and Meier, 1958), with
Greenwood's variance. Behind the longest finished answer the curve goes on as an exponential (Brown, Hollander and Korwar, 1974), up to
the most tokens that the longest of all has, and half as many again. What an answer drew of its segment in progress is not in its journal,
so lengths are still too small by up to half a segment for each answer in flight.
"""

import numpy

from koreason.ops.watching.counted import Numbers

BEYOND = 1.5  # the curve's end, in longest lengths that were seen


class Lengths:
    """The distribution of lengths, in tokens.

    Attributes:
        finished: how many answers it is of.
        running: how many of these only have a least length.
        mean: tokens of an answer; nan where none has finished.
        error: its standard error.
        variance: of one answer.
    """

    def __init__(self, finished: Numbers, running: Numbers) -> None:
        self.finished, self.running = len(finished), len(running)
        self.mean = self.error = self.variance = float("nan")
        self._survive = numpy.ones(1)
        if not self.finished:
            return
        longest = int(max(finished.max(), running.max(initial=0)))
        ended = numpy.bincount(finished, minlength=longest + 1).astype(float)
        gone = ended + numpy.bincount(running, minlength=longest + 1)
        at_risk = gone[::-1].cumsum()[::-1]
        survive = numpy.cumprod(1 - numpy.divide(ended, at_risk, out=numpy.zeros(longest + 1), where=at_risk > 0))
        survive[survive < 1e-12] = 0.0
        if 0 < survive[-1] < 1:
            hazard = -numpy.log(survive[-1]) / max(longest, 1)
            survive = numpy.concatenate([survive, survive[-1] * numpy.exp(-hazard * numpy.arange(1, int(longest * (BEYOND - 1)) + 1))])
        self._survive = survive  # of more than t tokens, t from 0
        self._rest = survive[::-1].cumsum()[::-1]  # sum of it from t on
        self._second = ((2 * numpy.arange(len(survive)) + 1) * survive)[::-1].cumsum()[::-1]
        self.mean = float(self._rest[0])
        self.variance = max(float(self._second[0]) - self.mean**2, 0.0)
        risk, out = at_risk[ended > 0], ended[ended > 0]
        area = self._rest[numpy.flatnonzero(ended > 0)]
        shares = numpy.divide(out, risk * (risk - out), out=numpy.zeros(len(out)), where=risk > out)
        self.error = float(numpy.sqrt((area**2 * shares).sum()))

    def quantile(self, share: float) -> int | None:
        """The length that so large a share of answers does not exceed; None where too few are known."""
        if not self.finished or self._survive[-1] > 1 - share:
            return None
        return int(numpy.argmax(self._survive <= 1 - share + 1e-12))

    def left(self, drawn: Numbers) -> tuple[Numbers, Numbers]:
        """Tokens that answers of `drawn` tokens have yet to come, and the variance of each; longer than all that is known: none."""
        inside = numpy.minimum(drawn, len(self._survive) - 1).astype(numpy.int64)
        alive = self._survive[inside]
        known = (alive > 0) & (drawn < len(self._survive))
        scale = numpy.where(known, alive, 1.0)
        mean = numpy.where(known, self._rest[inside] / scale, 0.0)
        # of L above d: the second moment of L - d is the sum of (2 (t - d) + 1) S(t) / S(d)
        second = numpy.where(known, (self._second[inside] - 2 * inside * self._rest[inside]) / scale, 0.0)
        return mean, numpy.maximum(second - mean**2, 0.0)
