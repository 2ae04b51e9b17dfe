"""Measures which pixels single units of torchvision's networks see, with their own borders: exact.csv.

    python tests/data/receptive_field/measure_fields.py       (needs torch and torchvision)

The non-zero entries of the gradient of one unit, summed over its channels, in double precision. Convolutions have
positive random weights, batch norm is left out, max pooling is average pooling over the same window, so that nothing
cancels. Attention keeps its random weights; where a mask forbids it, its weight is exp(-100), below the threshold.
"""

from __future__ import annotations

import csv
from functools import partial
from pathlib import Path

if __name__ == "__main__":  # the tests import this file, and have no torch
    import torch
    from torch import nn
    from torchvision import models
    from torchvision.models import maxvit, swin_transformer

THRESHOLD = 1e-30
MEASURED = {
    "alexnet": ["features.2", "features.8", "features.12"],
    "googlenet": ["maxpool2", "inception3b", "inception4a", "inception5b"],
    "resnet18": ["layer1", "layer2", "layer3", "layer4"],
    "inception_v3": ["Mixed_5b", "Mixed_6a", "Mixed_6b", "Mixed_7b"],
    "mobilenet_v2": ["features.4", "features.9"],
    "mobilenet_v3_small": ["features.0", "features.1"],
    "shufflenet_v2_x1_0": ["stage2.0", "stage2.1", "stage3", "conv5"],
    "swin_t": ["features.1.0", "features.1.1", "features.3.0", "features.3.1", "features.5.1"],
}
KINDS = {  # single layers: channels, height and width of the input, and the module
    "window": (8, 14, 21, lambda: window_attention(0)),
    "window_shifted": (8, 14, 21, lambda: window_attention(3)),
    "window_filled_up": (8, 10, 17, lambda: window_attention(3)),
    "window_of_all": (8, 7, 14, lambda: window_attention(3)),
    "grid": (8, 14, 14, lambda: maxvit.PartitionAttentionLayer(
        8, 4, 7, "grid", (14, 14), 2, nn.GELU, nn.LayerNorm, 0.0, 0.0, 0.0)),
    "transposed": (1, 5, 7, lambda: nn.ConvTranspose2d(1, 1, (3, 2), (2, 3), (1, 0), (1, 2), dilation=(2, 1))),
    "transposed_gaps": (1, 4, 4, lambda: nn.ConvTranspose2d(1, 1, 1, 2)),
    "adaptive": (1, 7, 11, lambda: nn.AdaptiveAvgPool2d((3, 5))),
    "ceil": (1, 7, 8, lambda: nn.AvgPool2d(3, 2, ceil_mode=True)),
    "dilated": (1, 9, 9, lambda: nn.Conv2d(1, 1, 3, padding=2, dilation=(2, 3))),
    "upsample": (1, 4, 5, lambda: nn.Upsample(scale_factor=2)),
    "pixel_shuffle": (4, 4, 5, lambda: nn.PixelShuffle(2)),
}  # fmt: skip
TOKENS = ("swin_t",)  # channels behind
UNITS = [(0, 0), (1, 2), (-1, -1), (-2, 0)]


def window_attention(shift: int) -> nn.Module:
    """Swin's attention, channels in front."""
    inner = swin_transformer.ShiftedWindowAttention(8, [7, 7], [shift, shift], 2)

    class ChannelsFirst(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = inner

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.inner(x.movedim(1, -1)).movedim(-1, 1)

    return ChannelsFirst()


def support(output: torch.Tensor, image: torch.Tensor, y: int, x: int) -> list[object]:
    """The rows and columns that one unit sees, and the number of pixels."""
    (gradient,) = torch.autograd.grad(output[0, :, y, x].sum(), image, retain_graph=True)
    seen = gradient[0].abs().sum(0) > THRESHOLD
    lines = [" ".join(map(str, torch.nonzero(seen.any(axis)).flatten().tolist())) for axis in (1, 0)]
    return [*lines, int(seen.sum())]


def keep(kept: dict[str, torch.Tensor], place: str, module: nn.Module, inputs: object, output: torch.Tensor) -> None:
    """Note what a module gives."""
    kept[place] = output


def kinds() -> list[list[object]]:
    """Every unit of single layers."""
    rows = []
    for name, (channels, height, width, make) in KINDS.items():
        image = torch.rand(1, channels, height, width, dtype=torch.double, requires_grad=True)
        output = make().double().eval()(image)
        for y in range(output.shape[2]):
            for x in range(output.shape[3]):
                rows.append([name, "", f"{height}x{width}", *output.shape[2:], y, x, *support(output, image, y, x)])
    return rows


def prepared(model: nn.Module, positive: bool) -> nn.Module:
    """The model with nothing that cancels or chooses."""
    for module in model.modules():
        for name, child in module.named_children():
            if isinstance(child, nn.BatchNorm2d):
                setattr(module, name, nn.Identity())
            if isinstance(child, nn.MaxPool2d):
                pool = nn.AvgPool2d(child.kernel_size, child.stride, child.padding, child.ceil_mode)
                setattr(module, name, pool)
        if positive and isinstance(module, nn.Conv2d):
            nn.init.uniform_(module.weight, 0.01, 0.02)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    return model.double().eval()


def measure() -> None:
    torch.manual_seed(0)
    rows = []
    for name, places in MEASURED.items():
        options = {"aux_logits": False, "init_weights": False} if name in ("googlenet", "inception_v3") else {}
        model = prepared(models.get_model(name, weights=None, **options), positive=name != "swin_t")
        size = 299 if name == "inception_v3" else 224
        kept: dict[str, torch.Tensor] = {}
        for place in places:
            model.get_submodule(place).register_forward_hook(partial(keep, kept, place))
        image = torch.rand(1, 3, size, size, dtype=torch.double, requires_grad=True)
        model(image)
        for place in places:
            output = kept[place].movedim(-1, 1) if name in TOKENS else kept[place]
            for unit in UNITS:
                y, x = (index % length for index, length in zip(unit, output.shape[2:], strict=True))
                rows.append([name, place, f"{size}x{size}", *output.shape[2:], y, x, *support(output, image, y, x)])
                print(name, place, y, x, rows[-1][-1])
    with (Path(__file__).parent / "exact.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["network", "module", "input", "height", "width", "y", "x", "rows", "columns", "pixels"])
        writer.writerows([*rows, *kinds()])


if __name__ == "__main__":
    measure()
