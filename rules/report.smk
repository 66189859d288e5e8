report: "captions/run.rst"


# Every file of this stage is declared, and not its manifest alone, for `snakemake --report` to hold them.
rule page:
    input:
        sources=[f"results/sources/{source}/manifest.json" for source in wanted("sources")],
        pools=[f"results/pools/{pool}/manifest.json" for pool in wanted("pools")],
        curated=curated(),
        measures=beside("measures", PARTS),  # of all traces, which the page reads, too
        judged=beside("judged", PARTS) if config["run"]["report"].get("judged") else [],
        contamination=contamination(),
        mixes=[f"results/mixes/{mix}/manifest.json" for mix in wanted("mixes")],
        models=trained(),
        benches=[f"results/benches/{bench}/manifest.json" for bench in wanted("benches")],
        scores=scores(),
    output:
        f"{REPORT}/manifest.json",
        report(f"{REPORT}/index.html", caption="captions/page.rst", category="Results", labels={"what": "The page"}),
        report(
            directory(f"{REPORT}/figures"),
            patterns=["{name}.svg"],
            caption="captions/figures.rst",
            category="Figures",
            labels={"figure": "{name}"},
        ),
        report(
            directory(f"{REPORT}/tables"),
            patterns=["{name}.csv"],
            caption="captions/tables.rst",
            category="Tables",
            labels={"table": "{name}"},
        ),
    log:
        f"logs/report/page.{NAME}.log",
    benchmark:
        f"benchmarks/report/page.{NAME}.tsv"
    container:
        image("data")
    threads: threads_of("report")
    resources:
        **need("report"),
    params:
        # functions, because the texts of a catalogue may hold braces
        spec=lambda wildcards: canonical(config["run"]["report"]),
        run=lambda wildcards: canonical(part_of_catalogue()),
        # the sentences of drop reasons, which are no part of the code of the stages that give them
        words=docstrings_digest(
            "koreason.curate.reasons",
            "koreason.curate.making.reasons",
            "koreason.curate.deciding.filters",
            "koreason.select.filters",
            "koreason.select.langmix",
            "koreason.select.replies",
        ),
        out=lambda wildcards, output: os.path.dirname(output[0]),
        code=code_digest("koreason.report.page"),
        environment=environment_digest("data"),
    shell:
        "exec {resources.start} page --spec {params.spec:q} --run {params.run:q}" " --results results --out {params.out:q} > {log:q} 2>&1"
