"""Corrections, what they teach, undo; sections, layout and the cursor: nothing of a window."""

import pytest

from napari_renal_fusion.cases import Modality
from napari_renal_fusion.cases.sorting import Correction, sort_files
from napari_renal_fusion.phantoms.messy import write_messy
from napari_renal_fusion.viewer.sorter.choices import by_digit, suggest, suggest_biopsy
from napari_renal_fusion.viewer.sorter.desk import Desk, judged, lesson
from napari_renal_fusion.viewer.sorter.layout import Measures, lay_out
from napari_renal_fusion.viewer.sorter.sections import next_current, sections_of

from ...cases.sorting.pictures import pictures

OM, IM, TEM = Modality


@pytest.fixture(scope="module")
def sorting(tmp_path_factory):
    return sort_files(write_messy(tmp_path_factory.mktemp("messy"), 1, pictures=pictures()).folder)


def told(sorting, names, change):
    desk = Desk(sorting)
    desk.say(names, change)
    return judged(desk.base, desk.corrections)


def test_every_image_stands_in_exactly_one_place_and_doubtful_ones_first(sorting):
    sections = sections_of(sorting)
    names = [name for section in sections for name in section.names]
    assert sorted(names) == sorted(file.name for file in sorting.files)
    assert names[: len(sorting.doubtful)] == [file.name for file in sorting.doubtful]
    assert [section.title.split("  ")[0] for section in sections] == [
        "To check", "Light (OM)", "Immunofluorescence (IM)", "Electron (TEM)",
    ]  # fmt: skip
    light = next(section for section in sections if section.title.startswith("Light"))
    assert [cluster.title for cluster in light.clusters] == ["HE  4", "PAS  4", "Masson  2"]


def test_what_a_correction_teaches_is_said(sorting):
    first = next(file.name for file in sorting.doubtful if "纤维" in file.name)
    after = told(sorting, [first], Correction(modality=IM, stain="Fibrinogen"))
    said = lesson(sorting, after, [first])
    assert len(said.taught) == 2
    assert said.sentence == f"{first} is IF · Fibrinogen. Learnt from it: 2 others are IF · Fibrinogen, too."
    out = told(sorting, [first], Correction(left_out=True))
    assert lesson(sorting, out, [first]).sentence == f"{first} is left out of the case; nothing is deleted."
    assert sections_of(out)[-1].names == (first,)


def test_undo_and_redo_give_back_what_was(sorting):
    desk = Desk(sorting)
    assert not desk.undo()
    names = [file.name for file in sorting.doubtful[:2]]
    desk.say(names[:1], Correction(modality=TEM))
    desk.say(names[:1], Correction(modality=OM, stain="PAS"))
    desk.say(names[1:], Correction(left_out=True))
    states = [dict(desk.corrections)]
    while desk.undo():
        states.append(dict(desk.corrections))
    assert states[-1] == {}
    assert judged(sorting, {}) is sorting
    back = []
    while desk.redo():
        back.append(dict(desk.corrections))
    assert back == states[:-1][::-1]
    desk.undo()
    desk.say(names[:1], Correction(modality=IM))
    assert desk.corrections[names[0]] == Correction(modality=IM)  # another modality forgets the stain
    assert not desk.redo()


def test_the_cursor_walks_through_the_doubtful_ones(sorting):
    order = [file.name for file in sorting.doubtful]
    after = told(sorting, order[:1], Correction(modality=TEM))
    assert next_current(sections_of(sorting), sections_of(after), order[:1]) in {
        f.name for f in after.doubtful
    }
    # without its stain a light image stays doubtful, and so does the cursor
    after = told(sorting, order[:1], Correction(modality=OM))
    assert after.get(order[0]).doubtful
    assert next_current(sections_of(sorting), sections_of(after), order[:1]) == order[0]
    # the others have left with it: the cursor goes to the next that stayed
    after = told(sorting, order[:1], Correction(modality=IM, stain="Fibrinogen"))
    assert next_current(sections_of(sorting), sections_of(after), order[:1]) == order[3]


@pytest.mark.parametrize(
    ("text", "modality", "first"),
    [
        ("pa", OM, Correction(modality=OM, stain="PAS")),
        ("jones", None, Correction(modality=OM, stain="PASM")),
        ("六胺银", OM, Correction(modality=OM, stain="PASM")),
        ("kap", OM, Correction(modality=IM, stain="Kappa")),
        ("c3", IM, Correction(modality=IM, stain="C3")),
        ("x400", IM, Correction(magnification=400.0)),
        ("Perls", OM, Correction(modality=OM, stain="Perls")),
    ],
)
def test_typing_suggests(text, modality, first):
    assert suggest(text, modality)[0].correction == first


def test_digits_and_biopsies():
    assert by_digit(3, OM) == Correction(modality=OM, stain="PASM")
    assert by_digit(9, IM) == Correction(modality=IM, stain="Albumin")
    assert by_digit(0, IM) == Correction(stain="")
    assert by_digit(7, OM) is by_digit(1, TEM) is by_digit(1, None) is None
    found = suggest_biopsy("26", ("2026-1", "B7"))
    assert [one.correction.biopsy for one in found] == ["2026-1", "26"]
    assert [one.correction.biopsy for one in suggest_biopsy("", ("2026-1", "B7"))] == ["2026-1", "B7"]


def test_layout_flows_without_overlap_at_any_width(sorting):
    sections = sections_of(sorting)
    for width in (120, 333, 900):
        layout = lay_out(sections, width, Measures(90, 68, 14, 8))
        assert len(layout.tiles) == len(sorting.files)
        for place, one in enumerate(layout.tiles):
            assert one.rect.left() >= 0
            assert one.rect.right() < max(width, 120)
            assert one.rect.bottom() < layout.height
            assert not any(one.rect.intersects(other.rect) for other in layout.tiles[place + 1 :])
            assert not any(one.rect.intersects(words.rect) for words in layout.words)
        top = layout.tiles[0].name
        assert layout.beside(top, -1) == top
        assert layout.beside(top, 1) != top
