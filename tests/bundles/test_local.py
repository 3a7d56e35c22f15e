"""What a laboratory keeps beside a bundle: written whole, read back, and never with a patient's name."""

import pytest

from napari_renal_fusion.bundles import (
    Frequencies,
    remember_training_patients,
    store_frequencies,
    stored_check,
    stored_frequencies,
    was_trained_on,
)
from napari_renal_fusion.bundles.local import local_folder
from napari_renal_fusion.errors import RenalFusionError

SHA = "ab" * 32
NAMES = ("IgA nephropathy", "membranous nephropathy", "lupus nephritis")
HERE = Frequencies(
    name="Our clinic", shares={"iga Nephropathy": 24, "membranous nephropathy": 12, "lupus nephritis": 4}
)


def test_frequencies_are_kept_renormalised_and_removed():
    assert stored_frequencies(SHA) is None
    store_frequencies(SHA, HERE)
    assert stored_frequencies(SHA) == HERE
    assert stored_frequencies("cd" * 32) is None
    assert HERE.of(NAMES) == pytest.approx((0.6, 0.3, 0.1))
    store_frequencies(SHA, None)
    store_frequencies(SHA, None)
    assert stored_frequencies(SHA) is None


@pytest.mark.parametrize(
    ("shares", "named"),
    [
        ({"IgA nephropathy": 1, "membranous nephropathy": 1}, "nothing about lupus nephritis"),
        ({**HERE.shares, "amyloidosis": 1}, "amyloidosis, which the model cannot answer"),
        ({**HERE.shares, "lupus nephritis": 0}, "not above 0"),
        ({**HERE.shares, "lupus nephritis": float("nan")}, "not above 0"),
    ],
)
def test_frequencies_that_do_not_fit_are_refused(shares, named):
    with pytest.raises(RenalFusionError, match=named) as raised:
        Frequencies(name="x", shares=shares).of(NAMES)
    assert raised.value.code == "frequencies_invalid"


def test_training_patients_are_known_again_but_not_readable():
    assert not was_trained_on(SHA, "Zhang Planted")
    remember_training_patients(SHA, ["Zhang Planted", "p-2", "", "Zhang Planted"])
    assert was_trained_on(SHA, "Zhang Planted")
    assert was_trained_on(SHA, " ZHANG  planted ")
    assert not was_trained_on(SHA, "Zhang")
    assert not was_trained_on(SHA, "")
    text = (local_folder(SHA) / "training_patients.json").read_text()
    assert "Planted" not in text
    assert text.count('",') + 1 == 3  # a salt and two patients


@pytest.mark.parametrize("content", ["{", "[]", '{"salt": 3}', "\udce4"])
@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("verify.json", stored_check),
        ("frequencies.json", stored_frequencies),
        ("training_patients.json", lambda sha: was_trained_on(sha, "p")),
    ],
)
def test_a_damaged_record_is_one_clear_error(name, read, content):
    folder = local_folder(SHA)
    folder.mkdir(parents=True)
    (folder / name).write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(RenalFusionError) as raised:
        read(SHA)
    assert raised.value.code == "local_record_damaged"
    assert name in str(raised.value)
