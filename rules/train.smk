rule pack:
    input:
        mix="results/mixes/{mix}/manifest.json",
        tokenizer="results/bases/{base}/manifest.json",
    output:
        "results/packed/{mix}/{base}/manifest.json",
    log:
        "logs/train/pack.{mix}.{base}.log",
    benchmark:
        "benchmarks/train/pack.{mix}.{base}.tsv"
    container:
        image("megatron")
    threads: threads_of("pack")
    resources:
        **need("pack"),
    params:
        code=code_digest("koreason.train.pack"),
        environment=environment_digest("megatron"),
    shell:
        "exec {resources.start} pack --mix {input.mix:q} --tokenizer {input.tokenizer:q}"
        " --out results/packed/{wildcards.mix:q}/{wildcards.base:q} > {log:q} 2>&1"


# Checkpoints lie beside the declared output and are not declared: a job that was killed goes on from the last one.
rule train:
    input:
        packed=packed,
        base=student,
    output:
        "results/models/{model}/{mix}/{schedule}/manifest.json",
    log:
        "logs/train/train.{model}.{mix}.{schedule}.log",
    benchmark:
        "benchmarks/train/train.{model}.{mix}.{schedule}.tsv"
    container:
        image("megatron")
    threads: threads_of("train")
    resources:
        **need("train", models="model", schedules="schedule"),
    params:
        spec=entry("train", "models", "model"),
        schedule=entry("train", "schedules", "schedule"),
        code=code_digest("koreason.train.launch"),
        environment=environment_digest("megatron"),
    shell:
        "exec {resources.start} train --spec {params.spec:q} --schedule {params.schedule:q} --how {resources.how:q}"
        " --packed {input.packed:q} --base {input.base:q}"
        " --out results/models/{wildcards.model:q}/{wildcards.mix:q}/{wildcards.schedule:q} > {log:q} 2>&1"
