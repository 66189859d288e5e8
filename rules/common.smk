# Look-ups that the rules share. Nothing here knows what a stage does.

# How a stage's command is started: at once, or as the site says, which in a job of the cluster includes minding its walltime.
RUN = [os.path.join(HOME, "envs", "run")]
if SITE:
    RUN += ["--site", "--job"] if workflow.remote_exec or cluster.jobs_are_ours else ["--site"]
CELLS = cells(config)
TRAININGS = trainings(config)


def names(table):
    """Wildcard constraint: only names that the configuration has."""
    return "|".join(re.escape(name) for name in config[table]) or "(?!)"


wildcard_constraints:
    base=names("bases"),
    source=names("sources"),
    pool=names("pools"),
    recipe=names("recipes"),
    mix=names("mixes") + "|" + BASE,
    model=names("models"),
    schedule=names("schedules") + "|" + BASE,
    bench=names("benches"),
    shard=r"\d{5}-of-\d{5}",


def entry(table, wildcard):
    """Params function: the named configuration entry as text that does not depend on key order."""
    return lambda wildcards: canonical(config[table][wildcards[wildcard]])


def language(table, wildcard):
    """Params function: the language of the named configuration entry."""
    return lambda wildcards: canonical(config["languages"][config[table][wildcards[wildcard]]["language"]])


def need(rule):
    """What one job of `rule` asks for, in the words of the site's cluster if there is one, and how its command starts."""
    # the command's start is a resource: as a parameter it would make everything run again on another machine
    return cluster.need(SITE, rule, config["resources"][rule]) | {"start": shlex.join(RUN)}


def threads_of(rule):
    """Cores that one job of `rule` uses."""
    return cluster.asked(SITE, rule, config["resources"][rule])["threads"]


def shards_of(mix):
    """Manifests of all trace shards that a mix draws from."""
    return [
        f"results/traces/{part['pool']}/{part['recipe']}/{shard}/manifest.json"
        for part in config["mixes"][mix]["traces"]
        for shard in shard_names(config["recipes"][part["recipe"]]["shards"])
    ]


def shard_counts(wildcards):
    """Params function: how many shards each recipe of a mix has."""
    recipes = [part["recipe"] for part in config["mixes"][wildcards.mix]["traces"]]
    return canonical({recipe: config["recipes"][recipe]["shards"] for recipe in recipes})


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


def wanted(table):
    """Names of a table's entries that the run needs."""
    mixes = unique(mix for _, mix, _ in TRAININGS)
    parts = [part for mix in mixes for part in config["mixes"][mix]["traces"]]
    students = [config["models"][model]["base"] for model, *_ in [*TRAININGS, *CELLS]]
    return {
        "mixes": mixes,
        "pools": unique(part["pool"] for part in parts),
        "sources": unique(source for part in parts for source in config["pools"][part["pool"]]["sources"]),
        "bases": unique([config["recipes"][part["recipe"]]["teacher"] for part in parts] + students),
    }[table]


def part_of_catalogue():
    """The configuration's entries that the run uses, by table: what the report must know and no manifest says."""
    mixes, pools, bases = ({name: config[table][name] for name in wanted(table)} for table in ("mixes", "pools", "bases"))
    recipes = unique(part["recipe"] for mix in mixes.values() for part in mix["traces"])
    models = unique(model for model, *_ in [*TRAININGS, *CELLS])
    schedules = unique(schedule for _, _, schedule in TRAININGS)
    benches = unique(bench for *_, bench in CELLS)
    return {
        "experiments": config["run"]["experiments"],
        "languages": {name: language["name"] for name, language in config["languages"].items()},
        "sources": {name: {key: config["sources"][name][key] for key in ("category", "licence")} for name in wanted("sources")},
        "bases": bases,
        "pools": pools,
        "recipes": {name: config["recipes"][name] for name in recipes},
        "mixes": mixes,
        "models": {name: config["models"][name] for name in models},
        "schedules": {name: config["schedules"][name] for name in schedules},
        "benches": {name: config["benches"][name] for name in benches},
    }
