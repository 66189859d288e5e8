# Ready at once, so it runs before what costs hours: a benchmark that is not there is no surprise after a training.
rule bench:
    output:
        "results/benches/{bench}/manifest.json",
    log:
        "logs/benches/bench.{bench}.log",
    benchmark:
        "benchmarks/benches/bench.{bench}.tsv"
    priority: 1
    container:
        image("data")
    threads: threads_of("bench")
    resources:
        **need("bench", benches="bench"),
    params:
        spec=entry("bench", "benches", "bench"),
        code=code_digest("koreason.benches.bench"),
        environment=environment_digest("data"),
    shell:
        "exec {resources.start} bench --spec {params.spec:q} --how {resources.how:q}"
        " --out results/benches/{wildcards.bench:q} > {log:q} 2>&1"
