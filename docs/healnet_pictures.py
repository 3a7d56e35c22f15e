"""Pictures of the attention dock: a slide, its top patches, genes, a survival curve; light and dark.

Run it under a display of at least 1600 x 1200 from the root of the repository::

    xvfb-run -s "-screen 0 1600x1200x24" python docs/healnet_pictures.py

The models are made up: one learnt phantom slides (that of ``python -m benchmarks attention``, whose slides and
training are kept), one the genes of phantom patients. The slide is the real one of the development data where that
is there (``RENAL_FUSION_SLIDE`` names another), else a phantom.
"""

from __future__ import annotations

import csv
import os
import shutil
import sys
import tempfile
from pathlib import Path

from window_tools import begin, parser_of, photograph, rest, settle, show_at_once, workspace_on

ROOT = Path(__file__).parents[1]
SIZE = (1400, 900)
SHOWN = {"light": ("slide", "genes", "survival"), "dark": ("patch",)}
"""The pictures that stand in the documentation; ``--all`` makes each in both themes, to be looked at."""
_REAL = ROOT.parent / "shared" / "data" / "slides" / "kidney_cortex.svs"
_REAL_UM = 0.25
_GENES, _PATIENTS = 16, 160


def main() -> None:
    """Write every picture into ``docs/pictures``."""
    parser = parser_of(__doc__)
    parser.add_argument("--only", default="", help="beginning of the names of the pictures to make")
    parser.add_argument("--all", action="store_true", help="every picture in light and in dark")
    given = begin(parser)
    sys.path.insert(0, str(ROOT))
    folder = Path(tempfile.mkdtemp())
    # Torch stays out of the process that draws: its compiler and Mesa's do not get on.
    slides, genes = _in_a_child("slide_model"), _in_a_child("gene_model", folder)
    cases = _cases(folder)
    for theme, shown in SHOWN.items():
        wanted = tuple(sum(SHOWN.values(), ())) if given.all else shown
        _pictures(
            theme, cases, slides, genes, given.out, [one for one in wanted if one.startswith(given.only)]
        )
    shutil.rmtree(folder, ignore_errors=True)


def slide_model() -> Path:
    """Folder of the bundle of the attention benchmark."""
    from benchmarks.attention import trained

    return trained()[1].folder


def gene_model(folder: str) -> Path:
    """Folder of a survival bundle on made-up genes, the first three of which decide."""
    import numpy as np

    from napari_renal_fusion.training.healnet import healnet_preset, modality_specs
    from napari_renal_fusion.training.healnet.creation import train_healnet
    from napari_renal_fusion.training.healnet.patients import read_patients

    rng = np.random.default_rng(2)
    table = Path(folder) / "clinical.csv"
    values = rng.normal(size=(_PATIENTS, _GENES))
    hazard = values[:, 0] + 0.8 * values[:, 1] - 0.8 * values[:, 2]
    times, until = rng.exponential(30 * np.exp(-hazard)), rng.exponential(90, _PATIENTS)
    with table.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["case_id", "survival_months", "censorship", *_gene_names()])
        for i in range(_PATIENTS):
            time = max(0.1, min(times[i], until[i]))
            writer.writerow(
                [f"P{i}", f"{time:.2f}", int(times[i] > until[i]), *(f"{v:.3f}" for v in values[i])]
            )
    config = healnet_preset(
        modality_specs("rnaseq@features"), synthetic=True, outcome="kidney failure", folds=3, networks=1, l1=0.0,
        population="phantom patients", time_zero="biopsy", time_unit="months", neoplastic=False, depth=2, l_c=16,
        l_d=32, epochs=40, patience=10, learning_rate=4e-3, attn_dropout=0.0, num_freq_bands=6, max_freq=16.0,
        batch=8, threads=1,
    )  # fmt: skip
    return train_healnet(read_patients(table, config), config, Path(folder) / "run").bundle


