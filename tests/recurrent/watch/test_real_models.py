"""Models that others wrote and trained, from packages: watched, they compute the same bits, and traces are theirs.

Their wheels are fetched without dependencies, kept in pytest's cache, unpacked, and never installed. Each model runs in
a process of its own.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from wheels import unpack

Run = Callable[..., dict[str, Any]]

REASON = "fetches a package"
SHARED = """
import json, sys, types, warnings
warnings.simplefilter("ignore")
import numpy as np
import torch
from gatescope import watch
torch.manual_seed(0)

def gap(ours, theirs):  # relative where a number exceeds 1
    return float((np.abs(ours - theirs) / np.maximum(1, np.abs(theirs))).max())
"""


@pytest.fixture
def run(pytestconfig: pytest.Config, tmp_path: Path) -> Run:
    """Run a script where the packages of these wheels can be imported, and return the JSON that it prints last."""

    def unpacked_and_run(script: str, *requirements: str) -> dict[str, Any]:
        for requirement in requirements:
            unpack(pytestconfig, requirement, tmp_path)
        environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
        command = [sys.executable, "-c", SHARED + script]
        printed = subprocess.run(command, check=True, env=environment, stdout=subprocess.PIPE, text=True).stdout
        answer: dict[str, Any] = json.loads(printed.splitlines()[-1])
        return answer

    return unpacked_and_run


@pytest.mark.soak(REASON)
def test_resemblyzers_voice_encoder(run: Run) -> None:
    """An LSTM of 3 layers of 256 units, trained to tell speakers apart, over spectrograms in batches."""
    script = """
audio = sys.modules["resemblyzer.audio"] = types.ModuleType("resemblyzer.audio")  # needs packages for sound files
audio.__getattr__ = lambda name: None
from resemblyzer.voice_encoder import VoiceEncoder

encoder = VoiceEncoder("cpu", verbose=False).eval()
mels = torch.rand(3, 160, 40) * torch.linspace(0.1, 1, 3)[:, None, None]
plain = encoder(mels)
with watch(encoder) as seen:
    watched = encoder(mels)
(run,) = seen["lstm"]
traces = run.traces()
tops = np.stack([each.layer(2)["h"] for each in traces])
ours = tops, np.stack([[each.layer(n)["c"][-1] for each in traces] for n in range(3)])
outputs, (h, c) = encoder.lstm(mels)
exact, (_, exact_c) = encoder.lstm.double()(mels.double())
theirs, exact = ([each.detach().numpy() for each in both] for both in ((outputs, c), (exact, exact_c)))
print(json.dumps({
    "same": torch.equal(plain, watched),
    "sizes": repr(seen).splitlines()[1].split(),
    "ours": max(map(gap, ours, exact)),
    "theirs": max(map(gap, theirs, exact)),
}))
"""
    answer = run(script, "resemblyzer==0.1.4")
    assert answer["same"]
    assert answer["sizes"] == ["lstm", "LSTM", "40", "→", "256,", "3", "layers", "1", "1", "160"]
    assert answer["ours"] < 2 * answer["theirs"] < 1e-5  # its cells reach 55, where float32 is coarse


@pytest.mark.soak(REASON)
def test_a_recurrent_policy_of_stable_baselines(run: Run) -> None:
    """An agent calls its LSTM once a step of its world, and an episode is a run; in training, over batches of them."""
    script = """
import gymnasium
from sb3_contrib import RecurrentPPO

def agent():
    return RecurrentPPO("MlpLstmPolicy", "CartPole-v1", n_steps=32, batch_size=16, n_epochs=1, seed=0, device="cpu")

def weights(model):
    return [each.detach().clone() for each in model.policy.parameters()]

plain = agent().learn(64)
model, dones = agent(), []
with watch(model.policy, calls=200) as seen:
    model.learn(64, callback=lambda here, _: dones.append(bool(here["dones"][0])) or True)
trained = all(map(torch.equal, weights(plain), weights(model)))
worst = 0.0
for name in ("lstm_actor", "lstm_critic"):
    for run in seen[name]:
        _, _, outputs, _ = run.calls.recorded(batch_first=False)
        for b, trace in enumerate(run.traces()):
            worst = max(worst, gap(trace.layer()["h"], outputs[: len(trace), b].numpy()))
