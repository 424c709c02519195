"""For every test: Qt draws into memory, so that a machine without a screen will do; threads that
wait sleep; how long an example of Hypothesis takes is no failure."""

import os
import tempfile

from hypothesis import HealthCheck, settings

from studio.engine import threads

threads.before_torch()
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["XDG_STATE_HOME"] = tempfile.mkdtemp()  # no test writes into the user's own log
settings.register_profile("studio", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("studio")
