"""The model cards."""

from dataclasses import asdict
from typing import Any

import jinja2
import pytest
from gatescope.recurrent.network import NetworkConfig
from gatescope.store.columns import Column
from gatescope.store.fields import ActivationStatistics, Metric, NamedUnit, ShareAgreement, Statistics
from gatescope.training.card import card, cell, figure, with_figures, with_shares, with_units
from gatescope.training.trainer import Recipe
from model_folders import SHARES, UNIT


def facts(**changes: Any) -> dict[str, Any]:
    metric = Metric(
        name="held-out | text",
        value=1.5,
        standard_error=0.01,
        interval=(1.25, 1.75),
        unit="bits per character",
        baselines={"unigram": 4.5},
        seeds=[1.5, 1.625],
        examples=12,
    )
    return {
        "title": "LSTM",
        "task": "code",
        "description": "What comes next.",
        "licence": "MIT",
        "network": asdict(NetworkConfig("lstm", 97, 32, 128, 97, head="softmax")),
        "columns": [],
        "parameters": 98_765,
        "recipe": asdict(Recipe(epochs=6)),
        "facts": {
            "data": [{"name": "the library", "version": "3.11"}, {"name": "a|b", "version": "1"}],
            "sizes": {"train": 8_000_000},
            "step of the counter": 0.98765,
            "recipe": ["Windows of 128.", "Judged\non validation."],
            "note": "In words.",
        },
        "metrics": [metric],
        "units": [UNIT],
        "unnamed": [],
        "remarks": ["No seed is perfect."],
        "shares": SHARES,
        "ends_anywhere": True,
        "verdict": None,
        "seed": 1,
        "seeds": [0, 1],
        "judged": [1.75, 1.5],
        "minutes": 3,
        "shown": {"At *not*": ["Means.", [{"activation": "input gate", "usually": "0.1"}]]},
        "statistics": Statistics(
            steps=20_000,
            activations=[
                ActivationStatistics(
                    layer=0,
                    direction="forward",
                    activation="f",
                    mean=[0.25, 0.75],
                    standard_deviation=[0.125, 0.375],
                    left_saturated=[0.5, 0.25],
                    right_saturated=[0.0, 0.25],
                ),
                ActivationStatistics(
                    layer=0, direction="forward", activation="c", mean=[-1.0, 3.0], standard_deviation=[2.0, 4.0]
                ),
            ],
        ),
        "has_picture": True,
        "cell": "LSTM",
        "keeping_gate": "forget gate",
        "has_recurrent_weights": True,
        "command": "gatescope train code --cell lstm --seeds 0,1",
        "versions": {"gatescope": "1", "torch": "2"},
        **changes,
    }


def test_a_fact_that_is_missing_is_named() -> None:
    with pytest.raises(jinja2.UndefinedError, match=r"^'title' is undefined$"):
        card({})


def test_the_card_of_a_task_says_all_that_was_measured() -> None:
    lines = card(facts()).splitlines()
    for line in (
        "# LSTM: code",
        "(softmax over 97); 97 rows in the vocabulary, including the unknown token; 98,765 parameters in float32.",
        "(1.7500, 1.5000; lower is better).",
        r"| held-out \| text | bits per character | 12 | 1.500 (1.250 to 1.750) | 1.500, 1.625 | unigram 4.500 |",
        "| bracket depth | cell state *c* | 6 | −r | 0.800 (0.700 to 0.900) | 0.100, 0.300 | – | – |  |",
        "to the logit of the most probable output less that of the second.",
        "1,200 tokens of 40 held-out texts, each read up to places chosen at random.",
        "| Share and effect have the same sign, of the 90 tokens whose share is above 0.3 or below −0.3 | 90.0 % "
        "| 87.5 % to 92.5 % |",
        "| Correlation of share and effect over all tokens | 0.500 | -0.250 to 0.750 |",
        "| name | version |",
        r"| a\|b | 1 |",
        "| train | 8,000,000 |",
        "**Step of the counter**",
        "0.98765",
        "- Judged on validation.",
        "In words.",
        "gate's biases adding up to 1.",
        "A run took less than 3 minutes on one core. Brackets hold the 95 % bootstrap interval over the examples.",
        "## At *not*",
        "Means.",
        "| input gate | 0.1 |",
        "| forget gate *f* | 0.500 | 0.250 | 37.5 % | 12.5 % |",
        "| cell state *c* | 1.000 | 3.000 | – | – |",
    ):
        assert line in lines


