rule generate:
    input:
        model=weights,
        bench="results/benches/{bench}/manifest.json",
    output:
        "results/evals/{model}/{mix}/{schedule}/{bench}/generations/manifest.json",
    log:
        "logs/evaluate/generate.{model}.{mix}.{schedule}.{bench}.log",
    benchmark:
        "benchmarks/evaluate/generate.{model}.{mix}.{schedule}.{bench}.tsv"
    container:
        image("vllm")
    threads: threads_of("generate")
    resources:
        **need("generate", benches="bench"),
    params:
        spec=entry("generate", "benches", "bench"),
        code=code_digest("koreason.evaluate.generate"),
        environment=environment_digest("vllm"),
    shell:
        "exec {resources.start} generate --spec {params.spec:q} --how {resources.how:q}"
        " --bench {input.bench:q} --model {input.model:q}"
        " --journal results/evals/{wildcards.model:q}/{wildcards.mix:q}/{wildcards.schedule:q}/{wildcards.bench:q}/journal"
        " --out results/evals/{wildcards.model:q}/{wildcards.mix:q}/{wildcards.schedule:q}/{wildcards.bench:q}/generations"
        " > {log:q} 2>&1"


rule score:
    input:
        generations="results/evals/{model}/{mix}/{schedule}/{bench}/generations/manifest.json",
        bench="results/benches/{bench}/manifest.json",
    output:
        "results/evals/{model}/{mix}/{schedule}/{bench}/scores/manifest.json",
    log:
        "logs/evaluate/score.{model}.{mix}.{schedule}.{bench}.log",
    benchmark:
        "benchmarks/evaluate/score.{model}.{mix}.{schedule}.{bench}.tsv"
    container:
        image("data")
    threads: threads_of("score")
    resources:
        **need("score"),
    params:
        spec=entry("score", "benches", "bench"),
        code=code_digest("koreason.evaluate.score"),
        environment=environment_digest("data"),
    shell:
        "exec {resources.start} score-bench --spec {params.spec:q} --bench {input.bench:q}"
        " --generations {input.generations:q}"
        " --out results/evals/{wildcards.model:q}/{wildcards.mix:q}/{wildcards.schedule:q}/{wildcards.bench:q}/scores"
        " > {log:q} 2>&1"
