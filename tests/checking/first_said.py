"""What says each refusal in the code first, and where a job does, why nothing could say it before.

said_first("koreason/benches/bench.py", "_item")      # "check: benches"

Patterns of FILE:FUNCTION, the first that matches counts. `typed`: the command that somebody types says it, at once. `plan`: said while
the configuration is read, before there is a plan. `start`: before a run's first job. `check: NAME`: by that function of
`koreason/checking`. `job: …`: only by a job, with the reason.
"""

import fnmatch

HAND = "job: its options come from the rules, whose values were checked; only who types it by hand meets it"
WRITTEN = "job: what an earlier job leaves is not there before; what was there when the run began, `check: outputs` has seen"
READ_ON = "check: dumps"  # of the first records; what comes later in a file is met when it is read
OF_A_HUB = "job: a data set of the hub is on no disk before it is fetched; its commit and its gate `check: gated` asks for"
CONTENT = "job: what the texts hold is known when they have been read, cleaned and drawn"
ENGINE = "job: it takes the engine, or the tokenizer as transformers reads it, which only the environments of jobs have"

TABLE = {
    # --- the ground floor, and how commands start
    "errors.py:*": "job: the machine refuses while it works; what of it is known before, `check: environments` and `space` say",
    "cli.py:*": "typed",
    "system/host.py:*": "typed",
    "system/git.py:*": "typed",
    "system/locks.py:*": "start",
    "shards.py:*": HAND,
    "tables.py:*": WRITTEN,
    "mirrored.py:*": "check: gated",
    "records/*": WRITTEN,
    "identity/laid.py:lay": "start",
    "identity/laid.py:check": "job: the package is laid down by the run and can only be changed after its start",
    "workflow/*": "start",
    # --- the configuration
    "config/variables.py:expand": "check: dumps",
    "system/neighbours.py:refuse": "check: folders",
    "system/neighbours.py:*": "job: a link is put there by somebody while the run goes on",
    "config/load.py:*": HAND,
    "config/pinned.py:*": "check: bases",
    "config/files/exclusion.py:*": "typed",
    "config/*": "plan",
    "select/spec.py:*": "plan",
    "curate/spec.py:*": "check: settings",
    # --- dumps
    "curate/ingest.py:*": "check: dumps",
    "curate/reading/hub.py:*": OF_A_HUB,
    "curate/reading/streamed/streams.py:Cap.count": "job: how far a file decompresses is known at its end",
    "curate/reading/*": READ_ON,
    "imported/command.py:*": "check: dumps",
    "curate/account.py:*": "job: how many records of a whole dump are damaged is known at its end; of the first, `check: dumps` says it",
    "curate/guessing/*": "typed",
    "curate/sourcing/*": "typed",
    "curate/seal.py:*": "typed",
    # --- curation
    "curate/augment.py:check": "check: settings",
    "curate/augment.py:judge": CONTENT,
    "curate/making/*": WRITTEN,
    "curate/text/*": "check: settings",
    "curate/overlap/segment.py:*": "check: settings",
    "curate/overlap/sealed.py:*": "check: seals",
    "curate/overlap/items.py:*": HAND,
    "curate/decontaminate.py:sealed": "check: seals",
    "curate/decontaminate.py:refuse": CONTENT,
    "curate/decontaminate.py:chunks": WRITTEN,
    "curate/near/parts.py:parts": HAND,
    "curate/near/*": WRITTEN,
    "curate/sketch.py:*": "check: settings",
    "curate/pool.py:*": CONTENT,
    # --- models
    "pretrained/*": "check: bases",
    "bases/fetch.py:from_hub": "job: the weights of a hub are on no disk before they are fetched; commit and gate `check: gated` asks for",
    "bases/look.py:*": ENGINE,
    "intake/child.py:*": ENGINE,
    "intake/named.py:*": READ_ON,
    "intake/arrow.py:*": READ_ON,
    "intake/tabulated.py:*": "check: benches",
    "intake/datasets.py:*": OF_A_HUB,
    "intake/folders.py:refuse_leaving": "check: bases",
    "intake/folders.py:*": OF_A_HUB,
    "bases/*": "check: bases",
    "engine/spec.py:*": "check: settings",
    "engine/prompts/rendering.py:Renderer.refuse_unfit": "check: templates",
    "engine/prompts/rendering.py:read_tokenizer": "check: templates",
    "engine/*": ENGINE,
    # --- traces to models
    "trace/spec.py:*": "check: settings",
    "trace/shard.py:*": HAND,
    "measures/*": HAND,
    "select/replies.py:*": "check: settings",
    "select/beside.py:read_purged": "plan",
    "select/beside.py:*": WRITTEN,
    "select/mix.py:with_categories": HAND,
    "select/mix.py:tables_beside": HAND,
    "select/mix.py:read_shard": WRITTEN,
    "select/mix.py:*": CONTENT,
    "train/decoder/shape.py:*": "check: sizes",
    "train/decoder/weights.py:*": "check: bases",
    "train/documents/*": WRITTEN,
    "train/launch.py:check": "job: lengths of documents are known when they are packed; layouts and batches `check: ranks` holds before",
    "train/pack.py:*": CONTENT,
    "train/ranks.py:*": "job: a rank's own refusal, passed on",
    "train/spikes.py:*": "typed",
    "train/steps/*": "job: a loss that is no number any more is known in its step",
    # --- benchmarks and scores
    "benches/*": "check: benches",
    "evaluate/anybody.py:*": "typed",
    "evaluate/compare.py:*": "typed",
    "evaluate/intake.py:*": "typed",
    "evaluate/spec.py:*": "check: settings",
    "evaluate/score.py:score": "job: whether a gold of text stands among the options in its question takes the reading of both",
    "evaluate/*": WRITTEN,
    "report/*": WRITTEN,
    # --- what runs jobs
    "cluster/asks.py:*": "plan",
    "cluster/sitefile.py:*": "typed",
    "cluster/execute.py:*": HAND,
    "cluster/*": "job: Slurm answers when it is asked; `koreason doctor` asks it before",
    "images/enter.py:*": "job: whether a compute node has Apptainer is seen there; `koreason doctor` sees the login node",
    "images/record.py:*": "check: environments",
    "images/*": "typed",
    "ops/planning/budget.py:*": "start",
    "ops/*": "typed",
    "archive/*": "typed",
    "publish/*": "typed",
    "mirror/*": "typed",
    "checking/*": "check: dumps",
}


def said_first(file: str, function: str) -> str | None:
    """The entry of the table for a refusal; None where there is none."""
    place = f"{file.removeprefix('koreason/')}:{function}"
    return next((TABLE[pattern] for pattern in TABLE if fnmatch.fnmatchcase(place, pattern)), None)
