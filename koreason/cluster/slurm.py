"""What Slurm says of a cluster, read from its programs.

    cluster = read_cluster()
    cluster.partitions["gpu"].max_minutes, cluster.nodes_of("gpu")[0].gpus      # 1440, {'a100': 4}

The parsers are functions of text: `sinfo -N`, `scontrol show partition`, `scontrol show config` and `sacctmgr` of Slurm 20 to 24.
"""

import getpass
import grp
import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, field

UNTYPED = ""  # GPUs whose type the site does not name
SECONDS = 30  # patience with one program
SINFO = "%N|%R|%c|%m|%G|%f|%t"
# States in which a node takes jobs, now or when it is woken.
ALIVE = ("idle", "mix", "alloc", "comp", "resv", "plnd", "npc")


@dataclass(frozen=True)
class Node:
    """A node; `gpus` by type."""

    name: str
    cores: int
    mem_mb: int
    gpus: dict[str, int]
    features: tuple[str, ...]
    alive: bool


@dataclass(frozen=True)
class PartitionInfo:
    """A partition; None in `accounts`, `groups` and `qos` admits all.

    Attributes:
        preempt: PreemptMode, OFF where its jobs are left alone.
        grace: seconds that a preempted job has left.
    """

    name: str
    default: bool = False
    up: bool = True
    max_minutes: int | None = None
    max_mem_mb: int | None = None
    preempt: str = "OFF"
    grace: int = 0
    accounts: tuple[str, ...] | None = None
    groups: tuple[str, ...] | None = None
    qos: tuple[str, ...] | None = None
    root_only: bool = False


@dataclass(frozen=True)
class User:
    """Who asks: Slurm accounts with the qualities of service of each, the default one first, and Unix groups.

    Attributes:
        known: Slurm's accounting answered; else `accounts` is empty.
    """

    name: str
    groups: tuple[str, ...]
    accounts: dict[str, tuple[str, ...]]
    known: bool


@dataclass(frozen=True)
class Cluster:
    """All that is read of a cluster."""

    config: dict[str, str]
    partitions: dict[str, PartitionInfo]
    nodes: dict[str, list[Node]]  # by partition
    user: User
    accounting: str  # why `sacct` does not answer, empty where it does
    missing: tuple[str, ...] = field(default=())  # client programs that are not there

    def nodes_of(self, partition: str) -> list[Node]:
        """Nodes of a partition."""
        return self.nodes.get(partition, [])

    def refuses(self, name: str, account: str | None = None) -> str | None:
        """Why this user (with this account) may not use a partition; None if nothing speaks against it."""
        info, user = self.partitions[name], self.user
        if not info.up:
            return "it is not up"
        if info.root_only and user.name != "root":
            return "it is for root alone"
        if info.groups is not None and not set(info.groups) & set(user.groups):
            return f"it is for the groups {', '.join(info.groups)}"
        mine = [account] if account else list(user.accounts)
        if info.accounts is not None and mine and not set(info.accounts) & set(mine):
            return f"it is for the accounts {', '.join(info.accounts)}"
        if info.accounts is not None and not mine and user.known:
            return f"it is for the accounts {', '.join(info.accounts)}"
        return None


def is_there() -> bool:
    """Whether this machine has Slurm's programs."""
    return shutil.which("scontrol") is not None


def ask(*command: str) -> tuple[bool, str]:
    """Whether a program succeeded, and its output; its errors if it did not."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    except FileNotFoundError:
        return False, f"{command[0]}: not found"
    except subprocess.TimeoutExpired:
        return False, f"{command[0]}: no answer in {SECONDS} seconds"
    good = done.returncode == 0
    return good, done.stdout if good else " ".join((done.stderr.strip() or done.stdout.strip() or "no answer").split())


def limits_of(user: User) -> list[str]:
    """What accounting says of a user: most jobs in the queue, most at a time, and resources of the group, one text an association."""
    good, text = ask("sacctmgr", "-nP", "show", "assoc", f"user={user.name}", "format=MaxSubmit,MaxJobs,GrpTRES")
    return sorted({line for line in text.splitlines() if line.strip("| ")}) if good else []


def read_cluster() -> Cluster:
    """Ask Slurm for everything; empty parts where it does not answer."""
    programs = {name: ask(name, "--version") for name in ("sinfo", "sbatch", "srun", "squeue", "scontrol", "scancel")}
    answers = {
        "config": ask("scontrol", "show", "config"),
        "partitions": ask("scontrol", "show", "partition", "--oneliner"),
        "nodes": ask("sinfo", "-h", "-N", "-o", SINFO),
    }
    text = {name: output if good else "" for name, (good, output) in answers.items()}
    accounting, sacct = ask("sacct", "-n", "-X", "-S", "now-1hour", "-o", "JobID")
    return Cluster(
        config=parse_config(text["config"]),
        partitions=parse_partitions(text["partitions"]),
        nodes=parse_nodes(text["nodes"]),
        user=read_user(),
        accounting="" if accounting else sacct,
        missing=tuple(name for name, (good, _) in programs.items() if not good),
    )


def longest_array() -> int:
    """How many tasks an array may have here; Slurm's own default where it does not answer."""
    return int(parse_config(ask("scontrol", "show", "config")[1]).get("MaxArraySize", "1001"))


