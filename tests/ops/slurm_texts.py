"""What Slurm's programs print, and programs that print it: 22.05 as captured from a test cluster, 23.11 and 24.05 in shape."""

import shlex
from pathlib import Path

CONFIG = """\
Configuration data as of 2026-11-23T02:00:00
AccountingStorageEnforce = associations
AccountingStorageType   = accounting_storage/slurmdbd
ClusterName             = test
JobRequeue              = 1
MinJobAge               = {min_job_age} sec
SelectType              = {select}
SLURM_VERSION           = {version}
SchedulerParameters     = sched_interval=2,bf_interval=2
"""

PARTITION = (
    "PartitionName={name} AllowGroups={groups} AllowAccounts={accounts} AllowQos={qos} AllocNodes=ALL Default={default} QoS=N/A "
    "DefaultTime=00:10:00 DisableRootJobs=NO ExclusiveUser=NO GraceTime={grace} Hidden=NO MaxNodes=UNLIMITED MaxTime={time} MinNodes=0 "
    "LLN=NO MaxCPUsPerNode=UNLIMITED{new} Nodes=n[1-2] PriorityJobFactor=1 PriorityTier=10 RootOnly=NO ReqResv=NO OverSubscribe=NO "
    "OverTimeLimit=NONE PreemptMode={preempt} State={state} TotalCPUs=16 TotalNodes=2 SelectTypeParameters=NONE JobDefaults=(null) "
    "DefMemPerNode=UNLIMITED MaxMemPerNode={memory} TRES=cpu=16,mem=16000M,node=2,billing=16"
)
DEFAULTS = {
    "groups": "ALL",
    "accounts": "ALL",
    "qos": "ALL",
    "default": "NO",
    "grace": "0",
    "time": "1-00:00:00",
    "preempt": "OFF",
    "state": "UP",
    "memory": "UNLIMITED",
    "new": "",
}


def partition(name: str, **values: str) -> str:
    """A line of `scontrol show partition --oneliner`."""
    return PARTITION.format(name=name, **(DEFAULTS | values))


# The test cluster: Slurm 22.05.8.
PARTITIONS = "\n".join(
    [
        partition("cpu", default="YES"),
        partition("gpu"),
        partition("scavenge", grace="25", preempt="REQUEUE"),
        partition("scavcancel", preempt="CANCEL"),
    ]
)
NODES = """\
c1|cpu|8|8000|(null)|cpu|idle
c2|cpu|8|8000|(null)|cpu|mix
g1|scavenge|8|16000|gpu:a100:4|gpu,a100|idle
g1|scavcancel|8|16000|gpu:a100:4|gpu,a100|idle
g1|gpu|8|16000|gpu:a100:4|gpu,a100|idle
g2|scavenge|8|16000|gpu:a100:4|gpu,a100|down*
g2|scavcancel|8|16000|gpu:a100:4|gpu,a100|down*
g2|gpu|8|16000|gpu:a100:4|gpu,a100|down*
"""

# A larger one as Slurm 23.11 and 24.05 print it: sockets behind GPUs, no_consume, several types, new keys.
PARTITIONS_24 = "\n".join(
    [
        partition("debug", default="YES", time="00:30:00", new=" MaxCPUsPerSocket=UNLIMITED"),
        partition("batch", time="UNLIMITED", memory="180000", new=" MaxCPUsPerSocket=UNLIMITED"),
        partition("h100", accounts="physics,nlp", qos="gpu-long,gpu-short", time="2-12", new=" MaxCPUsPerSocket=UNLIMITED"),
        partition("secret", groups="cosmology"),
        partition("old", state="DOWN"),
    ]
)
NODES_24 = """\
d1|debug|64|128000|(null)|(null)|idle
b1|batch|128+|256000|(null)|zen4,ib|alloc
b2|batch|128|512000|(null)|zen4,ib|idle~
h1|h100|96|1030000|gpu:h100:8(S:0-1),gpu:a40:2(IDX:0-1),nvme:no_consume:1|hopper|plnd
h2|h100|96|1030000|gpu:h100:8(S:0-1)|hopper|drain
s1|secret|8|8000|gpu:4|(null)|idle
o1|old|8|8000|(null)|(null)|idle
"""

