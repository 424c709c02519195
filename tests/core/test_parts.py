"""What one process makes the others find, and none makes it again."""

import threading
from pathlib import Path

import numpy as np
import pytest

from studio.core.errors import OutputError
from studio.core.parts import Parts
from studio.core.world import World


def halves(folder: Path) -> list[Parts]:
    return [Parts(folder / "parts", World(rank, 2, "run", "run-0")) for rank in (0, 1)]


def test_two_processes_share_and_both_get_all(tmp_path: Path) -> None:
    made: list[list[int]] = [[], []]
    found: list[list[np.ndarray]] = [[], []]

    def work(parts: Parts) -> None:
        rank = parts.world.rank

        def make(index: int) -> np.ndarray:
            made[rank].append(index)
            return np.full(2, index)

        found[rank] = parts.each(make, 5)
        parts.close()

    threads = [threading.Thread(target=work, args=(parts,)) for parts in halves(tmp_path)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert made == [[0, 2, 4], [1, 3]]
    for all_of_it in found:
        assert [part.tolist() for part in all_of_it] == [[n, n] for n in range(5)]
    assert not list(tmp_path.iterdir())


def test_what_outlived_a_process_is_not_made_again(tmp_path: Path) -> None:
    for lost in halves(tmp_path):
        lost.put("0-1", made=np.array(7))
    alone = Parts(tmp_path / "parts", World(name="run"))
    assert [int(part) for part in alone.each(np.array, 3)] == [0, 7, 2]
    alone.close()
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "parts").touch()
    with pytest.raises(OutputError, match="could not be written"):
        halves(tmp_path)[0].put("0-0", made=np.array(1))
