"""For every test: Qt draws into memory, so that a machine without a screen will do; threads that
wait sleep."""

import os
import tempfile

from studio.engine import threads

threads.before_torch()
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["XDG_STATE_HOME"] = tempfile.mkdtemp()  # no test writes into the user's own log
