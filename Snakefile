# koreason: raw native-language questions -> an evaluated reasoning model.
#
#   snakemake --cores 2 --configfile config/demo.yaml            everything, small, on a laptop
#   snakemake -n --configfile config/paper.yaml                  the plan of the paper's full experiment
#   snakemake traces --cores 2 --configfile config/demo.yaml     up to one stage: bases pools traces mixes models evals report
import gc
import os
import shlex
import sys
from pathlib import Path

from snakemake.utils import min_version

# Of this file, also where another workflow takes it as a module.
HOME = str(workflow.current_basedir)
sys.path.insert(0, HOME)

from koreason.errors import UserError
from koreason.ops import budget, driver, inside
from koreason.ops import site as cluster
from koreason.workflow import (
    BASE,
    ConfigError,
    canonical,
    cells,
    check,
    code_digest,
    environment_digest,
    shard_names,
    trainings,
)

min_version("9.0")
# What a plan allocates stays alive: looking for garbage in it is a tenth of planning the paper's thousands of jobs.
gc.set_threshold(200_000)


configfile: workflow.source_path("config/config.yaml")


try:
    check(config)
    SITE = cluster.active_site()
    for rule, resources in config["resources"].items():
        cluster.need(SITE, rule, resources)
except (ConfigError, UserError) as error:
    # A user's mistake, told before Snakemake has touched anything.
    driver.refuse(error)


if workflow.remote_exec:
    inside.begin()
else:
    # here and not in `onstart`, which Snakemake ignores in a module
    inside.start_alone()


onstart:
    if not workflow.local_exec:
        driver.begin(Path.cwd(), cluster.started_in, SITE.poll)
    budget.enforce(workflow.dag, config, SITE)


include: "rules/common.smk"
include: "rules/bases.smk"
include: "rules/curate.smk"
include: "rules/trace.smk"
include: "rules/select.smk"
include: "rules/train.smk"
include: "rules/evaluate.smk"
include: "rules/report.smk"


localrules:
    all,
    bases,
    pools,
    traces,
    mixes,
    models,
    evals,
    report,


rule all:
    default_target: True
    input:
        "results/report/manifest.json",


rule bases:
    input:
        [f"results/bases/{base}/manifest.json" for base in wanted("bases")],


rule pools:
    input:
        [f"results/pools/{pool}/manifest.json" for pool in wanted("pools")],


rule traces:
    input:
        [shard for mix in wanted("mixes") for shard in shards_of(mix)],


rule mixes:
    input:
        [f"results/mixes/{mix}/manifest.json" for mix in wanted("mixes")],


rule models:
    input:
        trained(),


rule evals:
    input:
        scores(),


rule report:
    input:
        "results/report/manifest.json",
