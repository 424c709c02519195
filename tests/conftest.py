"""For every test: Qt draws into memory, so that a machine without a screen will do."""

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
