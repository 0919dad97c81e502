"""Where shards are tagged: in processes of this machine, or on the workers of a Dask scheduler."""

import os
import threading
import time
from concurrent.futures import Future
from contextlib import suppress
from typing import Protocol

from joblib.externals.loky import ProcessPoolExecutor
from joblib.externals.loky.process_executor import BrokenProcessPool

from app.bulk.shard import ShardDone, ShardTask, tag_shard
from app.tagger import InputError

_IDLE_S = 30
_LOOK_EVERY_S = 0.5
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


class Engine(Protocol):
    """Runs tasks; `slots` of them at once keep it busy.

    A future raises one of `lost` if its worker died: the task may then be given again.
    """

    slots: int
    lost: tuple[type[BaseException], ...]

    def submit(self, task: ShardTask) -> "Future[ShardDone]":
        """Have a task done."""
        ...

    def close(self) -> None:
        """End all workers at once; nobody waits for the tasks that run."""
        ...


class LokyEngine:
    """Processes of this machine. Each is a pool of its own, so that a killed one takes no other's shard along."""

    lost: tuple[type[BaseException], ...] = (BrokenProcessPool,)

    def __init__(self, jobs: int) -> None:
        self.slots = jobs if jobs > 0 else max(1, (os.cpu_count() or 1) + 1 + jobs)
        self._pools: list[ProcessPoolExecutor] = []
        self._tasks: dict[ProcessPoolExecutor, Future[ShardDone]] = {}

    def submit(self, task: ShardTask) -> "Future[ShardDone]":
        """Have a task done by an idle process, or by a new one."""
        for pool in [pool for pool in self._pools if pool not in self._tasks or self._tasks[pool].done()]:
            # An idle process may have been killed, too.
            try:
                self._tasks[pool] = pool.submit(tag_shard, task)
            except BrokenProcessPool:
                self._pools.remove(pool)
                self._tasks.pop(pool, None)
                continue
            return self._tasks[pool]
        pool = ProcessPoolExecutor(
            max_workers=1, timeout=_IDLE_S, env=_ONE_THREAD, initializer=_die_with, initargs=(os.getpid(),)
        )
        # Known before its process starts: an interrupt may come in between.
        self._pools.append(pool)
        self._tasks[pool] = pool.submit(tag_shard, task)
        return self._tasks[pool]

    def close(self) -> None:
        """Kill all processes."""
        for pool in self._pools:
            # An interrupt amid a pool's start leaves a thread that can't be joined; the process ends with this one.
            with suppress(RuntimeError):
                pool.shutdown(wait=True, kill_workers=True)


def _die_with(parent: int) -> None:
    """Have this process end soon after its parent is killed: loky's would live on until it's idle for long."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_LOOK_EVERY_S)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


class DaskEngine:
    """The workers of a Dask scheduler; they see inputs, model and output folder under the same paths."""

    def __init__(self, address: str) -> None:
        try:
            from distributed import Client, KilledWorker
            from distributed.client import FutureCancelledError
        except ImportError:
            raise InputError("Dask isn't installed: run `pip install '.[dask]'` in Rasid's clone.") from None
        from concurrent.futures import CancelledError

        try:
            self._client = Client(address, timeout="5s")  # type: ignore[no-untyped-call]
        except (OSError, TimeoutError, ValueError):
            raise InputError(f"no Dask scheduler answers at {address}: start one, or leave --dask out.") from None
        threads = sum(self._client.nthreads().values())  # type: ignore[no-untyped-call]
        if not threads:
            self.close()
            raise InputError(f"the Dask scheduler at {address} has no worker: start some and try again.")
        self.slots = 2 * threads
        self.lost: tuple[type[BaseException], ...] = (KilledWorker, FutureCancelledError, CancelledError)
        self._address = address
        self._executor = self._client.get_executor(pure=False)  # type: ignore[no-untyped-call]

    def submit(self, task: ShardTask) -> "Future[ShardDone]":
        """Have a task done by whichever worker has time. Raises `InputError` if the scheduler is gone."""
        if self._client.status != "running":
            raise InputError(f"the Dask scheduler at {self._address} went away: run the same command again.")
        future: Future[ShardDone] = self._executor.submit(tag_shard, task)
        return future

    def close(self) -> None:
        """Leave the scheduler, which forgets the tasks."""
        self._client.close()  # type: ignore[no-untyped-call]
