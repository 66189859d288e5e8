# The journal lies beside the declared output and is not declared: it outlives failed jobs and changed rules.
rule trace:
    input:
        pool="results/pools/{pool}/manifest.json",
        teacher=lambda wildcards: f"results/bases/{config['recipes'][wildcards.recipe]['teacher']}/manifest.json",
    output:
        "results/traces/{pool}/{recipe}/{shard}/manifest.json",
    log:
        "logs/trace/trace.{pool}.{recipe}.{shard}.log",
    benchmark:
        "benchmarks/trace/trace.{pool}.{recipe}.{shard}.tsv"
    container:
        image("vllm")
    threads: threads_of("trace")
    resources:
        **need("trace", recipes="recipe"),
    params:
        spec=entry("trace", "recipes", "recipe"),
        language=language("trace", "recipes", "recipe"),
        code=code_digest("koreason.trace.shard"),
        environment=environment_digest("vllm"),
    shell:
        "exec {resources.start} trace --spec {params.spec:q} --language {params.language:q} --how {resources.how:q}"
        " --pool {input.pool:q} --teacher {input.teacher:q} --shard {wildcards.shard:q}"
        " --journal results/traces/{wildcards.pool:q}/{wildcards.recipe:q}/journal"
        " --out results/traces/{wildcards.pool:q}/{wildcards.recipe:q}/{wildcards.shard:q} > {log:q} 2>&1"
