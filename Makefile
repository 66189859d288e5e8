# make demo    the whole pipeline, small, with the real engines; prints where the report is
# make test    every test: make lint, make test-fast, make test-slow
# make run CONFIG=config/paper.yaml    stage after stage, with the plan of each before it runs
# make help    all targets

CONFIG ?= config/demo.yaml
WORKDIR ?= .
CORES ?= 2
BASE ?= registry
FLAVOUR ?= cpu
STAGES := bases pools traces mixes models evals report

snakemake = envs/run data snakemake --cores $(CORES) --directory $(WORKDIR) --configfile $(CONFIG)
pytest = envs/run dev python -m pytest

.PHONY: help demo run envs images test test-fast test-slow cluster-test lint format schema bench

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1|/' | column -t -s '|'

envs: ## create the locked environments
	@envs/create

demo: envs ## run config/demo.yaml (or CONFIG) in WORKDIR and print where the report is
	@# traces first, by themselves: a deleted shard comes back from its journal, and its unchanged manifest reruns nothing else
	@$(snakemake) --quiet rules host -- traces
	@$(snakemake) --quiet rules host
	@echo "report: $$(cd $(WORKDIR) && pwd)/results/report/index.html"

run: envs ## walk the stages of CONFIG, printing the plan of each; an unchanged result stops what follows it
	@set -e; for stage in $(STAGES); do \
	    echo "== $$stage"; \
	    $(snakemake) --dry-run --quiet rules host -- $$stage 2>&1 | sed -n '/^job  *count/,/^total/p;/^Nothing to be done/p'; \
	    $(snakemake) --quiet rules host -- $$stage; \
	done

images: ## build the container images that lack or are older than their locks (BASE=debootstrap: without a registry; FLAVOUR=cuda)
	@envs/create data
	@envs/run data python -m koreason build-images --base $(BASE) --flavour $(FLAVOUR)

test: lint test-fast test-slow ## everything that must hold

test-fast: ## tests without engines, under three minutes
	@envs/create data dev megatron vllm
	@$(pytest) -m "not slow and not cluster" -n 2 --dist worksteal

test-slow: ## tests with vLLM and Megatron-core, and the demo from end to end
	@envs/create data dev megatron vllm
	@$(pytest) -m slow -n 2 --dist loadfile --ignore tests/demo
	@$(pytest) -m slow tests/demo

cluster-test: BASE = debootstrap
cluster-test: ## the whole demo, and what can go wrong with it, on a real Slurm with real images (root on Debian 12; BASE=debootstrap)
	@tests/cluster/install
	@envs/create data dev vllm megatron
	@$(MAKE) --no-print-directory images BASE=$(BASE)
	@$(pytest) -m cluster tests/cluster

lint: ## style, types, workflow
	@envs/create data dev
	@envs/run dev ruff check .
	@envs/run dev ruff format --check .
	@envs/run dev snakefmt --check Snakefile workflow rules
	@envs/run dev mypy

format: ## mend style
	@envs/run dev ruff check --fix .
	@envs/run dev ruff format .
	@envs/run dev snakefmt Snakefile workflow rules

schema: ## write config/schema.json from koreason/**/spec.py
	@envs/run data python -m koreason.specs > config/schema.json.new && mv config/schema.json.new config/schema.json

bench: ## print every performance claim as a ratio measured now
	@envs/create data dev
	@set -e; for program in bench/*.py; do echo "== $$program"; envs/run dev python $$program; done