def test_every_table_of_it_is_one_to_a_reader_of_markdown() -> None:
    lines = card(facts()).splitlines()
    for before, line, after in zip(lines, lines[1:], lines[2:], strict=False):
        if set(line) <= set("|-:") and line.startswith("|---"):
            columns = {each.replace(r"\|", "").count("|") for each in (before, line, after)}
            assert len(columns) == 1, before
            assert lines[lines.index(before) - 1] == ""


def test_what_there_is_not_is_not_claimed() -> None:
    text = card(facts(units=[], shares=None, has_picture=False, seeds=[1]))
    assert "\n\nNothing was looked for.\n\n" in text
    assert "saturation.svg" not in text
    assert "Shares and experiments" not in text
    assert "One seed was trained: 1." in text


def test_which_network_was_kept_and_what_it_is_not_for_is_said() -> None:
    recipe = asdict(Recipe(epochs=6, keep_best=False))
    assert "The network of the epoch that was best on validation was\nkept." in card(facts())
    assert "The network of the last epoch was\nkept." in card(facts(recipe=recipe))
    limited = card(facts(facts={"data": "Drawn.", "limits": "Not for chess."}))
    assert limited.count("Not for chess.") == 1
    assert limited.index("## Limits and use") < limited.index("Not for chess.") < limited.index("## Licence")


def test_it_is_said_over_which_steps_weights_were_averaged() -> None:
    text = " ".join(card(facts(recipe=asdict(Recipe(epochs=6, averaged=0.7)))).split())
    assert "The weights are the mean over the last 70 % of the steps (Izmailov et al. 2018)." in text
    assert "Izmailov" not in card(facts())


def test_a_price_on_the_cell_state_is_said() -> None:
    recipe = asdict(Recipe(epochs=6, cell_decay=0.001))
    text = " ".join(card(facts(recipe=recipe)).split())
    assert "weight decay 0.0001, 0.001 times the mean square of the cell state added to the loss, 6 epochs in" in text
    assert "cell state added" not in card(facts())


@pytest.mark.parametrize("units", [[], [UNIT]])
def test_units_written_anew_leave_the_card_that_they_were_first_written_in(units: list[NamedUnit]) -> None:
    other = UNIT.model_copy(update={"unit": 9})
    text = card(facts(units=[other]))
    assert with_units(text, facts(units=units)) == card(facts(units=units)) != text
    assert with_units("# Another card\n", facts()) == "# Another card\n"


@pytest.mark.parametrize("shares", [None, SHARES])
@pytest.mark.parametrize("before", [None, SHARES.model_copy(update={"words": 7})])
def test_shares_written_anew_leave_the_card_that_they_were_first_written_in(
    before: ShareAgreement | None, shares: ShareAgreement | None
) -> None:
    text = card(facts(shares=before))
    assert with_shares(text, facts(shares=shares)) == card(facts(shares=shares))
    assert with_shares("# Another card\n", facts()) == "# Another card\n"


def test_the_card_says_of_which_logit_the_shares_are_and_where() -> None:
    network = {**facts()["network"], "head": "sigmoid"}
    of_end = card(facts(network=network, verdict="end", ends_anywhere=False))
    assert "to the logit of *end*.\n" in of_end
    assert " tokens of 40 held-out texts, at the end of each.\n" in of_end
    assert "to the logit.\n" in card(facts(network=network))


