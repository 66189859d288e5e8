"""When training leaves off: told to, or while there is time to save."""

import threading
import time

from koreason.system.host import END
from koreason.train.steps.until import SPARE, Until


def test_the_last_safe_moment_is_twice_the_longest_save_before_the_end():
    now = time.time()
    for saving, left, over in ((0.0, 10.0, True), (0.0, 60.0, False), (100.0, 150.0, True), (100.0, 190.0, True), (100.0, 300.0, False)):
        until = Until(threading.Event(), {END: str(now + left)})
        assert until.over(saving) is over, (saving, left)
        assert 2 * saving + SPARE <= until.needed(saving) < 2 * saving + SPARE + 5


def test_a_signal_says_so_at_once_and_without_a_walltime_nothing_else_does():
    stop = threading.Event()
    until = Until(stop, {})
    assert not until.over(1e9) and not until.told
    stop.set()
    assert until.told and until.over(0.0)


def test_a_long_bin_makes_the_moment_earlier():
    until = Until(threading.Event(), {END: str(time.time() + SPARE + 0.5)})
    assert not until.over(0.0)
    time.sleep(0.3)
    assert until.over(0.0), "one more bin would be as long"
