rule select:
    input:
        lambda wildcards: shards_of(wildcards.mix),
    output:
        "results/mixes/{mix}/manifest.json",
    log:
        "logs/select/select.{mix}.log",
    benchmark:
        "benchmarks/select/select.{mix}.tsv"
    threads: threads_of("select")
    resources:
        **need("select"),
    params:
        spec=entry("mixes", "mix"),
        # the shard counts are part of what the mix is made of, the list of shards follows from them
        shards=shard_counts,
        code=code_digest("koreason.select.mix"),
        environment=environment_digest("data"),
    shell:
        "exec {resources.start} data python -m koreason select --spec {params.spec:q} --shards {params.shards:q}"
        " --traces results/traces --out results/mixes/{wildcards.mix:q} > {log:q} 2>&1"
