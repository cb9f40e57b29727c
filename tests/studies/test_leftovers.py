"""What is removed of what workers leave."""

from types import SimpleNamespace

from headstart.core import Recipe
from headstart.studies.leftovers import clear_work


def test_states_of_recipes_that_were_given_up_go_and_those_of_runs_that_may_go_on_stay(tmp_path, spec_of):
    given_up = spec_of(recipe=Recipe(steps=100), role="tuning").model_copy(update={"stopped_at": 25})
    late = spec_of(n=20, recipe=Recipe(steps=100))
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    (tmp_path / "models").mkdir()
    (tmp_path / "loose").touch()
    for spec in (given_up, late):
        (folder / f"{spec.whole.key}-0-16.pt").touch()
    clear_work(tmp_path, [SimpleNamespace(spec=given_up)])
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoints"]
    assert [path.name for path in folder.iterdir()] == [f"{late.key}-0-16.pt"]
    clear_work(tmp_path / "absent")