def read_user() -> User:
    """Who asks, by the system and by Slurm's accounting if there is one."""
    name = getpass.getuser()
    groups = []
    for number in {*os.getgroups(), os.getgid()}:
        try:
            groups.append(grp.getgrgid(number).gr_name)
        except KeyError:
            groups.append(str(number))
    good, default = ask("sacctmgr", "-nP", "show", "user", name, "format=DefaultAccount")
    known, associations = ask("sacctmgr", "-nP", "show", "assoc", f"user={name}", "format=Account,Partition,QOS,DefaultQOS")
    accounts = parse_accounts(associations, default.strip() if good else "") if known else {}
    return User(name, tuple(sorted(groups)), accounts, known)


def parse_accounts(associations: str, default: str) -> dict[str, tuple[str, ...]]:
    """Accounts with their qualities of service from `sacctmgr -nP show assoc format=Account,Partition,QOS,DefaultQOS`."""
    found: dict[str, tuple[str, ...]] = {default: ()} if default else {}
    for line in associations.splitlines():
        account, _, qos, *_ = [*line.split("|"), "", "", ""]
        if account:
            found[account] = tuple(dict.fromkeys([*found.get(account, ()), *filter(None, qos.split(","))]))
    return found


def parse_config(text: str) -> dict[str, str]:
    """Keys of `scontrol show config`."""
    pairs = (line.split("=", 1) for line in text.splitlines() if "=" in line)
    return {key.strip(): value.strip() for key, value in pairs}


def parse_partitions(text: str) -> dict[str, PartitionInfo]:
    """Partitions from `scontrol show partition --oneliner`."""
    found = {}
    for line in text.splitlines():
        values = dict(re.findall(r"(\S+?)=(\S*)", line))
        if "PartitionName" not in values:
            continue
        name = values["PartitionName"]
        memory = values.get("MaxMemPerNode", "")
        found[name] = PartitionInfo(
            name=name,
            default=values.get("Default") == "YES",
            up=values.get("State", "UP") == "UP",
            max_minutes=parse_minutes(values.get("MaxTime", "")),
            max_mem_mb=int(memory) if memory.isdigit() and int(memory) else None,
            preempt=values.get("PreemptMode", "OFF").split(",")[0],
            grace=int(values["GraceTime"]) if values.get("GraceTime", "").isdigit() else 0,
            accounts=_admitted(values.get("AllowAccounts")),
            groups=_admitted(values.get("AllowGroups")),
            qos=_admitted(values.get("AllowQos")),
            root_only=values.get("RootOnly") == "YES",
        )
    return found


def _admitted(text: str | None) -> tuple[str, ...] | None:
    return None if text in (None, "", "ALL", "(null)") else tuple(str(text).split(","))


def parse_nodes(text: str) -> dict[str, list[Node]]:
    """Nodes of each partition from `sinfo -h -N -o` with the format SINFO."""
    found: dict[str, list[Node]] = {}
    for line in text.splitlines():
        name, partition, cores, memory, gres, features, state = [*line.strip().split("|"), *[""] * 7][:7]
        if not partition:
            continue
        tags = () if features in ("", "(null)") else tuple(features.split(","))
        alive = state.rstrip("*~#!%$@^-+").startswith(ALIVE) and "*" not in state
        node = Node(name, cores=_number(cores), mem_mb=_number(memory), gpus=parse_gpus(gres), features=tags, alive=alive)
        found.setdefault(partition, []).append(node)
    return found


def _number(text: str) -> int:
    digits = re.match(r"\d+", text)
    return int(digits[0]) if digits else 0


def parse_gpus(text: str) -> dict[str, int]:
    """GPUs by type from a node's Gres, such as `gpu:a100:4(S:0-1),nvme:1`, `gpu:4` or `gpu:h100:no_consume:8`."""
    found: dict[str, int] = {}
    for part in re.sub(r"\([^)]*\)", "", text).split(","):
        kind, *rest = part.split(":")
        counts = [piece for piece in rest if re.fullmatch(r"\d+[KMG]?", piece)]
        names = [piece for piece in rest if piece not in counts and piece != "no_consume"]
        if kind == "gpu":
            model = names[0] if names else UNTYPED
            found[model] = found.get(model, 0) + (int(counts[-1].rstrip("KMG")) if counts else 1)
    return found


def parse_minutes(text: str) -> int | None:
    """Minutes of Slurm's `[days-]hours:minutes:seconds` or `days-hours[:minutes]`; None without a limit."""
    match = re.fullmatch(r"(?:(\d+)-)?(\d+)(?::(\d+))?(?::(\d+))?", text)
    if not match:
        return None
    days, first, second, third = (int(part or 0) for part in match.groups())
    if match[1] is not None or match[4] is not None:
        return days * 1440 + first * 60 + second + (1 if third else 0)
    return first + (1 if second else 0)  # minutes[:seconds]


def count_gpus(nodes: Iterable[Node]) -> dict[str, int]:
    """GPUs of nodes together, by type, the most frequent first."""
    found: dict[str, int] = {}
    for node in nodes:
        for model, number in node.gpus.items():
            found[model] = found.get(model, 0) + number
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))
