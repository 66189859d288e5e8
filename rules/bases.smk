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
        # no parameter: that something is trained from a teacher, too, makes no trace again; `train` looks at what it is given
        use=lambda wildcards: "training" if wildcards.base in TRAINED else "answers",
    params:
        spec=entry("base", "bases", "base"),
        code=code_digest("koreason.bases.fetch"),
        environment=environment_digest("vllm"),
    shell:
        "exec {resources.start} base --spec {params.spec:q} --for {resources.use} --out results/bases/{wildcards.base:q} > {log:q} 2>&1"
