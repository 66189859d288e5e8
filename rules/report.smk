from koreason.workflow import digest


def part_of_catalogue():
    """The configuration's entries that the run uses, by table: what the report must know and no manifest says."""
    mixes, pools, bases = ({name: config[table][name] for name in wanted(table)} for table in ("mixes", "pools", "bases"))
    parts = [part for mix in mixes.values() for part in mix["traces"]]
    columns = zip(*CELLS) if CELLS else ([], [], [], [])
    models, _, schedules, benches = map(unique, columns)
    return {
        "experiments": config["run"]["experiments"],
        "languages": {name: language["name"] for name, language in config["languages"].items()},
        "sources": {name: {key: config["sources"][name][key] for key in ("category", "licence")} for name in wanted("sources")},
        "bases": bases,
        "pools": pools,
        "recipes": {part["recipe"]: config["recipes"][part["recipe"]] for part in parts},
        "mixes": mixes,
        "models": {name: config["models"][name] for name in models},
        "schedules": {name: config["schedules"][name] for name in schedules if name != BASE},
        "benches": {name: config["benches"][name] for name in benches},
    }


def appearance():
    """Digest of the page's template and style sheets, which are no code that `code_digest` could see."""
    folder = os.path.join(workflow.basedir, "koreason", "report")
    texts = []
    for name in ("page.html", "page.css", "palette.css"):
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            texts.append(file.read())
    return digest(texts)[:16]


rule page:
    input:
        sources=[f"results/sources/{source}/manifest.json" for source in wanted("sources")],
        pools=[f"results/pools/{pool}/manifest.json" for pool in wanted("pools")],
        traces=unique(shard for mix in wanted("mixes") for shard in shards_of(mix)),
        mixes=[f"results/mixes/{mix}/manifest.json" for mix in wanted("mixes")],
        models=trained(),
        scores=scores(),
    output:
        "results/report/manifest.json",
    log:
        "logs/report/page.log",
    benchmark:
        "benchmarks/report/page.tsv"
    threads: ask("report", "threads")
    resources:
        mem_mb=ask("report", "mem_mb"),
        runtime=ask("report", "runtime"),
    params:
        # functions, because the texts of a catalogue may hold braces
        spec=lambda wildcards: canonical(config["run"]["report"]),
        run=lambda wildcards: canonical(part_of_catalogue()),
        code=code_digest("koreason.report.page"),
        appearance=appearance(),
        environment=environment_digest("data"),
    shell:
        "{RUN:q} data python -m koreason report --spec {params.spec:q} --run {params.run:q}"
        " --results results --out results/report > {log:q} 2>&1"
