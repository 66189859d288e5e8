# Look-ups that the rules share. Nothing here knows what a stage does.
import os
import re
import shlex

CELLS = cells(config)
TRAININGS = trainings(config)
TRAINED = trained_bases(config)
MIXES = named(config, "mixes")
ASKED_AFTER = asked_after(config)
# what mixes draw from, and what is drawn whether a mix asks for it or not
PARTS = list(dict.fromkeys([*parts_of(config["mixes"][mix] for mix in MIXES), *named_traces(config)]))
NAME = config["run"]["name"]
REPORT = f"results/reports/{NAME}"


def names(table):
    """Wildcard constraint: only names that the configuration has."""
    return "|".join(re.escape(name) for name in config[table]) or "(?!)"


# Of rules that work on any traces: of a pool by a recipe, or of `imported` by their name.
POOL_OR_IMPORTED = f"{names('pools')}|{IMPORTED}"
RECIPE_OR_IMPORTED = f"{names('recipes')}|{names('imported')}"


wildcard_constraints:
    base=names("bases"),
    source=names("sources"),
    pool=names("pools"),
    pools=rf"(?:{names('pools')})(?:\+(?:{names('pools')}))*",
    recipe=names("recipes"),
    imported=names("imported"),
    mix=f"{names('mixes')}|{BASE}",
    model=names("models"),
    schedule=f"{names('schedules')}|{BASE}",
    bench=names("benches"),
    shard=r"\d{5}-of-\d{5}",
    block=r"\d{5}-of-\d{5}",


def entry(rule, table, wildcard):
    """Params function: what decides the rule's result of the named entry, as text that does not depend on key order, or where it lies."""
    return lambda wildcards: given_as(canonical(identity(rule, table, config[table][wildcards[wildcard]])))


def language(rule, table, wildcard):
    """Params function: the same of the language of the named entry."""
    return lambda wildcards: canonical(identity(rule, "languages", config["languages"][config[table][wildcards[wildcard]]["language"]]))


def table_of(table, wildcards):
    """Where the entry of some traces stands that is in `table` where they are of a pool by a recipe: its table, and itself."""
    if wildcards.pool == IMPORTED:
        return IMPORTED, config[IMPORTED][wildcards.recipe]
    return table, config[table][wildcards[table[:-1]]]


def of_traces(rule, table):
    """Params function: what decides the rule's result of such an entry."""
    return lambda wildcards: canonical(identity(rule, *table_of(table, wildcards)))


def language_of_traces(rule, table):
    """Params function: the same of its language."""
    return lambda wildcards: canonical(identity(rule, "languages", config["languages"][table_of(table, wildcards)[1]["language"]]))


def spoken_in(rule, pool):
    """What decides the rule's result of the language of a pool."""
    return canonical(identity(rule, "languages", config["languages"][config["pools"][pool]["language"]]))


def some_sources(made):
    """Wildcard constraint: sources that are made of a pool, or those that are read from dumps."""
    return "|".join(re.escape(name) for name, source in config["sources"].items() if is_made(source) == made) or "(?!)"


def how(rule, entries):
    """Resource function: what only says how the rule works on the named entries, given as table to wildcard."""
    return lambda wildcards: canonical(
        {
            key: value
            for table, wildcard in entries.items()
            for key, value in execution(rule, table, config[table][wildcards[wildcard]]).items()
        }
    )


def need(rule, **entries):
    """What one job of `rule` asks for, in the words of the site's cluster if there is one, how its command starts, and how it works.

    `entries` are the tables of which it works on an entry, each with its wildcard.
    """
    # start and how are resources: as parameters they would make everything run again on another machine, or in another way
    ours = {"start": asks.start(CODE, SITE, workflow.remote_exec)} | ({"how": how(rule, entries)} if entries else {})
    return asks.need(SITE, rule, config["resources"][rule]) | ours


def image(environment):
    """The image of an environment, for readers and linters: `resources.start` enters it, where the site file says so, and not Snakemake."""
    return None if begin.would_enter_images(workflow) else f"containers/images/{environment}.sif"


def threads_of(rule):
    """Cores that one job of `rule` uses."""
    return asked(SITE, rule, config["resources"][rule])["threads"]


def translations(source):
    """Manifests of all traces that a source takes its translations from."""
    pool, recipe = (config["sources"][source].get(key) for key in ("pool", "recipe"))
    return shards_in(pool, recipe) if recipe else []


def translator(source):
    """The options by which these traces are found; none where nothing is translated."""
    pool, recipe = (config["sources"][source].get(key) for key in ("pool", "recipe"))
    return f"--traces results/traces/{pool}/{recipe} --shards {config['recipes'][recipe]['shards']}" if recipe else ""


def parts_in(*mixes):
    """Every pool and recipe whose traces some mixes draw from, once each; of finished traces `imported` and their name."""
    return parts_of(config["mixes"][mix] for mix in mixes)