def _gene_names() -> list[str]:
    return [f"GENE{i + 1}_rnaseq" for i in range(_GENES)]


def _in_a_child(function: str, *arguments: Path) -> Path:
    import subprocess

    given = ", ".join(repr(str(one)) for one in arguments)
    code = f"import healnet_pictures as p; print('bundle', p.{function}({given}))"
    path = os.pathsep.join((str(Path(__file__).parent), str(ROOT)))
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    return Path(done.stdout.rsplit("bundle ", 1)[1].strip())


def _cases(folder: Path) -> Path:
    """A cohort of one case with a slide and a row of genes."""
    import numpy as np

    slide = Path(os.environ.get("RENAL_FUSION_SLIDE", _REAL))
    size = _REAL_UM if slide == _REAL else ""
    if not slide.is_file():
        from napari_renal_fusion.phantoms import SlideSpec, write_slide

        slide, size = folder / "phantom.tiff", 0.5
        write_slide(
            SlideSpec(seed=5, regions=("infiltrate", "infiltrate", "haemorrhage"), size=(3000, 2250)), slide
        )
    cohort = folder / "cohort"
    (cohort / "K1" / "WSI").mkdir(parents=True)
    (cohort / "K1" / "WSI" / f"HE{slide.suffix}").symlink_to(slide.absolute())
    rng = np.random.default_rng(4)
    values = rng.normal(size=_GENES)
    values[:3] = 1.6, 1.2, -0.9
    with (cohort / "K1" / "omics.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["case_id", *_gene_names()])
        writer.writerow(["K1", *(f"{one:.3f}" for one in values)])
    if size:
        import atexit

        from napari_renal_fusion.cases import PixelSize
        from napari_renal_fusion.cases.sidecar import forget_answer, read_answer, write_answer

        answered = cohort / "K1" / "WSI" / f"HE{slide.suffix}"
        if read_answer(answered) is None:  # the scale is assumed for the picture, not for whoever runs this
            write_answer(answered, PixelSize(value=size, unit="um"))
            atexit.register(forget_answer, slide)
    return cohort / "K1"


def _pictures(theme: str, case: Path, slides: Path, genes: Path, out: Path, wanted: list[str]) -> None:
    from qtpy.QtCore import QPoint

    with workspace_on(case, theme, SIZE) as workspace:
        viewer = workspace.viewer

        def take(name: str, *, dock_alone: bool = False) -> None:
            path = out / f"attention_{name}_{theme}.png"
            if name not in wanted:
                return
            photograph(viewer, path)
            if dock_alone:
                from PIL import Image

                picture = Image.open(path)
                ratio = picture.width / viewer.window._qt_window.width()
                left = workspace.attention.dock.mapTo(viewer.window._qt_window, QPoint(0, 0)).x()
                picture.crop((round(ratio * left), 0, picture.width, picture.height)).save(
                    path, optimize=True
                )

        def ask(title: str, bundle: Path) -> None:
            workspace.reader.run.bundles.addItem(title, str(bundle))
            workspace.reader.run.choose_bundle(str(bundle))
            before = workspace.answer
            show_at_once(workspace)
            workspace.run()
            settle(workspace, lambda: workspace.answer is not before, 600)
            rest(1.0)
            settle(workspace)

        ask("HEALNet, phantom slides", slides)
        workspace.attention.bring_to_front()
        dock = workspace.attention.dock
        rest(1.0)
        take("slide")
        dock.patches.count_button.click()
        dock.choose_patch(1)
        settle(workspace, lambda: not dock.questions.counting, 600)
        rest(1.5)
        take("patch")
        ask("HEALNet, phantom genes", genes)
        rest(0.5)
        take("genes", dock_alone=True)
        dock.scroll.verticalScrollBar().setValue(10**6)
        rest(0.5)
        take("survival", dock_alone=True)


if __name__ == "__main__":
    main()
