# Their files are known by the SHA-256 in the catalogue entry, not by their paths: so they are no input.
rule import_traces:
    output:
        "results/traces/imported/{imported}/{shard}/manifest.json",
    log:
        "logs/imported/import_traces.{imported}.{shard}.log",
    benchmark:
        "benchmarks/imported/import_traces.{imported}.{shard}.tsv"
    container:
        image("data")
    threads: threads_of("ingest")
    resources:
        **need("ingest"),
        how=how("import_traces", {"imported": "imported"}),
    params:
        spec=entry("import_traces", "imported", "imported"),
        language=language("import_traces", "imported", "imported"),
        withdrawn=withdrawn,
        code=code_digest("koreason.imported.command"),
        environment=environment_digest("data"),
    shell:
        "exec {resources.start} import-traces --name {wildcards.imported:q} --spec {params.spec:q} --language {params.language:q}"
        " --how {resources.how:q} --withdrawn {params.withdrawn:q} --shard {wildcards.shard:q}"
        " --out results/traces/imported/{wildcards.imported:q}/{wildcards.shard:q} > {log:q} 2>&1"
