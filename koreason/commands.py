"""The subcommands: name, environment, kind, module, and what each does. `bin/koreason` reads these lines, too.

COMMANDS["trace"].environment   # "vllm"

A rule's command makes an output of a workflow rule, people's are typed, an internal one is started by another.
"""

import itertools
from dataclasses import dataclass
from pathlib import Path

from koreason.shards import SHARD

TABLE = """
base           vllm     rule     koreason.bases.fetch                   bring a teacher or student to disk as Hugging Face safetensors
ingest         data     rule     koreason.curate.ingest                 read one raw source into the common prompt table
augment        data     rule     koreason.curate.augment                make new prompts of a pool's prompts
clean          data     rule     koreason.curate.clean                  clean one source's texts for a pool, and measure them
sketch         data     rule     koreason.curate.sketch                 sketch cleaned texts, by which duplicates are found
dedup          data     rule     koreason.curate.dedup                  find equal and nearly equal prompts
decontaminate  data     rule     koreason.curate.decontaminate          find prompts or traces that overlap with benchmarks
pool           data     rule     koreason.curate.pool                   decide which cleaned prompts a pool keeps
trace          vllm     rule     koreason.trace.shard                   let the teacher answer one shard of a pool
import-traces  data     rule     koreason.imported.command              bring finished traces of others to the table of our own
measure        data     rule     koreason.measures.measure              measure how the languages of traces are mixed
judge          data     rule     koreason.measures.judge                judge a teacher's answers where it is known what is right
select         data     rule     koreason.select.mix                    filter traces and draw a training mix
pack           megatron rule     koreason.train.pack                    tokenize a mix for one tokenizer, with its loss mask
train          megatron rule     koreason.train.launch                  train one model on one packed mix
bench          data     rule     koreason.benches.bench                 bring a benchmark to one table of items
generate       vllm     rule     koreason.evaluate.generate             let a model answer a benchmark
score-bench    data     rule     koreason.evaluate.score                score a benchmark's answers
page           data     rule     koreason.report.page                   write the report of a run
score          data     people   koreason.evaluate.anybody              score anybody's answers, with no pipeline around them
compare        data     people   koreason.evaluate.compare              compare verdicts on the same items by paired tests
yields         data     people   koreason.evaluate.yields               say what each category of an ablation gained, and propose a mix
interchange    data     people   koreason.evaluate.interchange.command  write evaluations in the forms that other tools read
recompute      data     people   koreason.report.recomputed.command     recompute published tables: which conclusions they carry
setup          data     people   koreason.ops.site.setup                make a workflow's folder ready: environments, profile, site file
doctor         data     people   koreason.ops.site.doctor               check what this login node can run, or write its site file
source         data     people   koreason.curate.sourcing.command       write, try and fetch entries of the catalogue for raw dumps
check          data     people   koreason.checking.command              say all that can be known before the first job, and what to do
config         data     people   koreason.ops.own.in_force              print the values in force, and where each comes from
init           data     people   koreason.ops.own.init                  write a configuration of your own from dumps and items
plan           data     people   koreason.ops.planning.plan             what a run would cost, and why each job would run
prune          data     people   koreason.ops.kept.prune                say what of the journals nothing asks for, and remove it
status         data     people   koreason.ops.status                    how far drawing and training are, and when they will be done
verify         data     people   koreason.ops.kept.verify               hold results against their manifests, and take back what is broken
show           vllm     people   koreason.ops.show                      print what a teacher sees of a prompt, and its tokens
explain        data     people   koreason.ops.lineage.explain           print a prompt's life, or what a filter ate
seal           data     people   koreason.curate.seal                   keep a benchmark as keyed hashes, to look for it without having it
spikes         data     people   koreason.train.spikes                  find a loss's spikes, and exclude the rows trained on there
forget         data     people   koreason.ops.lineage.forget            list all that holds a prompt, and exclude it from the next run
submit         data     people   koreason.ops.submit                    run one stage on the cluster as one array, without Snakemake
controller     data     people   koreason.ops.site.controller           run the Snakemake that submits a run's jobs as a job of its own
price          data     people   koreason.ops.planning.price            what the working tree's change would cost
adopt          data     people   koreason.ops.kept.adopt                take older code's results for current ones
archive        data     people   koreason.archive.command               make an archive of a finished run, from which it can be run again
restore        data     people   koreason.archive.restore               make a run's folder of an archive again, every digest verified
pin            data     people   koreason.mirror.pin                    write commit ids and digests where a configuration says FILL-IN
mirror         data     people   koreason.mirror.command                bring what a configuration names on hubs and the web into a folder
publish        data     people   koreason.publish.command               write a mix or a model as others take it, with its card
diff           data     people   koreason.archive.diff                  compare two runs: what of their causes differs, and what that did
spent          data     people   koreason.ops.spent                     what a run took on the cluster, beside what it asked for
images         data     people   koreason.images.record                 list the container images and what is wrong with them
build-images   data     people   koreason.images.build                  build the container images
exec           data     internal koreason.cluster.execute               run a rule's command as the site says
train-rank     megatron internal koreason.train.rank                    one rank of a training job
"""


@dataclass(frozen=True)
class Command:
    """One subcommand.

    Attributes:
        environment: the locked environment that it runs in: data, vllm or megatron.
        kind: rule, people or internal.
        module: offers `add_arguments(parser)` and `main(arguments)`, and imports no engine until `main` is called.
        summary: one line of `koreason --help`.
    """

    name: str
    environment: str
    kind: str
    module: str
    summary: str


COMMANDS = {line.split()[0]: Command(*line.split(None, 4)) for line in TABLE.strip().splitlines()}


def values(command: list[str], option: str) -> list[str]:
    """The values of one of a command's options; none where it is not given."""
    rest = command[command.index(option) + 1 :] if option in command else []
    return list(itertools.takewhile(lambda word: not word.startswith("--"), rest))


def outputs(command: list[str]) -> list[Path]:
    """The folders that a rule's command makes: one, or one for each of its shards."""
    return [Path(out.replace(SHARD, shard)) for out in values(command, "--out")[:1] for shard in values(command, "--shard") or [""]]
