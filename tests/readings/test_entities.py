"""Finding a diagnosis by typing: full names, abbreviations, Chinese, slips, and free text."""

import pytest

from napari_renal_fusion.readings import ENTITIES, entity_of, find_entities, full_name, same_diagnosis
from napari_renal_fusion.readings.entities import plain


def first(text):
    return find_entities(text)[0].name


def test_about_forty_entities_and_no_word_means_two_of_them():
    assert 38 <= len(ENTITIES) <= 48
    words = [plain(word) for one in ENTITIES for word in set(map(plain, one.words))]
    assert len(words) == len(set(words))
    assert all(one.chinese and one.group for one in ENTITIES)


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("MN", "Membranous nephropathy"),
        ("membranous neph", "Membranous nephropathy"),
        ("neph memb", "Membranous nephropathy"),
        ("膜性", "Membranous nephropathy"),
        ("iga", "IgA nephropathy"),
        ("IgAN", "IgA nephropathy"),
        ("ＩｇＡ肾病", "IgA nephropathy"),
        ("狼疮", "Lupus nephritis"),
        ("ln", "Lupus nephritis"),
        ("fsgs", "Focal segmental glomerulosclerosis"),
        ("mcd", "Minimal change disease"),
        ("anti gbm", "Anti-GBM glomerulonephritis"),
        ("pgnmid", "Proliferative glomerulonephritis with monoclonal immunoglobulin deposits"),
        ("糖尿病", "Diabetic nephropathy"),
        ("henoch", "IgA vasculitis nephritis"),
        ("amyloid", "AL amyloidosis"),
        ("membraneous nephropathy", "Membranous nephropathy"),
        ("aport syndrome", "Alport syndrome"),
    ],
)
def test_what_is_typed_finds_the_entity_first(typed, name):
    assert first(typed) == name


def test_nothing_typed_lists_all_and_nonsense_lists_none():
    assert find_entities("  ") == ENTITIES
    assert find_entities("", 5) == ENTITIES[:5]
    assert find_entities("qqqqzzzz") == ()


def test_names_are_the_same_however_they_are_written():
    assert same_diagnosis("mn", "膜性肾病")
    assert same_diagnosis("membranous nephropathy", "Membranous Nephropathy")
    assert not same_diagnosis("MN", "LN")
    assert same_diagnosis("Some  rare thing", "some rare thing")
    assert not same_diagnosis("some rare thing", "MN")
    assert not same_diagnosis("", "")
    assert full_name(" igan ") == "IgA nephropathy"
    assert full_name("  a  new disease ") == "a new disease"
    assert entity_of("nephropathy") is None
