"""Sentences about a cohort without the names of its people and files, and without losing what else they say."""

from __future__ import annotations

from pathlib import Path

from napari_renal_fusion.inputs.nameless import Nameless


def test_numbers_and_stains_that_are_files_too_stay_in_sentences():
    files = [(Path("/d/Ann Smith/OM/PASM.jpg"), "OM-1"), (Path("/d/Ann Smith/OM/120.jpg"), "OM-2")]
    names = Nameless(files, {"Ann Smith": "7K2F"}, {"PASM"})
    assert (
        names.text("120 of 300 cases have no PASM, 0.120 a case.")
        == "120 of 300 cases have no PASM, 0.120 a case."
    )
    assert names.text("OM-2 (120) of Ann Smith: 120.jpg, PASM.jpg.") == "OM-2 (OM-2) of 7K2F: OM-2, OM-1."


def test_an_accession_number_and_a_short_chinese_name_go():
    names = Nameless([(Path("/d/x/20240117.jpg"), "OM-1")], {"李明": "7K2F"})
    assert names.tree({"李明": ["20240117 is dark", 1.5], "path": "/d/x"}) == {
        "7K2F": ["OM-1 is dark", 1.5],
        "path": None,
    }
