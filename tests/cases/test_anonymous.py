"""Which ids tell nothing about anybody, and may stand in files."""

from __future__ import annotations

import pytest

from napari_renal_fusion.cases.anonymous import is_anonymous


@pytest.mark.parametrize(
    "name", ["P001", "1", "7K2F", "P03-B1", "P03-12", "case-12", "case 0012", "病例 7", "TCGA-AB-1234-01A"]
)
def test_a_number_in_a_list_is_anonymous(name):
    assert is_anonymous(name)


@pytest.mark.parametrize("name", ["Smith", "WXM", "王明", "LI 12", "--", ""])
def test_a_name_is_not(name):
    assert not is_anonymous(name)


@pytest.mark.parametrize(
    "name", ["S24-1234", "24-1234", "B24 123", "s24_123a", "S2024-123", "24123456", "case 24-1234"]
)
def test_an_accession_number_is_not(name):
    assert not is_anonymous(name)


@pytest.mark.parametrize("name", ["12-03-24", "3.4.24", "2024-01", "2024 03 04", "19640301", "case 12.03.24"])
def test_a_date_is_not(name):
    assert not is_anonymous(name)
