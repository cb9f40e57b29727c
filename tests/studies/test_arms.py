import json
import shutil
from pathlib import Path

from headstart.models import resolve
from headstart.studies import make_arms

TASK = "image-classification"


def test_one_architecture_is_drawn_at_random_once():
    image = resolve("builtin:image", TASK)
    far = image.model_copy(update={"name": "far", "weights_hash": "other"})
    arms, left_out = make_arms({"builtin:image": image, "far": far}, (), ("builtin:image", "far"))
    keys = {arm.key for arm in arms}
    assert {"linear_probe@far", "full_finetune@far", "from_scratch@builtin:image"} <= keys
    assert "from_scratch@far" not in keys
    assert ("from_scratch of far", "without its weights it is the same network as builtin:image") in left_out


def test_networks_that_nothing_is_known_of_are_all_drawn():
    names = ("builtin:compact-image", "builtin:resnet20")
    candidates = {name: resolve(name, TASK) for name in names}
    arms, left_out = make_arms(candidates, ("from_scratch",), names)
    assert [arm.candidate for arm in arms] == list(names)
    assert not left_out


def test_the_architecture_is_what_remains_without_weights_and_labels(tmp_path):
    image = resolve("builtin:image", TASK)
    other = tmp_path / "other"
    shutil.copytree(Path(image.folder), other)
    config = json.loads((other / "config.json").read_text())
    config["id2label"], config["label2id"] = {"0": "a", "1": "b"}, {"a": 0, "b": 1}
    (other / "config.json").write_text(json.dumps(config))
    assert resolve(str(other), TASK).architecture == image.architecture
    (other / "config.json").write_text(json.dumps({**config, "depths": [1, 1, 1, 1]}))
    assert resolve(str(other), TASK).architecture != image.architecture
