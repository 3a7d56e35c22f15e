"""The pictures of what is stored where, of the intended use, and of a printed report.

The report's page needs chromium and pdftoppm; without them it is left out. Run it alone::

    QT_QPA_PLATFORM=offscreen python docs/privacy_pictures.py
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from window_tools import main, rest, wait

NAMES = (
    "privacy_stored_light.png",
    "privacy_stored_dark.png",
    "privacy_intended_use_light.png",
    "report_printed.png",
)


def pictures(out: Path, cache: Path) -> None:
    """Photograph both pages with a filled home, and print the report of the sample patient."""
    os.environ["RENAL_FUSION_HOME"] = str(cache / "home")
    from qtpy.QtWidgets import QApplication

    application = QApplication.instance() or QApplication([])
    with tempfile.TemporaryDirectory() as home:
        os.environ["RENAL_FUSION_HOME"] = home
        _fill(Path(home))
        for theme in ("light", "dark"):
            _pages(theme, out)
    os.environ["RENAL_FUSION_HOME"] = str(cache / "home")
    _report(out)
    application.processEvents()


def _fill(home: Path) -> None:
    for place, size in (
        ("data/work/7K2F/case.json", 4_000), ("data/work/7K2F/log.jsonl", 2_000), ("data/work/Q4RT/case.json", 4_000),
        ("config/keys/a.json", 3_000), ("config/patterns.json", 1_000), ("data/runs/one/results.json", 900_000),
        ("data/bundles/own/model.safetensors", 4_200_000), ("cache/pictures/ab/x.safetensors", 5_300_000),
        ("config/settings.toml", 400),
    ):  # fmt: skip
        path = home / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(size))


def _pages(theme: str, out: Path) -> None:
    from napari.qt import get_stylesheet

    from napari_renal_fusion.cases.work_folder import WorkFolder
    from napari_renal_fusion.viewer.privacy.intended_use_page import IntendedUsePage
    from napari_renal_fusion.viewer.privacy.stored_page import StoredPage
    from napari_renal_fusion.viewer.theme import dock_style
    from napari_renal_fusion.viewer.threads import Threads

    style = get_stylesheet(theme) + dock_style(theme)
    threads = Threads(1)
    page, use = StoredPage(threads, WorkFolder()), IntendedUsePage()
    page.resize(720, 760)
    for widget in (page, use):
        widget.setStyleSheet(style)
        widget.show()
    wait(lambda: not threads.busy)
    rest(0.3)
    for widget, name in ((page, "privacy_stored"), (use, "privacy_intended_use")):
        if f"{name}_{theme}.png" in NAMES:
            widget.grab().save(str(out / f"{name}_{theme}.png"))
            print(out / f"{name}_{theme}.png", flush=True)
        widget.close()
    threads.close()


def _report(out: Path) -> None:
    """First page of the report of the sample patient, as a browser prints it."""
    if not (shutil.which("chromium") and shutil.which("pdftoppm")):
        print("report_printed.png is left out: chromium and pdftoppm are not here", flush=True)
        return
    import dataclasses

    from napari_renal_fusion.cases import Case
    from napari_renal_fusion.compute.places import cache_dir
    from napari_renal_fusion.explain import explain
    from napari_renal_fusion.inference import predict
    from napari_renal_fusion.phantoms import sample_patient
    from napari_renal_fusion.readings import CaseLog, log_decision, log_impression, log_reveal
    from napari_renal_fusion.reports import case_reading, write_report

    case = dataclasses.replace(Case.from_folder(sample_patient(cache_dir())), code="7K2F")
    prediction = predict(case, "demo", device="cpu")
    with tempfile.TemporaryDirectory() as folder:
        from napari_renal_fusion.cases.work_folder import WorkFolder

        work, version = WorkFolder(Path(folder) / "work"), "ab" * 32
        log = CaseLog("7K2F", work)
        log_impression(log, version, "Membranous nephropathy", "high")
        dump = prediction.model_dump(mode="json")
        log_reveal(log, version, dump, bundle="demo", bundle_sha256="cd" * 32, read_first=True)
        log_decision(log, version, "keep")
        page, pdf = Path(folder) / "report.html", Path(folder) / "report.pdf"
        write_report(case, prediction, explain(prediction), page, reading=case_reading("7K2F", version, work))
        subprocess.run(
            ["chromium", "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}/profile",
             f"--print-to-pdf={pdf}", str(page)], check=True, capture_output=True,
        )  # fmt: skip
        subprocess.run(
            ["pdftoppm", "-r", "80", "-f", "1", "-l", "1", "-singlefile", "-png", str(pdf), str(out / "report_printed")],
            check=True,
        )  # fmt: skip
    print(out / "report_printed.png", flush=True)


if __name__ == "__main__":
    main(pictures, "pictures", __doc__)
