"""The draw of `koreason/select/draw.py` in plain Python, a row after another."""

import hashlib
import math
from collections import Counter, defaultdict


def slow_draw(rows, mix, groups, clusters):
    """The reason of each row, in their order; rows are dicts of the columns that the draw reads."""
    samples = defaultdict(list)
    for row in rows:
        samples[row["prompt_id"]].append(row)
    for row in rows:
        row["group"] = groups.get(row["prompt_id"], row["prompt_id"])
        row["strategy"] = mix.strategies.get(row["category"], "random")
        row["order"] = order(row, samples[row["prompt_id"]])
        row["rank"] = hashlib.sha256(f"{mix.seed}/{row['prompt_id']}/{row['sample']}".encode()).hexdigest()[:24]
        if row["reason"] is None and row["strategy"] == "consensus" and contradicted(samples[row["prompt_id"]]):
            row["reason"] = "no_consensus"
    candidates = sorted(
        (row for row in rows if row["reason"] is None), key=lambda row: (row["part"], row["order"], row["rank"], row["sample"])
    )
    first, taken = {}, Counter()
    for row in candidates:
        first.setdefault(row["group"], row["part"])
        if not mix.across_parts and row["part"] != first[row["group"]]:
            row["reason"] = "other_part"
            continue
        counted = row["group"] if mix.across_parts else row["prompt_id"]
        taken[counted] += 1
        if taken[counted] > mix.samples_per_prompt:
            row["reason"] = "surplus_sample"
        elif row["category"] not in mix.quotas:
            row["reason"] = "category_not_in_mix"
    standing = {}
    for row in sorted((row for row in candidates if row["reason"] is None), key=lambda row: (row["order"], row["rank"], row["sample"])):
        alike = clusters.get((row["prompt_id"], row["category"]), row["prompt_id"])
        if row["strategy"] == "diverse" and standing.setdefault((row["category"], alike), row["group"]) != row["group"]:
            row["reason"] = "same_cluster"
    used = defaultdict(lambda: [0, 0])
    seen = defaultdict(lambda: [0, 0])
    for row in sorted(
        (row for row in candidates if row["reason"] is None), key=lambda row: (row["order"], row["rank"], row["sample"], row["part"])
    ):
        limits = [mix.quotas[row["category"]], mix.token_budgets.get(row["category"], math.inf)]
        size = [1, row["tokens"]]
        if mix.strata:
            share, stratum = mix.strata.shares[row["stratum"]], seen[row["category"], row["stratum"]]
            stratum[:] = [before + more for before, more in zip(stratum, size, strict=True)]
            if any(so_far > limit * share // 1 for so_far, limit in zip(stratum, limits, strict=True) if limit != math.inf):
                row["reason"] = "over_quota"
                continue
        total = used[row["category"]]
        total[:] = [before + more for before, more in zip(total, size, strict=True)]
        if any(so_far > limit for so_far, limit in zip(total, limits, strict=True)):
            row["reason"] = "over_quota"
    return [row["reason"] for row in rows]


def order(row, samples):
    """What comes first: the lower."""
    if row["strategy"] == "longest":
        return -row["tokens"]
    if row["strategy"] != "hardest":
        return 0
    known = [one["verdict"] for one in samples if one["verdict"] not in ("no_gold", "unclear_gold")]
    if known:
        return known.count("correct") / len(known)
    read = Counter(one["extracted"] for one in samples if one["extracted"] is not None)
    return max(read.values()) / sum(read.values()) if read else 2


def contradicted(samples):
    """Whether one is wrong, or two differ where nobody knows what is right."""
    verdicts = {one["verdict"] for one in samples}
    if verdicts <= {"no_gold", "unclear_gold"}:
        return len({one["extracted"] for one in samples} - {None}) > 1
    return "wrong" in verdicts
