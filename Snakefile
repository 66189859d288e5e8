# koreason: raw native-language questions -> an evaluated reasoning model.
#
#   snakemake -n                                                 the plan of the demo
#   snakemake --cores 2 --configfile config/demo.yaml            everything, small, on a laptop
#   snakemake -n --configfile config/paper.yaml                  the plan of the paper's full experiment
#   snakemake traces --cores 2 --configfile config/demo.yaml     up to one stage: bases benches pools traces mixes models evals report
import gc
import os
import runpy
import sys
from pathlib import Path

from snakemake.utils import min_version

# Where the package lies. A Snakemake that a run has started is told: this file may have been edited since the plan was made.
HERE = workflow.current_basedir
if not workflow.is_main_process and os.environ.get("KOREASON_PLANNED"):
    HOME = Path(os.environ.get("KOREASON_PLANNED"))
elif Path(str(HERE), "koreason").is_dir():
    HOME = Path(str(HERE))
else:  # in a git repository, at a tag
    HERE.path = getattr(HERE, "path", "") or "."  # Snakemake takes an empty one for the root of the file system
    SOURCE = workflow.sourcecache.get_path(HERE.join("koreason/workflow/source.py"))
    HOME = runpy.run_path(SOURCE)["bring"](workflow)
sys.path.insert(0, str(HOME))

from koreason.errors import UserError
from koreason.workflow import begin, driver, given, inside
from koreason.workflow.specs import given_as
from koreason.cluster import asks
from koreason.config.site import active_site, asked
from koreason.config.joined.experiments import BASE, asked_after, cells, named, named_traces, trained_bases, trainings
from koreason.config.checks.check import check
from koreason.config.checks.structure import ConfigError
from koreason.config.joined.made import is_made, sources_of
from koreason.config.joined.parts import IMPORTED, asked_of, by_answers, key_of, labelled, looking, pair_of
from koreason.config.joined.parts import parts_of, shards_of_traces, traced
from koreason.config.joined import per_source
from koreason.config.effects import execution, identity, shown
from koreason.records.digests import canonical
from koreason.identity.code import code_digest, docstrings_digest
from koreason.identity.environment import environment_digest
from koreason.shards import blocks, shard_names

min_version("9.0")
# What a plan allocates stays alive: looking for garbage in it is a tenth of planning the paper's thousands of jobs.
gc.set_threshold(200_000)

try:
    given.complete(workflow, HOME, config)
    CODE = begin.plan(workflow, HOME)  # of the run's jobs
    check(config)
    begin.share(config)
    SITE = active_site()
    for rule, resources in config["resources"].items():
        asks.need(SITE, rule, resources)
except (ConfigError, UserError) as error:
    # A user's mistake, told before Snakemake has touched anything.
    driver.refuse(error)


if workflow.remote_exec:
    inside.begin()
else:
    inside.start_alone(HOME)
    begin.before_jobs(workflow, HOME, CODE, rules, config, SITE)


include: HOME / "rules" / "common.smk"
include: HOME / "rules" / "bases.smk"
include: HOME / "rules" / "curate.smk"
include: HOME / "rules" / "trace.smk"
include: HOME / "rules" / "imported.smk"
include: HOME / "rules" / "measures.smk"
include: HOME / "rules" / "select.smk"
include: HOME / "rules" / "train.smk"
include: HOME / "rules" / "benches.smk"
include: HOME / "rules" / "evaluate.smk"
include: HOME / "rules" / "report.smk"


rule all:
    default_target: True
    input:
        f"{REPORT}/manifest.json",


rule bases:
    input:
        [f"results/bases/{base}/manifest.json" for base in wanted("bases")],


rule pools:
    input:
        [f"results/pools/{pool}/manifest.json" for pool in wanted("pools")],


rule traces:
    input:
        [shard for part in PARTS for shard in shards_in(*part)],


rule mixes:
    input:
        [f"results/mixes/{mix}/manifest.json" for mix in wanted("mixes")],


rule models:
    input:
        trained(),


rule benches:
    input:
        [f"results/benches/{bench}/manifest.json" for bench in wanted("benches")],


rule evals:
    input:
        scores(),


rule report:
    input:
        f"{REPORT}/manifest.json",
