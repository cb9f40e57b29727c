"""What Headstart does about libraries that are noisy, or installed and broken (in processes of their own)."""

import os
import subprocess
import sys

import pytest

from headstart.models import quiet_transformers

BROKEN = "raise RuntimeError('operator torchvision::nms does not exist')"
SCRIPT = """
import sys
import headstart.models as models
from headstart.models.libraries import torchvision_trouble
from headstart.models.families.timm import import_timm
import peft
import transformers
network = models.build(
    models.resolve("builtin:image", "image-classification"), ("a", "b"), weights="pretrained", seed=0
)
assert "timm" not in sys.modules
print(len(network.stages), transformers.utils.is_torchvision_available(), torchvision_trouble())
"""


@pytest.fixture
def broken(tmp_path):
    """A folder with a torchvision that looks installed and fails at import."""
    (tmp_path / "torchvision").mkdir()
    (tmp_path / "torchvision" / "__init__.py").write_text(BROKEN)
    metadata = tmp_path / "torchvision-0.28.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: torchvision\nVersion: 0.28.0\n")
    return tmp_path


def run(folder, code):
    path = os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])
    return subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True
    )


@pytest.mark.slow
def test_a_torchvision_that_does_not_fit_torch_takes_nothing_with_it(broken):
    done = run(broken, SCRIPT)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split(maxsplit=2)[1:] == ["False", "RuntimeError: operator torchvision::nms does not exist\n"]


@pytest.mark.slow
def test_what_needs_it_says_so(broken):
    (broken / "timm").mkdir()
    (broken / "timm" / "__init__.py").write_text("import torchvision")
    done = run(broken, "import headstart.models as m; m.resolve('timm:resnet50', 'image-classification')")
    line = done.stderr.splitlines()[-1]
    assert "timm needs torchvision, which cannot be imported here (RuntimeError: operator torchvision::nms" in line
    assert "pip uninstall -y torchvision && pip install torch==" in line


def test_silence_inside_silence_does_not_end_it():
    from transformers.utils import logging

    before = logging.is_progress_bar_enabled()
    with quiet_transformers():
        with quiet_transformers():
            pass
        assert not logging.is_progress_bar_enabled()
    assert logging.is_progress_bar_enabled() == before
