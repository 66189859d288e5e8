rule generate:
    input:
        weights,
    output:
        "results/evals/{model}/{mix}/{schedule}/{bench}/generations/manifest.json",
    log:
        "logs/evaluate/generate.{model}.{mix}.{schedule}.{bench}.log",
    benchmark:
        "benchmarks/evaluate/generate.{model}.{mix}.{schedule}.{bench}.tsv"
    threads: threads_of("generate")
    resources:
        **need("generate"),
    params:
        spec=entry("benches", "bench"),
        code=code_digest("koreason.evaluate.generate"),
        environment=environment_digest("vllm"),
    shell:
        "exec {resources.start} vllm python -m koreason generate --spec {params.spec:q} --model {input:q}"
        " --journal results/evals/{wildcards.model:q}/{wildcards.mix:q}/{wildcards.schedule:q}/{wildcards.bench:q}/journal"
        " --out results/evals/{wildcards.model:q}/{wildcards.mix:q}/{wildcards.schedule:q}/{wildcards.bench:q}/generations"
        " > {log:q} 2>&1"


rule score:
    input:
        "results/evals/{model}/{mix}/{schedule}/{bench}/generations/manifest.json",
    output:
        "results/evals/{model}/{mix}/{schedule}/{bench}/scores/manifest.json",
    log:
        "logs/evaluate/score.{model}.{mix}.{schedule}.{bench}.log",
    benchmark:
        "benchmarks/evaluate/score.{model}.{mix}.{schedule}.{bench}.tsv"
    threads: threads_of("score")
    resources:
        **need("score"),
    params:
        spec=entry("benches", "bench"),
        code=code_digest("koreason.evaluate.score"),
        environment=environment_digest("data"),
    shell:
        "exec {resources.start} data python -m koreason score --spec {params.spec:q} --generations {input:q}"
        " --out results/evals/{wildcards.model:q}/{wildcards.mix:q}/{wildcards.schedule:q}/{wildcards.bench:q}/scores"
        " > {log:q} 2>&1"
