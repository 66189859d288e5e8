"""What the jobs of each rule ask for: the part of the configuration that a cluster, too, has something to say about."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Resources:
    """What a job asks for.

    Attributes:
        mem_mb: memory of each node in MB.
        runtime: minutes.
        threads: CPU cores of each task.
        gpus: GPUs of each node; 0 runs on CPU.
        nodes: machines, on a cluster; only `train` can use more than one.
        tasks: processes that the cluster starts on each node, among which `train` divides its ranks.
    """

    mem_mb: int
    runtime: int
    threads: int
    gpus: int
    nodes: int = 1
    tasks: int = 1


@dataclass(frozen=True)
class Jobs:
    """What one job of each rule asks for."""

    base: Resources
    ingest: Resources
    clean: Resources
    trace: Resources
    select: Resources
    pack: Resources
    train: Resources
    generate: Resources
    score: Resources
    report: Resources
