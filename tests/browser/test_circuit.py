"""The circuit that is drawn, the arithmetic that is printed and the cell that runs are the same function."""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import combinations, pairwise
from typing import Any

import httpx2
import pytest
import torch
from gatescope.recurrent.cells import TABLE
from gatescope.recurrent.cells.cell import Cell
from playwright.sync_api import Browser, Page, expect
from torch import Tensor, nn

from .circuits import NAMES, NEAR, Drawing, End, Shape, UnreadableError, Value, distance, into, read
from .driving import another_page, cell_at, layer_of, opened, shown
from .zoo import TEXT

E, H = 5, 7  # different: a matrix fits what it is meant for, and nothing else
Vectors = dict[str, Tensor]


class Case:
    """A cell in float64, with random weights and states: one step of it, in all its parts.

    ``module`` is that of PyTorch, if it has one for the cell; ``matrices`` are W, U, b and b′, or only W and b.
    """

    def __init__(
        self,
        cell: Cell,
        step: Callable[[Vectors, Vectors], Vectors],
        module: nn.RNNBase | None = None,
        matrices: Mapping[str, Tensor] | None = None,
    ) -> None:
        if module is not None:
            parameters = [module.weight_ih_l0, module.weight_hh_l0, module.bias_ih_l0, module.bias_hh_l0]
            matrices = dict(zip(("W", "U", "b", "b′"), parameters, strict=True))
        self.cell, self.module = cell, module
        self.weights = {
            f"{name} {letter}": part
            for name, matrix in (matrices or {}).items()
            for letter, part in zip(cell.blocks, matrix.detach().chunk(len(cell.blocks)), strict=True)
        }
        vectors = torch.rand(E + 2 * H, generator=torch.Generator().manual_seed(1), dtype=torch.float64) * 2 - 1
        self.given = dict(zip(("x", "h-", "c-"), vectors.split((E, H, H)), strict=True))
        if "c" not in cell.states:
            del self.given["c-"]
        self.parts = step(self.given, self.weights) | self.given


def lstm_sums(given: Vectors, w: Vectors) -> Vectors:
    return {at: w[f"W {at}"] @ given["x"] + w[f"U {at}"] @ given["h-"] + w[f"b {at}"] + w[f"b′ {at}"] for at in "ifgo"}


def peephole_lstm(given: Vectors, w: Vectors) -> Vectors:
    a, before = lstm_sums(given, w), given["c-"]
    i, f = torch.sigmoid(a["i"] + w["p i"] * before), torch.sigmoid(a["f"] + w["p f"] * before)
    g = torch.tanh(a["g"])
    c = f * before + i * g
    o = torch.sigmoid(a["o"] + w["p o"] * c)
    products = {"f·c": f * before, "i·g": i * g, "tanh c": torch.tanh(c)}
    return {"i": i, "f": f, "g": g, "o": o, "c": c, "h": o * torch.tanh(c)} | products


def lstm(given: Vectors, w: Vectors) -> Vectors:
    sums = lstm_sums(given, w)
    i, f, g, o = (torch.tanh(each) if at == "g" else torch.sigmoid(each) for at, each in sums.items())
    c = f * given["c-"] + i * g
    products = {"f·c": f * given["c-"], "i·g": i * g, "tanh c": torch.tanh(c)}
    return {"i": i, "f": f, "g": g, "o": o, "c": c, "h": o * torch.tanh(c)} | products


def gru(given: Vectors, w: Vectors, *, reset_after: bool = True) -> Vectors:
    x, h = given["x"], given["h-"]
    r, z = (torch.sigmoid(w[f"W {at}"] @ x + w[f"b {at}"] + w[f"U {at}"] @ h + w[f"b′ {at}"]) for at in "rz")
    w_x, u_h = w["W n"] @ x + w["b n"], w["U n"] @ h + w["b′ n"]
    n = torch.tanh(w_x + r * u_h) if reset_after else torch.tanh(w_x + w["U n"] @ (r * h) + w["b′ n"])
    parts = {
        "r": r,
        "z": z,
        "n": n,
        "h": (1 - z) * n + z * h,
        "1−z": 1 - z,
        "z·h": z * h,
        "": (1 - z) * n,
        "r·h": r * h,
    }
    return parts | {"U·h + b′": u_h, "W·x + b": w_x, "r·(U·h + b′)": r * u_h}


