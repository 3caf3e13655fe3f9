"""The leader of a PostgreSQL cluster is killed while a crowd redeems one code.

    make failover        python -m bench.failover [--asynchronous] [--hold-stream 1] [--ttl 20] [--loop-wait 2]

Ends with 1 if a promise was broken. With `--asynchronous` passes may be lost, and are told.
"""

import argparse
import asyncio
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from time import perf_counter, sleep
from types import FrameType

from bench import serving
from bench.failover.cluster import RAPID, Cluster, Node, Rules
from bench.failover.crowd import Crowd
from bench.failover.installation import CODE, Installation, install
from bench.failover.report import Drill

PROCESSES = 2
WHEN = 0.4  # part of the limit that is acknowledged when the leader dies
TOO_MANY = 1.25  # readers for each pass
PATIENCE = 300  # seconds for the whole crowd
BEGAN = perf_counter()


def main() -> None:
    taken = _arguments()
    if not taken.patroni.exists():
        sys.exit(f"{taken.patroni} is missing: make failover")
    signal.signal(signal.SIGTERM, _stopped)
    folder = Path(tempfile.mkdtemp(prefix="promos-failover-app-"))
    try:
        drill = run(taken, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for line in ("", *drill.lines(), "", *drill.verdict()):
        print(line)
    sys.exit(bool(drill.faults()))


def run(taken: argparse.Namespace, folder: Path) -> Drill:
    retry = max(3, (taken.ttl - taken.loop_wait) // 2)  # Patroni: loop_wait + 2 * retry_timeout <= ttl
    rules = Rules(not taken.asynchronous, taken.ttl, taken.loop_wait, retry)
    kind = "asynchronous" if taken.asynchronous else "synchronous"
    say(
        f"etcd, Patroni and two PostgreSQL: {kind}, ttl {rules.ttl}, loop_wait {rules.loop_wait}, retry_timeout {retry}"
    )
    with Cluster(taken.patroni.absolute(), rules) as cluster:
        installed = install(cluster, folder, limit=taken.limit, workers=PROCESSES)
        say(f"a leader and its standby; {PROCESSES} processes of promos serve; one code for {taken.limit} passes")
        server = serving.promos(installed.settings)
        try:
            crowd = Crowd(
                f"http://127.0.0.1:{server.port}",
                installed.token,
                CODE,
                taken.connections,
                after=int(taken.limit * WHEN),
            )
            return asyncio.run(_drill(cluster, installed, crowd, taken))
        finally:
            server.stop()


async def _drill(cluster: Cluster, installed: Installation, crowd: Crowd, taken: argparse.Namespace) -> Drill:
    leader = cluster.leader()
    readers = range(int(taken.limit * TOO_MANY))
    say(f"{len(readers)} readers come over {taken.connections} connections")
    async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as group:
        group.create_task(crowd.until_told(readers))
        await crowd.reached.wait()
        if taken.hold_stream:
            say(f"{len(crowd.passes)} passes are acknowledged; from here on nothing reaches the standby")
            cluster.hold_stream(leader)
            await asyncio.sleep(taken.hold_stream)
        killed, ended = perf_counter(), cluster.kill(leader)
        say(f"{len(crowd.passes)} passes are acknowledged; {leader.name} led: kill -9 of its {ended} processes")
        await asyncio.to_thread(_tell, cluster, leader, killed)
    say("every reader is told yes or no; the old leader is started again")
    cluster.start(leader)
    paired_again = await asyncio.to_thread(cluster.wait_until_paired)
    say(f"{leader.name} follows; whoever has a pass asks once more")
    repeats = await crowd.once_more(crowd.passes)
    stored = await installed.stored()
    return Drill(crowd, stored, repeats, taken.limit, killed, paired_again, is_synchronous=not taken.asynchronous)


def _tell(cluster: Cluster, dead: Node, killed: float) -> None:
    """Wait until the other node leads, and say when."""
    while (leader := cluster.find_leader()) is None or leader is dead:
        sleep(RAPID)
    say(f"{leader.name} leads, {perf_counter() - killed:.1f} s after the kill")


def say(what: str) -> None:
    print(f"[{perf_counter() - BEGAN:6.1f} s] {what}", flush=True)


def _stopped(_number: int, _frame: FrameType | None) -> None:
    sys.exit("stopped")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.failover", description=str(__doc__).splitlines()[0])
    parser.add_argument("--asynchronous", action="store_true", help="without synchronous_mode")
    parser.add_argument("--hold-stream", type=float, default=0, metavar="SECONDS", help="a network that stalls before")
    parser.add_argument("--limit", type=int, default=6000, help="passes")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--ttl", type=int, default=20, help="seconds after which a silent leader is replaced")
    parser.add_argument("--loop-wait", type=int, default=2, help="seconds between two rounds of Patroni")
    parser.add_argument("--patroni", type=Path, default=Path("build/patroni/bin/patroni"), help="the program")
    return parser.parse_args()


if __name__ == "__main__":
    main()
