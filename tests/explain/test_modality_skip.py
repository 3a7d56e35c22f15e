"""The modality-skip table: every row is the network's own answer about a patient without that modality."""

from __future__ import annotations

import pytest
import torch

from napari_renal_fusion.explain.modality_skip import modality_skip

from .healnet_fakes import FakeAnswer, made_session


def test_rows_equal_forwards_without_the_modality():
    session = made_session()
    table = modality_skip(session)
    assert [(row.kind, row.modality) for row in table.rows] == [
        ("everything", ""),
        *(("without", name) for name in session.names),
        *(("only", name) for name in session.names),
    ]
    for left_out in ((), ("rna",), ("slide", "clinical")):
        given = [None if name in left_out else session.tensors[name] for name in session.names]
        with torch.inference_mode():
            expected = session.network(given).logits.double().softmax(-1)[0].tolist()
        kind = ("everything", "") if not left_out else ("without", "rna")
        row = table.get(*kind) if len(left_out) < 2 else table.get("only", "rna")
        assert row.probabilities == pytest.approx(expected, abs=1e-7)
    assert len({row.probabilities for row in table.rows}) == 7  # leaving out is never a no-op


def test_two_modalities_need_no_rows_alone_and_a_missing_one_is_named():
    table = modality_skip(made_session(missing=("clinical",)))
    assert [row.kind for row in table.rows] == ["everything", "without", "without"]
    assert table.missing == ("clinical",)
    assert table.get("without", "slide").used == ("rna",)


def test_a_single_modality_leaves_nothing_to_answer_from():
    session = made_session(missing=("clinical", "rna"))
    row = modality_skip(session).get("without", "slide")
    assert not row.answered
    assert session.calls == [()]


def test_risks_are_rows_too():
    session = made_session()
    session.class_names = ()
    session.answer = lambda without=(): FakeAnswer(risk=-float(len(without)))
    table = modality_skip(session)
    assert [row.risk for row in table.rows] == [0, -1, -1, -1, -2, -2, -2]
    assert all(row.probabilities == () for row in table.rows)
