"""Measures training steps of PyTorch: rewrites networks.csv, amp.csv, batches.csv, layers.csv, checkpoints.csv,
autocast.csv and optimizers.csv, beside this file.

    python tests/data/memory/training/measure.py [FILE ...]

Needs torch and torchvision (measured: torch 2.13.0 for CPU, torchvision 0.28.0), and for amp.csv a C++ compiler.

* Saved bytes: the storages that autograd's hooks on saved tensors see in one forward pass in train mode, each once,
  without those of parameters and buffers.
* Bytes in memory: `torch.distributed._tools.mem_tracker.MemTracker` under FakeTensorMode, for device cpu, in float32.
  A step is y = model(x), the sum of all outputs, backward(), and the optimizer's step. Under a dispatch mode gradients
  that meet are added out of place.
* amp.csv: under FakeTensorMode for device cuda, in a build without CUDA, with a device guard that does nothing and
  autocast switched on by hand; the kernels of attention that a GPU has are not there. autocast.csv is of the CPU in
  bfloat16, where convolutions and linear layers are cast as on CUDA; its loss has 2 bytes.

The other files here, saved_totals.csv, saved_rules.csv, peaks.csv and saved/, were measured in the same way.
"""

from __future__ import annotations

import contextlib
import csv
import ctypes
import itertools
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.distributed._tools.mem_tracker import MemTracker
from torch.nn import functional

HERE = Path(__file__).parent
NETWORKS = (
    "alexnet", "vgg11", "vgg16_bn", "googlenet", "inception_v3", "resnet34", "resnext50_32x4d", "wide_resnet50_2",
    "densenet169", "squeezenet1_0", "squeezenet1_1", "shufflenet_v2_x0_5", "mnasnet0_5", "mnasnet1_0", "mobilenet_v2",
    "mobilenet_v3_large", "mobilenet_v3_small", "efficientnet_b0", "efficientnet_v2_s", "convnext_tiny", "swin_t",
    "swin_v2_t", "maxvit_t", "vit_b_16", "vit_b_32",
)  # fmt: skip
AMP = (
    "alexnet", "vgg11", "googlenet", "resnet18", "densenet121", "squeezenet1_0", "shufflenet_v2_x0_5", "mobilenet_v2",
    "mobilenet_v3_small", "efficientnet_b0", "convnext_tiny", "swin_t", "swin_v2_t", "maxvit_t",
)  # fmt: skip
SIZES = {"inception_v3": 299, "efficientnet_v2_s": 384, "swin_v2_t": 256}


def network(name: str) -> nn.Module:
    """A network of torchvision without heads, its parameters as they come."""
    from torchvision import models

    for draw in ("trunc_normal_", "normal_", "kaiming_normal_", "kaiming_uniform_", "xavier_uniform_", "uniform_"):
        setattr(nn.init, draw, lambda tensor, *_, **__: tensor)  # drawing is not possible without storage
    options = {"aux_logits": False, "init_weights": False} if name in ("googlenet", "inception_v3") else {}
    return getattr(models, name)(**options).train()


def saved(model: nn.Module, x: Any, context: Any = None) -> int:
    """The bytes that a forward pass saves."""
    own = {tensor.untyped_storage()._cdata for tensor in [*model.parameters(), *model.buffers()]}
    found: dict[int, int] = {}
    held = []

    def pack(tensor: Any) -> Any:
        storage = tensor.untyped_storage()
        if storage._cdata not in own:
            found[storage._cdata] = storage.nbytes()
            held.append(tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor), context or contextlib.nullcontext():
        held.append(model(x))
    return sum(found.values())


class Trace(MemTracker):
    """The tracker, noting what is there after each operator."""

    noted: list[tuple[str, int]] | None = None

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = super().__torch_dispatch__(func, types, args, kwargs)
        if self.noted is not None:
            self.noted.append((str(func), now(self)))
        return result


def now(tracker: MemTracker, kind: str = "current") -> int:
    return sum(parts["Total"] for parts in tracker.get_tracker_snapshot(kind).values())


