"""The laws of the house hold, and each of them is noticed where it is broken: in a copy, by a message that says where the line belongs."""

import importlib
import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
laws_check = importlib.import_module("check")
PARTS = ("koreason", "rules", "Snakefile", "tests/laws")
NEW = "\n\ndef broken() -> None:\n    "


def broken(home: Path) -> list[str]:
    """What the check prints of a tree."""
    return [str(each) for each in laws_check.breaks(home)]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory, home: Path) -> Path:
    """The code in a folder of its own."""
    folder = tmp_path_factory.mktemp("house")
    for part in PARTS:
        source, target = home / part, folder / part
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(source, target, ignore=ignored) if source.is_dir() else shutil.copy2(source, target)
    return folder


def test_the_laws_of_the_house_hold(home: Path) -> None:
    assert broken(home) == []


# file, what is added to it, and what the message says: the law, and where the line belongs
BREAKS = {
    "the ground floor imports a stage": (
        "koreason/languages.py",
        "\nfrom koreason.train.spec import Model\n",
        ["no arrow climbs", "`languages` (the ground floor) imports koreason.train.spec (the stages)", "in koreason/train/"],
    ),
    "it does so inside a function": (
        "koreason/records/manifest.py",
        NEW + "from koreason.engine.journals import journal\n",
        ["no arrow climbs", "`records` (records) imports koreason.engine.journals.journal (engine)"],
    ),
    "and by a relative import": (
        "koreason/records/manifest.py",
        "\nfrom ..engine.journals.journal import Journal\n",
        ["no arrow climbs", "koreason.engine.journals.journal"],
    ),
    "a stage knows Snakemake": (
        "koreason/curate/deciding/filters.py",
        "\nimport snakemake\n",
        ["who may know Snakemake", "imports snakemake", "a stage gets it as an option"],
    ),
    "a stage reads Slurm's variables": (
        "koreason/curate/deciding/filters.py",
        '\nimport os\n\nJOB = os.environ.get("SLURM_JOB_ID")\n',
        ["who may know a variable of Slurm's", "names SLURM_JOB_ID", "koreason/records/whereabouts.py"],
    ),
    "a stage imports another": (
        "koreason/trace/rows.py",
        "\nfrom koreason.curate.text.markup import strip_html\n",
        ["stages do not import each other", "its rerun key", "in a room below both"],
    ),
    "a stage knows the cluster": (
        "koreason/train/ranks.py",
        "\nfrom koreason.cluster.job import read_job\n",
        ["no arrow climbs", "what computes does not know how it is run"],
    ),
    "cluster knows images": (
        "koreason/cluster/array.py",
        "\nfrom koreason.images.record import verify\n",
        ["cluster and images do not know each other", "koreason/cluster/execute.py"],
    ),
    "images know cluster": (
        "koreason/images/enter.py",
        "\nfrom koreason.cluster.job import read_job\n",
        ["cluster and images do not know each other"],
    ),
    "ops loads a stage's code": (
        "koreason/ops/planning/disk.py",
        "\nfrom koreason.train.steps.step import Trainer\n",
        ["ops knows no stage's code", "in koreason/train/"],
    ),
    "a circle": (
        "koreason/curate/reading/records.py",
        "\nfrom koreason.curate.reading.readers import READERS\n",
        ["no circle", "koreason.curate.reading.records", "imports", "koreason.curate.reading.readers"],
    ),
    "a room without a floor": (
        "koreason/attic/box.py",
        '"""A box."""\n',
        ["every room has a floor", "`attic` is on none"],
    ),
    "submitit elsewhere": ("koreason/ops/planning/plan.py", NEW + "import submitit\n", ["who may know submitit"]),
    "a program of Slurm's elsewhere": (
        "koreason/ops/planning/plan.py",
        '\nCOMMAND = ["squeue", "--me"]\n',
        ["who may know a program of Slurm's", "koreason/cluster/slurm.py"],
    ),
    "vLLM elsewhere": ("koreason/trace/shard.py", NEW + "import vllm\n", ["who may know vLLM", "koreason/engine/generator.py"]),
    "torch elsewhere": ("koreason/engine/spec.py", "\nimport torch\n", ["who may know torch", "koreason/train/"]),
    "Megatron elsewhere": ("koreason/bases/fetch.py", "\nfrom megatron.core import parallel_state\n", ["who may know Megatron"]),
    "transformers elsewhere": ("koreason/trace/rows.py", "\nimport transformers\n", ["who may know transformers"]),
    "a hub elsewhere": ("koreason/select/mix.py", "\nimport huggingface_hub\n", ["who may know a hub"]),
    "another process": ("koreason/curate/clean.py", "\nimport subprocess\n", ["who may know other processes"]),
    "eval": ("koreason/curate/clean.py", '\nX = eval("1")\n', ["nothing that is read is run", "calls eval", "literal_eval"]),
    "exec": ("koreason/curate/clean.py", '\nexec("1")\n', ["nothing that is read is run", "calls exec"]),
    "pickle": ("koreason/curate/clean.py", NEW + "import pickle\n", ["nothing that is read is run", "imports pickle", "safetensors"]),
    "foreign code": (
        "koreason/bases/fetch.py",
        NEW + 'AutoTokenizer.from_pretrained("x", trust_remote_code=True)\n',
        ["nothing that is read is run", "sets trust_remote_code"],
    ),
    "pickled arrays": ("koreason/train/documents/bins.py", '\nX = np.load("x", allow_pickle=True)\n', ["sets allow_pickle"]),
    "a manifest of one's own": (
        "koreason/select/mix.py",
        '\nPath("manifest.json").write_text("{}")\n',
        ["only records writes sidecars", "writes manifest.json", "Stage.add"],
    ),
    "a manifest by its name": (
        "koreason/report/page.py",
        "\nfrom koreason.records.manifest import MANIFEST\n\nwrite_atomically(Path() / MANIFEST, '{}')\n",
        ["only records writes sidecars", "writes manifest.json"],
    ),
    "a sidecar opened for writing": (
        "koreason/report/page.py",
        '\nopen("results/run.json", "a")\n',
        ["only records writes sidecars", "writes run.json"],
    ),
    "a long file": ("koreason/select/mix.py", "\n" * 1048, ["lines of a file", "400 are the most", "in a module of that name beside it"]),
    "a long line": ("koreason/select/mix.py", f"\n# {'x' * 140}\n", ["characters of a line", "has 142 characters"]),
    "a long line of a template": ("koreason/report/page.html", f"\n{'x' * 121}\n", ["characters of a line", "120 are the most"]),
    "the Snakefile imports a stage": (
        "Snakefile",
        "\nfrom koreason.select.mix import draw\n",
        ["the workflow imports no stage", "which the rule calls by its subcommand"],
    ),
    "a test in no room": ("tests/attic/test_box.py", "", ["tests mirror the package", "lies in tests/attic"]),
}


@pytest.mark.parametrize("name", BREAKS)
def test_each_law_is_noticed_where_it_is_broken(copy: Path, name: str) -> None:
    file, addition, words = BREAKS[name]
    path = copy / file
    before = path.read_text(encoding="utf-8") if path.is_file() else None
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text((before or "") + addition, encoding="utf-8")
    try:
        said = broken(copy)
    finally:
        if before is None:
            shutil.rmtree(path.parent)
        else:
            path.write_text(before, encoding="utf-8")
    told = [line for line in said if line.startswith(file) or "circle" in line]
    for word in words:
        assert any(word in line for line in told), f"{word!r} is not in {said}"
    assert all("Why: " in line and "Where it belongs: " in line for line in told)


def test_each_law_is_said_in_prose(home: Path) -> None:
    """Who reads the architecture finds every law that the check names."""
    prose = " ".join((home / "docs" / "architecture.md").read_text(encoding="utf-8").split())
    laws = {words[0] for _, _, words in BREAKS.values() if not words[0].startswith(("who may", "sets "))}
    assert not [law for law in laws if law not in prose.lower()]
