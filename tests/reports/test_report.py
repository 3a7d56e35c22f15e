"""The report: self-contained, honest, escaped, and free of names."""

from __future__ import annotations

import dataclasses
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from napari_renal_fusion.cases import Modality
from napari_renal_fusion.inputs.selection import Selection
from napari_renal_fusion.notices import Notice
from napari_renal_fusion.reports import write_report

from .conftest import NAMES, PLANTED, SCOPE


class Page(HTMLParser):
    """Text and addresses of a page; also checks that tags are balanced."""

    EMPTY = frozenset({"meta", "img", "br", "link"})

    def __init__(self, html: str):
        super().__init__()
        self.text, self.tags, self.addresses, self.open = [], [], [], []
        self.feed(html)
        self.close()
        assert not self.open
        self.text = re.sub(r"\s+", " ", " ".join(self.text))

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.addresses += [value for name, value in attributes if name in {"src", "href", "action"}]
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.text.append(data)


@pytest.fixture
def write(tmp_path, case):
    def write(prediction, explanation=None, of=None):
        path = tmp_path / "out" / "report.html"
        write_report(of or case, prediction, explanation, path)
        return path.read_text(encoding="utf-8")

    return write


def test_it_is_self_contained_and_small(write, prediction, explanation):
    html = write(prediction, explanation)
    page = Page(html)
    assert len(html.encode()) < 10_000_000
    assert page.addresses
    assert all(address.startswith("data:image/") for address in page.addresses)
    assert "http://" not in html
    assert "https://" not in html
    assert "url(" not in html
    assert "script" not in page.tags


def test_it_says_everything_in_order(write, prediction, explanation):
    text = Page(write(prediction, explanation)).text
    wanted = [
        "Model opinion — research use only",
        "Case 7K2F",
        "Answered",
        "Most like Membranous nephropathy",
        SCOPE,
        "Probabilities",
        "Warnings",
        "TEM-2 is unlike the others",
        "What entered the model, and why",
        "PASM is the stain",
        "person",
        "What did not enter, and why",
        "OM-1 was preferred",
        "not readable",
        "Heat maps for membranous nephropathy",
        "not a segmentation",
        "Grad-CAM",
        "cell 34 × 23 µm",
        "uncalibrated",
        "most typical",
        "set aside: unlike the others (not: unimportant)",
        "How much each electron image counted",
        "effect if left out",
        "What each modality contributed",
        "A removed modality is replaced by the average",
        "Where this comes from",
        "napari-renal-fusion 0.1.0",
        "abababababab",
        "2026-11-21 09:30",
        "OM-1 fedcba98",
        "Research use only",
    ]
    at = 0
    for words in wanted:
        found = text.find(words, at)
        assert found >= 0, f"{words!r} is missing, or out of order"
        at = found
    assert "diagnos" not in text


def test_the_gallery_stands_by_effect_with_set_aside_last(write, prediction, explanation):
    html = write(prediction, explanation)
    gallery = html[html.index('class="gallery"') :]
    keys = re.findall(r"<b>(TEM-\d)</b>", gallery)
    assert keys == ["TEM-2", "TEM-4", "TEM-1", "TEM-3"]


def test_no_name_path_or_file_leaves(write, prediction, explanation, folder, tmp_path):
    html = write(prediction, explanation)
    for secret in (PLANTED, "Planted", "998877", str(folder), str(tmp_path), "gone.jpg"):
        assert secret not in html
    import base64

    for encoded in re.findall(r"base64,([A-Za-z0-9+/=]+)", html):
        data = base64.b64decode(encoded)
        assert b"Exif" not in data
        assert PLANTED.encode() not in data


def test_a_case_id_cannot_inject(write, case, prediction, explanation):
    nasty = "<script>alert(1)</script>"
    of = dataclasses.replace(case, case_id=nasty)
    html = write(
        prediction.model_copy(
            update={
                "case_id": nasty,
                "verdict": '<img src=x onerror="y">',
                "warnings": (Notice(code="x", message="<b>bold & brave</b>"),),
            }
        ),
        explanation,
        of=of,
    )
    page = Page(html)
    assert "script" not in page.tags
    assert nasty in page.text
    assert "<b>bold & brave</b>" in page.text
    assert "<img src=x" not in html