runs = seen["lstm_actor"]
episodes, length = [], 0
for step, is_done in enumerate(dones, 1):
    length += 1
    if is_done or step % 32 == 0:  # after which the weights are others
        episodes.append(length)
        length = 0
lived = [len(run) for run in runs if len(run.calls.inputs) == len(run) and len(run.lengths) == 1]
print(json.dumps({
    "episodes": episodes,
    "lived": lived,
    "same": trained,
    "names": list(seen),
    "worst": worst,
    "contents": len({id(run.circumstances.weights) for run in runs}),
}))
"""
    packages = ("sb3-contrib==2.9.2", "stable-baselines3==2.9.2", "gymnasium==1.4.0", "cloudpickle==3.1.3")
    answer = run(script, *packages, "farama-notifications==0.0.6")
    assert answer["same"]
    assert answer["names"] == ["lstm_actor", "lstm_critic"]
    assert answer["worst"] < 2e-6
    assert answer["lived"] == answer["episodes"]  # one step at a time, until the episode or the weights end
    assert len(answer["episodes"]) > 3
    assert answer["contents"] > 2  # each step of the optimizer leaves other weights


@pytest.mark.soak(REASON)
def test_an_lstm_with_dropped_weights(run: Run) -> None:
    """DropConnect, as in the AWD-LSTM: each call draws the weights that it uses, which are those of its trace."""
    script = """
from torchnlp.nn import WeightDropLSTM

x = torch.randn(6, 2, 5)
lstm = WeightDropLSTM(5, 7, weight_dropout=0.5).train()
torch.manual_seed(1)
plain = [lstm(x)[0] for _ in range(2)]
torch.manual_seed(1)
with watch(lstm) as seen:
    watched = [lstm(x)[0] for _ in range(2)]
print(json.dumps({
    "same": all(map(torch.equal, plain, watched)),
    "differ": gap(plain[0].detach().numpy(), plain[1].detach().numpy()),
    "h": max(gap(run.trace(1).layer()["h"], watched[n][:, 1].detach().numpy()) for n, run in enumerate(seen[""])),
}))
"""
    answer = run(script, "pytorch-nlp==0.5.0")
    assert answer["same"]
    assert answer["differ"] > 0.01
    assert answer["h"] < 2e-6


@pytest.mark.soak(REASON)
def test_silero_is_scripted_and_its_weights_are_traced_in_a_cell(run: Run) -> None:
    """Its Python code is not in the package: a watch says so. The weights of its LSTMCell can be had, and the loop."""
    script = """
from pathlib import Path
import silero_vad.data

path = Path(silero_vad.data.__file__).parent / "silero_vad.jit"
model = torch.jit.load(path).eval()
try:
    with watch(model):
        pass
except ValueError as error:
    message = str(error)

inner = model._model
cell = torch.nn.LSTMCell(128, 128)
cell.load_state_dict(inner.decoder.rnn.state_dict())
sound = torch.sin(torch.arange(8 * 512) * torch.linspace(0.02, 0.5, 8 * 512)).reshape(8, 1, 512)
with torch.no_grad():
    theirs = torch.stack([model(each, 16000) for each in sound]).flatten()
    context, state, ours, wanted = torch.zeros(1, inner.context_size_samples), None, [], []
    with watch(cell) as seen:
        for each in sound:
            x = torch.cat([context, each], 1)
            context = x[:, -inner.context_size_samples :]
            state = cell(inner.encoder(inner.run_extractors(x)).squeeze(-1), state)
            wanted.append(state[0])
            ours.append(inner.decoder.decoder(state[0][..., None]).mean())
(run,) = seen[""]
print(json.dumps({
    "message": message,
    "verdicts": gap(torch.stack(ours).numpy(), theirs.numpy()),
    "steps": len(run),
    "h": gap(run.trace().layer()["h"], torch.cat(wanted).numpy()),
}))
"""
    answer = run(script, "silero-vad==6.2.3")
    advice = "this LSTMCell is scripted, and takes no hooks: watch the Python model that it was made from"
    assert f"_model.decoder.rnn: {advice}" in answer["message"]
    assert answer["steps"] == 8
    assert max(answer["h"], answer["verdicts"]) < 2e-6