def test_no_interval_and_no_large_share_are_not_made_up() -> None:
    one = SHARES.model_copy(update={"same_sign_interval": None, "correlation_interval": None, "texts": 1})
    assert " | 90.0 % | – |\n" in card(facts(shares=one))
    assert " | 0.500 | – |\n" in card(facts(shares=one))
    assert "same sign" not in card(facts(shares=one.model_copy(update={"same_sign": None, "large": 0})))


def test_figures_written_anew_leave_the_card_that_they_were_first_written_in() -> None:
    (metric,) = facts()["metrics"]
    other = {"metrics": [metric.model_copy(update={"baselines": {"8-gram": 1.25}})], "remarks": ["Two.", "Remarks."]}
    text = card(facts(**other))
    assert "| 8-gram 1.250 |\n\nTwo.\n\nRemarks.\n\n## Units that can be named\n" in text
    assert with_figures(text, facts()) == card(facts()) != text
    assert with_figures(card(facts()), facts(**other)) == text
    assert with_figures("# Another card\n", facts()) == "# Another card\n"


def test_how_many_units_come_close_and_what_all_states_together_tell_is_said() -> None:
    close = UNIT.model_copy(update={"close": 29, "close_from": 0.72, "probe": 0.875, "untrained_probes": [0.25, 0.5]})
    assert "| 0.100, 0.300 | 29 of 128 from 0.720 | 0.875 | 0.250, 0.500 |\n" in card(facts(units=[close]))
    assert "| 0.100, 0.300 | – | – |  |\n" in card(facts(units=[UNIT]))  # of an older version, which did not count


@pytest.mark.parametrize(("probe", "follows"), [(0.39, False), (0.4, True)])
def test_what_is_not_offered_is_said_and_whether_the_network_follows_it_at_all(probe: float, follows: bool) -> None:
    loose = UNIT.model_copy(update={"feature": "line position", "score": 0.163, "interval": (0.1, 0.2), "probe": probe})
    text = card(facts(unnamed=[loose]))
    assert "| line position | cell state *c* | 6 | −r | 0.163 (0.100 to 0.200) |" in text
    assert (
        "Not offered on the page: line position. A unit is offered if its score is at least 0.4 (r) or 0.7 (AUC)"
        in text
    )
    assert ("This network does not follow “line position”: a linear probe of all its states" in text) == (not follows)
    assert with_units(card(facts()), facts(unnamed=[loose])) == text


def test_a_unit_of_a_deeper_network_is_given_its_layer() -> None:
    network = {**facts()["network"], "layers": 2}
    assert "| 6 (layer 0, forward) |" in card(facts(network=network))


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [(0.5, "share", "50.0 %"), (1.49666, "bits per character", "1.497"), (1000, "n", "1,000"), (0.5, "n", "0.500")],
)
def test_a_figure_is_shown_as_its_unit_asks(value: float, unit: str, shown: str) -> None:
    assert figure(value, unit) == shown


def test_a_cell_holds_one_line() -> None:
    assert (cell("a|b\nc"), cell(12_345), cell(0.1234567)) == (r"a\|b c", "12,345", "0.123457")


def test_the_card_of_a_network_that_reads_numbers_says_which() -> None:
    columns = [Column("temperature", "°C", mean=5, scale=10), Column("humidity")]
    network = asdict(NetworkConfig("lstm", input_size=2, hidden_size=8, outputs=1))
    text = " ".join(card(facts(network=network, columns=columns, verdict="snow lies")).split())
    assert "One layer of 8 units (LSTM) between the 2 numbers of each step and a linear head (sigmoid over 1);" in text
    assert "It reads temperature in °C, less 5 and divided by 10; humidity, less 0 and divided by 1." in text
    assert "A step's signed share is" in text
    assert "Over 1,200" not in text
    for word in ("embedding", "vocabulary", "token", "unknown one", "over the texts"):
        assert word not in text
