"""One pace for a machine: turns are handed out one gap apart, whoever takes them."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

from casetable.sources.pace import LONGEST_QUEUE_SECONDS, MachinePace


def test_turns_are_a_gap_apart_over_two_paces_of_one_name(tmp_path: Path) -> None:
    one, other = (MachinePace("test", lambda: 1000.0, tmp_path) for _ in range(2))
    waits = [pace(0.4) for pace in (one, other, one, other)]
    assert [round(wait, 3) for wait in waits] == [0.0, 0.4, 0.8, 1.2]


def test_time_that_passes_frees_the_turn(tmp_path: Path) -> None:
    now = 1000.0
    pace = MachinePace("test", lambda: now, tmp_path)
    assert pace(0.4) == 0
    now = 1010.0
    assert pace(0.4) == 0


def test_nonsense_in_the_file_does_no_harm(tmp_path: Path) -> None:
    for nonsense in ("", "nan", "x" * 100, str(1000.0 + LONGEST_QUEUE_SECONDS + 1), "\x00"):
        (tmp_path / "casetable-test.turn").write_text(nonsense)
        assert MachinePace("test", lambda: 1000.0, tmp_path)(0.4) == 0


def test_a_folder_that_cannot_be_used_leaves_the_own_pace(tmp_path: Path) -> None:
    pace = MachinePace("test", lambda: 1000.0, tmp_path / "is not there")
    assert [round(pace(0.4), 3) for _ in range(3)] == [0.0, 0.4, 0.8]


def test_threads_take_turns(tmp_path: Path) -> None:
    pace = MachinePace("test", lambda: 1000.0, tmp_path)
    waits: list[float] = []
    threads = [threading.Thread(target=lambda: waits.append(pace(0.1))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(round(wait, 3) for wait in waits) == [round(0.1 * turn, 3) for turn in range(8)]


def test_processes_take_turns(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom casetable.sources.pace import MachinePace\n"
        "pace = MachinePace('test', lambda: 1000.0, Path(sys.argv[1]))\nprint(*(pace(0.1) for _ in range(5)))\n"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    waits = [float(wait) for process in running for wait in process.communicate(timeout=60)[0].split()]
    assert sorted(round(wait, 3) for wait in waits) == [round(0.1 * turn, 3) for turn in range(15)]