def pools_of(*mixes):
    """The pools of which some mixes draw traces."""
    return unique(pool for pool, _ in asked_of(config["mixes"][mix] for mix in mixes))


def shards_in(pool, recipe):
    """Manifests of all trace shards that a recipe has of a pool."""
    return manifests_of(pool, recipe, shard_names(shards_of_traces(config, pool, recipe)))


def shards_of_block(pool, recipe, block):
    """Manifests of the trace shards of a block."""
    return manifests_of(pool, recipe, blocks(shards_of_traces(config, pool, recipe)).get(block, []))


def manifests_of(pool, recipe, shards):
    """Manifests of some trace shards that a recipe has of a pool."""
    return [f"results/traces/{pool}/{recipe}/{shard}/manifest.json" for shard in shards]


def beside(folder, parts):
    """Manifests of what lies below `folder` beside some traces, a block at a time."""
    return [
        f"results/{folder}/{pool}/{recipe}/{block}/manifest.json"
        for pool, recipe in parts
        for block in blocks(shards_of_traces(config, pool, recipe))
    ]


def judged(mix):
    """Manifests of the judgements of a mix's traces, where it goes by them."""
    entry = config["mixes"][mix]
    asks = by_answers(entry["filters"].get("drop_wrong", False), entry.get("strategies", {}).values())
    return beside("judged", parts_in(mix)) if asks else []


def told(wildcards):
    """Params function: what a mix's filters must know of each of its recipes, and of its language; nothing that they do not ask for."""
    filters, found = config["mixes"][wildcards.mix]["filters"], {}
    for pool, name in parts_in(wildcards.mix):
        entry, key = traced(config, pool, name), key_of(pool, name)
        # of finished traces nobody knows with which system prompt they were drawn
        found[key] = {"system": entry.get("system")} if filters.get("drop_prompt_leaks") else {}
        if filters.get("drop_refusals"):
            found[key] |= identity("select", "languages", config["languages"][entry["language"]])
    return canonical(found)


def shard_counts(wildcards):
    """Params function: how many shards each recipe of a mix has, and what of it is imported."""
    parts = parts_in(wildcards.mix)
    return canonical({key_of(pool, name): shards_of_traces(config, pool, name) for pool, name in parts})


def of_sources(folder):
    """Input function: what a pool, or several joined by `+`, has of each of its sources below `folder`."""
    return lambda wildcards: [
        f"results/{folder}/{pool}/{source}/manifest.json"
        for pool in (wildcards.get("pool") or wildcards.pools).split("+")
        for source in config["pools"][pool]["sources"]
    ]


def masked(wildcards):
    """Params function: the option that masks personal data, for a source that the pool names, or whose category it names."""
    return "--mask" if per_source.is_masked(config, wildcards.pool, wildcards.source) else ""


def twin_kind(wildcards):
    """Params function: how equal prompts of a source are known."""
    return per_source.twin_kind(config, wildcards.pool, wildcards.source)


def thresholds(wildcards):
    """Params function: for each source of a pool the thresholds in which it differs."""
    found = {source: per_source.thresholds(config, wildcards.pool, source) for source in config["pools"][wildcards.pool]["sources"]}
    return canonical({source: over for source, over in found.items() if over})


def withdrawn(wildcards):
    """Params function: the prompts that are left out. Whose they are is not known before sources and finished traces are read."""
    return canonical(sorted(set(config["run"].get("withdrawn", []))))


def decontaminated(pool, recipe=""):
    """Manifests of the benchmarks whose items are looked for in a pool, or in traces."""
    return [f"results/benches/{bench}/manifest.json" for bench in looking(config, pool, recipe).get("decontaminate", [])]


def contamination():
    """Manifests of what the mixes share with the benchmarks by which their models are scored, where the page is to show it."""
    looked = ASKED_AFTER if config["run"]["report"].get("contamination", True) else []
    return [f"results/contamination/{mix}/manifest.json" for mix in looked]


def is_decontaminated(pool, recipe=""):
    """Whether a pool, or the entry of finished traces, names benchmarks to look for, in the clear or sealed."""
    entry = looking(config, pool, recipe)
    return bool(entry.get("decontaminate") or entry.get("sealed"))


def twins(wildcards):
    """Input function: the duplicates over all pools of a mix that has several.

    Without those of augmented prompts, which are near their parents on purpose and would be dropped for it.
    """
    pools = pools_of(wildcards.mix)
    formats = {pool: {config["sources"][source]["format"] for source in config["pools"][pool]["sources"]} for pool in pools}
    pools = [pool for pool in pools if "augmented" not in formats[pool]]
    return f"results/duplicates/{'+'.join(pools)}/manifest.json" if len(pools) > 1 else []


