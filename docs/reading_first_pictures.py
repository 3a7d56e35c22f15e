"""The pictures of reading first: the sealed state, both opinions side by side, the agreement page.

Run it alone under a display of at least 1280 x 800, for example::

    xvfb-run -s "-screen 0 1600x1200x24" python docs/reading_first_pictures.py
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from window_tools import main, photograph, rest, settle, wait, workspace_on

NAMES = (
    "reading_sealed_light.png",
    "reading_revealed_light.png",
    "reading_agreement_light.png",
    "reading_agreement_dark.png",
    "reading_keys_light.png",
)
_SIZE = (1280, 800)
CLASSES = ("IgA nephropathy", "membranous nephropathy", "lupus nephritis")

# Own reading, class of the model (None: no opinion), decision, what it was changed to, final diagnosis.
_MADE = (
    *((name, place, "keep", "", name) for name, place, times in (("IgAN", 0, 7), ("MN", 1, 6), ("LN", 2, 4)) for _ in range(times)),
    ("MN", 2, "change", "LN", "LN"), ("IgAN", 2, "change", "LN", "LN"), ("LN", 0, "keep", "", "LN"),
    ("LN", 1, "change", "MN", "LN"), ("FSGS", 0, "keep", "", "FSGS"), ("Diabetic nephropathy", 1, "unsure", "", ""),
    ("MCD", None, "keep", "", "MCD"), ("Amyloid", None, "keep", "", ""), ("MN", None, "unsure", "", "MN"),
)  # fmt: skip


def pictures(out: Path, cache: Path) -> None:
    """Read the sample patient first with the demonstration bundle; ``cache`` keeps the patient's images."""
    os.environ["RENAL_FUSION_HOME"] = str(cache / "home")
    shutil.rmtree(cache / "home" / "data" / "work", ignore_errors=True)
    from napari_renal_fusion.compute.places import cache_dir
    from napari_renal_fusion.phantoms import sample_patient

    _make_readings()
    folder = sample_patient(cache_dir())
    for theme in ("light", "dark"):
        _photograph_all(folder, theme, out)


def _photograph_all(folder: Path, theme: str, out: Path) -> None:
    """The sealed state, then the keys, then both opinions, then the agreement page, in one window."""
    from qtpy.QtCore import Qt

    with workspace_on(folder, theme, _SIZE) as workspace:
        section = workspace.reading.section

        def take(name: str) -> None:
            if f"{name}_{theme}.png" in NAMES:
                settle(workspace)
                rest(0.5)
                photograph(workspace.viewer, out / f"{name}_{theme}.png")

        settle(
            workspace, lambda: workspace.reader.run.bundle is not None and workspace.reading.known is not None
        )
        workspace.run()
        settle(workspace, lambda: workspace.reading.known is not None)
        if workspace.sealed:
            settle(workspace, lambda: workspace.reading.ready)
            section.field.setText("Membranous nephropathy")
            section.confidence.choose("mid")
            section.field.setFocus()
            take("reading_sealed")
            section.reveal_button.click()
            settle(workspace, lambda: not workspace.sealed)
            section.decision.keep.click()
        take("reading_revealed")
        workspace.reading.show_agreement()
        board = workspace.docks._dock_of(workspace.reading._page)
        settle(workspace, lambda: workspace.reading._page.table.rowCount() > 0)
        workspace.viewer.window._qt_window.resizeDocks([board], [430], Qt.Orientation.Vertical)
        rest(0.3)
        wait(lambda: all(one.drawn for one in workspace.reading._page.pictures))
        take("reading_agreement")
        workspace.key_table.show_sheet()
        rest(0.3)
        if f"reading_keys_{theme}.png" in NAMES:
            sheet = workspace.key_sheet
            sheet.grab().save(str(out / f"reading_keys_{theme}.png"))
        workspace.key_sheet.close()


def _make_readings() -> None:
    """Logs of made-up cases, so that the agreement page has something to count."""
    from napari_renal_fusion.cases.work_folder import WorkFolder
    from napari_renal_fusion.readings import CaseLog, log_decision, log_final, log_impression, log_reveal
    from napari_renal_fusion.viewer.reading.known import bundle_hash

    work = WorkFolder()
    for place, (own, top, decision, to, final) in enumerate(_MADE):
        log = CaseLog(work.new_code(), work)
        values = [0.86 if one == (top or 0) else 0.07 for one in range(3)]
        said = {
            "status": "abstained" if top is None else "answered", "class_names": CLASSES, "names_shown": True,
            "probabilities": values, "reasons": [{"code": "ambiguous"}] if top is None else [],
        }  # fmt: skip
        log_impression(log, "1", own, ("low", "mid", "high")[place % 3])
        log_reveal(log, "1", said, bundle="demo", bundle_sha256=bundle_hash("demo"), read_first=True)
        log_decision(log, "1", decision, to)
        if final:
            log_final(log, final, "signed report")


if __name__ == "__main__":
    main(pictures, "reading", __doc__)
