import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from napari_renal_fusion.cases import Cohort
from napari_renal_fusion.compute.progress import Cancelled, Progress
from napari_renal_fusion.training import preset
from napari_renal_fusion.training.check import CohortReport, Finding, check_cohort
from napari_renal_fusion.training.check.duplicates import limited

from .made_cohort import CLASSES, MadeCohort, clean

LUPUS = "lupus nephritis"


@pytest.fixture(scope="module")
def bad(tmp_path_factory):
    """Everything wrong at once, and its report."""
    made = MadeCohort(tmp_path_factory.mktemp("bad"))
    files = {}
    for number in range(20):
        # The antibody is a function of the label, as in the published data.
        files[number] = made.add(number, CLASSES[number % 2], antibody=("IgA", "IgG")[number % 2])
    for number in range(20, 23):
        made.add(number, LUPUS, antibody="C1q")
    made.add(30, CLASSES[0], antibody="IgA", patient="P00", biopsy=2)
    twin = made.add(31, CLASSES[1], antibody="IgG", patient="TWIN")
    for source, target in zip(files[1], twin, strict=True):
        shutil.copy(source, target)
    shutil.copy(files[2][2], files[5][3])
    damaged = files[6][3]
    damaged.write_bytes(damaged.read_bytes()[:2000])
    made.add(40, "amyloidosis", antibody="IgG")
    for row in made.rows:
        if row["patient_id"] == "P09":
            row["label_source"] = "after model"
    cohort = replace(Cohort.from_csv(made.write()), class_names=(*CLASSES, LUPUS))
    return check_cohort(cohort, preset("small"))


def only(report: CohortReport, code: str):
    found = [one for one in report.findings if one.code == code]
    assert len(found) == 1, [one.message for one in report.findings]
    return found[0]


def test_a_duplicated_patient(bad):
    found = only(bad, "patient_duplicated")
    assert found.severity == "error"
    assert "P01 and TWIN" in found.message or "TWIN and P01" in found.message
    assert "4 of 4 images" in found.message
    assert set(found.cases) == {"P01-B1", "TWIN-B1"}


def test_an_image_shared_by_two_patients(bad):
    found = only(bad, "image_two_patients")
    assert found.severity == "error"
    assert "P02-B1/TEM/1.png" in found.message
    assert "P05-B1/TEM/2.png" in found.message
    assert set(found.cases) == {"P02-B1", "P05-B1"}


def test_two_biopsies_of_one_patient(bad):
    found = only(bad, "patient_several_biopsies")
    assert found.severity == "info"
    assert "P00 (P00-B1 and P00-B2)" in found.message


def test_a_class_of_three(bad):
    found = only(bad, "cohort_too_few")
    assert found.severity == "error"
    assert re.search(r"lupus nephritis has 3 patients .* 5 folds need at least 5", found.message)
    assert set(found.cases) == {"P20-B1", "P21-B1", "P22-B1"}


def test_an_unreadable_file(bad):
    found = only(bad, "image_truncated")
    assert found.message.startswith("Case P06-B1: The image P06-B1/TEM/2.png is truncated")
    assert "1 Electron (TEM) image of the case can be read" in found.message
    assert found.cases == ("P06-B1",)


def test_a_label_outside_the_list(bad):
    found = only(bad, "label_unknown")
    assert found.severity == "error"
    assert "'amyloidosis' of P40-B1" in found.message
    assert LUPUS in found.message


def test_an_antibody_that_predicts_the_label(bad):
    found = [one for one in bad.findings if one.code == "shortcut" and "antibody" in one.message]
    assert [one.severity for one in found] == ["warning"]
    assert "alone predicts the label of 100 % of patients (chance 33 %" in found[0].message
    assert "IgA: IgA nephropathy 10 of 10" in found[0].message
    assert found[0].message.endswith("So does the set of antibodies of the immunofluorescence images.")


def test_what_differs_between_sources_predicts_in_one_line(tmp_path):
    made = MadeCohort(tmp_path)
    for number in range(16):
        files = made.add(number, CLASSES[number % 2], year=2015 + number % 2)
        if number % 2:
            for place, file in enumerate(files):
                path = file.with_name(f"IMG_00{place}.jpg")
                Image.open(file).resize((200, 150)).save(path)
                made.rows[4 * number + place]["path"] = str(path.relative_to(tmp_path))
    report = check_cohort(Cohort.from_csv(made.write()), preset("small"))
    found = [one.message for one in report.warnings if one.code == "shortcut"]
    assert len(found) == 1
    assert found[0].startswith(
        "The year of the biopsy alone predicts the label of 100 % of patients (chance 50 %, p < 0.001)"
    )
    for what in ("resolution", "file format", "file size", "beginning of the file name"):
        assert f"the {what} of the light image" in found[0]


