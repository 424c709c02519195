"""For every test: Qt draws into memory, so that a machine without a screen will do; threads that
wait sleep; how long an example of Hypothesis takes is no failure; all of them together are shared
out among the cores."""

import gc
import os
import tempfile

import pytest
from hypothesis import HealthCheck, settings

from studio.engine import threads

threads.before_torch()
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # programs that tests start are compiled once
os.environ["XDG_STATE_HOME"] = tempfile.mkdtemp()  # no test writes into the user's own log
settings.register_profile("studio", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("studio")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """A worker of one thread for each core; none where somebody names the tests to run."""
    workers = os.cpu_count() or 1  # two threads of one core, too, do more than one
    if config.args_source is not pytest.Config.ArgsSource.TESTPATHS or workers == 1:
        return 0
    os.environ["OMP_NUM_THREADS"] = "1"
    return min(workers, 4)  # each holds a torch and a Qt of its own, 1.2 GB


def pytest_collection_finish() -> None:
    """What was imported stays: an engine that closes need not look through it for rubbish."""
    gc.collect()
    gc.freeze()
