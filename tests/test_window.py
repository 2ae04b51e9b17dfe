"""The size rule against an enumeration of windows: sizes, padding, dropped rows, and the way back by transposed convolution."""

import random
from collections.abc import Iterator
from itertools import product

import pytest

from archcalc import dims
from archcalc.layers import make
from archcalc.shapes import Shape, Window

SIZES, KERNELS, STRIDES, PADS, DILATIONS = range(1, 13), range(1, 6), range(1, 5), range(4), range(1, 4)
SETTINGS = list(product(KERNELS, STRIDES, PADS, PADS, DILATIONS))
Setting = tuple[int, int, int, int, int]  # kernel, stride, begin, end, dilation

SAMPLE = random.Random(1).sample(SETTINGS, 120)
everything = pytest.mark.parametrize(
    "settings", [pytest.param(SAMPLE, id="sample"), pytest.param(SETTINGS, id="all", marks=pytest.mark.exhaustive)]
)


def window(setting: Setting, *, ceil: bool = False, same: bool = False) -> Window:
    kernel, stride, begin, end, dilation = setting
    return Window((kernel,), (stride,), None if same else ((begin, end),), (dilation,), ceil)


def placed(size: int, setting: Setting, ceil: bool = False) -> list[list[int]]:
    """The rows that each window reads, one window after the other; row 0 is the first of the input, padding is outside."""
    kernel, stride, begin, end, dilation = setting
    places: list[list[int]] = []
    start = -begin
    while True:
        rows = [start + dilation * tap for tap in range(kernel)]
        fits = rows[-1] < size + end
        unread_before = not places or places[-1][-1] < size + end - 1  # something is left for one more window
        runs_over = ceil and unread_before and start < size and rows[-1] - (stride - 1) < size + end
        if ceil and start >= size:  # the last window starts inside the input
            return places
        if not (fits or runs_over):
            return places
        places.append(rows)
        start += stride


def each(settings: list[Setting]) -> Iterator[tuple[int, Setting]]:
    return ((size, setting) for setting in settings for size in SIZES)


def fits(size: int, sliding: Window) -> bool:
    return all(condition.truth for condition in sliding.conditions((size,)))


@everything
def test_floor_counts_the_windows_that_fit(settings: list[Setting]) -> None:
    for size, setting in each(settings):
        count = len(placed(size, setting))
        sliding = window(setting)
        assert fits(size, sliding) == (count > 0), (size, setting)
        if count:
            assert sliding.sizes((size,)) == (count,), (size, setting)


@everything
def test_ceil_adds_a_window_that_starts_inside(settings: list[Setting]) -> None:
    for size, setting in each(settings):
        count = len(placed(size, setting, ceil=True))
        if count:
            assert window(setting, ceil=True).sizes((size,)) == (count,), (size, setting)


@everything
def test_ceil_is_refused_only_where_no_window_can_stand(settings: list[Setting]) -> None:
    for size, setting in each(settings):
        possible = len(placed(size, setting, ceil=True)) > 0
        assert fits(size, window(setting, ceil=True)) == possible, (size, setting)


@everything
def test_same_gives_one_output_for_each_stride(settings: list[Setting]) -> None:
    for size, setting in each(settings):
        kernel, stride, _, _, dilation = setting
        sliding = window(setting, same=True)
        count = len(range(0, size, stride))
        assert sliding.sizes((size,)) == (count,)
        begin, end = sliding.padding(0, size)
        total = begin + end
        assert end - begin in (0, 1), "the odd zero stands at the end"
        assert len(placed(size, (kernel, stride, begin, end, dilation))) == count
        if total:  # no smaller padding would do
            assert len(placed(size, (kernel, stride, 0, total - 1, dilation))) < count


@everything
def test_dropped_rows_are_those_that_no_window_reads(settings: list[Setting]) -> None:
    for size, setting in each(settings):
        kernel, stride, _, _, dilation = setting
        extent = dilation * (kernel - 1) + 1
        for ceil in (False, True):
            windows = placed(size, setting, ceil)
            if not windows:
                continue
            last_read = windows[-1][-1]
            expected = max(0, size - 1 - last_read) if extent >= stride else 0
            assert window(setting, ceil=ceil).dropped((size,)) == (expected,), (size, setting, ceil)
            if dilation == 1 and kernel >= stride:  # without holes these are all unread rows
                assert expected == len(set(range(size)) - {row for rows in windows for row in rows})


