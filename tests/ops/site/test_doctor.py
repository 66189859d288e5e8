"""`koreason doctor` and `--init-site` against what Slurm's programs print."""

from pathlib import Path

import pytest
import yaml
from slurm_texts import NODES_24, PARTITIONS_24, Programs

from koreason.cli import main
from koreason.cluster.slurm import parse_accounts, parse_gpus, parse_minutes, parse_nodes
from koreason.config.site import read_site
from koreason.ops.site.doctor import bench

GOOD = """\
account: lab
cpu: {partition: cpu, max_runtime: 1440, max_mem_mb: 8000}
gpu: {partition: gpu, max_runtime: 1440, max_mem_mb: 16000, model: a100}
"""


@pytest.mark.parametrize(
    ("text", "gpus"),
    [
        ("(null)", {}),
        ("gpu:a100:4", {"a100": 4}),
        ("gpu:4", {"": 4}),
        ("gpu:h100:8(S:0-1),gpu:a40:2(IDX:0-1),nvme:no_consume:1", {"h100": 8, "a40": 2}),
        ("gpu:nvidia_a100_1g.5gb:7(S:0)", {"nvidia_a100_1g.5gb": 7}),
        ("gpu:tesla:no_consume:2", {"tesla": 2}),
    ],
)
def test_gpus_are_read_from_gres(text: str, gpus: dict[str, int]) -> None:
    assert parse_gpus(text) == gpus


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("1-00:00:00", 1440), ("2-12", 3600), ("00:30:00", 30), ("12:00:30", 721), ("45", 45), ("UNLIMITED", None), ("infinite", None)],
)
def test_time_limits_are_read(text: str, minutes: int | None) -> None:
    assert parse_minutes(text) == minutes


def test_nodes_take_jobs_unless_they_are_down_or_drained() -> None:
    alive = {node.name: node.alive for nodes in parse_nodes(NODES_24).values() for node in nodes}
    assert alive["b2"] and alive["h1"] and alive["b1"]
    assert not alive["h2"]
    assert parse_nodes(NODES_24)["batch"][0].cores == 128


def test_the_default_account_comes_first() -> None:
    accounts = parse_accounts("nlp|h100|gpu-short,normal|normal\nnlp||normal|\ncommon||normal|\n", "common")
    assert list(accounts) == ["common", "nlp"]
    assert accounts["nlp"] == ("gpu-short", "normal")


def test_a_written_site_file_is_read_and_found_good(programs: Programs, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--init-site"]) == 0
    site = read_site(tmp_path / "site.yaml")
    assert (site.account, site.cpu.partition, site.cpu.max_mem_mb) == ("root", "cpu", 8000)
    assert site.gpu and (site.gpu.partition, site.gpu.model, site.gpu.style, site.gpu.max_runtime) == ("gpu", "a100", "gres", 1440)
    text = (tmp_path / "site.yaml").read_text(encoding="utf-8")
    assert "yours: root, lab" in text
    assert "you could also use scavenge, scavcancel" in text
    capsys.readouterr()
    main(["doctor"])
    found = capsys.readouterr().out
    assert "ok       partition of gpu     gpu: 2 nodes" in found
    assert "ok       site file" in found


def test_partitions_that_are_short_closed_or_down_are_not_chosen(programs: Programs, tmp_path: Path) -> None:
    programs.cluster(PARTITIONS_24, NODES_24, version="24.05.2")
    programs.user("common\n", "common||normal|\nnlp||gpu-short,normal|\n")
    assert main(["doctor", "--init-site"]) == 0
    site = read_site(tmp_path / "site.yaml")
    assert (site.cpu.partition, site.cpu.max_runtime, site.cpu.max_mem_mb) == ("batch", None, 180000)
    assert site.gpu and (site.account, site.gpu.partition, site.gpu.model, site.gpu.qos) == ("nlp", "h100", "h100", "gpu-short")
    assert site.gpu.max_runtime == 3600


def test_a_cluster_without_accounting_or_gpus_has_a_site_file(programs: Programs, tmp_path: Path) -> None:
    programs.fail("sacctmgr", "You are not running a supported accounting_storage plugin")
    programs.cluster("\n".join(PARTITIONS_24.splitlines()[1:2]), NODES_24)
    assert main(["doctor", "--init-site"]) == 0
    site = read_site(tmp_path / "site.yaml")
    assert site.account is None and site.gpu is None


def test_names_that_yaml_would_misread_are_quoted(programs: Programs, tmp_path: Path) -> None:
    programs.user("1234\n", "1234||normal|\n")
    assert main(["doctor", "--init-site"]) == 0
    assert yaml.safe_load((tmp_path / "site.yaml").read_text(encoding="utf-8"))["account"] == "1234"


def test_a_site_file_is_replaced_only_by_force(programs: Programs, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "site.yaml").write_text("account: mine\n", encoding="utf-8")
    assert main(["doctor", "--init-site"]) == 2
    assert "--force" in capsys.readouterr().err
    assert read_site(tmp_path / "site.yaml").account == "mine"
    assert main(["doctor", "--init-site", "--force"]) == 0
    assert read_site(tmp_path / "site.yaml").account == "root"


def test_without_slurm_no_site_file_is_written(programs: Programs, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    programs.fail("scontrol", "slurm_load_partitions: Unable to contact slurm controller (connect failure)")
    assert main(["doctor", "--init-site"]) == 2
    assert "Slurm does not answer" in capsys.readouterr().err
    assert not (tmp_path / "site.yaml").exists()


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("account: lab", "account: physics", "error    account              physics is none of yours (root, lab)"),
        ("partition: cpu", "partition: cpus", "error    partition of cpu     no partition is called cpus; there are cpu, gpu, scavenge"),
        ("model: a100", "model: h100", "error    GPUs                 gpu has no h100; it has 8 a100"),
        ("partition: gpu", "partition: cpu", "error    GPUs                 cpu has none"),
        ("partition: gpu, max_runtime: 1440", "partition: gpu, max_runtime: 2880", "2880 minutes are above gpu's limit of 1440"),
        ("max_mem_mb: 16000", "max_mem_mb: 17000", "17000 MB are above the 16000 of gpu's largest node"),
        ("model: a100", "model: a100, constraint: 'a100&hopper'", "no node of gpu has the feature hopper; there are: a100, gpu"),
        ("partition: gpu", "partition: scavcancel", "warning  partition of gpu     jobs in scavcancel are preempted by cancelling"),
        ("partition: gpu", "partition: scavenge", "have 25 s to save, `notice` is 120"),
        ("account: lab", "account: lab\npoll: 120", "warning  MinJobAge            Slurm forgets a finished job after 300 s"),
        ("account: lab", "account: lab\nrequeue: false", "warning  requeue "),
        ("account: lab", "account: lab\nrules: {train: {partition: big}}", "error    partition of rules.train no partition is called big"),
        ("account: lab", "acount: lab", "error    site file            "),
    ],
)
def test_what_does_not_fit_the_cluster_is_said(
    programs: Programs, tmp_path: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, line: str
) -> None:
    (tmp_path / "site.yaml").write_text(GOOD.replace(old, new), encoding="utf-8")
    status = main(["doctor"])
    found = capsys.readouterr().out
    assert line in found
    assert "\033" not in found
    if line.startswith("error"):
        assert status == 2


