# make taste   from dumps to a report on a handful of rows, with the real engines, in two minutes; prints where the report is
# make demo    the same on more rows and two benchmarks, in about ten minutes
# make proof   that a model learns what it is taught, beside a control, in under half an hour
# make test    every test: make lint, make test-fast, make test-slow, make archive-test
# make run CONFIG=config/paper.yaml    stage after stage, with the plan of each before it runs
# make help    all targets

CONFIG ?= config/demo.yaml
WORKDIR ?= .
CORES ?= 2
BASE ?= registry
FLAVOUR ?= cpu
STAGES := bases benches pools traces mixes models evals report

absent = $(filter-out $(wildcard $(CONFIG)),$(CONFIG))
looked = $(if $(absent),$(error there is no configuration $(absent) here; name a file that is there: CONFIG=my.yaml))
snakemake = $(looked)envs/run data snakemake --cores $(CORES) --directory "$(WORKDIR)" --configfile $(CONFIG)
# each call of pytest leaves its times in a file of its own, where .ci/run wants them
pytest = envs/run dev python -m pytest $(if $(KOREASON_TIMES),--junit-xml $(KOREASON_TIMES)/$@-$$$$.xml)
slurm = envs/run dev python tests/on_slurm/small_slurm.py
SLURM = /dev/shm/koreason-slurm
report = cd "$(WORKDIR)" && page=results/reports/$(notdir $(basename $(lastword $(CONFIG))))/index.html; \
    [ -f "$$page" ] || page=$$(ls -t results/reports/*/index.html | head -n 1); echo "report: $$PWD/$$page"
# The model that taste and demo run with belongs to what is set up: it is kept beside the environments, and this file says since when.
ENVS := $(or $(KOREASON_ENVS),.envs)
CONVERTED := $(ENVS)/.bases/ready

.PHONY: help taste demo proof proof-languages run envs images lint format schema bench
.PHONY: test test-unit test-fast test-slow archive-test cluster-test soak

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1|/' | column -t -s '|'

envs: ## create the locked environments, and convert the model that taste and demo run with
	@envs/create
	@$(MAKE) --no-print-directory $(CONVERTED)

$(CONVERTED): config/config.yaml envs/vllm.lock $(wildcard koreason/bases/*.py)
	@set -e; folder=$$(mktemp -d -p $(ENVS)); trap 'rm -rf $$folder' EXIT; echo "converting the model of the demo, once ..."; \
	    envs/run data snakemake --cores 1 --directory $$folder --configfile config/taste.yaml --quiet all -- bases; \
	    mkdir -p $(@D); touch $@

taste: CONFIG = config/taste.yaml
taste: WORKDIR = taste
taste: envs ## run config/taste.yaml (or CONFIG) in the folder taste (or WORKDIR): the whole way on a handful of rows, in two minutes
	@mkdir -p "$(WORKDIR)"
	@$(snakemake) --quiet rules host
	@$(report)

demo: envs ## run config/demo.yaml (or CONFIG) in WORKDIR and print where the report is
	@# traces first, by themselves: a deleted shard comes back from its journal, and its unchanged manifest reruns nothing else
	@$(snakemake) --quiet rules host -- traces
	@$(snakemake) --quiet rules host
	@$(report)

proof: CONFIG = config/proof.yaml
proof: WORKDIR = proof
proof: envs ## that training teaches: a model before it, after it, and after wrong results, on held-out problems; in under half an hour

proof-languages: WORKDIR = proof
proof-languages: CONFIG = config/proof.yaml config/proof-languages.yaml
proof-languages: envs ## the same problems thought about in English, in Korean, and in both; what proof trained is taken as it is

proof proof-languages:
	@mkdir -p "$(WORKDIR)"
	@$(snakemake) --quiet rules host
	@$(report)

run: ## walk the stages of CONFIG, printing the plan of each; an unchanged result stops what follows it
	@envs/create
	@set -e; for stage in $(STAGES); do \
	    echo "== $$stage"; \
	    $(snakemake) --dry-run --quiet rules host -- $$stage 2>&1 | sed -n '/^job  *count/,/^total/p;/^Nothing to be done/p'; \
	    $(snakemake) --quiet rules host -- $$stage; \
	done
	@$(report)

images: ## build the container images that lack or are older than their locks (BASE=debootstrap: without a registry; FLAVOUR=cuda)
	@envs/create data
	@bin/koreason build-images --base $(BASE) --flavour $(FLAVOUR)

test: lint test-fast test-slow archive-test ## everything that must hold

test-unit: ## the laws, what the docs promise, and pure functions: in under a minute, with the environments data and dev
	@envs/create data dev
	@$(pytest) -q -m "not slow and not cluster" -n 2 tests/laws tests/docs tests/records tests/identity tests/select tests/curate

test-fast: ## tests without engines, in some ten minutes on two cores
	@envs/create data dev megatron vllm
	@$(pytest) -m "not slow and not cluster and not soak" -n 2 --dist worksteal

test-slow: ## tests with vLLM and Megatron-core, and the demo from end to end
	@envs/create data dev megatron vllm interop validators
	@$(pytest) -m "slow and not soak" -n 2 --dist loadfile --ignore tests/demo --ignore tests/archive --ignore tests/publish
	@$(pytest) -m "slow and not soak" tests/demo --ignore tests/demo/test_taste_archived.py --ignore tests/demo/test_taste_published.py

cluster-test: BASE = debootstrap
cluster-test: ## the whole demo, and what can go wrong with it, on a real Slurm with real images (root on Debian 12; BASE=debootstrap)
	@tests/on_slurm/install
	@envs/create data dev vllm megatron
	@$(MAKE) --no-print-directory images BASE=$(BASE)
	@# one Slurm for all; first what shares it, two at a time, then what hurts it
	@set -e; KOREASON_REFERENCE=$$(mktemp -d); export KOREASON_REFERENCE; down=true; \
	    trap '$$down; rm -rf $$KOREASON_REFERENCE' EXIT; \
	    if ! sinfo > /dev/null 2>&1; then $(slurm) up $(SLURM); down='$(slurm) down $(SLURM)'; fi; \
	    $(pytest) -m "cluster and not soak and not alone" -n 2 --dist loadfile tests/on_slurm; \
	    $(subst $@-,$@-alone-,$(pytest)) -m "cluster and not soak and alone" tests/on_slurm

archive-test: RERUN ?= $(if $(FULL),,--from select)
archive-test: ## archive the smallest run, make it again elsewhere, from select on; publish it; FULL=1: all of it, wheels and images too
	@envs/create data dev validators megatron vllm interop
	@KOREASON_RERUN="$(RERUN)" KOREASON_FULL=$(FULL) $(pytest) -m slow \
	    tests/demo/test_taste_archived.py tests/demo/test_taste_published.py tests/archive tests/publish

soak: ## what takes hours: kills by the hundred, and a hundred times as many of Hypothesis' examples, other ones each time (not in CI)
	@envs/create data dev megatron vllm interop
	@KOREASON_SOAK=1 $(pytest) -m "soak or hypothesis" --timeout 0 -n 2 --dist worksteal

lint: ## the laws of the house, style, types, workflow
	@envs/create data dev
	@envs/run dev python tests/laws/check.py
	@envs/run dev ruff check .
	@envs/run dev ruff format --check .
	@envs/run dev snakefmt --check Snakefile workflow rules
	@envs/run dev mypy

format: ## mend style
	@envs/run dev ruff check --fix .
	@envs/run dev ruff format .
	@envs/run dev snakefmt Snakefile workflow rules

schema: ## write config/schema.json and docs/keys.md from koreason/**/spec.py
	@envs/run data python -m koreason.config.catalogue > config/schema.json.new && mv config/schema.json.new config/schema.json
	@envs/run data python -m koreason.config.effects > docs/keys.md

# these want more than the repository: a model, a card, a cluster, community data, or a quarter of an hour
WANTING := curate_scale overlap pictures segments shards train_cpu train_gpu
bench: ## every performance claim as a ratio measured now; what wants a model, a card or data is named at the end
	@envs/create data dev
	@failed=; for name in $(filter-out $(WANTING),$(basename $(notdir $(wildcard bench/*.py)))); do \
	    echo "== bench/$$name.py"; options=; if [ $$name = scoring ]; then options=--speed; fi; \
	    envs/run dev python bench/$$name.py $$options || failed="$$failed $$name"; \
	done; \
	echo "by themselves, and --help says with what: $(WANTING)"; \
	[ -z "$$failed" ] || { echo "below their goals:$$failed" >&2; exit 1; }