def reset_before_gru(given: Vectors, w: Vectors) -> Vectors:
    return gru(given, w, reset_after=False)


def rnn(given: Vectors, w: Vectors) -> Vectors:
    a = w["W h"] @ given["x"] + w["b h"] + w["U h"] @ given["h-"] + w["b′ h"]
    return {"a": a, "h": torch.tanh(a)}


def relu_rnn(given: Vectors, w: Vectors) -> Vectors:
    a = rnn(given, w)["a"]
    return {"a": a, "h": torch.relu(a)}


def coupled_lstm(given: Vectors, w: Vectors) -> Vectors:
    sums = {at: w[f"W {at}"] @ given["x"] + w[f"U {at}"] @ given["h-"] + w[f"b {at}"] + w[f"b′ {at}"] for at in "fgo"}
    f, g, o = (torch.tanh(each) if at == "g" else torch.sigmoid(each) for at, each in sums.items())
    c = f * given["c-"] + (1 - f) * g
    products = {"f·c": f * given["c-"], "1−f": 1 - f, "": (1 - f) * g, "tanh c": torch.tanh(c)}
    return {"f": f, "g": g, "o": o, "c": c, "h": o * torch.tanh(c)} | products


def mingru(given: Vectors, w: Vectors) -> Vectors:
    z = torch.sigmoid(w["W z"] @ given["x"] + w["b z"])
    n = w["W n"] @ given["x"] + w["b n"]
    products = {"1−z": 1 - z, "(1−z)·h": (1 - z) * given["h-"], "z·n": z * n}
    return {"z": z, "n": n, "h": (1 - z) * given["h-"] + z * n} | products


def rows(blocks: int, **columns: int) -> dict[str, Tensor]:
    """Random matrices of so many blocks of H rows: columns by name, 0 for a vector."""
    sizes = {name: (blocks * H, count) if count else (blocks * H,) for name, count in columns.items()}
    return {name: torch.rand(size, dtype=torch.float64) * 2 - 1 for name, size in sizes.items()}


def cases() -> Iterator[tuple[str, Case]]:
    cells = {cell.variant: cell for cell in TABLE}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield "lstm", Case(cells["lstm"], lstm, nn.LSTM(E, H, dtype=torch.float64))
        yield "gru", Case(cells["gru"], gru, nn.GRU(E, H, dtype=torch.float64))
        yield "early-reset", Case(cells["reset-before gru"], reset_before_gru, nn.GRU(E, H, dtype=torch.float64))
        yield "rnn", Case(cells["rnn"], rnn, nn.RNN(E, H, dtype=torch.float64))
        relu = nn.RNN(E, H, nonlinearity="relu", dtype=torch.float64)
        yield "letters-relu", Case(cells["relu rnn"], relu_rnn, relu)
        both = rows(3, W=E, U=H, b=0) | {"b′": rows(3, b=0)["b"]}
        yield "each-coupled_lstm", Case(cells["coupled_lstm"], coupled_lstm, matrices=both)
        joined = rows(4, W=E, U=H, b=0) | {"b′": rows(4, b=0)["b"], "p": rows(4, p=0)["p"]}
        yield "peepholes", Case(cells["peephole lstm"], peephole_lstm, matrices=joined)
        yield "each-mingru", Case(cells["mingru"], mingru, matrices=rows(2, W=E, b=0))


CASES = dict(cases())  # by the model of the zoo that has such a cell


def test_every_cell_of_the_table_is_looked_at() -> None:
    assert sorted(case.cell.variant for case in CASES.values()) == sorted(cell.variant for cell in TABLE)


@pytest.fixture(scope="module", params=CASES)
def model(request: pytest.FixtureRequest) -> str:
    """Each model in turn."""
    return str(request.param)


@pytest.fixture(scope="module")
def case(model: str) -> Case:
    """Its cell."""
    return CASES[model]


@pytest.fixture(scope="module")
def shown_page(browser: Browser, zoo: str, model: str) -> Iterator[Page]:
    """The page with one of its units pinned."""
    with another_page(browser) as page:
        opened(page, f"{zoo}/?model={model}#step=2&unit=3")
        cell_at(page, 2, 3)
        yield page


@pytest.fixture(scope="module")
def drawing(shown_page: Page) -> Drawing:
    """The circuit in it."""
    return read(shown_page)


