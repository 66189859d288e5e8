"""Who this process is among the tasks of its Slurm job, and who its ranks are: the one place that derives it from the environment.

    task = this_task(os.environ)               # alone on a laptop; one of several in a step that `koreason exec` started
    task.ranks(8)                              # range(4, 8) in the second of two tasks
    task.rank_environment(5, 8, rendezvous)    # for the process that is rank 5

Slurm's variables alone say nothing: a shell in an allocation or in an interactive `srun --pty` has them, too. Only a process to which
`KOREASON_STEP` came from `koreason exec`, with the number of its job, is a task of a step; all others have all ranks, which meet in a file.
"""

import fcntl
import os
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass

from koreason.system.host import STEP


@dataclass(frozen=True)
class Task:
    """One of the processes that Slurm started for a training job.

    Attributes:
        index, count: which of how many tasks this is.
        local: which of the tasks on this node.
        meeting: name of the file in which all ranks meet, another one for each start of a step; None when this task has all ranks.
        first: address of the first node, on the network that ranks talk over.
    """

    index: int = 0
    count: int = 1
    local: int = 0
    meeting: str | None = None
    first: str | None = None

    def ranks(self, total: int) -> range:
        """This task's share of all ranks: neighbours, so that tensor-parallel ranks stay on one node."""
        share = -(-total // self.count)
        return range(self.index * share, min((self.index + 1) * share, total))

    def rank_environment(self, rank: int, total: int, rendezvous: str) -> dict[str, str]:
        """What a rank learns from its environment: who it is, where the others are, and how many threads it has.

        Sums are reordered with the number of threads, so on the CPU it is fixed and not taken from the machine.
        """
        share = self.ranks(total)
        # By default glibc hands large tensors back to the system at once and a step spends a tenth of its time in page faults.
        keep_memory = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(2**40)}
        own = {
            "RANK": str(rank),
            "LOCAL_RANK": str(self.local * len(share) + rank - share.start),
            "WORLD_SIZE": str(total),
            "KOREASON_RENDEZVOUS": rendezvous,
            # Snakemake sets both to the threads that the job asked for
            "OMP_NUM_THREADS": "1",
            "MKL_NUM_THREADS": "1",
            "GLOO_SOCKET_IFNAME": interface_to(self.first) if self.first else "lo",
            "HF_HUB_OFFLINE": "1",
            # cuDNN would plan anew for each document length never seen, 150 ms each
            "TORCH_CUDNN_SDPA_AVOID_RECOMPILE": "1",
            # what a rank sends is begun in the order in which Megatron asks for it, before the product that it overlaps with
            "CUDA_DEVICE_MAX_CONNECTIONS": "1",
            "PYTORCH_CUDA_ALLOC_CONF": "expandable_segments:True",
        }
        return os.environ | keep_memory | own


def this_task(environment: Mapping[str, str]) -> Task:
    """The task that this process is of a step that `koreason exec` started; alone in any other step, and outside of Slurm."""
    count = int(environment.get("SLURM_STEP_NUM_TASKS", "1"))
    if count == 1 or environment.get(STEP) != environment.get("SLURM_JOB_ID"):
        return Task()
    start = (environment.get(name, "0") for name in ("SLURM_JOB_ID", "SLURM_RESTART_COUNT", "SLURM_STEP_ID"))
    return Task(
        index=int(environment["SLURM_PROCID"]),
        count=count,
        local=int(environment["SLURM_LOCALID"]),
        meeting=f"meet-{'-'.join(start)}",
        first=environment["SLURM_LAUNCH_NODE_IPADDR"],  # srun runs on the first node of the job, where the first task is
    )


def is_interactive(environment: Mapping[str, str]) -> bool:
    """Whether this process is in a step of several tasks that somebody else started, such as `srun --ntasks=2 --pty bash`."""
    return environment.get("SLURM_STEP_NUM_TASKS", "1") != "1" and this_task(environment).count == 1


def interface_to(address: str) -> str:
    """Name of the network interface that leads to an address: a node's own name need not resolve to one that others reach."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((address, 9))  # sends nothing
        mine = probe.getsockname()[0]
        for _, name in socket.if_nameindex():
            request = struct.pack("256s", name.encode()[:15])
            try:
                answer = fcntl.ioctl(probe.fileno(), 0x8915, request)  # SIOCGIFADDR
            except OSError:
                continue  # has no address
            if socket.inet_ntoa(answer[20:24]) == mine:
                return name
    return "lo"
