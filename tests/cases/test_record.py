from pathlib import Path

import pytest

from napari_renal_fusion.cases import Box, Case, ImageItem, Modality, PixelSize
from napari_renal_fusion.cases.record import (
    CaseRecord,
    ImageRecord,
    apply_record,
    read_record,
    record_of,
    write_record,
)
from napari_renal_fusion.cases.work_folder import WorkFolder
from napari_renal_fusion.errors import RenalFusionError

CASE = Case(
    "7K2F",
    "张三",
    code="7K2F",
    images=(
        ImageItem(
            Path("张三 HE.jpg"),
            Modality.OM,
            stain="HE",
            magnification=400.0,
            stated_pixel_size=PixelSize(value=0.25, unit="um"),
            crop=Box(1, 2, 30, 40),
            image_id="OM-1",
        ),
        ImageItem(Path("张三 IgA.jpg"), Modality.IM, stain="IgA", intensity=2.5, image_id="IM-1"),
    ),
)
PLAIN = Case(
    "7K2F",
    "张三",
    images=tuple(ImageItem(one.path, one.modality, image_id=one.image_id) for one in CASE.images),
)


def test_round_trip_without_a_name(tmp_path):
    work = WorkFolder(tmp_path)
    place = write_record(record_of(CASE), work)
    text = place.read_text()
    assert "张三" not in text
    assert "HE.jpg" not in text
    record = read_record("7K2F", work)
    assert apply_record(PLAIN, record) == CASE
    assert read_record("9QXC", work) is None


def test_what_a_case_does_not_carry_is_kept(tmp_path):
    record = record_of(CASE).with_image("IM-1", pattern="granular", location="mesangial", legend=12)
    again = record_of(CASE, record.model_copy(update={"awaiting": (Modality.TEM,)}))
    assert (again.images["IM-1"].pattern, again.images["IM-1"].location) == ("granular", "mesangial")
    assert again.awaiting == (Modality.TEM,)
    newer = CaseRecord.model_validate({**record.model_dump(), "something_new": 3})
    write_record(newer, WorkFolder(tmp_path))
    assert read_record("7K2F", WorkFolder(tmp_path)).something_new == 3


def test_excluded_images_are_in_the_record_only():
    record = record_of(CASE).with_image("OM-1", is_excluded=True)
    assert [image.image_id for image in apply_record(PLAIN, record).images] == ["IM-1"]
    with pytest.raises(KeyError):
        record.with_image("OM-9", stain="HE")
    with pytest.raises(ValueError, match="intensity"):
        record.with_image("IM-1", intensity=7)


def test_damaged_and_newer_records_are_one_sentence(tmp_path):
    work = WorkFolder(tmp_path)
    work.case("7K2F").mkdir()
    for text, code in (("{", "record_damaged"), ('{"format": 99, "code": "7K2F"}', "record_newer")):
        (work.case("7K2F") / "case.json").write_text(text)
        with pytest.raises(RenalFusionError) as caught:
            read_record("7K2F", work)
        assert caught.value.code == code
        assert caught.value.remedy


def test_an_image_record_keeps_what_it_is_told():
    record = ImageRecord(modality=Modality.IM, intensity=0.5, sorted_by="person", sure=1.0)
    assert ImageRecord.model_validate_json(record.model_dump_json()) == record
