import numpy as np
import pytest
from PIL import Image

from napari_renal_fusion.cases import Case, Cohort, ImageItem, Modality
from napari_renal_fusion.compute.progress import Cancelled, Progress
from napari_renal_fusion.errors import RenalFusionError
from napari_renal_fusion.inputs import Preprocessing
from napari_renal_fusion.phantoms.stamp import stamp
from napari_renal_fusion.training import preset
from napari_renal_fusion.training.patients import label_indices, picture_store, prepare

CONFIG = preset(
    "small", network={"n_classes": 2}, preprocessing=dict.fromkeys(Modality, Preprocessing(size=(32, 32)))
)


def picture(path, level, noise=20, synthetic=True):
    rng = np.random.default_rng(level)
    pixels = np.clip(rng.normal(level, noise, (100, 100, 3)), 0, 255).astype(np.uint8)
    Image.fromarray(stamp(pixels) if synthetic else pixels).save(path)


@pytest.fixture
def cohort(tmp_path):
    """Two classes of two patients: OM, two antibodies, three electron images each."""
    cases = []
    for number in range(4):
        folder = tmp_path / f"P{number}"
        folder.mkdir()
        names = (("PASM", "OM"), ("IgA", "IM"), ("IgG", "IM"), ("1", "TEM"), ("2", "TEM"), ("3", "TEM"))
        images = []
        for place, (name, modality) in enumerate(names):
            picture(folder / f"{name}.png", 40 + 20 * place + number)
            images.append(ImageItem(folder / f"{name}.png", Modality(modality), stain=name))
        cases.append(Case(f"c{number}", f"p{number}", tuple(images), label="AB"[number % 2]))
    return Cohort(tuple(cases))


def test_every_picture_is_prepared_once(cohort, tmp_path, monkeypatch):
    store = picture_store(tmp_path / "store")
    seen = []
    cases, notices = prepare(cohort, CONFIG, Progress(lambda step: seen.append(step.fraction)), store=store)
    assert notices == ()
    assert seen == sorted(seen)
    assert seen[-1] == 1
    assert [(one.case_id, one.patient_id, one.label) for one in cases] == [
        ("c0", "p0", 0), ("c1", "p1", 1), ("c2", "p2", 0), ("c3", "p3", 1),
    ]  # fmt: skip
    for one in cases:
        assert {modality: len(images) for modality, images in one.pictures.items()} == {
            Modality.OM: 1, Modality.IM: 1, Modality.TEM: 3,
        }  # fmt: skip
        assert one.synthetic
        assert one.pictures[Modality.IM][0].image.stain == "IgG"  # the brighter one
        order = [image.input_sha256 for image in one.pictures[Modality.TEM]]
        assert order == sorted(order)
        assert one.pictures[Modality.OM][0].pixels.shape == (32, 32, 3)

    def decode(self):
        raise AssertionError("decoded again")

    monkeypatch.setattr(ImageItem, "read", decode)
    again, _ = prepare(cohort, CONFIG, store=picture_store(tmp_path / "store"), threads=1)
    assert again == cases


def test_an_unreadable_image_is_named_and_another_one_chosen(cohort, tmp_path):
    bad = [tmp_path / "P0" / "IgG.png", tmp_path / "P1" / "2.png"]
    for path in bad:
        path.write_bytes(path.read_bytes()[:300])
    cases, notices = prepare(cohort, CONFIG, store=picture_store(tmp_path / "store"))
    assert cases[0].pictures[Modality.IM][0].image.stain == "IgA"
    assert len(cases[1].pictures[Modality.TEM]) == 2
    assert [one.path for one in notices] == bad
    assert notices[0].message.startswith("Case c0: ")
    assert "IgG.png" in notices[0].message


def test_all_cases_that_lack_a_modality_are_named_at_once(cohort, tmp_path):
    (tmp_path / "P3" / "PASM.png").write_bytes(b"not an image")
    without = Case("c9", "p9", cohort.cases[0].of(Modality.OM), label="A")
    lacking = Cohort((*cohort.cases, without))
    store = picture_store(tmp_path / "store")
    with pytest.raises(RenalFusionError) as caught:
        prepare(lacking, CONFIG, store=store)
    assert caught.value.code == "training_image_missing"
    for said in ("c3 has no usable image of Light (OM)", "c9 has no usable image of", "Electron (TEM)"):
        assert said in str(caught.value)
    cases, _ = prepare(cohort, CONFIG.restricted_to((Modality.IM, Modality.TEM)), store=store)
    assert len(cases) == 4  # a network that does not read OM needs none
    assert set(cases[3].pictures) == {Modality.IM, Modality.TEM}


def test_one_real_image_makes_a_case_real(cohort, tmp_path):
    picture(tmp_path / "P2" / "2.png", 90, synthetic=False)
    cases, _ = prepare(cohort, CONFIG, store=picture_store(tmp_path / "store"))
    assert [one.synthetic for one in cases] == [True, True, False, True]


def test_labels(cohort):
    unlabelled = Case("c8", "p8", cohort.cases[0].images)
    extended = Cohort((*cohort.cases, unlabelled), class_names=("B", "A"))
    assert label_indices(extended) == {"c0": 1, "c1": 0, "c2": 1, "c3": 0}
    _, notices = prepare(extended, CONFIG)
    assert [(one.code, one.severity) for one in notices] == [("case_unlabelled", "info")]
    assert "c8" in notices[0].message
    for wrong, code in (
        (Cohort(cohort.cases, class_names=("A", "C")), "label_unknown"),
        (Cohort(cohort.cases[:1]), "cohort_no_labels"),
        (Cohort(cohort.cases, class_names=("A", "B", "C")), "cohort_classes"),
    ):
        with pytest.raises(RenalFusionError) as caught:
            label_indices(wrong, 2)
        assert caught.value.code == code
    with pytest.raises(RenalFusionError, match="c1: B, c3: B"):
        label_indices(Cohort(cohort.cases, class_names=("A", "C")))


def test_preparing_can_be_cancelled(cohort, tmp_path):
    progress = Progress(lambda step: step.fraction > 0.2 and progress.cancel())
    with pytest.raises(Cancelled):
        prepare(cohort, CONFIG, progress, store=picture_store(tmp_path / "store"))
