"""A real Slurm on one machine: a controller, four nodes with GPUs that are none, memory limits, and accounting if wanted.

    python tests/on_slurm/small_slurm.py up /dev/shm/slurm            # as root; then sinfo, sbatch, ... answer
    python tests/on_slurm/small_slurm.py up /dev/shm/slurm --bare     # without accounting
    python tests/on_slurm/small_slurm.py down /dev/shm/slurm

Each node is a daemon with a port of its own. A GPU is a device file like /dev/null, which is enough for Slurm to hand it out.
Partitions: `cpu` (nodes c1, c2), `gpu` (g1, g2), and below `gpu` on the same nodes `scavenge`, whose jobs have to make way.
"""

import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

NODES = {"c1": 17001, "c2": 17002, "g1": 17003, "g2": 17004}
CONFIGURATION = Path("/etc/slurm")
CGROUPS = Path("/sys/fs/cgroup")
GRACE = 25  # seconds that a job which has to make way gets to save

SLURM = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort=16817
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CredType=cred/munge
# a job that is requeued waits for its credential's end
AuthInfo=cred_expire=10
SlurmctldPidFile={root}/run/slurmctld.pid
SlurmdPidFile={root}/run/slurmd.%n.pid
StateSaveLocation={root}/state
SlurmdSpoolDir={root}/spool/%n
SlurmctldLogFile={root}/log/slurmctld.log
SlurmdLogFile={root}/log/slurmd.%n.log
ProctrackType=proctrack/{track}
TaskPlugin=task/{task}
JobAcctGatherType=jobacct_gather/{gather}
JobAcctGatherFrequency=task=2
MpiDefault=none
SwitchType=switch/none
ReturnToService=1
SlurmdParameters=config_overrides
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=2,bf_interval=2,batch_sched_delay=0,sched_min_interval=0,defer_batch
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
DefMemPerCPU=100
GresTypes=gpu
MinJobAge=3600
KillWait=5
SlurmdTimeout=15
SlurmctldTimeout=30
MessageTimeout=20
MaxJobCount=20000
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
PropagateResourceLimits=NONE
NodeName=c[1-2] NodeHostname={host} NodeAddr=127.0.0.1 Port=[17001-17002] CPUs=8 CoresPerSocket=8 RealMemory=8000 Feature=cpu
NodeName=g[1-2] NodeHostname={host} NodeAddr=127.0.0.1 Port=[17003-17004] CPUs=8 CoresPerSocket=8 RealMemory=16000 \
  Gres=gpu:a100:4 Feature=a100
PartitionName=cpu Nodes=c[1-2] Default=YES MaxTime=1-0 DefaultTime=10 PriorityTier=10 PreemptMode=OFF
PartitionName=gpu Nodes=g[1-2] MaxTime=1-0 DefaultTime=10 PriorityTier=10 PreemptMode=OFF
PartitionName=scavenge Nodes=g[1-2] MaxTime=1-0 DefaultTime=10 PriorityTier=1 PreemptMode=REQUEUE GraceTime={grace}
"""

ACCOUNTED = """
AccountingStorageTRES=gres/gpu
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort=16819
AccountingStorageEnforce=associations
"""

DATABASE = """
AuthType=auth/munge
DbdHost={host}
DbdAddr=127.0.0.1
DbdPort=16819
SlurmUser=root
PidFile={root}/run/slurmdbd.pid
LogFile={root}/log/slurmdbd.log
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort=16833
StorageUser=slurm
StoragePass=only-here
StorageLoc=accounting
"""

GPUS = "NodeName=g[1-2] Name=gpu Type=a100 File={root}/dev/gpu[0-3] Flags=nvidia_gpu_env\n"

CGROUP = """
CgroupPlugin=cgroup/v1
CgroupMountpoint=/sys/fs/cgroup
ConstrainRAMSpace=yes
ConstrainSwapSpace=no
ConstrainCores=no
ConstrainDevices=no
"""


def run(*command: str, check: bool = True) -> str:
    """Output of a command."""
    return subprocess.run(command, check=check, capture_output=True, text=True).stdout


def wait(what: str, *command: str, seconds: float = 60) -> None:
    """Wait until a command succeeds."""
    deadline = time.monotonic() + seconds
    while subprocess.run(command, capture_output=True).returncode:
        if time.monotonic() > deadline:
            sys.exit(f"{what} did not come up: {' '.join(command)}")
        time.sleep(0.1)


def has_cgroups() -> bool:
    """Whether memory limits can be real: control groups of version 1, writable."""
    probe = CGROUPS / "freezer" / f"probe-{os.getpid()}"
    try:
        probe.mkdir()
        probe.rmdir()
    except OSError:
        return False
    return True


def configure(root: Path, accounting: bool) -> None:
    """Write the configuration below `root`, and link it to where Slurm's programs look."""
    values = {"root": root, "host": socket.gethostname().split(".")[0], "grace": GRACE}
    real = has_cgroups()
    values |= {"track": "cgroup" if real else "linuxproc", "task": "cgroup" if real else "none", "gather": "cgroup" if real else "linux"}
    for name in ("etc", "log", "run", "state", "dev", *(f"spool/{node}" for node in NODES)):
        (root / name).mkdir(parents=True, exist_ok=True)
    for index in range(4):
        device = root / "dev" / f"gpu{index}"
        if not device.exists():
            os.mknod(device, 0o20666, os.makedev(1, 3))
    files = {
        "slurm.conf": (SLURM + (ACCOUNTED if accounting else "AccountingStorageType=accounting_storage/none\n")).format(**values),
        "gres.conf": GPUS.format(**values),
        "cgroup.conf": CGROUP if real else "",
        "slurmdbd.conf": DATABASE.format(**values),
    }
    CONFIGURATION.mkdir(exist_ok=True)
    for name, text in files.items():
        path = root / "etc" / name
        path.write_text(text)
        path.chmod(0o600 if name == "slurmdbd.conf" else 0o644)
        link = CONFIGURATION / name
        link.unlink(missing_ok=True)
        link.symlink_to(path)
    hosts = Path("/etc/hosts")
    if f" {' '.join(NODES)}" not in hosts.read_text():
        with hosts.open("a") as file:
            file.write(f"127.0.0.1 {' '.join(NODES)}\n")