def test_a_refusal_says_why_and_still_lists_the_images(write, prediction):
    refused = prediction.model_copy(
        update={
            "status": "refused",
            "probabilities": (),
            "branches": {},
            "provenance": None,
            "verdict": "No opinion.",
            "reasons": (
                Notice(code="modality_missing", message="This model needs Electron (TEM) and has none."),
            ),
            "selection": Selection(
                images=prediction.selection.of(Modality.OM),
                left_out=prediction.selection.left_out,
                missing=(Modality.TEM,),
            ),
        }
    )
    text = Page(write(refused)).text
    assert "No opinion" in text
    assert "This model needs Electron (TEM) and has none." in text
    assert "OM-1" in text
    assert "Missing: Electron (TEM)" in text
    assert "Probabilities" not in text


def test_a_refusal_with_names_shows_no_numbers(write, prediction, explanation):
    refused = prediction.model_copy(update={"status": "refused", "verdict": "No opinion."})
    text = Page(write(refused, explanation)).text
    assert "Probabilities" not in text
    assert "Heat maps" not in text


def test_an_abstention_shows_its_reason_and_numbers(write, prediction, explanation):
    abstained = prediction.model_copy(
        update={
            "status": "abstained",
            "verdict": "No opinion.",
            "reasons": (Notice(code="too_uncertain", message="The largest probability is too small."),),
        }
    )
    text = Page(write(abstained, explanation)).text
    assert "The largest probability is too small." in text
    assert "Probabilities" in text


def test_plumbing_shows_no_disease(write, plumbing, explanation):
    html = write(plumbing, explanation)
    page = Page(html)
    for name in (*NAMES, "nephro", "lupus", "membranous"):
        assert name.lower() not in page.text.lower()
        assert name.lower() not in re.sub(r"base64,[A-Za-z0-9+/=]+", "", html).lower()
    assert "Plumbing test" in page.text
    assert "class 2" in page.text
    assert "trained on synthetic images only" in page.text


def test_without_an_explanation(write, prediction):
    text = Page(write(prediction)).text
    assert "Probabilities" in text
    assert "Heat maps" not in text
    assert "TEM-4" in text


def test_a_hundred_electron_images_stay_under_10_mb(write, case, prediction, explanation):
    noise = np.random.default_rng(0).integers(0, 255, (320, 320), dtype=np.uint8)
    tem = case.of(Modality.TEM)[0]
    bag = tuple(dataclasses.replace(tem, pixels=noise) for _ in range(100))
    many = dataclasses.replace(case, images=(*case.images[:4], *bag))
    first = prediction.selection.of(Modality.TEM)[0]
    entered = (
        *prediction.selection.images[:2],
        *(first.model_copy(update={"key": f"TEM-{i + 1}"}) for i in range(100)),
    )
    larger = prediction.model_copy(update={"selection": Selection(images=entered)})
    html = write(larger, explanation, of=many)
    assert len(html.encode()) < 10_000_000
    assert html.count('alt="TEM-100"') == 1


def test_overlays_of_an_earlier_answer_are_removed(tmp_path):
    from napari_renal_fusion.reports.everything import _clear_overlays

    for name in ("OM-1.png", "TEM-12.png", "mine.png", "notes.txt"):
        (tmp_path / name).write_bytes(b"")
    _clear_overlays(tmp_path)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["mine.png", "notes.txt"]


def test_the_noisiest_picture_can_be_embedded():
    import numpy as np

    from napari_renal_fusion.reports.pictures import encode_jpeg

    noise = np.random.default_rng(0).integers(0, 255, (300, 400, 3), dtype=np.uint8)
    assert encode_jpeg(noise)[:2] == b"\xff\xd8"
