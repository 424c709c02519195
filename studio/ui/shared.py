"""What every panel is given: the session, the jobs, the pictures and the preferences."""

from __future__ import annotations

from dataclasses import dataclass

from studio.ui.jobs import Jobs
from studio.ui.library.pictures import Library
from studio.ui.preferences import Preferences
from studio.ui.session import Session


@dataclass(frozen=True)
class Shared:
    session: Session
    jobs: Jobs
    library: Library
    preferences: Preferences
