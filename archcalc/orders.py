"""The least peak over all orders in which the layers of a network could run.

Which tensors are there depends on the set of layers that have run, not on their order. So a layer that stands before
or behind every other one splits the problem in two, and what is left are the parallel parts between such layers. In
each, the sets that can come about are searched for the way with the smallest maximum, as Dijkstra 1959 does for sums.
Two rules keep the sets few:

* layers of one branch that together add nothing, and that need no more while they run than is needed anyway, run at
  once. What a layer adds is never more in a larger set (the bytes are a submodular function of the set), so nothing
  is gained by waiting. It is the idea of Liu 1987, "An application of generalized tree pebbling to sparse matrix
  factorization", for trees, and of Kayaaslan et al. 2018, "Scheduling series-parallel task graphs to minimize peak
  memory";
* branches that are equal in sizes and connections are interchangeable.

For arbitrary graphs the problem is NP-hard (Sethi 1975, "Complete register allocation problems"), so the search ends
at a number of sets; what it has shown until then is a lower bound all the same.

>>> from archcalc.analysis import analyze
>>> from archcalc.liveness import flow
>>> wide = [{"conv": {"filters": 8, "kernel": 1}}, {"conv": {"filters": 1, "kernel": 1}}]
>>> join = {"concat": {"thin": {"conv": {"filters": 4, "kernel": 1}}, "wide": wide}}
>>> least = least_peak(flow(analyze({"input": [2, 10], "layers": [join]})))
>>> least.bytes, least.is_reached, least.order
(440, True, ('wide.conv1', 'wide.conv2', 'thin.conv', 'concat'))

By hand, in numbers of 4 bytes: with the wide branch first there are 20 + 80, then 20 + 80 + 10 = 110; with the thin
one first its 40 are there as well, 150.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from heapq import heappop, heappush
from itertools import groupby
from typing import NamedTuple

from . import dims
from .errors import UsageError
from .liveness import Flow, Use
from .records import Record, record

MAX_SETS = 20_000  # that are looked at in one network


@record
class Least(Record):
    """The least peak over all orders, in bytes; where it is not `is_reached`, a bound from below."""

    bytes: int
    is_reached: bool
    order: tuple[str, ...]  # every layer, in an order that needs no more; empty where none is known


class Job(NamedTuple):
    """A layer that makes a tensor; jobs are numbered in the order of the spec."""

    makes: int  # this and the following are values
    reads: tuple[int, ...]
    over: int | None
    after: tuple[int, ...]  # the jobs that make what it reads


def least_peak(found: Flow, batch: int = 1, max_sets: int = MAX_SETS) -> Least:
    """The least bytes that any order of the layers needs at its peak, in place as far as each order allows it.

    Raises UsageError where sizes hold symbols: which order is best depends on them.
    """
    problem = Problem(found, batch)
    parts = sorted(problem.parts, key=lambda part: -part.peak)
    least = problem.unavoidable
    orders: dict[int, Sequence[int]] = {}
    cut_off = []
    for part in parts:
        if part.peak <= least:
            break
        search = Search(problem, part, least, max_sets)
        least, max_sets = search.bound, max_sets - search.looked_at
        if search.order is None:
            cut_off.append(part)
        else:
            orders[part.start] = search.order
    if any(part.peak > least for part in cut_off):
        return Least(least, False, ())
    return Least(least, True, tuple(_with_views(found, problem, orders)))


class Part(NamedTuple):
    """Jobs between two that stand before or behind all others: from `start` to `stop`, excluded."""

    start: int
    stop: int
    resting: int  # bytes that are there before the first
    peak: int  # in the order of the spec


class Problem:
    """The jobs of a network, the bytes of what they make, and the parts in which they have no fixed order."""

    def __init__(self, found: Flow, batch: int) -> None:
        self.values = found.values
        self.size = {number: value.bytes(batch) for number, value in found.values.items()}
        open_symbols = sorted(frozenset().union(*map(dims.symbols_of, self.size.values())))
        if open_symbols:
            raise UsageError(f"the least peak over all orders needs numbers; {', '.join(open_symbols)} is open")
        uses = [use for use in found.uses if use.makes is not None]
        self.number = {use.node.number: job for job, use in enumerate(uses)}
        self.jobs = [self._job(use) for use in uses]
        self.readers = {
            number: frozenset(self.number[reader] for reader in value.readers) for number, value in self.values.items()
        }
        self.unavoidable = 0
        self.parts = self._parts()

    def _job(self, use: Use) -> Job:
        assert use.makes is not None
        after = tuple(self.number[number] for number in use.reads if number >= 0)
        return Job(use.makes, use.reads, use.over, after)

    def _parts(self) -> list[Part]:
        """Run the jobs in the order of the spec; what jobs with a fixed place need is unavoidable."""
        fixed = _comparable([job.after for job in self.jobs])
        waiting = {number: len(readers) for number, readers in self.readers.items()}
        resting = sum(self.size[n] for n, value in self.values.items() if n < 0 and (waiting[n] or value.kept))
        self.unavoidable = resting
        parts: list[Part] = []
        for is_fixed, group in groupby(range(len(self.jobs)), key=fixed.__getitem__):
            numbers = list(group)
            before, peak = resting, 0
            for number in numbers:
                job = self.jobs[number]
                in_place = job.over is not None and waiting[job.over] == 1
                peak = max(peak, resting + (0 if in_place else self.size[job.makes]))
                resting += self.size[job.makes]
                for value in job.reads:
                    waiting[value] -= 1
                resting -= sum(
                    self.size[value]
                    for value in (*job.reads, job.makes)
                    if not waiting[value] and not self.values[value].kept
                )
            if is_fixed:
                self.unavoidable = max(self.unavoidable, peak)
            else:
                parts.append(Part(numbers[0], numbers[-1] + 1, before, peak))
        return parts


def _comparable(after: Sequence[Sequence[int]]) -> list[bool]:
    """Of each job whether every other one must run before it or must run behind it."""
    count = len(after)
    turned: list[list[int]] = [[] for _ in after]
    for number, earlier in enumerate(after):
        for other in earlier:
            turned[count - 1 - other].append(count - 1 - number)
    before, behind = _reached(after), _reached(turned)
    return [before[number] + behind[count - 1 - number] == count - 1 for number in range(count)]


def _reached(after: Sequence[Sequence[int]]) -> list[int]:
    """How many jobs must run before each; sets are bits of whole numbers."""
    waiting = [0] * len(after)
    for earlier in after:
        for other in earlier:
            waiting[other] += 1
    masks: dict[int, int] = {}
    counts = []
    for number, earlier in enumerate(after):
        mask = 0
        for other in earlier:
            mask |= masks[other] | 1 << other
            waiting[other] -= 1
            if not waiting[other]:
                del masks[other]
        masks[number] = mask
        counts.append(mask.bit_count())
    return counts


State = tuple[int, ...]  # of each branch the jobs that have run, as bits
Needs = tuple[tuple[int, int], ...]  # branches, and the jobs of each that must have run


class Task(NamedTuple):
    """One job of a branch, as the search needs it."""

    job: int
    size: int
    after: int  # jobs of its branch, as bits
    frees: tuple[tuple[int, Needs], ...]  # bytes that go once these have run too
    in_place: Needs | None  # who must have run for it to write over its input; None if it never does


class Move(NamedTuple):
    """Jobs of one branch that run one behind the other, and the bytes during and after them."""

    branch: int
    bits: int
    peak: int
    resting: int


class Search:
    """The smallest peak of one part, not below `floor`; `order` is None where the search was cut off."""

    def __init__(self, problem: Problem, part: Part, floor: int, max_sets: int) -> None:
        self.problem = problem
        self.part = part
        branches = _branches(problem, part)
        self.place = {job: (b, 1 << j) for b, branch in enumerate(branches) for j, job in enumerate(branch)}
        self.branches = [[self._step(job) for job in branch] for branch in branches]
        twins: dict[object, list[int]] = {}
        for number, branch in enumerate(branches):
            twins.setdefault(self._signature(branch), []).append(number)
        self.twins = [group for group in twins.values() if len(group) > 1]
        self.group_of = {number: group for group in self.twins for number in group}
        self.looked_at = 0
        self.order: list[int] | None = None
        self.bound = self._run(floor, max_sets)

    def _step(self, number: int) -> Task:
        problem, job = self.problem, self.problem.jobs[number]
        branch, own = self.place[number]
        after = 0
        for other in job.after:
            if other >= self.part.start:
                after |= self.place[other][1]
        size = problem.size[job.makes]
        frees = [(problem.size[value], self._needs(value)) for value in job.reads if self._ends_here(value)]
        if self._ends_here(job.makes) and not problem.readers[job.makes]:
            frees.append((size, ()))
        in_place = None
        if job.over is not None and self._ends_here(job.over):
            in_place = tuple((b, mask & ~own if b == branch else mask) for b, mask in self._needs(job.over))
        return Task(number, size, after, tuple(frees), in_place)

    def _ends_here(self, value: int) -> bool:
        """Whether a value is freed in this part, or before its end."""
        readers = self.problem.readers[value]
        return not self.problem.values[value].kept and all(reader < self.part.stop for reader in readers)

    def _needs(self, value: int) -> Needs:
        """The readers of a value that this part holds."""
        needs: dict[int, int] = {}
        for reader in self.problem.readers[value]:
            if reader in self.place:
                branch, bit = self.place[reader]
                needs[branch] = needs.get(branch, 0) | bit
        return tuple(needs.items())

    def _signature(self, branch: Sequence[int]) -> object:
        """What makes two branches interchangeable: sizes, what is read of the branch and of others, what remains."""
        jobs = [self.problem.jobs[number] for number in branch]
        local = {job.makes: number for number, job in enumerate(jobs)}

        def name(value: int | None) -> tuple[bool, int | None]:
            return (value in local, local.get(value, value) if value is not None else None)

        return tuple(
            (
                self.problem.size[job.makes],
                tuple(sorted(map(name, job.reads))),
                name(job.over),
                self._ends_here(job.makes),
            )
            for job in jobs
        )

    def _run(self, floor: int, max_sets: int) -> int:
        """Take the set with the smallest peak on its way, and of those the largest, until all jobs have run."""
        start = (0,) * len(self.branches)
        goal = tuple((1 << len(branch)) - 1 for branch in self.branches)
        came: dict[State, tuple[State, int, int]] = {}
        best = {start: floor}
        waiting = [(floor, 0, start, self.part.resting)]
        while waiting:
            peak, left, state, resting = heappop(waiting)
            if peak > best[state]:
                continue
            if state == goal:
                self.order = self._path(came, goal)
                return peak
            self.looked_at += 1
            if self.looked_at > max_sets:
                return peak
            for move in self._moves(state, peak, resting):
                then, reached = self._sorted(_with(state, move.branch, move.bits)), max(peak, move.peak)
                if then not in best or reached < best[then]:
                    best[then] = reached
                    came[then] = (state, move.branch, move.bits)
                    heappush(waiting, (reached, left - move.bits.bit_count(), then, move.resting))
        raise AssertionError("a graph without cycles can always run")

    def _moves(self, state: State, peak: int, resting: int) -> list[Move]:
        """What can run next; one alone if it costs nothing."""
        moves = []
        for number in range(len(self.branches)):
            ran = state[number]
            group = self.group_of.get(number, ())
            if any(other < number and state[other] == ran for other in group):
                continue
            for bit, step in self._ready(number, ran):
                move = self._move(state, resting, number, bit, step)
                free = self._free(state, peak, resting, move)
                if free is not None:
                    return [free]
                moves.append(move)
        return moves

    def _ready(self, number: int, ran: int) -> list[tuple[int, Task]]:
        """The jobs of a branch that can run next, each with its bit."""
        return [
            (1 << place, step)
            for place, step in enumerate(self.branches[number])
            if not ran & 1 << place and not step.after & ~ran
        ]

    def _move(self, state: State, resting: int, number: int, bit: int, step: Task) -> Move:
        """What is there while a job runs, and after it."""
        is_in_place = step.in_place is not None and all(state[b] & mask == mask for b, mask in step.in_place)
        peak = resting if is_in_place else resting + step.size
        ran = _with(state, number, bit)
        freed = sum(size for size, needs in step.frees if all(ran[b] & mask == mask for b, mask in needs))
        return Move(number, bit, peak, resting + step.size - freed)

    def _free(self, state: State, peak: int, resting: int, move: Move) -> Move | None:
        """The move, with the next ones of its branch while there is no choice, if together they add nothing."""
        while move.peak <= peak:
            if move.resting <= resting:
                return move
            ran = _with(state, move.branch, move.bits)
            ready = self._ready(move.branch, ran[move.branch])
            if len(ready) != 1:
                return None
            (bit, step) = ready[0]
            then = self._move(ran, move.resting, move.branch, bit, step)
            move = Move(move.branch, move.bits | bit, max(move.peak, then.peak), then.resting)
        return None

    def _sorted(self, state: State) -> State:
        """The same set with interchangeable branches in order."""
        if not self.twins:
            return state
        ordered = list(state)
        for group in self.twins:
            for number, ran in zip(group, sorted(state[number] for number in group), strict=True):
                ordered[number] = ran
        return tuple(ordered)

    def _path(self, came: dict[State, tuple[State, int, int]], goal: State) -> list[int]:
        """The jobs in order; where branches were exchanged, any one that has got equally far stands for them."""
        moves = []
        state = goal
        while state in came:
            state, branch, bits = came[state]
            moves.append((branch, state[branch], bits))
        ran = [0] * len(self.branches)
        order: list[int] = []
        for branch, before, bits in reversed(moves):
            real = next(number for number in self.group_of.get(branch, [branch]) if ran[number] == before)
            ran[real] |= bits
            order.extend(step.job for place, step in enumerate(self.branches[real]) if bits & 1 << place)
        return order


def _with(state: State, branch: int, bits: int) -> State:
    """The set with more jobs of a branch."""
    return (*state[:branch], state[branch] | bits, *state[branch + 1 :])


def _branches(problem: Problem, part: Part) -> list[list[int]]:
    """The jobs of a part, those together that depend on one another."""
    group = {number: [number] for number in range(part.start, part.stop)}
    for number in range(part.start, part.stop):
        for other in problem.jobs[number].after:
            if other >= part.start and group[other] is not group[number]:
                merged = group[other]
                for moved in group[number]:
                    merged.append(moved)
                    group[moved] = merged
    return sorted({id(branch): sorted(branch) for branch in group.values()}.values())


def _with_views(found: Flow, problem: Problem, orders: dict[int, Sequence[int]]) -> Iterator[str]:
    """The paths of all layers, views directly behind what they are views of."""
    order = list(range(len(problem.jobs)))
    for start, part in orders.items():
        order[start : start + len(part)] = part
    place = {problem.jobs[job].makes: position for position, job in enumerate(order)}
    keyed = [
        (place.get(found.roots[use.node.number], -1), use.makes is None, use.node.number, use.node.path)
        for use in found.uses
    ]
    return (path for *_, path in sorted(keyed))
