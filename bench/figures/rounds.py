"""Interleaved rounds of measurements over several targets."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product

from bench.figures.sample import Sample, Target
from bench.load.workloads import NotOffered, Workload

Key = tuple[str, str, int]
"""Name of the service, name of the workload, requested number of connections."""

Samples = dict[Key, list[Sample]]


@dataclass(frozen=True)
class Plan:
    """The workloads and their durations."""

    workloads: Sequence[Workload]
    concurrency: Sequence[int]
    rounds: int
    seconds: float


def measure_in_rounds(
    targets: Sequence[Target], plan: Plan, *, say: Callable[[str], None]
) -> Samples:
    """Measure every workload on each target in turn, so that a noisy minute affects all of them."""
    samples: Samples = {}
    for number in range(plan.rounds):
        # Each round begins with another target.
        shift = number % len(targets)
        order = [*targets[shift:], *targets[:shift]]
        for workload, wanted in product(plan.workloads, plan.concurrency):
            say(f"round {number + 1} of {plan.rounds}: {workload.name}, connections: {wanted}")
            connections = min(wanted, workload.connections)
            seconds = plan.seconds if connections > 1 else plan.seconds / 2
            for target in order:
                try:
                    sample = target.measure(workload, connections=connections, seconds=seconds)
                except NotOffered:
                    continue
                samples.setdefault((target.name, workload.name, wanted), []).append(sample)
    return samples