def step(
    make: Callable[[], nn.Module],
    batch: int,
    shape: tuple[int, ...],
    *,
    run: Any = None,
    momentum: float = 0,
    fake: bool = True,
    context: Any = contextlib.nullcontext,
) -> dict[str, Any]:
    """What is there at the points of a step in its steady state, and after each operator of the backward pass."""
    with FakeTensorMode() if fake else contextlib.nullcontext():
        model, x = make().train(), torch.randn(batch, *shape)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=momentum)
        tracker = Trace()
        tracker.track_external(model, optimizer, x)
        with tracker:
            for _ in range(2 if momentum else 1):  # the first step has no state yet
                tracker.noted = None
                tracker.reset_mod_stats()
                with context():
                    loss = (run or (lambda model, x: model(x)))(model, x)
                    loss = (loss, loss.sum())  # the outputs stay
                    points = {"forward": now(tracker)}
                tracker.noted = []
                loss[1].backward()
                points["backward"] = now(tracker)
                optimizer.step()
                points["peak"] = now(tracker, "peak")
                optimizer.zero_grad()
                del loss
    return {**points, "noted": tracker.noted}


def networks() -> Iterator[dict[str, Any]]:
    """Networks at batch 1, 2 and 16."""
    for name in NETWORKS:
        size = SIZES.get(name, 224)
        for batch in (1, 2, 16):
            if (name, batch) == ("inception_v3", 1):
                continue
            with FakeTensorMode():
                kept = saved(network(name), torch.randn(batch, 3, size, size))
            points = step(lambda: network(name), batch, (3, size, size))  # noqa: B023
            row = {key: points[key] for key in ("forward", "backward", "peak")}
            yield {"network": name, "size": size, "batch": batch, "saved": kept, **row}


def batches() -> Iterator[dict[str, Any]]:
    """VGG-16 with SGD and momentum at several batches."""
    for batch in (1, 8, 17, 18, 19, 20, 21, 22, 23, 64):
        points = step(lambda: network("vgg16"), batch, (3, 224, 224), momentum=0.9)
        yield {"network": "vgg16", "batch": batch, "peak": points["peak"]}


GUARD = """
#include <c10/core/impl/DeviceGuardImplInterface.h>
namespace c10::impl { C10_REGISTER_GUARD_IMPL(CUDA, NoOpDeviceGuardImpl<DeviceType::CUDA>); }
"""


def load_guard() -> None:
    """Give PyTorch a guard for CUDA devices that does nothing."""
    home, folder = Path(torch.__file__).parent, Path(tempfile.mkdtemp())
    (folder / "guard.cpp").write_text(GUARD)
    made = ["-std=c++20", "-shared", "-fPIC", f"-I{home}/include", f"-L{home}/lib", "-lc10"]
    subprocess.run(["g++", str(folder / "guard.cpp"), "-o", str(folder / "guard.so"), *made], check=True)
    ctypes.CDLL(str(folder / "guard.so"))


@contextlib.contextmanager
def autocast() -> Iterator[None]:
    torch.set_autocast_enabled("cuda", True)
    torch.set_autocast_dtype("cuda", torch.float16)
    torch.set_autocast_cache_enabled(True)
    torch.autocast_increment_nesting()
    try:
        yield
    finally:
        torch.autocast_decrement_nesting()
        torch.clear_autocast_cache()
        torch.set_autocast_enabled("cuda", False)


def amp() -> Iterator[dict[str, Any]]:
    """Saved bytes on CUDA, in float32 and in mixed precision."""
    load_guard()
    for name in AMP:
        size = SIZES.get(name, 224)
        with FakeTensorMode(allow_non_fake_inputs=True), torch.device("cuda"):
            kept = [saved(network(name), torch.randn(2, 3, size, size), context) for context in (None, autocast())]
        yield {"network": name, "size": size, "batch": 2, "float32": kept[0], "amp": kept[1]}


class Call(nn.Module):
    """A module of one function, with parameters by name."""

    def __init__(self, function: Callable[..., Any], **parameters: Any) -> None:
        super().__init__()
        self.function = function
        for name, value in parameters.items():
            setattr(self, name, nn.Parameter(value))

    def forward(self, x: Any) -> Any:
        return self.function(self, x)


def per_position(function: Callable[..., Any], **parameters: Any) -> nn.Module:
    """A normalisation over the channels of each position."""
    return Call(lambda own, x: function(own, x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2), **parameters)


