"""Make what the package ships again: the small cohort of phantoms, and the demonstration bundle.

Run by ``make sample-data``; takes about 15 minutes on two processor cores.
"""

import shutil
import subprocess
import sys
from pathlib import Path

from napari_renal_fusion.phantoms import write_cohort

ROOT = Path(__file__).parent.parent
SHIPPED = ROOT / "src" / "napari_renal_fusion" / "sample_data"
TRAIN = "train --phantoms 180 --preset demo --seed 7 --out runs/demo"


def main() -> None:
    shutil.rmtree(SHIPPED / "cohort", ignore_errors=True)
    write_cohort(
        SHIPPED / "cohort", 6, seed=2026, difficulty=0.2, compression="jpeg", workers=2,
        om_size=(768, 512), im_size=(640, 480), tem_size=(512, 512), n_tem=(4, 7),
    )  # fmt: skip
    if "--cohort-only" in sys.argv:
        return
    command = Path(sys.executable).parent / "renal-fusion"
    subprocess.run([command, *TRAIN.split()], cwd=ROOT, check=True)
    shutil.rmtree(SHIPPED / "bundles", ignore_errors=True)
    shutil.copytree(ROOT / "runs" / "demo" / "bundle", SHIPPED / "bundles" / "demo")


if __name__ == "__main__":
    main()
