"""Ranks meet in a file of the run's folder: there is no port at which a stranger could read or set what they tell each other."""

import os
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
RANK = """
import sys, torch, torch.distributed as d
from koreason.train.steps.meeting import meet
rank, place = int(sys.argv[1]), sys.argv[2]
d.init_process_group("gloo", store=meet(place, 2), rank=rank, world_size=2)
given = torch.tensor([rank + 1])
d.all_reduce(given)
listening = [line.split() for line in open("/proc/net/tcp").read().splitlines()[1:]]
print(int(given), sum(row[3] == "0A" and row[1].startswith("00000000") for row in listening))
d.destroy_process_group()
"""


def test_ranks_meet_in_a_file(home: Path, tmp_path: Path) -> None:
    place = tmp_path / "a folder #1?" / "meet-7-0-0"
    place.parent.mkdir()
    before = open_everywhere()
    command = [home / "envs/run", "megatron", "python", "-c", RANK]
    told = {**os.environ, "GLOO_SOCKET_IFNAME": "lo"}
    ranks = [
        subprocess.Popen([*command, str(rank), place], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=told)
        for rank in range(2)
    ]
    said = [rank.communicate(timeout=120) for rank in ranks]
    assert [rank.returncode for rank in ranks] == [0, 0], said
    assert {line.split()[0] for line, _ in said} == {"3"}
    assert all(int(line.split()[1]) <= before for line, _ in said), "a rank listens on every network"


def open_everywhere() -> int:
    """How many sockets listen on all networks here."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(row[3] == "0A" and row[1].startswith("00000000") for row in rows)