LAYERS: dict[str, tuple[Callable[[], nn.Module], int]] = {
    "relu": (lambda: nn.ReLU(True), 8),
    "silu": (lambda: nn.SiLU(True), 8),
    "gelu": (nn.GELU, 8),
    "sigmoid": (nn.Sigmoid, 8),
    "tanh": (nn.Tanh, 8),
    "prelu": (lambda: nn.PReLU(8), 8),
    "elu": (lambda: nn.ELU(inplace=True), 8),
    "hardswish": (lambda: nn.Hardswish(True), 8),
    "hardsigmoid": (nn.Hardsigmoid, 8),
    "softmax": (lambda: nn.Softmax(1), 8),
    "scaled_tanh": (lambda: Call(lambda own, x: 1.7 * torch.tanh(x * 0.66)), 8),
    "local_response_norm: 5": (lambda: nn.LocalResponseNorm(5, k=2.0), 8),
    "local_response_norm: 3": (lambda: nn.LocalResponseNorm(3, k=2.0), 8),
    "l2pool: 2": (lambda: nn.LPPool2d(2, 2), 8),
    "l2norm": (lambda: Call(lambda own, x: functional.normalize(x, dim=1)), 8),
    "batchnorm": (lambda: nn.BatchNorm2d(8), 8),
    "groupnorm: 4": (lambda: nn.GroupNorm(4, 8), 8),
    "layernorm": (
        lambda: per_position(
            lambda own, x: functional.layer_norm(x, (8,), own.w, own.b), w=torch.ones(8), b=torch.ones(8)
        ),
        8,
    ),
    "rmsnorm": (lambda: per_position(lambda own, x: functional.rms_norm(x, (8,), own.w), w=torch.ones(8)), 8),
    "layer_scale": (lambda: Call(lambda own, x: own.w * x, w=torch.ones(8, 1, 1)), 8),
    "scale: 0.5": (lambda: Call(lambda own, x: x * 0.5), 8),
    "dropout": (nn.Dropout, 8),
    "maxpool: 2": (lambda: nn.MaxPool2d(2), 8),
    "avgpool: 2": (lambda: nn.AvgPool2d(2), 8),
    "global_avgpool": (lambda: nn.AdaptiveAvgPool2d(1), 8),
    "global_maxpool": (lambda: nn.AdaptiveMaxPool2d(1), 8),
    "adaptive_avgpool: 5": (lambda: nn.AdaptiveAvgPool2d(5), 8),
    "subsample: 2": (
        lambda: Call(
            lambda own, x: functional.avg_pool2d(x, 2) * own.w + own.b, w=torch.ones(8, 1, 1), b=torch.ones(8, 1, 1)
        ),
        8,
    ),
    "upsample: 2": (lambda: nn.Upsample(scale_factor=2), 8),
    "pad: 1": (lambda: nn.ZeroPad2d(1), 8),
    "pad_channels: 12": (lambda: Call(lambda own, x: functional.pad(x, (0, 0, 0, 0, 0, 4))), 12),
    "pixel_shuffle: 2": (lambda: nn.PixelShuffle(2), 2),
    "channel_shuffle: 2": (
        lambda: Call(lambda own, x: x.unflatten(1, (2, 4)).transpose(1, 2).contiguous().flatten(1, 2)),
        8,
    ),
    "crop: 8": (lambda: Call(lambda own, x: x[:, :, 4:12, 4:12]), 8),
    "multiply: {gate: global_avgpool, x: identity}": (
        lambda: Call(lambda own, x: functional.adaptive_avg_pool2d(x, 1) * x),
        8,
    ),
}


def layers() -> Iterator[dict[str, Any]]:
    """The most that is there in the backward pass of one layer, between 1x1 convolutions to 8 and to 4 maps of 16x16."""
    for name, (make, channels) in LAYERS.items():

        def between(make: Any = make, channels: int = channels) -> nn.Module:
            return nn.Sequential(nn.Conv2d(4, 8, 1, bias=False), make(), nn.Conv2d(channels, 4, 1, bias=False))

        noted = step(between, 2, (4, 16, 16), fake=False)["noted"]  # fake tensors take some operators apart
        first, *_, last = (index for index, (operator, _) in enumerate(noted) if "convolution_backward" in operator)
        yield {"layer": name, "peak": max(count for _, count in noted[first + 1 : last])}


