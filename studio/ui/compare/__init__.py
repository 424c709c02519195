"""The parts of the Compare workspace. The panel itself is studio/ui/panels/compare.py."""