def same(a: Value | None, b: Value | None) -> bool:
    both = isinstance(a, Tensor) and isinstance(b, Tensor) and a.shape == b.shape
    return both and torch.allclose(a, b, rtol=1e-12, atol=1e-12)


def is_right(drawing: Drawing, case: Case) -> bool:
    """Whether a drawing is that of the cell."""
    values = drawing.evaluate(case.given, case.weights)
    ends = {end for end in values if isinstance(end, str)}
    return ends == {f"{state} out" for state in ("c", "h") if f"{state}-" in case.given} and all(
        same(values[end], case.parts[end[0]]) for end in ends
    )


@pytest.mark.parametrize("fused", [model for model, case in CASES.items() if case.module and case.cell.module])
def test_the_parts_of_a_step_are_those_of_torch_nn(fused: str) -> None:
    case = CASES[fused]
    assert case.module is not None
    states = [case.given[state][None] for state in ("h-", "c-") if state in case.given]
    _, after = case.module(case.given["x"][None], tuple(states) if len(states) > 1 else states[0])
    for state, value in zip("hc", after if isinstance(after, tuple) else (after,), strict=False):
        torch.testing.assert_close(case.parts[state], value[0], rtol=1e-12, atol=1e-12)


def test_what_is_drawn_is_the_cell(drawing: Drawing, case: Case) -> None:
    assert is_right(drawing, case)


def test_another_wire_or_sign_would_be_another_cell(drawing: Drawing, case: Case) -> None:
    values = drawing.evaluate(case.given, case.weights) | case.given
    ends: list[End] = [*range(len(drawing.shapes)), *case.given]

    def is_noticed(other: Drawing) -> bool:
        try:
            return not is_right(other, case)
        except UnreadableError:
            return True

    for at, wire in enumerate(drawing.wires):
        starts = [end for end in ends if values[end] is not values[wire.start]]  # else it is the same wire, longer
        assert [end for end in starts if not is_noticed(drawing.moved(at, start=end))] == [], wire
        elsewhere = [end for end in [*ends, "h", "c"] if end != wire.end]
        assert [end for end in elsewhere if not is_noticed(drawing.moved(at, end=end))] == [], wire
    for at, shape in enumerate(drawing.shapes):
        if shape.kind != "dot":
            others = {"⊙", "+", "1−", "tanh", "σ", "relu", "W", "U"} - {shape.sign}
            assert [sign for sign in others if not is_noticed(drawing.signed(at, sign))] == [], shape


def test_a_label_stands_at_what_it_names(drawing: Drawing, case: Case) -> None:
    values = drawing.evaluate(case.given, case.weights) | case.given
    for label in drawing.labels:
        expected = case.parts[NAMES.get(label.name, label.name)]
        if label.name == "a":  # in the box, where it is not drawn as a wire
            [(at, layer)] = [(at, each) for at, each in enumerate(drawing.shapes) if each.kind == "layer"]
            assert distance(label.box, *corners(layer)) < NEAR
            [joined] = [values[wire.start] for wire in drawing.wires if wire.end == at]
            assert same(into(layer, [joined], case.weights), expected)
            continue
        near = [
            wire for wire in drawing.wires if min(distance(label.box, a, b) for a, b in pairwise(wire.corners)) < NEAR
        ]
        assert any(same(values[wire.start], expected) for wire in near), label


def test_wires_are_told_apart(drawing: Drawing) -> None:
    lines = [(at, a, b) for at, wire in enumerate(drawing.wires) for a, b in pairwise(wire.corners)]
    for _, a, b in lines:
        assert (a[0] == b[0]) != (a[1] == b[1]), "a wire runs level or upright"
    for (one, a, b), (other, c, d) in combinations(lines, 2):
        if one != other and len({a[0], b[0], c[0], d[0]}) == 1:
            assert max(a[1], b[1]) <= min(c[1], d[1]) or max(c[1], d[1]) <= min(a[1], b[1]), (a, b, c, d)
        if one != other and len({a[1], b[1], c[1], d[1]}) == 1:
            assert max(a[0], b[0]) <= min(c[0], d[0]) or max(c[0], d[0]) <= min(a[0], b[0]), (a, b, c, d)
    for at, a, b in lines:
        wire = drawing.wires[at]
        for place, shape in enumerate(drawing.shapes):
            if place not in (wire.start, wire.end):
                assert distance(shape.box, a, b) > 0, f"{wire} runs through {shape}"