@everything
def test_same_drops_nothing(settings: list[Setting]) -> None:
    for size, setting in each(settings):
        assert window(setting, same=True).dropped((size,)) == (0,)


@everything
def test_transposed_convolution_is_the_way_back(settings: list[Setting]) -> None:
    for size, setting in each(settings):
        kernel, stride, begin, end, dilation = setting
        if not placed(size, setting):
            continue
        (small,) = window(setting).sizes((size,))
        if dilation * (kernel - 1) + 1 > size + begin + end:
            continue
        # the rows behind the last window are lost on the way down: output_pad names them
        lost = size + end - 1 - placed(size, setting)[-1][-1]
        fields = {"filters": 1, "kernel": kernel, "stride": stride, "dilation": dilation, "output_pad": lost}
        back = make("transposed_conv", rank=1, pad=((begin, end),), **fields)
        assert back.output(Shape((1, small))) == Shape((1, size)), (size, setting)
        assert all(condition.truth for condition in back.conditions(Shape((1, small))))


@everything
def test_with_a_symbol_the_rule_gives_the_same_sizes(settings: list[Setting]) -> None:
    size = dims.symbol("H")
    for setting in settings if len(settings) > len(SAMPLE) else settings[:25]:
        for ceil in (False, True):
            sliding = window(setting, ceil=ceil)
            (places,), (dropped,) = sliding.sizes((size,)), sliding.dropped((size,))
            (condition,) = sliding.conditions((size,))
            for value in SIZES:
                numeric = window(setting, ceil=ceil)
                assert condition.holds({"H": value}) == fits(value, numeric)
                assert dims.substitute(places, {"H": value}) == numeric.size(0, value), (setting, ceil, value)
                if fits(value, numeric):
                    assert dims.substitute(dropped, {"H": value}) == numeric.dropped((value,))[0]


@pytest.mark.parametrize(
    ("size", "setting", "expected", "dropped"),
    [
        (227, (11, 4, 0, 0, 1), 55, 0),  # AlexNet conv1
        (224, (11, 4, 0, 0, 1), 54, 1),  # the same at 224, as the paper prints it
        (224, (11, 4, 2, 2, 1), 55, 0),  # torchvision's AlexNet
        (224, (7, 2, 3, 3, 1), 112, 0),  # ResNet conv1: the rest of 1 falls into the padding
        (55, (3, 2, 0, 0, 1), 27, 0),  # AlexNet pool1, overlapping
        (32, (5, 1, 0, 0, 1), 28, 0),  # LeNet-5 C1
        (112, (3, 2, 1, 1, 1), 56, 0),  # ResNet pool
        (7, (3, 1, 2, 2, 2), 7, 0),  # a dilated 3x3 spans 5
    ],
)
def test_known_layers(size: int, setting: Setting, expected: int, dropped: int) -> None:
    assert window(setting).sizes((size,)) == (expected,)
    assert window(setting).dropped((size,)) == (dropped,)


def test_axes_are_independent() -> None:
    sliding = Window((3, 5, 1), (1, 2, 3), ((1, 1), (0, 2), (0, 0)), (1, 1, 1))
    assert sliding.sizes((8, 9, 10)) == (8, 4, 4)
    assert sliding.dropped((8, 9, 10)) == (0, 0, 0)


def test_valid_is_no_padding_and_same_is_kernel_half_for_odd_kernels_at_stride_1() -> None:
    x = Shape((3, 17, 18))
    for kernel in (1, 3, 5, 7):
        valid, bare = (make("conv", filters=2, kernel=kernel, **pad) for pad in ({"pad": "valid"}, {}))
        assert valid.output(x) == bare.output(x)
        same, half = (make("conv", filters=2, kernel=kernel, pad=pad) for pad in ("same", kernel // 2))
        assert same.output(x) == half.output(x) == Shape((2, 17, 18))