def overlaps(wildcards):
    """For each part of a mix the overlaps of its traces with the benchmarks that its pool names, None where it names none."""
    parts = map(pair_of, config["mixes"][wildcards.mix]["traces"])  # one for each, also where two are the same
    return [f"results/overlaps/{pool}/{recipe}/manifest.json" if is_decontaminated(pool, recipe) else None for pool, recipe in parts]


def labels(sources, table="sources"):
    """Category and licence of some sources."""
    return {source: label(config[table][source]) for source in sources}


def label(entry):
    """Category and licence of an entry."""
    return {key: entry[key] for key in ("category", "licence")}


def labels_of_mix(wildcards):
    """Params function: category and licence of every source that a mix may draw from."""
    found = [(source, entry) for part in parts_in(wildcards.mix) for source, entry in labelled(config, *part).items()]
    return canonical({source: label(entry) for source, entry in found})


def student(wildcards):
    """Manifest of the base that a model starts from."""
    return f"results/bases/{config['models'][wildcards.model]['base']}/manifest.json"


def packed(wildcards):
    """Manifest of a mix packed for a model's tokenizer, which other models may share."""
    tokenizer = config["bases"][config["models"][wildcards.model]["base"]]["tokenizer"]
    return f"results/packed/{wildcards.mix}/{tokenizer}/manifest.json"


def weights(wildcards):
    """Manifest of the model that answers a benchmark: trained, or as its makers published it."""
    if wildcards.mix == BASE:
        return student(wildcards)
    return f"results/models/{wildcards.model}/{wildcards.mix}/{wildcards.schedule}/manifest.json"


def trained():
    """Manifests of the models that the run trains."""
    return [f"results/models/{model}/{mix}/{schedule}/manifest.json" for model, mix, schedule in TRAININGS]


def scores():
    """Manifests of the scores that the run asks for."""
    return [f"results/evals/{model}/{mix}/{schedule}/{bench}/scores/manifest.json" for model, mix, schedule, bench in CELLS]


def unique(items):
    """The items once each, in their order."""
    return list(dict.fromkeys(items))


def pools_and_sources(pools):
    """Pools, their sources, the pools that these are made of, and so on."""
    pools, sources = list(pools), []
    for pool in pools:  # grows while it is walked
        sources += [source for source in config["pools"][pool]["sources"] if source not in sources]
        pools += unique(
            config["sources"][source]["pool"]
            for source in config["pools"][pool]["sources"]
            if is_made(config["sources"][source]) and config["sources"][source]["pool"] not in pools
        )
    return pools, sources


def wanted(table):
    """Names of a table's entries that the run needs."""
    asked = [(pool, recipe) for pool, recipe in PARTS if pool != IMPORTED]
    pools, sources = pools_and_sources(unique([pool for pool, _ in asked] + named(config, "pools")))
    translators = [config["sources"][source]["recipe"] for source in sources if config["sources"][source].get("recipe")]
    recipes = unique([recipe for _, recipe in asked] + translators)
    students = [config["models"][model]["base"] for model, *_ in [*TRAININGS, *CELLS]]
    return {
        "mixes": MIXES,
        "pools": pools,
        "sources": sources,
        "bases": unique([config["recipes"][recipe]["teacher"] for recipe in recipes] + students),
        "recipes": recipes,
        "imported": [name for pool, name in PARTS if pool == IMPORTED],
        "models": unique(model for model, *_ in [*TRAININGS, *CELLS]),
        "schedules": unique(schedule for _, _, schedule in TRAININGS),
        "benches": unique(bench for *_, bench in CELLS),
    }[table]


def curated():
    """Manifests of what curation leaves beside the pools that the run uses, which the page shows, too."""
    found = []
    for pool in wanted("pools"):
        found += [f"results/cleaned/{pool}/{source}/manifest.json" for source in config["pools"][pool]["sources"]]
        found.append(f"results/duplicates/{pool}/manifest.json")
        if is_decontaminated(pool):
            found.append(f"results/overlaps/{pool}/manifest.json")
    parts = [part for part in PARTS if is_decontaminated(*part)]
    return found + [f"results/overlaps/{pool}/{recipe}/manifest.json" for pool, recipe in parts]


def part_of_catalogue():
    """The configuration's entries that the run uses, by table: what the report must know and no manifest says."""
    tables = ("bases", "pools", "recipes", "imported", "mixes", "models", "schedules", "benches")
    languages = unique(config[table][name]["language"] for table in ("pools", "recipes", "imported") for name in wanted(table))
    return {
        "experiments": config["run"]["experiments"],
        "languages": {name: config["languages"][name]["name"] for name in languages},
        # of what is made of a pool, that pool: its prompts are no raw records
        "sources": {
            source: label | ({"pool": config["sources"][source]["pool"]} if is_made(config["sources"][source]) else {})
            for source, label in labels(wanted("sources")).items()
        },
        **{table: {name: shown(table, config[table][name]) for name in wanted(table)} for table in tables},
    }