def test_a_label_entered_after_seeing_a_model(bad):
    found = only(bad, "label_after_model")
    assert found.severity == "warning"
    assert found.cases == ("P09-B1",)
    assert "left out of validation" in found.message


def test_all_of_it_in_one_report(bad):
    assert {one.code for one in bad.errors} == {
        "patient_duplicated", "image_two_patients", "cohort_too_few", "label_unknown",
    }  # fmt: skip
    assert (bad.cases, bad.patients, bad.images) == (26, 25, 104)
    assert bad.class_counts == {CLASSES[0]: 10, CLASSES[1]: 11, LUPUS: 3}
    groups = [one.group for one in bad.findings]
    assert groups == sorted(groups, key=list(dict.fromkeys(groups)).index)  # each group in one piece
    rank = {"error": 0, "warning": 1, "info": 2}
    for group in set(groups):
        ranks = [rank[one.severity] for one in bad.findings if one.group == group]
        assert ranks == sorted(ranks)
    assert CohortReport.model_validate_json(bad.model_dump_json()) == bad


def test_a_clean_cohort_has_no_error_and_no_shortcut(tmp_path):
    cohort = Cohort.from_csv(clean(tmp_path))
    seen = []
    report = check_cohort(cohort, preset("small"), Progress(lambda step: seen.append(step.fraction)))
    assert report.errors == ()
    # The encoders of the demonstration never saw real images, and 24 patients give no set: both are true.
    assert {one.code for one in report.warnings} == {"encoder_synthetic", "conformal_too_few"}
    tested = only(report, "shortcuts_tested").message
    assert all(word in tested for word in ("antibody", "hospital", "year", "scanner", "file size"))
    assert seen == sorted(seen)
    assert seen[-1] == 1
    assert check_cohort(cohort, preset("small")) == report


def test_every_image_is_decoded_once_for_check_and_training(tmp_path, monkeypatch):
    from napari_renal_fusion.cases import image_files
    from napari_renal_fusion.training.patients import prepare

    cohort = Cohort.from_csv(clean(tmp_path, patients=12))
    config = preset("demo", folds=2, final="ensemble", network={"n_classes": 2})
    decoded = []
    read = image_files.read_image
    monkeypatch.setattr(
        image_files, "read_image", lambda path, page=0: decoded.append(path) or read(path, page)
    )
    check_cohort(cohort, config)
    assert len(decoded) == len(set(decoded)) == 48
    prepare(cohort, config)
    assert len(decoded) == 48


def test_phantoms_that_ship_hold_no_copies():
    import napari_renal_fusion

    folder = Path(napari_renal_fusion.__file__).parent / "sample_data" / "cohort"
    report = check_cohort(Cohort.from_csv(folder / "cohort.csv"), preset("small"))
    # Two patients a class are too few to train on, and nothing else is wrong.
    assert {one.code for one in report.errors} == {"cohort_too_few"}
    assert not [one for one in report.findings if one.code.startswith(("image_t", "patient_", "encoder_"))]


def test_copies_that_are_not_exact_are_found_and_told_apart(tmp_path):
    made = MadeCohort(tmp_path)
    files = [made.add(number, CLASSES[number % 2]) for number in range(12)]

    def copied(source, target, change):
        Image.fromarray(change(np.asarray(Image.open(source)))).save(target)

    copied(files[0][2], files[1][2], lambda a: a[:, ::-1])  # mirrored, in another patient
    copied(files[2][2], files[2][3], lambda a: np.clip(a * 1.08 + 4.0, 0, 255).astype(np.uint8))
    path = files[4][1].with_suffix(".jpg")
    Image.open(files[3][1]).resize((100, 75)).save(path, quality=60)
    made.rows[17]["path"] = str(path.relative_to(tmp_path))
    report = check_cohort(Cohort.from_csv(made.write()), preset("small", folds=2))
    two = [one for one in report.findings if one.code == "image_two_patients_nearly"]
    assert [one.severity for one in two] == ["warning", "warning"]
    assert [set(one.cases) for one in two] == [{"P00-B1", "P01-B1"}, {"P03-B1", "P04-B1"}]
    assert "mirrored" in two[0].message
    assert re.search(r"\d of 64 bits differ", two[1].message)
    assert "mirrored" not in two[1].message
    assert only(report, "image_twice_in_case").cases == ("P02-B1",)


