"""Samples on the page are those of which their reason speaks."""

import polars as pl
from chain import measure
from report_tree import Tree

from koreason.records.stage import Stage
from koreason.tables import TRACES, write_table


def test_a_dropped_trace_is_that_of_its_recipe(tree: Tree) -> None:
    """Two recipes of one pool have traces of the same prompts, numbered alike."""
    traces = tree.results / "traces" / "forum"
    for shard in sorted((traces / "en_ko").iterdir()):
        frame = pl.read_parquet(shard / "traces.parquet").with_columns(answer=pl.lit("another recipe's answer"))
        with Stage(traces / "another" / shard.name, "trace", {}, []) as stage:
            write_table(frame, stage, "traces.parquet", TRACES)
            stage.counts.update(prompts=frame.height, rows=frame.height, tokens=1, finish={"stop": frame.height})
    assert not measure(traces / "another", 2, tree.results / "measures/forum/another")
    tree.run["recipes"]["another"] = tree.run["recipes"]["en_ko"]
    parts = tree.run["mixes"]["mixed"]["traces"]
    for order, shown in (
        ([*parts, {"pool": "forum", "recipe": "another"}], False),
        ([{"pool": "forum", "recipe": "another"}, *parts], True),
    ):
        tree.run["mixes"]["mixed"]["traces"] = order
        assert tree.report() == 0
        assert ("another recipe's answer" in tree.page().replace("&#39;", "'")) == shown, "all that it dropped are of its first part"