def test_labels_cover_nothing(drawing: Drawing) -> None:
    boxes = [label.box for label in drawing.labels] + [shape.box for shape in drawing.shapes]
    for label in drawing.labels:
        left, top, right, bottom = label.box
        inner = (left + 1, top + 3, right - 1, bottom - 3)  # letters fill less than their line
        for other in boxes:
            if other != label.box:
                assert distance(inner, other[:2], other[2:]) > 0, label


def test_the_arithmetic_is_that_of_the_cell(shown_page: Page, case: Case, model: str) -> None:
    vectors = {"tanh": torch.tanh, "max": lambda _, a: torch.relu(a)} | case.parts
    if "n" in case.cell.blocks:
        vectors |= {name: case.weights[f"{name} n"] for name in ("W", "U", "b", "b′") if f"{name} n" in case.weights}
    if model == "early-reset":
        vectors["b"] = case.weights["b n"] + case.weights["b′ n"]
    results = set()
    for equation in shown_page.locator("#first-screen .arithmetic p:has([data-of])").all():
        left, right, numbers = (equation.text_content() or "").split(" = ")
        results.add(result := left.removesuffix("t"))
        torch.testing.assert_close(computed(right, vectors), case.parts[result], rtol=1e-12, atol=1e-12)
        figures, about = numbers.split(" ≈\u00a0")
        if "…" not in figures:
            expected = computed(figures, {"tanh": math.tanh, "max": max})
            assert expected == pytest.approx(computed(about, {}), abs=3e-2)
    assert results == {each.of for each in case.cell.equations}


def computed(expression: str, scope: Mapping[str, Any]) -> Any:
    """What an expression of the page comes to."""
    matrix, signs = r"\b([WU])·", str.maketrans({"·": "*", "−": "-"})
    names = {"ct−1": "c-", "ht−1": "h-", "xt": "x", "ct": "c", "ht": "h"}
    values = dict(scope)
    for at, (printed, name) in enumerate([*names.items(), ("b′", "b′")]):
        expression = expression.replace(printed, f"_{at}")
        values[f"_{at}"] = scope.get(name)
    return eval(re.sub(matrix, r"\1 @ ", expression).translate(signs).strip(), {"__builtins__": {}}, values)


def corners(shape: Shape) -> tuple[tuple[float, float], tuple[float, float]]:
    return shape.box[:2], shape.box[2:]


@pytest.mark.parametrize("unit", [0, 3, 6])
def test_gru_that_resets_before_the_product_shows_its_numbers(
    page: Page, zoo: str, keeper: httpx2.Client, unit: int
) -> None:
    a = layer_of(keeper, "early-reset", TEXT)
    (r, z, n, h), before = (a[letter][3][unit] for letter in "rznh"), a["h"][2][unit]
    opened(page, f"{zoo}/?model=early-reset#step=3&unit={unit}")
    cell = cell_at(page, 3, unit)
    expect(cell.locator(".figure")).to_have_text([
        f"hₜ₋₁ {shown(before, 2)}", f"z·h {shown(z * before, 2)}", f"hₜ {shown(h, 2)}", f"r {shown(r, 2)}",
        f"r·h {shown(r * before, 2)}", f"z {shown(z, 2)}", f"1−z {shown(1 - z, 2)}", f"n {shown(n, 2)}",
        shown((1 - z) * n, 2),
    ])  # fmt: skip
    expect(cell.locator(".arithmetic [data-of=n]")).to_have_text(shown(n, 2))


def test_the_reset_of_torch_nn_is_shown_at_the_recurrent_product(page: Page, zoo: str, keeper: httpx2.Client) -> None:
    a = layer_of(keeper, "gru", TEXT)
    opened(page, f"{zoo}/?model=gru#step=3&unit=3")
    r, n = a["r"][3][3], a["n"][3][3]
    expect(cell_at(page, 3, 3).locator(".arithmetic p").first).to_contain_text(
        f" = tanh(… + {shown(r, 2)}·(…)) ≈ {shown(n, 2)}"
    )


def test_a_key_explains_every_sign_and_no_other(page: Page, zoo: str) -> None:
    for model in CASES:
        opened(page, f"{zoo}/?model={model}")
        page.locator("#first-screen .key summary").click()
        drawn = {shape.sign for shape in read(page).shapes if shape.sign}
        assert set(page.locator("#first-screen .key dt").all_inner_texts()) == (drawn - {"1−"}) | {"●"}