def test_a_patient_recompressed_under_another_id_is_one_patient(tmp_path):
    made = MadeCohort(tmp_path)
    files = [made.add(number, CLASSES[number % 2]) for number in range(6)]
    for place, (source, target) in enumerate(zip(files[0], files[3], strict=True)):
        path = target.with_suffix(".jpg")
        Image.open(source).save(path, quality=70)
        made.rows[12 + place]["path"] = str(path.relative_to(tmp_path))
    found = only(check_cohort(Cohort.from_csv(made.write())), "patient_duplicated")
    assert "they share 4 of 4 images" in found.message
    assert found.severity == "error"


def test_the_same_image_in_two_biopsies_of_a_patient_is_no_leak(tmp_path):
    made = MadeCohort(tmp_path)
    first = made.add(0, CLASSES[0], patient="A", biopsy=1)
    second = made.add(1, CLASSES[0], patient="a ", biopsy=2)
    made.add(2, CLASSES[1])
    shutil.copy(first[0], second[0])
    report = check_cohort(Cohort.from_csv(made.write()))
    assert only(report, "image_two_biopsies").severity == "warning"
    assert "'A' and 'a'" in only(report, "patient_spelled_twice").message
    assert not [one for one in report.findings if one.code == "image_two_patients"]


def test_contradicting_labels_of_a_patient(tmp_path):
    made = MadeCohort(tmp_path)
    made.add(0, CLASSES[0], patient="A", biopsy=1)
    made.add(1, CLASSES[1], patient="A", biopsy=2)
    found = only(check_cohort(Cohort.from_csv(made.write())), "patient_two_labels")
    assert found.severity == "error"
    assert f"A-B1: {CLASSES[0]} and A-B2: {CLASSES[1]}" in found.message


def test_missing_modalities_calibration_and_classes(tmp_path):
    made = MadeCohort(tmp_path)
    for number in range(8):
        made.add(number, (*CLASSES, "Membranous  Nephropathy")[number % 3])
    made.rows = [row for row in made.rows if (row["case_id"], row["modality"]) != ("P03-B1", "TEM")]
    for row in made.rows:
        if row["modality"] == "OM":
            row["pixel_size"], row["pixel_unit"] = (
                ("500", "nm") if row["patient_id"] == "P01" else ("0.5", "um")
            )
        if row["modality"] == "IM":
            row["pixel_size"] = (
                "" if row["patient_id"] == "P02" else "5" if row["patient_id"] == "P04" else "0.5"
            )
            row["pixel_unit"] = "um" if row["pixel_size"] else ""
        if row["modality"] == "TEM":
            row["pixel_size"] = row["pixel_unit"] = ""
    (tmp_path / "P05-B1/OM/PASM.png").unlink()
    Image.fromarray(np.full((64, 64, 3), 7, np.uint8)).save(tmp_path / "P06-B1/TEM/1.png")
    report = check_cohort(Cohort.from_csv(made.write()))
    missing = [one for one in report.findings if one.code == "modality_missing"]
    assert [one.cases for one in missing] == [("P05-B1",), ("P03-B1",)]
    assert all(one.severity == "error" for one in missing)
    assert "P05-B1/OM/PASM.png does not exist" in only(report, "image_missing").message
    assert only(report, "image_blank").cases == ("P06-B1",)
    assert only(report, "calibration_missing").cases == ("P02-B1",)
    assert only(report, "calibration_mixed").cases == ("P04-B1",)
    assert "Electron" in only(report, "calibration_none").message
    assert "'Membranous  Nephropathy'" in only(report, "class_spelled_twice").message
    assert "2 to 2" in only(report, "bag_sizes").message


def test_two_crops_of_one_file_are_two_images(tmp_path):
    made = MadeCohort(tmp_path)
    made.add(0, CLASSES[0])
    made.add(1, CLASSES[1])
    cohort = Cohort.from_csv(made.write())
    case = cohort.cases[0]
    from napari_renal_fusion.cases import Box

    light = case.images[0]
    halves = [replace(light, crop=Box(0, left, 120, 80)) for left in (0, 80)]
    cropped = replace(cohort, cases=(replace(case, images=(*halves, *case.images[1:])), cohort.cases[1]))
    same = replace(cohort, cases=(replace(case, images=(light, light, *case.images[1:])), cohort.cases[1]))
    assert not [one for one in check_cohort(cropped).findings if one.code == "image_twice_in_case"]
    assert only(check_cohort(same), "image_twice_in_case").cases == (case.case_id,)