def test_a_good_site_file_has_no_complaint(programs: Programs, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "site.yaml").write_text(GOOD, encoding="utf-8")
    main(["doctor"])
    about_slurm = [line for line in capsys.readouterr().out.splitlines() if "environment" not in line and " disk " not in line]
    assert [line for line in about_slurm if not line.startswith("ok ")] == []


def test_a_closed_controller_and_missing_programs_are_errors(
    programs: Programs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "site.yaml").write_text(GOOD, encoding="utf-8")
    programs.fail("scontrol", "slurm_load_ctl_conf error: Unable to contact slurm controller")
    programs.fail("sbatch", "cannot load libslurm")
    assert main(["doctor"]) == 2
    found = capsys.readouterr().out
    assert "error    Slurm controller     does not answer" in found
    assert "error    Slurm programs       not to be run: sbatch, scontrol" in found


def test_accounting_may_be_missing(programs: Programs, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "site.yaml").write_text(GOOD, encoding="utf-8")
    programs.fail("sacct", "Slurm accounting storage is disabled")
    programs.fail("sacctmgr", "You are not running a supported accounting_storage plugin")
    main(["doctor"])
    found = capsys.readouterr().out
    assert "ok       accounting           sacct does not answer (Slurm accounting storage is disabled)" in found
    assert "ok       account              lab" in found


def test_containers_need_apptainer_and_images(programs: Programs, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "site.yaml").write_text(GOOD + "containers: {images: no/such/folder}\n", encoding="utf-8")
    programs.set("apptainer", {"--version": "apptainer version 1.4.5", "buildcfg": "APPTAINER_SUID_INSTALL=0"})
    programs.fail("unshare", "unshare: unshare failed: Operation not permitted")
    assert main(["doctor"]) == 2
    found = capsys.readouterr().out
    assert "ok       Apptainer            apptainer version 1.4.5" in found
    assert "error    user namespaces      cannot be made" in found
    assert "error    image data " in found
    programs.set("apptainer", {"--version": "apptainer version 1.4.5", "buildcfg": "APPTAINER_SUID_INSTALL=1"})
    main(["doctor"])
    assert "ok       user namespaces      none, and Apptainer is installed setuid" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("entry", "found"),
    [
        ({"file": "{0}/items.jsonl", "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}, "ok {0}/items.jsonl"),
        ({"file": "{0}/items.jsonl"}, "error {0}/items.jsonl has the SHA-256 e3b0c44298fc"),
        ({"file": "{0}/none.jsonl", "sha256": "0"}, "error {0}/none.jsonl is no file"),
        ({"file": "$NO_SUCH/items.jsonl", "sha256": "0"}, "error $NO_SUCH/items.jsonl: the environment variable NO_SUCH is not set"),
        ({"hub": "{0}"}, "ok {0}"),
        ({"hub": "{0}/none"}, "error {0}/none is no folder"),
        ({"hub": "a/b", "revision": "FILL-IN"}, "error a/b: revision 'FILL-IN' is not a full commit id"),
        ({"hub": "a/b", "revision": "0" * 40}, "warning not on disk"),
    ],
)
def test_a_benchmark_has_to_be_what_the_configuration_means(tmp_path: Path, entry: dict[str, str], found: str) -> None:
    (tmp_path / "items.jsonl").touch()
    check = bench("x", {key: value.format(tmp_path) for key, value in entry.items()}, "fetch")
    assert f"{check.state} {check.finding}".startswith(found.format(tmp_path))


def test_an_environment_has_to_be_there_and_of_its_lock(
    programs: Programs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KOREASON_ENVS", str(tmp_path / "envs"))
    assert main(["doctor"]) == 2
    assert "error    environment data " in capsys.readouterr().out
    (tmp_path / "envs" / "data").mkdir(parents=True)
    (tmp_path / "envs" / "data" / ".lock-digest").write_text("0" * 64 + "\n", encoding="utf-8")
    main(["doctor"])
    assert "is of another lock than envs/data.lock; run envs/create data" in capsys.readouterr().out
