"""The presets that there are, and their order."""

from pathlib import Path

from attnbench.presets import conf_folder, preset_names


def test_baselines_come_first_and_then_scores_in_the_order_of_their_table() -> None:
    published = ["none", "none_input", "uniform", "bahdanau", "dot", "general"]
    assert [name for name in preset_names() if name in published] == published


def test_presets_of_one_score_are_ordered_by_query_time_and_name(tmp_path: Path) -> None:
    (tmp_path / "attention").mkdir()
    for name, score, query_time in (
        ("b", "dot", "current"),
        ("a", "dot", "current"),
        ("z", "dot", "previous"),
        ("y", "additive", "current"),
    ):
        (tmp_path / "attention" / f"{name}.yaml").write_text(
            f"# A comment: of two words.\nname: {name}\nscore: {score}\nquery_time: {query_time}\n"
        )
    (tmp_path / "attention" / "mine.yaml").write_text("name: mine\ntarget: my_module.Mine\n")
    assert preset_names(tmp_path) == ("y", "z", "a", "b", "mine")


def test_the_folder_of_configurations_holds_them() -> None:
    assert (conf_folder() / "config.yaml").is_file()
