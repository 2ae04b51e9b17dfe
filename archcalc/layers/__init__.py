"""Every layer kind, and the module of its family; a family is imported when a spec names one of its kinds.

Making ninety dataclasses at start would cost half of the time in which a table can appear.
"""

from importlib import import_module
from typing import Any

from ..errors import ArchcalcError, did_you_mean, hinted
from .base import REGISTRY, Layer, Operations, layer

FAMILIES: dict[str, str] = {
    "activation": "activation",
    "adaptive_avgpool": "pooling",
    "add": "joins",
    "attention": "tokens",
    "avgpool": "pooling",
    "batchnorm": "normalisation",
    "channel_shuffle": "shape",
    "channels_first": "shape",
    "channels_last": "shape",
    "class_token": "tokens",
    "concat": "joins",
    "conv": "convolution",
    "cosine_attention": "tokens",
    "crop": "shape",
    "dense_concat": "joins",
    "depthwise": "convolution",
    "dropout": "regularisation",
    "elu": "activation",
    "embedding": "tokens",
    "flatten": "shape",
    "gelu": "activation",
    "global_avgpool": "pooling",
    "global_maxpool": "pooling",
    "groupnorm": "normalisation",
    "hardsigmoid": "activation",
    "hardswish": "activation",
    "instancenorm": "normalisation",
    "l2norm": "normalisation",
    "l2pool": "pooling",
    "layer_scale": "regularisation",
    "layernorm": "normalisation",
    "leaky_relu": "activation",
    "linear": "dense",
    "local_contrast_norm": "normalisation",
    "local_response_norm": "normalisation",
    "locally_connected": "convolution",
    "matmul": "joins",
    "maxout": "dense",
    "maxpool": "pooling",
    "multiply": "joins",
    "pad": "shape",
    "pad_channels": "shape",
    "patch_merge": "shape",
    "permute": "shape",
    "pixel_shuffle": "shape",
    "positional_embedding": "tokens",
    "prelu": "activation",
    "rbf": "dense",
    "relu": "activation",
    "relu6": "activation",
    "reshape": "shape",
    "rmsnorm": "normalisation",
    "scale": "regularisation",
    "scaled_tanh": "activation",
    "sigmoid": "activation",
    "silu": "activation",
    "slice": "shape",
    "softmax": "activation",
    "stochastic_depth": "regularisation",
    "subsample": "pooling",
    "take": "tokens",
    "tanh": "activation",
    "tokens": "shape",
    "transposed_conv": "convolution",
    "upsample": "shape",
}

JOINS = ("add", "concat", "dense_concat", "matmul", "multiply")
ACTIVATIONS = tuple(kind for kind, family in FAMILIES.items() if family == "activation" and kind != "activation")


def kinds() -> list[str]:
    """Every kind by name, the user's own included."""
    return sorted({*FAMILIES, *REGISTRY})


def is_kind(word: object) -> bool:
    """Whether there is a layer kind of this name."""
    return word in FAMILIES or word in REGISTRY


def find(kind: str) -> type[Layer]:
    """The class of a kind; its family is imported now. An unknown kind raises, with suggestions."""
    if kind not in REGISTRY:
        if kind not in FAMILIES:
            raise ArchcalcError(hinted(f"unknown layer kind '{kind}'", did_you_mean(kind, kinds())))
        import_module(f"{__name__}.{FAMILIES[kind]}")
    return REGISTRY[kind]


def make(kind: str, /, rank: int = 2, **values: Any) -> Layer:
    """A layer from field values as a spec would give them, for inputs with `rank` spatial axes.

    >>> make("maxpool", kernel=3, stride=2)
    maxpool(kernel=(3, 3), stride=(2, 2))
    """
    cls = find(kind)
    unknown = set(values) - set(cls.schema)
    missing = set(cls.required()) - set(values)
    if unknown or missing:
        raise ArchcalcError(
            f"{kind}: unknown field '{min(unknown)}'" if unknown else f"{kind}: missing field '{min(missing)}'"
        )
    read = {name: cls.schema[name].read(value, rank) for name, value in values.items()}
    return cls.build(rank, read)


__all__ = ["ACTIVATIONS", "FAMILIES", "JOINS", "Layer", "Operations", "find", "is_kind", "kinds", "layer", "make"]
