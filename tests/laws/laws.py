"""The laws of the house, in the one place where they are written for a machine; `docs/architecture.md` says them in prose.

python tests/laws/check.py        # what breaks them: which law, why, and where the line belongs

To change what is understood, change a table here, with its reason beside it: a list of what is understood is short, and what is not
on it is asked about. `check.py` reads the tables, `test_laws.py` breaks each law on a copy and reads the message.
"""

from dataclasses import dataclass

# --- Who may import whom -----------------------------------------------------------------------------------------------------

STAGES = ("bases", "benches", "curate", "trace", "imported", "measures", "select", "train", "evaluate", "report")


@dataclass(frozen=True)
class Floor:
    """Rooms (a folder of `koreason`, or a module beside the folders) on one level; they import from the floors below them."""

    name: str
    rooms: tuple[str, ...]


# From the ground up. Rooms of the ground floor may import each other; on the other floors that wants an entry in UNDERSTOOD.
FLOORS = (
    Floor(
        "the ground floor",
        (
            *("home", "errors", "progress", "shards", "languages", "commands", "shown", "arguments"),
            *("system", "columns"),
        ),
    ),
    Floor("records", ("records",)),
    Floor("tables", ("tables",)),
    Floor("texts", ("switching", "minhash")),
    Floor("statistics", ("statistics",)),
    Floor("config", ("config",)),
    Floor("a mirror of hubs", ("mirrored",)),
    Floor("files from strangers", ("intake",)),
    Floor("identity", ("identity",)),
    Floor("models", ("pretrained",)),
    Floor("engine", ("engine",)),
    Floor("answers", ("answers", "repeats")),
    Floor("the stages", STAGES),
)
# What runs stages stands beside them: neither side imports the other. `cluster` and `images` stand on `identity`, `ops` on both,
# and the command line, which opens every door, above everything.
BESIDE = ("cluster", "images")
ABOVE = ("ops", "workflow", "archive", "publish", "mirror", "checking")
TOP = ("cli", "__main__")

# Single arrows that the floors do not have: (importer, imported) as modules, `*` for any part, and the reason.
UNDERSTOOD = {
    ("koreason.config.catalogue", "koreason.*.spec"): "the one file that gathers every stage's part of the configuration",
    ("koreason.config.catalogue", "koreason.languages"): "which is a part of the configuration, too",
    ("koreason.cluster.execute", "koreason.images.enter"): "the one file that starts a stage's command: in an image, over a job's tasks",
    ("koreason.ops.*", "koreason.*.spec"): "what an entry of the configuration may say is needed to count what it costs",
    ("koreason.ops.lineage.dump", "koreason.curate.reading.*"): "a dump is read again as it was read",
    ("koreason.ops.planning.models", "koreason.train.cost"): "what a training takes of a card, and how long, in closed forms",
    ("koreason.ops.planning.disk", "koreason.train.steps.adam"): "the bytes that a checkpoint holds for each parameter",
    ("koreason.report.reasons", "koreason.curate.*"): "a reason is born with its sentence, where it is given",
    ("koreason.report.reasons", "koreason.select.*"): "a reason is born with its sentence, where it is given",
    ("koreason.report.*", "koreason.benches.kinds"): "a kind of benchmark is born with its words",
    ("koreason.imported.*", "koreason.curate.*"): "foreign files are read in one way, with one account of what became of them",
    ("koreason.repeats", "koreason.*.determinism"): "how a stage's files repeat is stated beside the stage",
    ("koreason.checking.*", "koreason.*"): "what a stage would refuse is found by the stage's own function, before it is paid for",
    ("koreason.ops.own.*", "koreason.curate.*"): "dumps are looked at as `source try` does, to write a first configuration",
    ("koreason.ops.own.*", "koreason.benches.*"): "and the items of a benchmark as its stage does",
    ("koreason.archive.*", "koreason.report.charts.svg"): "pictures are drawn in one way",
    ("koreason.archive.*", "koreason.report.rendering"): "pages are rendered in one way, in which no text acts",
    ("koreason.publish.*", "koreason.report.charts.figures"): "pictures are drawn in one way",
    ("koreason.publish.*", "koreason.report.metrics"): "and of one table",
    ("koreason.publish.*", "koreason.report.reasons"): "a reason is born with its sentence, where it is given",
    ("koreason.mirror.*", "koreason.curate.sourcing.fetch"): "a file behind a URL is brought in one way",
    ("koreason.publish.personal", "koreason.curate.*"): "personal data is known by the same patterns as where it was masked",
    ("koreason.evaluate.*", "koreason.benches.*"): "a benchmark's items are what is answered and scored",
}
# What the Snakefile and the rules may import: it is read in every job, so no engine, no stage.
WORKFLOW = ("home", "errors", "system", "shards", "records", "config", "identity", "cluster", "images", "ops", "workflow")

# --- Who may know what -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Knows:
    """Libraries, words or calls that stand only in some places.

    Attributes:
        what: as a message names it.
        why: the reason of the law.
        where: files, or folders with a `/`, below `koreason/`.
        belongs: where such a line is to go instead.
        modules: top-level modules whose import it is; `x*` stands for all that begin so.
        words: a regular expression that a whole string constant matches.
    """

    what: str
    why: str
    where: tuple[str, ...]
    belongs: str
    modules: tuple[str, ...] = ()
    words: str = ""


