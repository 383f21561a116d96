"""One thread, so that every sum is taken in one order; and fewer examples, since each is a network."""

import hypothesis
import torch

torch.set_num_threads(1)
if hypothesis.settings.default.max_examples > 60:  # the quick run takes fewer already
    hypothesis.settings.register_profile("networks", deadline=None, max_examples=60)
    hypothesis.settings.load_profile("networks")
