"""Cells of lesson 07 that do something else with a network, with Keras's weights, or in Colab."""

import os
import subprocess
import sys

import pytest
from colab.run import HERE

from course_utils.command.lessons import from_source
from course_utils.paths import ROOT, notebooks_dir

CELLS = from_source(notebooks_dir() / "source" / "07_pretrained_models.py").cells


def cell(word: str) -> str:
    """The code cell in which a word stands."""
    (found,) = (c.source for c in CELLS if c.cell_type == "code" and word in c.source)
    return found


def run(code: str, home, *path) -> str:
    """What code prints in a process of its own, with an empty cache of Keras's."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={key: value for key, value in os.environ.items() if key != "COURSE_WEIGHTS"}
        | {
            "KERAS_HOME": str(home / "keras"),
            "PYTHONPATH": os.pathsep.join(map(str, [ROOT, *path])),
        },
        cwd=home,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


MOBILENET = """
from course_utils import runtime; runtime.setup()
import os, cv2, keras
from course_utils import photographs, pretrained
from course_utils.models import weights
weights.SERVER = "http://127.0.0.1:1"  # where nobody listens
"""
SAVE = """
os.makedirs(os.environ["KERAS_HOME"] + "/models", exist_ok=True)
net = keras.applications.MobileNet(weights=None)
net.save(os.environ["KERAS_HOME"] + "/models/mobilenet_1_0_224_tf.h5")
"""


@pytest.mark.weekly
def test_mobilenet_is_asked_where_its_weights_are(tmp_path):
    """What the cell says where they are not, it says where the lesson itself is tested."""
    lines = run(MOBILENET + SAVE + cell("fetch_for_keras"), tmp_path).splitlines()
    assert len(lines) == 5 and all(line.endswith("%)") for line in lines), lines


def test_drive_is_mounted_in_colab_alone_and_if_wanted(tmp_path):
    code = cell("drive.mount").replace("/content", str(tmp_path))
    wanted = code.replace("USE_DRIVE = False", "USE_DRIVE = True")
    assert wanted != code
    assert "In Colab" in run(f"import sys\n{wanted}", tmp_path)
    colab = f"import sys, google.colab\n{code}", tmp_path, HERE / "stub"
    assert "In Colab" in run(*colab)
    assert not (tmp_path / "drive").exists()
    said = run(f"import sys, google.colab\n{wanted}", tmp_path, HERE / "stub")
    assert said == f"Your files are in {tmp_path}/drive/MyDrive.\n"
    assert (tmp_path / "drive" / "MyDrive").is_dir()
