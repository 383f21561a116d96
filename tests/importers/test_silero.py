"""ONNX models that others trained: the voice detector of Silero VAD 6.2.3 (MIT), in several forms."""

import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from gatescope.importers import Request
from gatescope.importers.found import ImportRefusedError
from gatescope.importers.saving import import_model
from numpy.typing import NDArray
from onnx import ModelProto, ValueInfoProto, load, numpy_helper
from wheels import unpack

Array = NDArray[np.float32]
RATE, FRAME, OVERLAP = 16_000, 512, 64
STATE = "If_0_then_branch__Inline_0__/decoder/rnn/LSTM"


@pytest.fixture(scope="module")
def files(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("silero")
    return unpack(pytestconfig, "silero-vad==6.2.3", folder) / "silero_vad/data"


@pytest.fixture(scope="module")
def speech(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> tuple[Array, NDArray[np.bool_]]:
    """30 seconds of two people who talk, of pyannote.audio 4.0.7 (MIT): frames, and where somebody speaks."""
    folder = tmp_path_factory.mktemp("speech")
    sample = unpack(pytestconfig, "pyannote.audio==4.0.7", folder) / "pyannote/audio/sample"
    with wave.open(str(sample / "sample.wav")) as recording:
        sound = np.frombuffer(recording.readframes(recording.getnframes()), dtype=np.int16).astype(np.float32) / 32768
    count = len(sound) // FRAME
    padded = np.concatenate([np.zeros(OVERLAP, np.float32), sound[: count * FRAME]])
    frames = np.stack([padded[at * FRAME : at * FRAME + FRAME + OVERLAP] for at in range(count)])
    middles = (np.arange(count) + 0.5) * FRAME / RATE
    speaks = np.zeros(count, dtype=bool)
    for line in (sample / "sample.rttm").read_text().splitlines():
        start, duration = map(float, line.split()[3:5])
        speaks |= (middles >= start) & (middles < start + duration)
    return frames, speaks


def session(model: ModelProto | Path) -> Any:
    source = str(model) if isinstance(model, Path) else model.SerializeToString()
    return onnxruntime.InferenceSession(source, providers=["CPUExecutionProvider"])


def streamed(detector: Any, frames: Array) -> Iterator[float]:
    """What the detector says frame by frame, each time given the state that it returned."""
    state = np.zeros((2, 1, 128), np.float32)
    for frame in frames:
        said, state = detector.run(None, {"input": frame[None], "state": state, "sr": np.array(RATE)})
        yield float(said.squeeze())


@pytest.mark.soak("fetches packages")
def test_it_hears_the_speech_by_our_h(files: Path, speech: tuple[Array, NDArray[np.bool_]], tmp_path: Path) -> None:
    """The file's own encoder, our LSTM, and the file's ReLU → Conv → Sigmoid give what the whole file gives."""
    path = files / "silero_vad_16k_sequence.onnx"
    model, report = import_model(Request(path), tmp_path / "models", "0.1.0")
    assert (report.format, report.module) == ("ONNX", "/recurrent/LSTM")
    assert report.engine_error is not None
    assert report.error < 1e-5
    frames, speaks = speech
    whole = load(path)
    zeros = np.zeros((1, 1, 128), np.float32)
    inputs = {"input": frames, "h": zeros, "c": zeros}
    whole.graph.output.append(ValueInfoProto(name="/Transpose_output_0"))  # what the LSTM reads
    [read] = session(whole).run(["/Transpose_output_0"], inputs)
    h = model.trace(values=read[:, 0]).layer()["h"]
    tensors = {each.name: numpy_helper.to_array(each) for each in whole.graph.initializer}
    ours = 1 / (1 + np.exp(-(np.maximum(h, 0) @ tensors["output.weight"].reshape(-1) + tensors["output.bias"])))

    theirs = session(path).run(["speech_probs"], inputs)[0].reshape(-1)
    assert np.abs(ours - theirs).max() < 1e-4
    assert np.abs(ours - list(streamed(session(files / "silero_vad.onnx"), frames))).max() < 1e-4
    heard = ours > 0.5
    assert heard[speaks].mean() > 0.97
    assert heard[~speaks].mean() < 0.03


@pytest.mark.soak("fetches a package")
def test_the_same_network_is_found_in_its_other_files(files: Path, tmp_path: Path) -> None:
    """In branches of an If, whose initial states are reshaped parts of the input ``state``."""
    x = np.random.default_rng(0).standard_normal((20, 128)).astype(np.float32)
    found = []
    for name, module in (
        ("silero_vad_16k_sequence", ""),
        ("silero_vad_16k_op15", "/model/decoder/rnn/LSTM"),
        ("silero_vad", STATE),
    ):
        model, report = import_model(Request(files / f"{name}.onnx", module), tmp_path / "models", "0.1.0")
        found.append(model.trace(values=x).layer()["h"])
        if module:
            assert f"{module} takes initial_h from the graph's input 'state': traces start from zero" in report.remarks
    assert np.abs(np.array(found[1:]) - found[0]).max() < 1e-6


REFUSED = {
    ("silero-vad==6.2.3", "silero_vad/data/silero_vad_op18_ifless.onnx"): (
        "silero_vad_op18_ifless.onnx has no LSTM, GRU or RNN: its operators are Add, Concat, Conv, Equal, Gather, Gemm "
        "and 14 more; if these are one written out, export the layer as it is, so that it becomes an operator"
    ),
    ("captcha-whisperer==0.1.0", "captcha_whisperer/models/captcha_crnn.onnx"): (
        "captcha_crnn.onnx has no LSTM, GRU or RNN: its operators are Add, Concat, Constant, ConstantOfShape, Conv, "
        "Gather and 14 more; if these are one written out, export the layer as it is, so that it becomes an operator"
    ),
    ("ddddocr==1.0.6", "ddddocr/common.onnx"): (
        "common.onnx: the DynamicQuantizeLSTM 'LSTM_202_quant' is of the domain 'com.microsoft': only ONNX's own are "
        "read"
    ),
    ("dksplit==1.0.2", "dksplit/models/dksplit-int8.onnx"): (
        "dksplit-int8.onnx: the DynamicQuantizeLSTM '/lstm/LSTM_quant' is of the domain 'com.microsoft': only ONNX's "
        "own are read"
    ),
}


@pytest.mark.soak("fetches packages")
@pytest.mark.parametrize(("package", "file"), REFUSED)
def test_what_others_export_in_other_ways_is_refused(
    pytestconfig: pytest.Config, tmp_path: Path, package: str, file: str
) -> None:
    path = unpack(pytestconfig, package, tmp_path / "package") / file
    with pytest.raises(ImportRefusedError) as raised:
        import_model(Request(path), tmp_path / "models", "0.1.0")
    assert str(raised.value) == REFUSED[package, file]
    assert not (tmp_path / "models").exists()
