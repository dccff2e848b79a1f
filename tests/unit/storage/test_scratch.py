from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from restudio.storage.scratch import Scratch

HOLDER = """
import sys
from pathlib import Path
from restudio.storage.scratch import Scratch
scratch = Scratch(Path(sys.argv[1]))
(scratch.path / "half written").write_text("x")
print(scratch.path, flush=True)
sys.stdin.read()
"""


def test_the_folder_of_a_killed_process_goes_and_that_of_a_living_one_stays(tmp_path: Path) -> None:
    (tmp_path / "of an earlier version").mkdir()
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        theirs = Path(holder.stdout.readline().strip())
        ours = Scratch(tmp_path)
        assert (theirs / "half written").exists()
        holder.kill()
        holder.wait()
        third = Scratch(tmp_path)
    assert sorted(p for p in tmp_path.iterdir() if p.is_dir()) == sorted([ours.path, third.path])
    ours.close()
    third.close()
    assert not [p for p in tmp_path.iterdir() if p.is_dir()]
