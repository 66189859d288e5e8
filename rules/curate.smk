# A raw dump is known by the SHA-256 in its catalogue entry, not by its path: so it is no input of `ingest`.
rule ingest:
    output:
        "results/sources/{source}/manifest.json",
    log:
        "logs/curate/ingest.{source}.log",
    benchmark:
        "benchmarks/curate/ingest.{source}.tsv"
    wildcard_constraints:
        source=some_sources(made=False),
    container:
        image("data")
    threads: threads_of("ingest")
    resources:
        **need("ingest", sources="source"),
    params:
        spec=entry("ingest", "sources", "source"),
        code=code_digest("koreason.curate.ingest"),
        environment=environment_digest("data"),
    shell:
        "exec {resources.start} ingest --source {wildcards.source:q} --spec {params.spec:q} --how {resources.how:q}"
        " --out results/sources/{wildcards.source:q} > {log:q} 2>&1"


# A source that is made of a pool is an ordinary one from here on: it goes into another pool, and nothing turns back.
rule augment:
    input:
        pool=lambda wildcards: f"results/pools/{config['sources'][wildcards.source]['pool']}/manifest.json",
        traces=lambda wildcards: translations(wildcards.source),
    output:
        "results/sources/{source}/manifest.json",
    log:
        "logs/curate/augment.{source}.log",
    benchmark:
        "benchmarks/curate/augment.{source}.tsv"
    wildcard_constraints:
        source=some_sources(made=True),
    container:
        image("data")
    threads: threads_of("augment")
    resources:
        **need("augment"),
    params:
        spec=entry("augment", "sources", "source"),
        language=lambda wildcards: spoken_in("augment", config["sources"][wildcards.source]["pool"]),
        of=lambda wildcards: canonical(sources_of(config["sources"][wildcards.source], config)),
        # the number of shards is part of what the source is made of, the list of shards follows from it
        traces=lambda wildcards: translator(wildcards.source),
        code=code_digest("koreason.curate.augment"),
        environment=environment_digest("data"),
    shell:
        "exec {resources.start} augment --source {wildcards.source:q} --spec {params.spec:q} --language {params.language:q}"
        " --of {params.of:q} --pool {input.pool:q} {params.traces} --out results/sources/{wildcards.source:q} > {log:q} 2>&1"


rule clean:
    input:
        "results/sources/{source}/manifest.json",
    output:
        "results/cleaned/{pool}/{source}/manifest.json",
    log:
        "logs/curate/clean.{pool}.{source}.log",
    benchmark:
        "benchmarks/curate/clean.{pool}.{source}.tsv"
    container:
        image("data")
    threads: threads_of("clean")
    resources:
        **need("clean"),
    params:
        language=language("clean", "pools", "pool"),
        mask=masked,
        code=code_digest("koreason.curate.clean"),
        environment=environment_digest("data"),
    shell:
        "exec {resources.start} clean --language {params.language:q} {params.mask} --in {input:q}"
        " --out results/cleaned/{wildcards.pool:q}/{wildcards.source:q} > {log:q} 2>&1"


rule sketch:
    input:
        "results/cleaned/{pool}/{source}/manifest.json",
    output:
        "results/sketches/{pool}/{source}/manifest.json",
    log:
        "logs/curate/sketch.{pool}.{source}.log",
    benchmark:
        "benchmarks/curate/sketch.{pool}.{source}.tsv"
    container:
        image("data")
    threads: threads_of("sketch")
    resources:
        **need("sketch"),
    params:
        language=language("sketch", "pools", "pool"),
        kind=twin_kind,
        code=code_digest("koreason.curate.sketch"),
        environment=environment_digest("data"),
    shell:
        "exec {resources.start} sketch --kind {params.kind:q} --language {params.language:q} --in {input:q}"
        " --out results/sketches/{wildcards.pool:q}/{wildcards.source:q} > {log:q} 2>&1"


rule dedup:
    input:
        sketches=of_sources("sketches"),
        texts=of_sources("cleaned"),
    output:
        "results/duplicates/{pools}/manifest.json",
    log:
        "logs/curate/dedup.{pools}.log",
    benchmark:
        "benchmarks/curate/dedup.{pools}.tsv"
    container:
        image("data")
    threads: threads_of("dedup")
    resources:
        **need("dedup"),
    params:
        # of several pools the first one says how near twins are
        spec=lambda wildcards: canonical(identity("dedup", "pools", config["pools"][wildcards.pools.split("+")[0]])),
        code=code_digest("koreason.curate.dedup"),
        environment=environment_digest("data"),
    shell:
        "exec {resources.start} dedup --spec {params.spec:q} --sketches {input.sketches:q} --texts {input.texts:q}"
        " --out results/duplicates/{wildcards.pools:q} > {log:q} 2>&1"