def test_encoders_and_what_cannot_be_used(tmp_path):
    cohort = Cohort.from_csv(clean(tmp_path, patients=12))
    assert only(check_cohort(cohort, preset("paper")), "encoder_random").severity == "warning"
    assert only(check_cohort(cohort, preset("small")), "encoder_synthetic").severity == "warning"
    gone = check_cohort(cohort, preset("paper", encoder_weights=str(tmp_path / "gone.safetensors")))
    assert only(gone, "encoder_weights_missing").severity == "error"
    hospitals = check_cohort(cohort, preset("small", group_by="hospital"))
    assert [one.group for one in hospitals.errors] == ["Folds"] * 2
    assert "hospital" in hospitals.errors[0].message


def test_an_empty_or_unlabelled_cohort_is_a_report_too(tmp_path):
    assert {one.code for one in check_cohort(Cohort(())).errors} == {"cohort_no_labels"}
    made = MadeCohort(tmp_path)
    made.add(0, "")
    report = check_cohort(Cohort.from_csv(made.write()))
    assert {one.code for one in report.errors} == {"cohort_no_labels"}
    assert only(report, "case_unlabelled").cases == ("P00-B1",)


def test_cancelling_stops_it(tmp_path):
    progress = Progress()
    progress.cancel()
    with pytest.raises(Cancelled):
        check_cohort(Cohort.from_csv(clean(tmp_path, patients=2)), progress=progress)


def test_a_thousand_lines_become_forty_and_one():
    every = [
        Finding(code="a", group="Images", severity="error" if i == 90 else "warning", message="x", cases=(f"c{i}",))
        for i in range(100)
    ]  # fmt: skip
    shown = list(limited(iter(every)))
    assert shown[:40] == every[:40]
    assert len(shown) == 41
    assert shown[40].message == "60 further findings like the 40 above."
    assert shown[40].severity == "error"
    assert len(shown[40].cases) == 60
    assert list(limited(iter(every[:40]))) == every[:40]


def test_encoders_that_saw_the_cohort_are_refused(tmp_path):
    from napari_renal_fusion.bundles import describe, find
    from napari_renal_fusion.training.patients import picture_store

    cohort = Cohort.from_csv(clean(tmp_path / "cohort", patients=12))
    case = cohort.cases[3]
    config = preset("small")
    picture = picture_store().get(case.images[0], config.preprocessing[case.images[0].modality])
    bundle = tmp_path / "ours"
    shutil.copytree(find("demo"), bundle)
    files = [(bundle / name).read_bytes() for name in ("model.safetensors", "README.md")]

    def report(seen, chosen):
        changed = describe("demo").model_copy(update={"format_version": 2, "seen_images": seen})
        (bundle / "bundle.json").write_text(changed.sealed(*files).model_dump_json())
        return check_cohort(cohort, preset("small", encoder_weights=str(chosen)))

    found = only(report((picture.image_sha256[:16],), bundle), "encoder_saw_cohort")
    assert (found.severity, found.cases) == ("error", (case.case_id,))
    assert case.case_id in found.message
    assert "ImageNet weights" in found.remedy
    others = report(("0" * 16,), bundle)
    assert not [one for one in others.findings if one.code == "encoder_saw_cohort"]


def test_one_field_in_two_stains_is_no_copy_of_itself(tmp_path):
    made = MadeCohort(tmp_path)
    files = [made.add(number, CLASSES[number % 2]) for number in range(2)]
    cohort = Cohort.from_csv(made.write())
    case, light = cohort.cases[0], cohort.cases[0].images[0]
    other = files[0][0].with_name("HE.png")
    pixels = np.clip(np.asarray(Image.open(files[0][0])) * 0.9 + 8.0, 0, 255).astype(np.uint8)
    Image.fromarray(pixels).save(other)

    def twice(stain):
        images = (*case.images, replace(light, path=other, stain=stain))
        found = check_cohort(replace(cohort, cases=(replace(case, images=images), cohort.cases[1]))).findings
        return [one.code for one in found if one.code == "image_twice_in_case"]

    assert light.stain == "PASM"
    assert twice("PASM") == twice(None) == ["image_twice_in_case"]
    assert twice("HE") == []
