"""What the jobs of each rule ask for: the part of the configuration that a cluster, too, has something to say about.

Resources(mem_mb=4000, runtime=60, threads=2, gpus=0).nodes     # 1
"""

from dataclasses import dataclass

from koreason.config.marks import Natural, Positive


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

    mem_mb: Positive
    runtime: Positive
    threads: Positive
    gpus: Natural
    nodes: Positive = 1
    tasks: Positive = 1


@dataclass(frozen=True)
class Jobs:
    """What one job of each rule asks for.

    Attributes:
        base, ingest, augment, clean, sketch, dedup, decontaminate, pool: of the rule of that name.
        trace, measure, select, pack, train, bench, generate, score: likewise.
        report: of the rule `page`.
    """

    base: Resources
    ingest: Resources
    augment: Resources
    clean: Resources
    sketch: Resources
    dedup: Resources
    decontaminate: Resources
    pool: Resources
    trace: Resources
    measure: Resources
    select: Resources
    pack: Resources
    train: Resources
    bench: Resources
    generate: Resources
    score: Resources
    report: Resources