KNOWS = (
    Knows(
        what="Snakemake",
        why="a stage is a plain program that runs without a workflow",
        where=("cluster/", "ops/", "workflow/"),
        belongs="in koreason/cluster/ if it is about running jobs, in koreason/ops/ if it is about a plan; a stage gets it as an option",
        modules=("snakemake", "snakemake_*", "psutil"),
    ),
    Knows(
        what="submitit",
        why="one file submits arrays and unpickles nothing",
        where=("cluster/array.py",),
        belongs="in koreason/cluster/array.py",
        modules=("submitit",),
    ),
    Knows(
        what="a variable of Slurm's",
        why="a stage that reads it would behave differently in a job and on a laptop",
        where=("cluster/", "train/tasks.py", "records/whereabouts.py"),
        belongs="in koreason/records/whereabouts.py as a fact for run.json, else in koreason/cluster/; a stage gets it as an option",
        words=r"(SLURMD?|SRUN|SBATCH)_[A-Z_]+",
    ),
    Knows(
        what="a program of Slurm's",
        why="what Slurm answers is read, and waited for, in one room",
        where=("cluster/",),
        belongs="in koreason/cluster/slurm.py (questions) or koreason/cluster/job.py (a job's own)",
        words=r"sbatch|srun|squeue|scancel|scontrol|sinfo|sacct|sacctmgr|salloc",
    ),
    Knows(
        what="vLLM",
        why="one adapter, so that another version or engine changes one file",
        where=("engine/generator.py",),
        belongs="in koreason/engine/generator.py",
        modules=("vllm",),
    ),
    Knows(
        what="torch",
        why="its import takes seconds and its environment is not everybody's",
        where=("train/", "bases/"),
        belongs="in koreason/train/",
        modules=("torch", "safetensors"),
    ),
    Knows(
        what="Megatron",
        why="it stands in the environment `megatron` alone",
        where=("train/",),
        belongs="in koreason/train/",
        modules=("megatron",),
    ),
    Knows(
        what="transformers",
        why="what it makes of a foreign configuration is to be seen in two rooms, not in all, and of a chat template in one file",
        where=("bases/", "train/", "engine/prompts/rendering.py"),
        belongs="in koreason/bases/ (models as they come) or koreason/engine/prompts/rendering.py (templates)",
        modules=("transformers",),
    ),
    Knows(
        what="a hub",
        why="what comes from outside is pinned, and fetched where that is checked",
        where=("bases/", "intake/datasets.py", "mirror/hub.py", "publish/upload.py", "checking/hubs.py"),
        belongs="in koreason/bases/ (models), koreason/intake/datasets.py (dumps and benchmarks) or koreason/mirror/hub.py",
        modules=("huggingface_hub", "datasets"),
    ),
    Knows(
        what="other processes",
        why="who starts a process answers for its signals, its environment and its end",
        where=(
            "cluster/",
            "images/",
            "system/git.py",
            "answers/judge.py",
            "train/ranks.py",
            "intake/child.py",
            "ops/site/setup.py",
            "archive/rerun.py",
            "workflow/begin.py",
        ),
        belongs="in koreason/cluster/ (jobs), koreason/images/ (containers), or in one file of the stage, which is then named in the table",
        modules=("subprocess", "multiprocessing"),
    ),
)

# --- What stands nowhere -----------------------------------------------------------------------------------------------------

# Calls and imports that would run what a file says. A keyword is allowed with the value False, which then says so.
NEVER_CALLED = {
    "eval": "parse what is expected: json, or ast.literal_eval",
    "exec": "write the function, or import a module by its name",
    "compile": "write the function",
    "__import__": "import it, or use importlib with a name from our own table",
    "os.system": "give subprocess a list, in a file that may",
    "yaml.load": "yaml.safe_load",
    "torch.load": "safetensors: a file of torch's is a pickle",
    **{
        f"torch.distributed.{name}": "tensors: what ranks send each other as objects are pickles"
        for name in ("broadcast_object_list", "all_gather_object", "gather_object", "scatter_object_list", "send_object_list")
    },
}
NEVER_IMPORTED = {
    module: "JSON, Parquet or safetensors: reading a pickle runs what its writer wrote"
    for module in ("pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve", "joblib")
}
NEVER_TRUE = {
    "trust_remote_code": "koreason understands a model or refuses it: koreason/pretrained/keys.py",
    "allow_pickle": "arrays of numbers need none",
    "shell": "give subprocess a list of words",
}

# --- Who writes what ---------------------------------------------------------------------------------------------------------

# Sidecars: other rooms read them, only `records` writes them.
SIDECARS = {"MANIFEST": "manifest.json", "RUN": "run.json", "ATTEMPTS": "attempts.jsonl"}
WRITERS = ("write_atomically", "write_text", "write_bytes", "open", "symlink_to", "copyfile", "copy", "copy2", "move", "link_to")

# --- How large ---------------------------------------------------------------------------------------------------------------

LINES = 400  # of a file; most have about 100
CODE, PROSE, ROW = 140, 120, 140  # characters of a line: code and configuration, docs and templates, a row of a table in docs
PROSE_SUFFIXES = (".md", ".html", ".css")
CODE_SUFFIXES = (".py", ".smk", ".sh", ".yaml", ".yml", ".toml", ".def", ".in", ".cff", "")
# Not written by hand, or not ours: lines are not counted there.
UNMEASURED = ("*.lock", "config/schema.json", "docs/keys.md", "data/*", "tests/curate/labelled/*", "LICENSE", "*.svg")

# --- Where tests and docs stand ----------------------------------------------------------------------------------------------

# Folders of tests/ that are no room of koreason, with what they test. Modules of the ground floor are tested in tests/ itself.
TEST_FOLDERS = {
    "ci": "what CI runs, and how its time is told",
    "demo": "the whole pipeline, once, with real engines",
    "envs": "how environments are made",
    "docs": "what the docs and docstrings promise",
    "laws": "the laws of the house",
    "launcher": "bin/koreason and the command line",
    "on_slurm": "a real Slurm with real images",
    "rerun": "what a change causes, by the real Snakemake",
    "rules": "the rules as a plan, and as another workflow's module",
}
