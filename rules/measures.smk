# A block is up to 32 shards: their measures take seconds, and a job of their own as long to start.
rule measure:
    input:
        lambda wildcards: shards_of_block(wildcards.pool, wildcards.recipe, wildcards.block),
    output:
        "results/measures/{pool}/{recipe}/{block}/manifest.json",
    log:
        "logs/measures/measure.{pool}.{recipe}.{block}.log",
    benchmark:
        "benchmarks/measures/measure.{pool}.{recipe}.{block}.tsv"
    wildcard_constraints:
        pool=POOL_OR_IMPORTED,
        recipe=RECIPE_OR_IMPORTED,
    container:
        image("data")
    threads: threads_of("measure")
    resources:
        **need("measure"),
    params:
        spec=of_traces("measure", "recipes"),
        language=language_of_traces("measure", "recipes"),
        shards=lambda wildcards: shards_of_traces(config, wildcards.pool, wildcards.recipe),
        code=code_digest("koreason.measures.measure"),
        environment=environment_digest("data"),
    shell:
        "exec {resources.start} measure --spec {params.spec:q} --language {params.language:q}"
        " --traces results/traces/{wildcards.pool:q}/{wildcards.recipe:q} --shards {params.shards} --block {wildcards.block:q}"
        " --out results/measures/{wildcards.pool:q}/{wildcards.recipe:q}/{wildcards.block:q} > {log:q} 2>&1"


# Planned only where a mix or the page asks for it.
rule judge:
    input:
        # finished traces bring what is right themselves
        pool=lambda wildcards: [] if wildcards.pool == IMPORTED else f"results/pools/{wildcards.pool}/manifest.json",
        traces=lambda wildcards: shards_of_block(wildcards.pool, wildcards.recipe, wildcards.block),
    output:
        "results/judged/{pool}/{recipe}/{block}/manifest.json",
    log:
        "logs/measures/judge.{pool}.{recipe}.{block}.log",
    benchmark:
        "benchmarks/measures/judge.{pool}.{recipe}.{block}.tsv"
    wildcard_constraints:
        pool=POOL_OR_IMPORTED,
        recipe=RECIPE_OR_IMPORTED,
    container:
        image("data")
    threads: threads_of("measure")
    resources:
        **need("measure"),
    params:
        pool=lambda wildcards, input: f"--pool {input.pool}" if input.pool else "",
        shards=lambda wildcards: shards_of_traces(config, wildcards.pool, wildcards.recipe),
        code=code_digest("koreason.measures.judge"),
        environment=environment_digest("data"),
    shell:
        "exec {resources.start} judge {params.pool} --traces results/traces/{wildcards.pool:q}/{wildcards.recipe:q}"
        " --shards {params.shards} --block {wildcards.block:q}"
        " --out results/judged/{wildcards.pool:q}/{wildcards.recipe:q}/{wildcards.block:q} > {log:q} 2>&1"
