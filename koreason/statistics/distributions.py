"""Probabilities that tests need and Python's own library lacks; a test holds each against SciPy.

    two_sided_t(2.1, degrees=19)        # 0.0493…
    binomial_half(3, 12)                # 0.0352, exact

Everything else is in `statistics`.
"""

import functools
import math

EPSILON, STEPS = 1e-16, 10_000


def binomial_half(one: int, other: int) -> float:
    """Exact two-sided p of as uneven a split of `one` + `other`, if each fell either way like a coin."""
    total, fewer = one + other, min(one, other)
    term = tail = 1
    for place in range(1, fewer + 1):
        term = term * (total - place + 1) // place
        tail += term
    return min(1.0, 2 * tail / 2**total) if total else 1.0


def two_sided_t(statistic: float, degrees: float) -> float:
    """Chance that Student's t with so many degrees of freedom is as far from 0."""
    if math.isinf(statistic):
        return 0.0
    return incomplete_beta(degrees / (degrees + statistic**2), degrees / 2, 0.5)


@functools.lru_cache(maxsize=1 << 10)
def t_quantile(share: float, degrees: float) -> float:
    """The value below which Student's t lies with the given chance, above a half."""
    low, high = 0.0, 1e3
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if 1 - two_sided_t(middle, degrees) / 2 < share else (low, middle)
    return high


def incomplete_beta(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function, by its continued fraction (Lentz 1976)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):  # where it converges fast
        return 1 - incomplete_beta(1 - x, b, a)
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)) / a
    numerator, denominator = 1.0, 1 / (1 - (a + b) * x / (a + 1))
    fraction = denominator
    for step in range(1, STEPS):
        even = step * (b - step) * x / ((a + 2 * step - 1) * (a + 2 * step))
        odd = -(a + step) * (a + b + step) * x / ((a + 2 * step) * (a + 2 * step + 1))
        for part in (even, odd):
            numerator, denominator = 1 + part / numerator, 1 / (1 + part * denominator)
            fraction *= numerator * denominator
        if abs(numerator * denominator - 1) < EPSILON:
            break
    return front * fraction
