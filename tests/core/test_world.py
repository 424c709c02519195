"""Which process this is, and its share of the work."""

from studio.core.world import World

RUN = {"RANK": "1", "WORLD_SIZE": "3", "LOCAL_WORLD_SIZE": "3", "TORCHELASTIC_RUN_ID": "none"}


def test_alone_it_has_no_name_and_does_all() -> None:
    assert World.here({}) == World(0, 1, "")
    assert list(World.here({}).mine(range(3))) == [0, 1, 2]


def test_all_processes_of_a_run_know_its_name() -> None:
    first, second = (World.here({**RUN, "RANK": rank}) for rank in "01")
    assert first.name == second.name != ""
    across = {**RUN, "LOCAL_WORLD_SIZE": "1"}  # several machines: no process has the agent's id
    assert World.here(across).name != World.here({**across, "TORCHELASTIC_RUN_ID": "7"}).name


def test_shares_are_everything_once() -> None:
    shares = [World(rank, 3).mine(range(8)) for rank in range(3)]
    assert sorted(number for share in shares for number in share) == list(range(8))


def test_a_restart_is_known() -> None:
    first, again = (
        World.here({**RUN, "TORCHELASTIC_RESTART_COUNT": n, "TORCHELASTIC_MAX_RESTARTS": "1"})
        for n in "01"
    )
    assert (first.restarted, first.last) == (False, False)
    assert (again.restarted, again.last) == (True, True)
    assert first.name == again.name and first.attempt != again.attempt
