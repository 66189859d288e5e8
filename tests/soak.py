"""How many of a kind a test tries: few and always the same ones in the normal suites, many and other ones in `make soak`.

@settings(max_examples=few(300))
@pytest.mark.parametrize("kills", [few(3)])

`make soak` runs what is marked `soak` and every test of Hypothesis.
"""

import os

SOAKING = "KOREASON_SOAK" in os.environ


def few(count: int) -> int:
    """`count`, or in `make soak` a hundred times as many."""
    return count * 100 if SOAKING else count
