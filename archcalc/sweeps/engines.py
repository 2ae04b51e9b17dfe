"""How a plan is run: in this process, or over Dask arrays on a cluster."""

from __future__ import annotations

import multiprocessing
import pickle
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import numpy as np

from ..errors import ArchcalcError, UsageError
from .plan import NOTHING, Keeper, Plan, Runner, Tally

ENGINES = ("numpy", "dask")
_CHUNK = 64  # slabs of a task
_AHEAD = 4  # tasks for each worker that are under way


def run(
    plan: Plan, keeper: Keeper, engine: str = "numpy", scheduler: str | None = None,
    progress: Callable[[int], None] | None = None,
) -> Tally:  # fmt: skip
    """Pass all points of a plan; the same answer by every engine."""
    if engine == "numpy":
        runner = Runner(plan)
        return runner.run(0, runner.slabs, keeper, progress)
    return _on_dask(plan, keeper, scheduler, progress)


def _on_dask(plan: Plan, keeper: Keeper, scheduler: str | None, progress: Callable[[int], None] | None) -> Tally:
    """Numbers of slabs as a chunked array; each chunk is reduced where it is, and what is kept of it comes back.

    At most a few chunks for each worker are under way, so that memory does not grow with the number of points. A
    worker that dies costs the chunks that it had: they are computed again by others.
    """
    try:
        import dask.array as da
        import distributed
        from distributed.scheduler import KilledWorker
    except ImportError as error:
        raise UsageError(
            f"the engine dask needs more: pip install 'archcalc[dask]' ({error.name} is missing)"
        ) from None
    library: Any = distributed  # without types
    payload = pickle.dumps(plan)
    slabs = Runner(plan).slabs
    numbers = da.arange(slabs, chunks=_CHUNK)
    chunks = numbers.map_blocks(_chunk, payload=payload, dtype=object, chunks=(1,)).to_delayed().ravel()
    tally = NOTHING
    with _client(scheduler) as client, client.as_current():
        ahead = _AHEAD * max(1, len(client.scheduler_info()["workers"]))
        waiting: list[Any] = []
        submitted = 0
        while waiting or submitted < len(chunks):
            while submitted < len(chunks) and len(waiting) < ahead:
                waiting.append(client.compute(chunks[submitted]))
                submitted += 1
            if keeper.ordered:
                done, waiting = waiting[:1], waiting[1:]
            else:
                ready = library.wait(waiting, return_when="FIRST_COMPLETED").done
                done = [future for future in waiting if future in ready]
                waiting = [future for future in waiting if future not in ready]
            for future in done:
                try:
                    state, own = future.result()[0]
                except KilledWorker:
                    raise ArchcalcError("the workers of the cluster died again and again on the same part") from None
                keeper.merge(state)
                tally = tally + own
                if progress is not None:
                    progress(own.points)
    return tally


def _chunk(numbers: Any, payload: bytes) -> Any:
    """On a worker: pass the slabs of these numbers."""
    found = np.empty(1, dtype=object)
    if numbers.size:
        runner = _runner(payload)
        keeper = runner.plan.keeper()
        tally = runner.run(int(numbers[0]), int(numbers[-1]) + 1, keeper)
        found[0] = keeper.state(), tally
    return found


@lru_cache(maxsize=2)
def _runner(payload: bytes) -> Runner:
    return Runner(pickle.loads(payload))


@contextmanager
def _client(scheduler: str | None) -> Iterator[Any]:
    """A client of the cluster at this address, or of one on this machine that ends with the sweep."""
    import distributed

    library: Any = distributed
    if scheduler is None:
        with _cluster(library) as cluster, library.Client(cluster, set_as_default=False) as client:
            yield client
        return
    try:
        client = library.Client(scheduler, timeout=10, set_as_default=False)
    except (OSError, TypeError, ValueError) as error:
        raise UsageError(f"there is no scheduler at {scheduler!r}: {error}") from None
    with client:
        if not client.scheduler_info()["workers"]:
            raise UsageError(f"the scheduler at {scheduler!r} has no workers")
        yield client


def _cluster(library: Any) -> Any:
    """A cluster on this machine, whose workers leave an interrupt to this process."""
    if getattr(multiprocessing.current_process(), "_inheriting", False):  # a worker that imports the calling script
        raise SystemExit(1)
    try:
        with _uninterrupted():
            return library.LocalCluster(threads_per_worker=1, dashboard_address=None, silence_logs=50)
    except RuntimeError as error:
        raise UsageError(
            f"the workers did not start ({error}). They import the script that calls: let it call sweep under "
            'if __name__ == "__main__":, or give the address of a scheduler'
        ) from None


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Hold ^C back; processes that are started meanwhile never see it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # it would let ^C through where it is started
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
