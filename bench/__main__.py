"""``make bench``: measure this service and other backends, and print tables."""

import argparse
import json
import signal
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from bench.figures.rounds import Plan, measure_in_rounds
from bench.figures.tables import Results, ServiceFacts
from bench.load.users import reset
from bench.load.workloads import WORKLOADS
from bench.targets import contract, postgres
from bench.targets.installation import Installed, described, install
from bench.targets.pgbench import Pgbench
from bench.targets.processes import resident_bytes
from bench.targets.service_target import ServiceTarget
from bench.targets.services import SERVICES, Running, Service, Start, started

MANY: Final = 64
_ABOUT: Final = {name: service.about for name, service in SERVICES.items()} | {
    Pgbench.name: "the same statements, prepared, run by PostgreSQL's own load driver"
}
_NOT_BY_DEFAULT: Final = frozenset(name for name in SERVICES if not SERVICES[name].by_default)
_BASELINES: Final = frozenset(name for name in SERVICES if SERVICES[name].of_baseline)


def main() -> None:
    """Measure as the arguments say and print the tables."""
    options = _options()
    # Raise an exception, so that all started processes are ended.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by a signal"))
    needs_node = any(name in SERVICES and SERVICES[name].on_node for name in options.services)
    installed = install(options.python, node=needs_node, baseline=options.baseline)
    results = _measured(options, installed)
    print(results.markdown())
    if options.json:
        options.json.write_text(json.dumps(results.plain(), indent=1))


def _measured(options: argparse.Namespace, installed: Installed) -> Results:
    plan = Plan(
        workloads=[WORKLOADS[name] for name in options.only],
        concurrency=(MANY, 1),
        rounds=options.rounds,
        seconds=options.seconds,
    )
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tasks-api-bench-")))
        folder.chmod(0o755)  # PostgreSQL may run as another user.
        server = stack.enter_context(postgres.server(folder / "postgres"))
        postgres.create_template(server, "template_ours", installed.scripts)
        if installed.baseline_scripts:
            postgres.create_template(server, "template_baseline", installed.baseline_scripts)
        starts: dict[str, list[Start]] = {}
        running: list[Running] = []
        targets: list[ServiceTarget | Pgbench] = []
        for name in options.services:
            _say(f"{name}: starting, checking, warming up")
            template = "template_baseline" if name in _BASELINES else "template_ours"
            url = postgres.create_copy(server, f"bench_{name}", template)
            if name == Pgbench.name:
                targets.append(Pgbench.on(url, folder, server.pid))
                continue
            service = SERVICES[name]
            starts[name] = _starts(service, installed, url, folder, options.starts)
            running.append(stack.enter_context(started(service, installed, url, folder)))
            _check(running[-1])
            target = ServiceTarget(running[-1], server.pid)
            target.warm_up([WORKLOADS["list1000"], WORKLOADS["mix"]])
            targets.append(target)
        samples = measure_in_rounds(targets, plan, say=_say)
        return Results(
            facts={**described(installed), "PostgreSQL": server.version},
            targets={target.name: _ABOUT[target.name] for target in targets},
            services=[
                ServiceFacts(
                    each.service, starts[each.service.name], resident_bytes(each.pid, peak=True)
                )
                for each in running
            ],
            samples=samples,
            rounds=options.rounds,
            seconds=options.seconds,
        )


def _starts(
    service: Service, installed: Installed, url: str, folder: Path, times: int
) -> list[Start]:
    found = []
    for _ in range(times + 1):
        with started(service, installed, url, folder) as running:
            found.append(running.start)
    # The first start also writes byte code and reads from the disk.
    return found[1:]


def _check(running: Running) -> None:
    if running.service.bare:
        return
    try:
        contract.check(f"http://127.0.0.1:{running.port}", running.service.signing)
    except contract.ContractBroken as error:
        sys.exit(f"{running.service.name} breaks the contract: {error}")
    reset(running.database_url)


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make bench ARGS=", description="Measure this service beside its peers."
    )
    parser.add_argument("--rounds", type=int, default=5, help="default: %(default)s")
    parser.add_argument("--seconds", type=float, default=2, help="of one stretch of load")
    parser.add_argument("--starts", type=int, default=5, help="starts that are timed")
    parser.add_argument("--only", type=_names(WORKLOADS), default=[*WORKLOADS], help="workloads")
    parser.add_argument("--services", type=_names(_ABOUT), help="default: all but telemetry")
    parser.add_argument(
        "--baseline",
        type=Path,
        metavar="FOLDER",
        help="another checkout of this service, to be measured as `baseline`",
    )
    parser.add_argument("--quick", action="store_true", help="--rounds 1 --seconds 1 --starts 1")
    parser.add_argument("--python", type=Path, help="the interpreter to measure on")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every sample there")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.seconds, options.starts = 1, 1.0, 1
    if options.services is None:
        options.services = [
            name
            for name in _ABOUT
            if (options.baseline is not None or name not in _BASELINES)
            and name not in _NOT_BY_DEFAULT
        ]
    if options.baseline is None and _BASELINES.intersection(options.services):
        parser.error("`baseline` is measured with --baseline FOLDER")
    return options


def _names(known: Mapping[str, object]) -> Callable[[str], list[str]]:
    def parse(text: str) -> list[str]:
        names = text.split(",")
        if unknown := set(names) - set(known):
            raise argparse.ArgumentTypeError(f"no {unknown}; there are {', '.join(known)}")
        return names

    return parse


if __name__ == "__main__":
    main()