def start_munge() -> None:
    """Start the authentication service unless it answers."""
    if subprocess.run("munge -n | unmunge", shell=True, capture_output=True).returncode == 0:
        return
    key = Path("/etc/munge/munge.key")
    if not key.exists() or not key.stat().st_size:
        key.write_bytes(os.urandom(1024))
        shutil.chown(key, "munge", "munge")
        key.chmod(0o400)
    run("install", "-d", "-o", "munge", "-g", "munge", "-m", "0755", "/run/munge")
    run("runuser", "-u", "munge", "--", "/usr/sbin/munged", "--force")


def start_accounting(root: Path) -> None:
    """Start the database and its daemon, with an account `lab`."""
    data, sock = root / "mysql", root / "mysql-run" / "socket"
    for folder in (data, sock.parent):
        run("install", "-d", "-o", "mysql", "-g", "mysql", "-m", "0755", str(folder))
    if not (data / "mysql").exists():
        options = ["--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"]
        run("mariadb-install-db", "--user=mysql", f"--datadir={data}", *options)
    command = [
        "/usr/sbin/mariadbd", "--no-defaults", "--user=mysql", f"--datadir={data}", f"--socket={sock}",
        f"--pid-file={root}/run/mariadbd.pid", "--bind-address=127.0.0.1", "--port=16833", "--skip-name-resolve",
        "--innodb-buffer-pool-size=64M", "--innodb-log-file-size=32M", "--innodb-flush-log-at-trx-commit=0",
    ]  # fmt: skip
    (root / "run").chmod(0o777)  # the database writes its pid file as its own user
    with open(root / "log" / "mariadbd.log", "w") as log:
        subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
    client = ["mariadb", "--no-defaults", "-S", str(sock), "-uroot"]
    wait("the database", *client, "-e", "SELECT 1")
    user = "slurm@'127.0.0.1'"
    grant = f"CREATE USER IF NOT EXISTS {user} IDENTIFIED BY 'only-here'; GRANT ALL ON accounting.* TO {user};"
    run(*client, "-e", f"CREATE DATABASE IF NOT EXISTS accounting; {grant}")
    run("/usr/sbin/slurmdbd")
    wait("the accounting daemon", "sacctmgr", "-n", "-i", "show", "cluster")
    for what in (["cluster", "test"], ["account", "lab"], ["user", "root", "Account=lab"]):
        run("sacctmgr", "-i", "-Q", "add", *what, check=False)


def start_controller() -> None:
    """Start the controller, which takes up where it left off."""
    run("/usr/sbin/slurmctld")
    wait("the controller", "scontrol", "ping")


def start_node(node: str) -> None:
    """Start a node's daemon."""
    run("/usr/sbin/slurmd", "-N", node)


def up(root: Path, accounting: bool = True) -> None:
    """Start everything, and wait until all nodes are idle."""
    root.mkdir(parents=True, exist_ok=True)
    root.chmod(0o755)
    configure(root, accounting)
    start_munge()
    if accounting:
        start_accounting(root)
    start_controller()
    for node in NODES:
        start_node(node)
    wait("all nodes", "bash", "-c", f'[ "$(sinfo -h -N -t idle -o %N | sort -u | wc -l)" = {len(NODES)} ]')


def stop(*pid_files: Path, seconds: float = 20) -> None:
    """End the daemons that wrote these pid files, all at once."""
    running = {}
    for path in pid_files:
        try:
            running[path] = int(path.read_text())
            os.kill(running[path], signal.SIGTERM)
        except (OSError, ValueError):
            running.pop(path, None)
    deadline = time.monotonic() + seconds
    while any(map(alive, running.values())) and time.monotonic() < deadline:
        time.sleep(0.1)
    for path in running:
        path.unlink(missing_ok=True)


def alive(pid: int) -> bool:
    """Whether a process still runs; one of our own that has ended stays listed until we ask for its status."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def down(root: Path) -> None:
    """End what `up` started, and remove it."""
    subprocess.run(["scancel", "-u", "root"], capture_output=True, timeout=30)
    for daemons in ([*(f"slurmd.{node}" for node in NODES), "slurmctld"], ["slurmdbd"], ["mariadbd"]):
        stop(*(root / "run" / f"{daemon}.pid" for daemon in daemons))
    # what still pointed there would make every program of Slurm, and so every start of Snakemake, wait for a controller
    for link in CONFIGURATION.glob("*.conf"):
        if link.is_symlink() and link.resolve().is_relative_to(root.resolve()):
            link.unlink()
    shutil.rmtree(root, ignore_errors=True)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["up", "down"])
    parser.add_argument("root", type=Path, help="folder for configuration, state and logs")
    parser.add_argument("--bare", action="store_true", help="without accounting")
    arguments = parser.parse_args()
    if arguments.what == "up":
        up(arguments.root.resolve(), not arguments.bare)
    else:
        down(arguments.root.resolve())


if __name__ == "__main__":
    main()
