rule select:
    input:
        # measured are all traces, and measures change where traces do: so the mix waits for a block instead of its shards
        measures=lambda wildcards: beside("measures", parts_in(wildcards.mix)),
        judged=lambda wildcards: judged(wildcards.mix),
        twins=twins,
        overlaps=lambda wildcards: [path for path in overlaps(wildcards) if path],
    output:
        "results/mixes/{mix}/manifest.json",
    log:
        "logs/select/select.{mix}.log",
    benchmark:
        "benchmarks/select/select.{mix}.tsv"
    container:
        image("data")
    threads: threads_of("select")
    resources:
        **need("select"),
    params:
        spec=entry("select", "mixes", "mix"),
        labels=labels_of_mix,
        # the shard counts are part of what the mix is made of, the list of shards follows from them
        shards=shard_counts,
        told=told,
        twins=lambda wildcards, input: f"--twins {input.twins}" if input.twins else "",
        overlaps=lambda wildcards: canonical(overlaps(wildcards)),
        judged=lambda wildcards, input: "--judged results/judged" if input.judged else "",
        code=code_digest("koreason.select.mix"),
        environment=environment_digest("data"),
    shell:
        "exec {resources.start} select --spec {params.spec:q} --shards {params.shards:q} --labels {params.labels:q}"
        " --told {params.told:q} {params.twins} --overlaps {params.overlaps:q} --traces results/traces"
        " --measures results/measures {params.judged} --out results/mixes/{wildcards.mix:q} > {log:q} 2>&1"
