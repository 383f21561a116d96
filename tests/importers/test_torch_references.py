"""The references that imports are compared with: torch.nn itself, and loops in float64."""

import numpy as np
import pytest
from gatescope.importers.torch_names import cell_of_module, chosen_module, sizes_of
from gatescope.importers.torch_references import references
from torch_files import CASES, h_of, inputs, module_of


@pytest.mark.parametrize("case", CASES)
def test_both_compute_what_torch_does(case: str) -> None:
    module, answers = module_of(case)
    state = module.state_dict()
    named = chosen_module(state, "")
    sizes = sizes_of(named, state)
    cell, _ = cell_of_module(named, sizes, answers, {})
    engine, equations = references(cell, named, sizes, state)
    x = inputs(20)
    kind = CASES[case][0].__name__
    assert engine.kind == "engine"
    assert engine.name.startswith(f"torch.nn.{kind} of PyTorch ")
    assert (equations.kind, equations.name) == ("equations", f"the equations of torch.nn.{kind} in float64")
    np.testing.assert_array_equal(engine.run(x), h_of(module, x))
    np.testing.assert_allclose(equations.run(x), h_of(module.double(), x), atol=1e-13)
    assert equations.run(x).dtype == np.float64
