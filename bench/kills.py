"""Kills a refresh at 200 seeded moments, half of them around its writes, and looks at what is left.

After each kill every file must be whole, and the next refresh must end as an undisturbed one does. Prints how many
kills fell between the first answer and the last replace; ends 1 where a file was torn or a refresh ended otherwise.
"""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.support.faults import NOW, NUMBER, review
from tests.support.invented import records_xml

from casetable.formats.logs import read_records, read_searches
from casetable.mirror import Mirror, serve
from casetable.workspace.articles import load_articles

# The process notes its first answer and its last replace in files, and ends itself at the N-th moment around a write,
# an fsync or a replace (0: never).
VICTIM = """
import os, pathlib, signal, sys
notes, left = pathlib.Path(sys.argv.pop(1)), int(sys.argv.pop(1))
def moment():
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
def around(work):
    def done(*given, **named):
        moment()
        result = work(*given, **named)
        moment()
        return result
    return done
os.fsync = around(os.fsync)
replace = around(pathlib.Path.replace)
def noted(self, target):
    result = replace(self, target)
    if str(target).endswith("searches.jsonl"):
        (notes / "last-replace").touch()
    return result
pathlib.Path.replace = noted
from casetable.sources import http
read = http.Client._read
def answered(self, *given):
    (notes / "first-answer").touch()
    return read(self, *given)
http.Client._read = answered
from casetable.cli import main
main()
"""


def refreshed(root: Path, notes: Path, moment: int, url: str, kill_after: float = 0.0) -> int:
    environment = {"PATH": "/usr/bin:/bin", "CASETABLE_EUTILS_URL": url, "NCBI_API_KEY": "a-key-for-the-mirror"}
    process = subprocess.Popen(
        [sys.executable, "-c", VICTIM, str(notes), str(moment), "refresh"],
        cwd=root,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    if kill_after:
        time.sleep(kill_after)
        process.kill()
    return process.wait()


def main(kills: int) -> int:
    chance = random.Random(11)
    torn = wrong = between = done = 0
    with tempfile.TemporaryDirectory() as temporary, review() as undisturbed:
        path, notes = Path(temporary) / "invented.xml", Path(temporary) / "notes"
        path.write_bytes(b"".join(records_xml(NUMBER)))
        notes.mkdir()
        mirror = Mirror(load_articles([path]).stored.values(), today=NOW.date())
        with serve(mirror) as url:
            start = time.perf_counter()
            assert refreshed(undisturbed.root, notes, 0, url) == 0
            duration = time.perf_counter() - start
            expected = undisturbed.read("queries/records.jsonl")
            hits = read_searches("s", undisturbed.read("queries/searches.jsonl"))[0][0].added
            moments = 1
            while done < kills:
                shutil.rmtree(notes)
                notes.mkdir()
                with review() as workspace:
                    if done % 2:
                        code = refreshed(workspace.root, notes, 0, url, chance.uniform(0.3, 1.0) * duration)
                    else:
                        code = refreshed(workspace.root, notes, moments, url)
                        moments = moments + 1 if code else 1
                    if code != -signal.SIGKILL:
                        continue  # it had ended before its moment
                    done += 1
                    between += (notes / "first-answer").exists() and not (notes / "last-replace").exists()
                    records, faults = read_records("r", workspace.read("queries/records.jsonl"))
                    searches, more = read_searches("s", workspace.read("queries/searches.jsonl"))
                    named = {key for search in searches for key in search.added}
                    torn += bool(faults or more or not named <= set(records))
                    again = refreshed(workspace.root, notes, 0, url)
                    searches, _ = read_searches("s", workspace.read("queries/searches.jsonl"))
                    ended_well = again == 0 and workspace.read("queries/records.jsonl") == expected
                    if not (ended_well and searches and searches[0].added == hits):
                        wrong += 1
                        found = len(searches[-1].added) if searches else "no search"
                        print(
                            f"kill {done}: the next refresh ended {again} with {found} of {len(hits)} hits", flush=True
                        )
    print(
        f"{kills} kills, {between} of them between the first answer and the last replace: {torn} files torn,"
        f" {wrong} refreshes afterwards that did not end as an undisturbed one"
    )
    return 1 if torn or wrong else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 200))