def chain(normalised: bool = True) -> nn.Module:
    """Convolutions, of which some are normalised, and two linear layers; ReLU is not in place."""
    made: list[nn.Module] = []
    for before, after in ((3, 8), (8, 16), (16, 32)):
        made += [nn.Conv2d(before, after, 3, padding=1)]
        made += [nn.BatchNorm2d(after), nn.ReLU()] if normalised else [nn.ReLU()]
        made += [nn.Conv2d(after, after, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*made, nn.Flatten(), nn.Linear(512, 50), nn.ReLU(), nn.Linear(50, 10))


def checkpoints() -> Iterator[dict[str, Any]]:
    """The chain cut into segments of some layers, all but the last under `checkpoint`, which runs them whole again."""
    from torch.utils.checkpoint import checkpoint, set_checkpoint_early_stop

    for every in (1, 2, 3, 4, 5, 6, 7, 11, 22):

        def run(model: Any, x: Any, every: int = every) -> Any:
            with set_checkpoint_early_stop(False):
                for start in range(0, len(model), every):
                    part = model[start : start + every]
                    x = part(x) if start + every >= len(model) else checkpoint(part, x, use_reentrant=False)
            return x

        points = step(chain, 2, (3, 32, 32), run=run)
        yield {"every": every, **{key: points[key] for key in ("forward", "backward", "peak")}}


def mixed() -> Iterator[dict[str, Any]]:
    """The chain without normalisation under autocast."""

    def cast() -> Any:
        return torch.autocast("cpu", dtype=torch.bfloat16)

    for batch in (2, 64):
        points = step(lambda: chain(normalised=False), batch, (3, 32, 32), context=cast)
        yield {"batch": batch, **{key: points[key] for key in ("forward", "backward", "peak")}}


OPTIMIZERS: dict[str, Callable[..., Any]] = {
    "sgd": torch.optim.SGD,
    "momentum": lambda tensors, **more: torch.optim.SGD(tensors, momentum=0.9, **more),
    "adam": torch.optim.Adam,
    "adamw": lambda tensors, **more: torch.optim.AdamW(tensors, weight_decay=0, **more),
    "rmsprop": torch.optim.RMSprop,
    "adafactor": lambda tensors, **more: torch.optim.Adafactor(tensors, weight_decay=0, **more),
}
SHAPES = (
    "1000x7", "500", "64x16x3x3", "100x10 50x4", "50x4 100x10", "100x10 100", "100 100x10", "100x10 50x4 30x30",
    "1000x7 30 64x16x3x3 50", "1000x7 50x4", "7 1000 5x5x5 300 20x30",
)  # fmt: skip


def optimizers() -> Iterator[dict[str, Any]]:
    """State, and the most that a step makes beside it, in bytes, for tensors of some shapes."""
    for name, make in OPTIMIZERS.items():
        for at_once in (0, 1):
            for shapes in SHAPES:
                sizes = [tuple(map(int, shape.split("x"))) for shape in shapes.split()]
                tensors = [nn.Parameter(torch.zeros(size)) for size in sizes]
                optimizer = make(tensors, foreach=bool(at_once))
                tracker = MemTracker()
                tracker.track_external(optimizer, *tensors)
                with tracker:
                    for _ in range(2):
                        optimizer.zero_grad()
                        tracker.reset_mod_stats()
                        for tensor in tensors:
                            tensor.grad = torch.zeros_like(tensor)
                        before = now(tracker)
                        optimizer.step()
                        most = now(tracker, "peak")
                state = before - 2 * sum(4 * tensor.numel() for tensor in tensors)
                yield {
                    "optimizer": name,
                    "at_once": at_once,
                    "shapes": shapes,
                    "state": state,
                    "temporaries": most - before,
                }


FILES = {
    "networks": networks,
    "batches": batches,
    "layers": layers,
    "checkpoints": checkpoints,
    "autocast": mixed,
    "optimizers": optimizers,
    "amp": amp,
}


def main(names: list[str]) -> None:
    for name in names or FILES:
        rows = FILES[name]()
        first = next(rows)
        with (HERE / f"{name}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, first, lineterminator="\n")
            writer.writeheader()
            for row in itertools.chain([first], rows):
                writer.writerow(row)
                file.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
