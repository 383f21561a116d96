"""One thread, so that every sum is taken in one order; and properties without a stop-watch."""

import hypothesis
import torch

torch.set_num_threads(1)
hypothesis.settings.register_profile("gatescope", deadline=None, max_examples=60)
hypothesis.settings.load_profile("gatescope")
