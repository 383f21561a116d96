"""The units that track something, and the untrained networks that they are compared with."""

from pathlib import Path

import word_task
from gatescope.recurrent.network import NetworkConfig
from gatescope.store.fields import Start
from gatescope.store.loading import load_model
from gatescope.training.named_units import UNTRAINED, tracking_units, untrained

TASK = word_task.WordTask()


def test_each_feature_has_its_best_unit_measured_on_the_other_half(models: Path) -> None:
    units = tracking_units(load_model(models / "lstm").network, TASK)
    assert [each.feature for each in units] == ["after a not", "words"]
    assert [each.measure for each in units] == ["AUC", "r"]
    assert {each.texts for each in units} == {len(word_task.TEXTS["report"])}
    assert all(len(each.untrained) == UNTRAINED == 5 for each in units)


def test_the_start_decides_what_a_unit_is_compared_with(models: Path) -> None:
    network = load_model(models / "lstm").network
    usual, same = tracking_units(network, TASK), tracking_units(network, TASK, TASK.recipe("lstm"))
    other = tracking_units(network, TASK, Start(chrono=50, embedding_spread=3.0))
    assert usual == same
    assert [each.untrained for each in other] != [each.untrained for each in usual]
    assert [each.score for each in other] == [each.score for each in usual]


def test_untrained_networks_start_as_training_does_and_differ_from_seed_to_seed() -> None:
    config, recipe = NetworkConfig("lstm", 10, 5, 7, 1), TASK.recipe("lstm")
    first, second = untrained(config, recipe, 2)
    (same,) = untrained(config, recipe, 1)
    weights = [network.weights(0, "forward") for network in (first, second, same)]
    assert (weights[0].w_hh == weights[2].w_hh).all()
    assert not (weights[0].w_hh == weights[1].w_hh).all()
    forget = weights[0].b_ih.chunk(4)[1] + weights[0].b_hh.chunk(4)[1]
    assert (forget == recipe.forget_bias).all()
    assert not first.training
    assert not first.head.weight.requires_grad
