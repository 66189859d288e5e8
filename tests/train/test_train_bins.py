"""Bins, their order, and the arrays of a micro-batch."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from koreason.errors import UserError
from koreason.records.held import Held, held
from koreason.records.stage import Stage
from koreason.train.documents.bins import Packed, assemble, best_fit, plan_bins, read_packed
from koreason.train.spec import Schedule
from tests.soak import few


def schedule(**changes):
    values = {
        "epochs": 2, "max_steps": None, "sequence_length": 16, "packing": True, "global_batch": 2, "lr": 1e-3, "min_lr": 0.0,
        "warmup_share": 0.0, "decay": "cosine", "weight_decay": 0.0, "beta1": 0.9, "beta2": 0.95, "clip": 1.0,
        "save_every": 1, "keep_checkpoints": 1, "seed": 3,
    }  # fmt: skip
    return Schedule(**(values | changes))


@settings(max_examples=few(60))
@given(st.lists(st.integers(1, 20), max_size=60))
def test_best_fit_places_each_document_once_and_overfills_nothing(lengths):
    bins = best_fit(np.array(lengths, np.int64), 20)
    assert sorted(document for group in bins for document in group) == list(range(len(lengths)))
    loads = [sum(lengths[document] for document in group) for group in bins]
    assert all(load <= 20 for load in loads)
    assert len(bins) < 2 or sum(sorted(loads)[:2]) > 20, "two bins would fit in one"


def test_best_fit_fills_bins_of_trace_like_lengths():
    lengths = np.clip(np.random.default_rng(0).lognormal(np.log(5000), 0.7, 5000).astype(np.int64), 64, 16384)
    bins = best_fit(lengths, 16384)
    assert lengths.sum() / (len(bins) * 16384) > 0.98


def test_plan_drops_long_documents_and_counts_steps():
    lengths = np.array([16, 8, 8, 17, 3, 16, 40], np.int64)
    plan = plan_bins(lengths, schedule())
    assert plan.dropped == 2
    assert sorted(map(sorted, plan.units)) == [[0], [1, 2], [4], [5]]
    assert (plan.steps_per_epoch, plan.steps) == (2, 4)
    assert plan_bins(lengths, schedule(max_steps=3)).steps == 3
    assert plan_bins(lengths, schedule(max_steps=30)).steps == 4
    assert plan_bins(lengths, schedule(packing=False)).bins == 5


def test_each_epoch_has_every_bin_once_in_an_order_of_its_own():
    plan = plan_bins(np.full(20, 16, np.int64), schedule(global_batch=3))
    epochs = [[documents for step in range(7) for documents in plan.step(epoch * 7 + step)] for epoch in range(2)]
    assert sorted(epochs[0]) == sorted(epochs[1]) == [[number] for number in range(20)]
    assert epochs[0] != epochs[1] != sorted(epochs[0])
    again = plan_bins(np.full(20, 16, np.int64), schedule(global_batch=3))
    assert [again.step(step) for step in range(14)] == [plan.step(step) for step in range(14)]
    other = plan_bins(np.full(20, 16, np.int64), schedule(global_batch=3, seed=4))
    assert [other.step(step) for step in range(14)] != [plan.step(step) for step in range(14)]


def test_data_parallel_ranks_share_a_step_and_have_equally_many_bins():
    plan = plan_bins(np.arange(3, 17, dtype=np.int64), schedule(global_batch=4, packing=False))
    for step in range(plan.steps):
        shares = [plan.share(step, rank, 2) for rank in range(2)]
        assert len(shares[0]) == len(shares[1])
        assert sorted(documents for share in shares for documents in share if documents) == sorted(plan.step(step))
    costs = [plan.cost(documents) for documents in plan.step(0)]
    assert costs == sorted(costs, reverse=True)


@settings(max_examples=few(40))
@given(st.lists(st.integers(1, 20), min_size=1, max_size=40), st.integers(1, 6), st.sampled_from([0.0, 0.2]))
def test_a_step_of_documents_has_the_same_documents_however_they_are_packed(lengths, batch, held_out):
    array = np.array(lengths, np.int64)
    packed, single = (
        plan_bins(array, schedule(global_batch=batch, batch_of="documents", packing=packing, held_out=held_out))
        for packing in (True, False)
    )
    assert packed.steps == single.steps and packed.documents == single.documents
    for step in range(packed.steps):
        documents = [number for group in packed.step(step) for number in group]
        assert sorted(documents) == sorted(number for [number] in single.step(step))
        assert 0 < len(documents) <= batch
        assert all(array[group].sum() <= 16 for group in packed.step(step))


def test_what_is_held_out_is_a_seeded_share_that_no_step_has():
    lengths = np.full(50, 5, np.int64)
    for how in ({}, {"packing": False}, {"batch_of": "documents"}):
        plan = plan_bins(lengths, schedule(held_out=0.1, **how))
        held = [number for group in plan.held_out for number in group]
        seen = [number for step in range(plan.steps_per_epoch) for group in plan.step(step) for number in group]
        assert len(held) == 5 and sorted([*held, *seen]) == list(range(50))
        assert all(len(group) <= 3 for group in plan.held_out)
    assert plan_bins(lengths, schedule(held_out=0.1)).held_out == plan_bins(lengths, schedule(held_out=0.1, lr=1.0)).held_out
    assert plan_bins(lengths, schedule(held_out=0.1)).held_out != plan_bins(lengths, schedule(held_out=0.1, seed=4)).held_out
    assert len(plan_bins(lengths, schedule(held_out=1e-9)).held_out) == 1
    assert plan_bins(lengths[:1], schedule(held_out=0.9)).held_out == []
    assert [plan.ends_epoch(step) for step in range(plan.steps)].count(True) == 2 and plan.ends_epoch(plan.steps - 1)


def test_a_bin_predicts_the_next_token_within_each_document_only():
    packed = Packed(np.arange(10, 20, dtype=np.int32), np.array([0, 1, 1, 0, 0, 1, 1, 0, 1, 1], np.uint8), np.array([0, 3, 7, 10]))
    item = assemble(packed, [2, 0], 4)
    assert item.tokens.tolist() == [17, 18, 19, 10, 11, 12, 0, 0]
    assert item.labels.tolist() == [18, 19, 0, 11, 12, 0, 0, 0]
    assert item.mask.tolist() == [1, 1, 0, 1, 1, 0, 0, 0]
    assert item.bounds.tolist() == [0, 3, 6, 8]
    assert item.size == 6


def test_an_empty_bin_is_padding_from_which_nothing_is_learnt():
    item = assemble(Packed(np.zeros(0, np.int32), np.zeros(0, np.uint8), np.zeros(1, np.int64)), [], 2)
    assert (item.size, len(item.tokens), item.mask.sum(), item.bounds.tolist()) == (0, 2, 0, [0, 2])


def declared(folder: Path, **arrays: np.ndarray) -> Held:
    """A packed folder with these arrays in place of those it has."""
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array, allow_pickle=True)
    with Stage(folder, "pack", {}, []) as stage:
        for path in folder.glob("*.npy"):
            stage.take(path)
    return held(folder)


def test_damaged_arrays_are_refused(tmp_path):
    with pytest.raises(UserError, match=r"declares no tokens\.npy"):
        read_packed(declared(tmp_path))
    arrays = {"tokens": np.arange(5, dtype=np.int32), "loss_mask": np.zeros(5, np.uint8), "bounds": np.array([0, 4], np.int64)}
    with pytest.raises(UserError, match="differ in length"):
        read_packed(declared(tmp_path, **arrays))
    with pytest.raises(UserError, match="int64 where int32 belongs"):
        read_packed(declared(tmp_path, tokens=np.arange(5)))
    with pytest.raises(UserError, match="not a NumPy array"):
        read_packed(declared(tmp_path, tokens=np.array([{}], object)))
    (tmp_path / "tokens.npy").write_bytes(b"\x93NUMPY")
    with pytest.raises(UserError, match="its manifest says"):
        read_packed(held(tmp_path))
    with pytest.raises(UserError, match="not a NumPy array"):
        read_packed(declared(tmp_path))
