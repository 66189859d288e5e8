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
    threads: threads_of("report")
    resources:
        **need("report"),
    params:
        # functions, because the texts of a catalogue may hold braces
        spec=lambda wildcards: canonical(config["run"]["report"]),
        run=lambda wildcards: canonical(part_of_catalogue()),
        code=code_digest("koreason.report.page"),
        environment=environment_digest("data"),
    shell:
        "exec {resources.start} data python -m koreason report --spec {params.spec:q} --run {params.run:q}"
        " --results results --out results/report > {log:q} 2>&1"
