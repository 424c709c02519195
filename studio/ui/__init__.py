"""The window: panels, the state they share, canvas widgets, actions and theme.

May import bridge, gallery, the sampler specs and core; never torch. The UI thread never
waits for the device.
"""

from __future__ import annotations

from studio.ui.binding import make_immortal, make_room

make_immortal()
make_room()
