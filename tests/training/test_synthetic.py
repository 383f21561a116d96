"""What the generated tasks share: rows of ids, what a network says of them, seeds and the name of what is drawn."""

import pytest
import torch
from gatescope.recurrent.cells import CellName
from gatescope.recurrent.network import Network, NetworkConfig
from gatescope.recurrent.tokenizer import UNKNOWN, CharacterTokenizer
from gatescope.training.synthetic import EXACT, PADDING, ROWS, fingerprint, logits_of, randomness, rows
from gatescope.training.tasks import brackets, counting, flag
from gatescope.training.trainer import Objective, Recipe

TOKENIZER = CharacterTokenizer([UNKNOWN, "a", "b"])


def network(cell: CellName = "gru") -> Network:
    torch.manual_seed(0)
    return Network(NetworkConfig(cell, 3, 4, 5, 2)).eval()


def test_rows_are_padded_at_their_end() -> None:
    assert rows(TOKENIZER, ["ab", "b", "bax"]).tolist() == [[1, 2, 0], [2, 0, 0], [2, 1, 0]]


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_what_stands_after_a_text_changes_nothing_that_is_said_along_it(cell: CellName) -> None:
    said, alone = logits_of(network(cell), rows(TOKENIZER, ["ab", "babba"])), rows(TOKENIZER, ["ab"])
    torch.testing.assert_close(said[0, :2], logits_of(network(cell), alone)[0])


def test_many_rows_are_read_a_part_at_a_time_and_none_is_lost() -> None:
    ids = torch.randint(3, (2 * ROWS + 1, 4), generator=torch.Generator().manual_seed(0))
    logits = logits_of(network(), ids)
    assert logits.shape == (2 * ROWS + 1, 4, 2)
    assert not logits.requires_grad
    torch.testing.assert_close(logits, network()(ids).detach())


def test_random_numbers_follow_from_the_generator_and_move_it_on() -> None:
    generator = torch.Generator().manual_seed(3)
    first, second = randomness(generator).random(4), randomness(generator).random(4)
    again = randomness(torch.Generator().manual_seed(3)).random(4)
    assert first.tolist() == again.tolist() != second.tolist()


def test_what_is_drawn_has_a_name_of_its_own() -> None:
    objectives: list[Objective] = [
        counting.load_anbn().objective,
        counting.load_anbncn().objective,
        brackets.Brackets().objective,
        flag.Flag().objective,
    ]
    names = [fingerprint(each) for each in objectives]
    assert len(set(names)) == len(objectives)
    assert {len(name) for name in names} == {64}
    assert names == [fingerprint(each) for each in objectives]


def test_no_symbol_is_hidden_and_nothing_decays() -> None:
    assert EXACT(epochs=1) == Recipe(epochs=1, unknown=0, dropout=0, weight_decay=0, embedding_spread=1)
    assert PADDING == -1