# sacct -P -D of 22.05: a job that was put back and ran again, one that failed, one with its Snakemake and its stage's step, and
# one over two nodes.
SACCT = """\
JobIDRaw|State|ElapsedRaw|TotalCPU|AllocCPUS|ReqMem|MaxRSS|AllocTRES|TimelimitRaw|NTasks|NNodes|WorkDir
17|REQUEUED|3600|00:00.028|1|100M||billing=1,cpu=1,mem=100M,node=1|90||1|{folder}
17.batch|CANCELLED|4|00:00.025|1||3772K|cpu=1,mem=100M,node=1||1|1|
17.0|COMPLETED|2|00:00.003|1||112K|cpu=1,mem=100M,node=1||1|1|
18|FAILED|1800|00:00.021|1|100M||billing=1,cpu=1,mem=100M,node=1|90||1|{folder}
18.batch|FAILED|2|00:00.018|1||0|cpu=1,mem=100M,node=1||1|1|
18.0|COMPLETED|1|00:00.003|1||0|cpu=1,mem=100M,node=1||1|1|
17|COMPLETED|900|00:00.034|1|100M||billing=1,cpu=1,mem=100M,node=1|90||1|{folder}
17.batch|COMPLETED|1|00:00.029|1||0|cpu=1,mem=100M,node=1||1|1|
17.0|COMPLETED|1|00:00.004|1||112K|cpu=1,mem=100M,node=1||1|1|
14|COMPLETED|1800|15:00.000|1|4000M||billing=1,cpu=1,mem=4000M,node=1|300||1|{folder}
14.batch|COMPLETED|41|00:03.442|1||102400K|cpu=1,mem=2000M,node=1||1|1|
14.0|COMPLETED|33|00:14.784|1||512000K|cpu=1,mem=2000M,node=1||1|1|
15|COMPLETED|3600|1-02:00:00|32|18000M||billing=2,cpu=32,gres/gpu:a100=8,gres/gpu=8,mem=18000M,node=2|60||2|{folder}
15.batch|COMPLETED|3600|00:03.442|1||102400K|cpu=1,mem=9000M,node=1||1|1|
15.0|COMPLETED|3600|1-01:00:00|32||2048000K|cpu=32,mem=18000M,node=2||8|2|
16|CANCELLED by 1000|60|00:01.000|1|1000M||billing=1,cpu=1,mem=1000M,node=1|UNLIMITED||1|/another/run
20|PENDING|0|00:00:00|1|1000M||cpu=1|60||1|{folder}
19|RUNNING|60|00:00.000|1|1000M||billing=1,cpu=1,mem=1000M,node=1|60||1|{folder}
"""


class Programs:
    """Stand-ins for Slurm's programs and others, first in PATH."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        for name in ("sinfo", "sbatch", "srun", "squeue", "scancel"):
            self.set(name, {"--version": "slurm 22.05.8"})
        self.set("sacct", {"": ""})
        self.cluster(PARTITIONS, NODES)
        self.user("root\n", "lab||normal|\nroot||normal|\n")

    def cluster(
        self, partitions: str, nodes: str, version: str = "22.05.8", min_job_age: int = 300, select: str = "select/cons_tres"
    ) -> None:
        config = CONFIG.format(version=version, min_job_age=min_job_age, select=select)
        self.set("scontrol", {"show config": config, "show partition": partitions, "--version": "slurm"})
        self.set("sinfo", {"-h -N": nodes, "--version": "slurm " + version})

    def user(self, default: str, associations: str) -> None:
        self.set("sacctmgr", {"-nP show user": default, "-nP show assoc": associations})

    def set(self, name: str, answers: dict[str, str]) -> None:
        """A program that prints the answer whose key its arguments begin with, and fails without one."""
        cases = [f'{shlex.quote(start)}*) cat <<"END"\n{text}\nEND\n;;' for start, text in answers.items()]
        text = "\n".join(["#!/bin/bash", 'case "$*" in', *cases, f'*) echo "{name}: error: unknown" >&2; exit 1;;', "esac", ""])
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)

    def fail(self, name: str, error: str) -> None:
        path = self.folder / name
        path.write_text(f"#!/bin/bash\necho {shlex.quote(error)} >&2\nexit 1\n", encoding="utf-8")
        path.chmod(0o755)