rule decontaminate:
    input:
        texts=of_sources("cleaned"),
        benches=lambda wildcards: decontaminated(wildcards.pool),
    output:
        "results/overlaps/{pool}/manifest.json",
    log:
        "logs/curate/decontaminate.{pool}.log",
    benchmark:
        "benchmarks/curate/decontaminate.{pool}.tsv"
    container:
        image("data")
    threads: threads_of("decontaminate")
    resources:
        **need("decontaminate", pools="pool"),
    params:
        spec=entry("decontaminate", "pools", "pool"),
        language=language("decontaminate", "pools", "pool"),
        code=code_digest("koreason.curate.decontaminate"),
        environment=environment_digest("data"),
    shell:
        "exec {resources.start} decontaminate --spec {params.spec:q} --how {resources.how:q} --language {params.language:q}"
        " --in {input.texts:q} --benches {input.benches:q} --out results/overlaps/{wildcards.pool:q} > {log:q} 2>&1"


rule decontaminate_traces:
    input:
        traces=lambda wildcards: shards_in(wildcards.pool, wildcards.recipe),
        benches=lambda wildcards: decontaminated(wildcards.pool, wildcards.recipe),
    output:
        "results/overlaps/{pool}/{recipe}/manifest.json",
    log:
        "logs/curate/decontaminate_traces.{pool}.{recipe}.log",
    benchmark:
        "benchmarks/curate/decontaminate_traces.{pool}.{recipe}.tsv"
    wildcard_constraints:
        pool=POOL_OR_IMPORTED,
        recipe=RECIPE_OR_IMPORTED,
    container:
        image("data")
    threads: threads_of("decontaminate")
    resources:
        **need("decontaminate"),
        how=lambda wildcards: canonical(execution("decontaminate_traces", *table_of("pools", wildcards))),
    params:
        spec=of_traces("decontaminate_traces", "pools"),
        language=language_of_traces("decontaminate_traces", "pools"),
        shards=lambda wildcards: shards_of_traces(config, wildcards.pool, wildcards.recipe),
        code=code_digest("koreason.curate.decontaminate"),
        environment=environment_digest("data"),
    shell:
        "exec {resources.start} decontaminate --spec {params.spec:q} --how {resources.how:q} --language {params.language:q}"
        " --traces results/traces/{wildcards.pool:q}/{wildcards.recipe:q} --shards {params.shards} --benches {input.benches:q}"
        " --out results/overlaps/{wildcards.pool:q}/{wildcards.recipe:q} > {log:q} 2>&1"


# What of the benchmarks a mix holds as it is trained on: nothing is dropped for it, the page shows the scores without these items beside
# the scores. Planned where the page asks for it. By characters and signatures, which need no language.
rule decontaminate_mix:
    input:
        mix="results/mixes/{mix}/manifest.json",
        benches=lambda wildcards: [f"results/benches/{bench}/manifest.json" for bench in ASKED_AFTER[wildcards.mix]],
    output:
        "results/contamination/{mix}/manifest.json",
    log:
        "logs/curate/decontaminate_mix.{mix}.log",
    benchmark:
        "benchmarks/curate/decontaminate_mix.{mix}.tsv"
    container:
        image("data")
    threads: threads_of("decontaminate")
    resources:
        **need("decontaminate"),
    params:
        spec=canonical({"contamination": "robust", "max_bench_share": 1.0}),
        code=code_digest("koreason.curate.decontaminate"),
        environment=environment_digest("data"),
    shell:
        "exec {resources.start} decontaminate --spec {params.spec:q} --language '{{}}'"
        " --in {input.mix:q} --benches {input.benches:q} --out results/contamination/{wildcards.mix:q} > {log:q} 2>&1"


rule pool:
    input:
        texts=of_sources("cleaned"),
        duplicates="results/duplicates/{pool}/manifest.json",
        overlaps=lambda wildcards: f"results/overlaps/{wildcards.pool}/manifest.json" if is_decontaminated(wildcards.pool) else [],
    output:
        "results/pools/{pool}/manifest.json",
    log:
        "logs/curate/pool.{pool}.log",
    benchmark:
        "benchmarks/curate/pool.{pool}.tsv"
    container:
        image("data")
    threads: threads_of("pool")
    resources:
        **need("pool"),
    params:
        spec=entry("pool", "pools", "pool"),
        by=thresholds,
        withdrawn=withdrawn,
        overlaps=lambda wildcards, input: f"--overlaps {input.overlaps}" if is_decontaminated(wildcards.pool) else "",
        code=code_digest("koreason.curate.pool"),
        environment=environment_digest("data"),
    shell:
        "exec {resources.start} pool --spec {params.spec:q} --by {params.by:q} --withdrawn {params.withdrawn:q}"
        " --texts {input.texts:q} --duplicates {input.duplicates:q} {params.overlaps} --out results/pools/{wildcards.pool:q} > {log:q} 2>&1"
