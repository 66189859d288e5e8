# A raw dump is known by the SHA-256 in its catalogue entry, not by its path: so it is no input of `ingest`.
rule ingest:
    output:
        "results/sources/{source}/manifest.json",
    log:
        "logs/curate/ingest.{source}.log",
    benchmark:
        "benchmarks/curate/ingest.{source}.tsv"
    threads: threads_of("ingest")
    resources:
        **need("ingest"),
    params:
        spec=entry("sources", "source"),
        code=code_digest("koreason.curate.ingest"),
        environment=environment_digest("data"),
    shell:
        "exec {resources.start} data python -m koreason ingest --source {wildcards.source:q} --spec {params.spec:q}"
        " --out results/sources/{wildcards.source:q} > {log:q} 2>&1"


rule clean:
    input:
        lambda wildcards: [f"results/sources/{source}/manifest.json" for source in config["pools"][wildcards.pool]["sources"]],
    output:
        "results/pools/{pool}/manifest.json",
    log:
        "logs/curate/clean.{pool}.log",
    benchmark:
        "benchmarks/curate/clean.{pool}.tsv"
    threads: threads_of("clean")
    resources:
        **need("clean"),
    params:
        spec=entry("pools", "pool"),
        language=language("pools", "pool"),
        code=code_digest("koreason.curate.clean"),
        environment=environment_digest("data"),
    shell:
        "exec {resources.start} data python -m koreason clean --spec {params.spec:q} --language {params.language:q}"
        " --in {input:q} --out results/pools/{wildcards.pool:q} > {log:q} 2>&1"
