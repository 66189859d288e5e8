rule base:
    output:
        "results/bases/{base}/manifest.json",
    log:
        "logs/bases/base.{base}.log",
    benchmark:
        "benchmarks/bases/base.{base}.tsv"
    container:
        image("vllm")
    threads: threads_of("base")
    resources:
        **need("base"),
    params:
        spec=entry("base", "bases", "base"),
        use=lambda wildcards: "" if wildcards.base in TRAINED else "--answers-only",
        code=code_digest("koreason.bases.fetch"),
        environment=environment_digest("vllm"),
    shell:
        "exec {resources.start} base --spec {params.spec:q} {params.use} --out results/bases/{wildcards.base:q} > {log:q} 2>&1"
