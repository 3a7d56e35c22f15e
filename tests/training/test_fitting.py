"""The parts of a fit: random draws, batches, rates, what is trained, checkpoints, events."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from napari_renal_fusion.cases import Modality
from napari_renal_fusion.compute import Progress, Step
from napari_renal_fusion.compute.devices import DeviceChoice
from napari_renal_fusion.errors import RenalFusionError
from napari_renal_fusion.networks import CMUSNet, CMUSNetConfig, EncoderConfig
from napari_renal_fusion.training import checkpoint, preset
from napari_renal_fusion.training.data import CaseData, Drawing, EpochBatches, whole_bags
from napari_renal_fusion.training.events import EVENTS, EventLog, last_event, read_events
from napari_renal_fusion.training.fit import Workplace, fit_unit
from napari_renal_fusion.training.folds import Fold
from napari_renal_fusion.training.initial import EncoderSource, initial_network
from napari_renal_fusion.training.module import _auc, balanced_weights, optimizer_of, rates_of
from napari_renal_fusion.training.patients import prepare
from napari_renal_fusion.training.randomness import seed_of
from napari_renal_fusion.training.tokens import encode_cases
from napari_renal_fusion.training.trained_parts import (
    choose_trained,
    last_stage,
    load_trained,
    trained_state,
)
from napari_renal_fusion.training.units import Unit, units_of

from .tiny import tiny_cohort, tiny_config

CPU = DeviceChoice("cpu", "float32", "for a test")
RANDOM = EncoderSource("random")


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cohort")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RENAL_FUSION_HOME", str(folder / "home"))
        cohort = tiny_cohort(folder, per_class=4, bag=5)
        prepared, _ = prepare(cohort, tiny_config())
        for case in prepared:
            for images in case.pictures.values():
                for image in images:
                    assert image.pixels.shape == (32, 32, 3)
        yield prepared


def fitted(cases, folder: Path, config):
    fold = Fold(name="fold-1", train=tuple(one.case_id for one in cases), validation=(), test=())
    unit = Unit("fold-1", config, fold)
    network = initial_network(config, unit.name, RANDOM)
    place = Workplace(folder, CPU, Progress(), lambda event, **values: None)
    return fit_unit(unit, network, cases, [], place).network.state_dict()


def test_seeds_depend_on_everything_and_on_nothing_else():
    assert seed_of(1, "fold-1", 2) == seed_of(1, "fold-1", 2) == 3288407498389385763
    different = {
        seed_of(1, "fold-1", 2),
        seed_of(1, "fold-12"),
        seed_of(1, "fold-1", "2x"),
        seed_of(11, "fold-1", 2),
    }
    assert len(different) == 4


def test_draws_are_those_of_the_epoch_and_the_case_whatever_was_drawn_before(cases):
    config = tiny_config()
    drawing = Drawing(5, "fold-1", (1, 4), flips=True)
    data, alone = CaseData(cases, config, drawing=drawing), CaseData(cases[3:4], config, drawing=drawing)
    _ = data[0, 0], data[7, 2]
    first, again = data[2, 3][0], alone[2, 0][0]
    assert all(torch.equal(first[one], again[one]) for one in first)
    sizes = {len(data[epoch, 3][0][Modality.TEM]) for epoch in range(40)}
    assert sizes == {1, 2, 3, 4}
    flipped = {tuple(data[epoch, 3][0][Modality.OM][0, 0, 0, :2].tolist()) for epoch in range(40)}
    assert len(flipped) == 4
    whole = CaseData(cases, config)
    assert torch.equal(whole[0, 3][0][Modality.OM], whole[9, 3][0][Modality.OM])
    assert len(whole[0, 3][0][Modality.TEM]) == 5


@pytest.mark.parametrize(
    ("count", "batch", "sizes"), [(9, 4, [4, 5]), (8, 4, [4, 4]), (10, 4, [4, 4, 2]), (3, 8, [3])]
)
def test_every_case_is_in_an_epoch_once_and_never_alone(count, batch, sizes):
    batches = EpochBatches(count, batch, Drawing(1, "fold-1", (1, 9), flips=False))
    given = list(batches)
    assert [len(one) for one in given] == sizes
    assert len(batches) == len(sizes)
    assert sorted(index for one in given for _, index in one) == list(range(count))
    batches.epoch = 1
    assert [key for one in batches for key in one] != [key for one in given for key in one]
    assert {epoch for one in batches for epoch, _ in one} == {1}


def test_several_processes_share_each_batch():
    drawing = Drawing(1, "fold-1", (1, 9), flips=False)
    ranks = [list(EpochBatches(10, 2, drawing, rank=rank, processes=2)) for rank in range(2)]
    together = list(EpochBatches(10, 4, drawing))
    assert [len(one) for one in ranks[0]] == [len(one) for one in ranks[1]]
    for a, b, both in zip(*ranks, together, strict=True):
        assert set(a) | set(b) == set(both)


def test_the_papers_recipe():
    config = preset("paper")
    assert (config.epochs, config.batch, config.folds) == (60, 4, 5)
    assert config.network.encoder_for("OM").name == "swin_base_patch4_window7_224.ms_in1k"
    optimizer = optimizer_of(config, [torch.nn.Parameter(torch.zeros(1))])
    assert type(optimizer) is torch.optim.Adam
    group = optimizer.param_groups[0]
    assert (group["lr"], group["weight_decay"], group["amsgrad"]) == (5e-5, 5e-5, True)
    rates = [one["lr"] for one in rates_of(config, 60, 7, config.learning_rate)]
    assert len(rates) == 420
    assert len(set(rates[:7])) == 1
    torch_schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=60, eta_min=5e-6)
    for epoch in range(60):
        assert math.isclose(rates[7 * epoch], torch_schedule.get_last_lr()[0], rel_tol=1e-9)
        optimizer.step()
        torch_schedule.step()


def test_one_cycle_is_torchs_own():
    config = tiny_config(schedule="one_cycle")
    rates = rates_of(config, 3, 5, 1e-2)
    optimizer = optimizer_of(config, [torch.nn.Parameter(torch.zeros(1))])
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=1e-2, total_steps=15)
    for step in range(15):
        assert rates[step]["lr"] == schedule.get_last_lr()[0]
        assert rates[step]["betas"] == optimizer.param_groups[0]["betas"]
        optimizer.step()
        if step < 14:
            schedule.step()


def test_accumulated_steps_equal_a_larger_batch(cases, tmp_path):
    quiet = {"epochs": 2, "preset": "demo", "flips": False, "bag_size": (9, 9)}
    still = tiny_config().network.model_copy(update={"dropout": 0.0})
    # Batch normalisation sees the batch, so the encoders are frozen for this comparison.
    frozen = {"network": still, "freeze_encoders": True, **quiet}
    place = {}
    for name, batch, accumulate in (("large", 6, 1), ("small", 3, 2)):
        config = tiny_config(**{**frozen, "batch": batch, "accumulate": accumulate})
        unit = Unit("fold-1", config, Fold(name="fold-1", train=(), validation=(), test=()))
        network = initial_network(config, "fold-1", RANDOM)
        tokens = encode_cases(network, cases, config, CPU, Progress())
        work = Workplace(tmp_path / name, CPU, Progress(), lambda event, **values: None, tokens)
        place[name] = fit_unit(unit, network, cases, [], work).network.state_dict()
    before = initial_network(config, "fold-1", RANDOM).state_dict()
    changed = max(float((place["large"][name] - before[name]).abs().max()) for name in before)
    apart = max(float((place["large"][name] - place["small"][name]).abs().max()) for name in before)
    assert changed > 1e-3
    assert apart < 1e-5


def test_stored_tokens_give_what_encoding_gives(cases, tmp_path):
    config = tiny_config("small")
    network = initial_network(config, "fold-1", RANDOM).eval()
    tokens = encode_cases(network, cases, config, CPU, Progress())
    pictures = next(iter(whole_bags(CaseData(cases[:3], config), 3)))[0]
    stored = next(iter(whole_bags(CaseData(cases[:3], config, tokens=tokens), 3)))[0]
    with torch.inference_mode():
        assert torch.allclose(network(pictures).fusion, network.fuse(*stored).fusion, atol=1e-5)


def test_encoding_that_was_interrupted_gives_the_same_digits(cases, tmp_path, monkeypatch):
    """EfficientNet's sums depend on the size of a batch, unlike a ResNet's."""
    encoder = EncoderConfig(name="tf_efficientnet_lite0", stage=2, input_size=32)
    config = tiny_config("small", network=CMUSNetConfig(encoder=encoder, hidden=16))
    network = initial_network(config, "fold-1", RANDOM).eval()
    found = []
    for home, first in (("whole", 0), ("interrupted", 5)):
        monkeypatch.setenv("RENAL_FUSION_HOME", str(tmp_path / home))
        if first:
            encode_cases(network, cases[:first], config, CPU, Progress())
        found.append(encode_cases(network, cases, config, CPU, Progress()))
    for case in cases:
        for modality in Modality:
            pairs = zip(*(tokens[case.case_id][modality] for tokens in found), strict=True)
            assert all(torch.equal(one, other) for one, other in pairs)


def test_gradient_checkpointing_changes_no_weight(cases, tmp_path):
    one = fitted(cases, tmp_path / "one", tiny_config(epochs=1))
    two = fitted(cases, tmp_path / "two", tiny_config(epochs=1, gradient_checkpointing=True))
    # Batch normalisation counts its batches twice; its momentum makes the running values differ.
    names = [name for name in one if "running" not in name and "num_batches" not in name]
    assert all(torch.allclose(one[name], two[name], atol=1e-6) for name in names)


def test_frozen_encoders_are_the_same_for_every_unit_and_the_fusion_is_not():
    frozen, free = tiny_config("small"), tiny_config()
    a, b = (initial_network(frozen, unit, RANDOM).state_dict() for unit in ("fold-1", "fold-2"))
    assert all(torch.equal(a[name], b[name]) for name in a if name.startswith("encoders."))
    assert not torch.equal(a["classifier.0.weight"], b["classifier.0.weight"])
    c, d = (initial_network(free, unit, RANDOM).state_dict() for unit in ("fold-1", "fold-2"))
    assert not torch.equal(c["encoders.OM.backbone.conv1.weight"], d["encoders.OM.backbone.conv1.weight"])
    subset = initial_network(frozen.restricted_to((Modality.IM,)), "IM/fold-1", RANDOM).state_dict()
    name = "encoders.IM.backbone.conv1.weight"
    assert torch.equal(subset[name], a[name])


def test_the_last_stage_is_trained_and_the_others_stay_as_they_are():
    network = CMUSNet(tiny_config().network)
    assert {name.split(".")[0] for name in last_stage(network.encoders["OM"].backbone)} == {"layer4"}
    choose_trained(network, "last_stage")
    kept = trained_state(network)
    assert "encoders.OM.backbone.layer4.0.bn1.running_mean" in kept
    assert not [name for name in kept if "layer3" in name or "backbone.conv1" in name]
    backbone = network.encoders["OM"].backbone
    assert backbone.layer4[0].bn1.training
    assert not backbone.layer3[0].bn1.training
    assert not backbone.bn1.training
    choose_trained(network, "fusion")
    assert not any(name.startswith("encoders.") for name in trained_state(network))
    choose_trained(network, "all")
    assert set(trained_state(network)) == set(network.state_dict())


@pytest.mark.parametrize(
    "name", ["swin_tiny_patch4_window7_224", "tf_efficientnet_lite0", "vit_tiny_patch16_224"]
)
def test_the_last_stage_of_other_encoders_is_a_part_of_them(name):
    import timm

    backbone = timm.create_model(name, num_classes=0)
    parameters = dict(backbone.named_parameters())
    share = sum(parameters[one].numel() for one in last_stage(backbone)) / sum(
        one.numel() for one in parameters.values()
    )
    assert 0.02 < share < 0.8


def test_weights_of_another_network_are_refused():
    one, two = CMUSNet(tiny_config().network), CMUSNet(tiny_config().network.model_copy(update={"hidden": 8}))
    with pytest.raises(RenalFusionError) as raised:
        load_trained(one, trained_state(two))
    assert raised.value.code == "checkpoint_mismatch"


def test_a_rate_that_is_too_high_is_said(cases, tmp_path):
    with pytest.raises(RenalFusionError) as raised:
        fitted(cases, tmp_path, tiny_config(learning_rate=1e30, epochs=3))
    assert raised.value.code == "training_diverged"
    assert "Lower the learning rate" in str(raised.value)


def test_balanced_weights_count_every_class_alike():
    weights = balanced_weights([0, 0, 0, 1, 2, 2], 4)
    assert torch.allclose(weights * torch.tensor([3.0, 1, 2, 0]), torch.tensor([2.0, 2, 2, 0]))
    assert float(weights[[0, 0, 0, 1, 2, 2]].mean()) == pytest.approx(1)


def test_auc_of_an_epoch_is_that_of_scikit_learn():
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(0)
    labels = np.arange(60) % 3
    probabilities = rng.dirichlet(np.ones(3), 60).round(1)
    expected = np.mean([roc_auc_score(labels == c, probabilities[:, c]) for c in range(3)])
    assert _auc(probabilities, labels) == pytest.approx(expected)
    assert _auc(probabilities[:1], labels[:1]) is None


def test_units_are_folds_of_the_network_and_of_each_subset():
    from napari_renal_fusion.training.folds import Folds

    config = tiny_config(subsets=((Modality.IM, Modality.OM),))
    fold = Fold(name="fold-1", train=("a",), validation=(), test=("b",))
    folds = Folds(
        group_by="patient", seed=0, folds=(fold,), groups={"a": "a", "b": "b"}, labels={"a": 0, "b": 1}
    )
    units = units_of(config, folds)
    assert [one.name for one in units] == ["fold-1", "OM-IM/fold-1"]
    assert units[1].config.network.modalities == ("OM", "IM")


def test_a_checkpoint_with_one_wrong_bit_is_not_read(tmp_path):
    path = tmp_path / "last.ckpt"
    checkpoint.save({"weights": torch.arange(5000.0), "epoch": 3}, path)
    assert torch.equal(checkpoint.load(path)["weights"], torch.arange(5000.0))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert checkpoint.load(path) is None
    path.write_bytes(content[: len(content) // 2])
    assert checkpoint.load(path) is None
    assert checkpoint.load(tmp_path / "none.ckpt") is None


def test_a_pickle_is_never_unpickled(tmp_path):
    class Trap:
        def __reduce__(self):
            return Path.touch, (tmp_path / "sprung",)

    torch.save({"weights": Trap()}, tmp_path / "last.ckpt")
    assert checkpoint.load(tmp_path / "last.ckpt") is None
    assert not (tmp_path / "sprung").exists()


def test_events_are_read_line_by_line_and_a_torn_one_waits(tmp_path):
    log = EventLog(tmp_path)
    log.write("started", pid=1)
    events, start = read_events(tmp_path)
    assert [one["event"] for one in events] == ["started"]
    with (tmp_path / EVENTS).open("ab") as file:
        file.write('{"event": "epoch", "note": "Nierenkörperchen'.encode()[:-3])
    assert read_events(tmp_path, start) == ([], start)
    EventLog(tmp_path).write("stopped")
    assert [one["event"] for one in read_events(tmp_path, start)[0]] == ["stopped"]
    assert last_event(tmp_path) == "stopped"
    assert last_event(tmp_path / "nowhere") == ""
    assert read_events(tmp_path / "nowhere") == ([], 0)
    for line in (tmp_path / EVENTS).read_text(encoding="utf-8").splitlines():
        assert json.loads(line)["time"].endswith("+00:00")


def test_progress_is_told_at_most_twice_a_second(tmp_path):
    log = EventLog(tmp_path)
    for number in range(200):
        log.progress(Step(number / 400, "working"))
    log.progress(Step(1.0, "Done"))
    events, _ = read_events(tmp_path)
    assert 2 <= len(events) < 10
    assert events[-1]["fraction"] == 1
