"""A run repeated elsewhere gives the same bytes: in another folder, from a backup, by a fresh process that
has another zone, language and order of hashes, other numbers of threads, and an older kind of processor.

Libraries choose their arithmetic by the processor that they find: numpy its vectors, OpenBLAS its kernels,
the C library exp, log and pow. Each is told here to do as on an older one, so their last bits do differ.
"""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from numpy._core import _multiarray_umath

from kezun.site.tests.conftest import FILES, PACK
from kezun.site.tests.installation import ROOT, Installation

pytestmark = [pytest.mark.once, pytest.mark.xdist_group("backup")]
OUTLET = "  - {{code: N{n}, parent: B1, kind: outlet, name: 网点甲{n}, tags: [large]}}\n"
OUTLETS = "".join(OUTLET.format(n=n) for n in range(24))
SCHEMES = ("wangdian-jidu", "guiyuan-jidu")
REPEAT = """
import json, os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "kezun.site.settings"
import django
django.setup()
import kezun.site.urls
from numpy._core import _multiarray_umath
from kezun.assessment.models import Run
from kezun.assessment.replaying import replay
from kezun.facts import engine
connect, threads = engine.connect, []
def connected():
    held = connect()
    held.execute(f"SET threads = {sys.argv[1]}")
    threads.append(held.execute("SELECT current_setting('threads')").fetchone()[0])
    return held
engine.connect = connected
told = {}
for run in Run.objects.order_by("pk"):
    found = replay(run)
    learned = {prior[0] for part in run.peers["learned"] for by in part.values() for prior in by.values()}
    ranked = run.scores.exclude(rank=None).count()
    told[run.pk] = {"equal": found.equal, "now": found.now, "notes": found.notes, "ranked": ranked}
    told[run.pk] |= {"differences": len(found.differences), "learned": sorted(learned)}
features = _multiarray_umath.__cpu_features__
on = [name for name in _multiarray_umath.__cpu_dispatch__ if features.get(name)]
print(json.dumps({"runs": told, "threads": threads, "features": on}))
"""
# What numpy would use of this processor beyond what every one of its kind has.
BEYOND = [n for n in _multiarray_umath.__cpu_dispatch__ if _multiarray_umath.__cpu_features__.get(n)]
OLDER = {
    "NPY_DISABLE_CPU_FEATURES": " ".join(BEYOND),
    "OPENBLAS_CORETYPE": "Nehalem",
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX512F,-AVX2,-AVX,-FMA,-FMA4",
}
ABROAD = {"TZ": "America/New_York", "LC_ALL": "C", "LANG": "C", "PYTHONHASHSEED": "4711", "PYTHONUTF8": "0"}


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """Runs of a bank, as they were stored: number → hash; and a backup of it, restored in another folder."""
    packs = tmp_path_factory.mktemp("packs")
    text = PACK.replace("moves:\n", f"{OUTLETS}moves:\n")
    for name, body in (FILES | {"pack.yaml": text}).items():
        path = packs / "small" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(body, encoding="utf-8")
    here = Installation(tmp_path_factory.mktemp("here") / "home", packs)
    here.run("demo", "--pack", "small", "--anchor", "2026-03-31", "--no-serve")
    told = []
    for name in SCHEMES:
        said = here.run("assess", "--scheme", name, "--period", "2026-03", "--format", "json")
        told.append(json.JSONDecoder().raw_decode(said[said.index("{") :])[0])
    target = packs / "backup.tar.zst"
    here.run("backup", target)
    there = Installation(tmp_path_factory.mktemp("there") / "elsewhere" / "home", packs)
    there.run("restore", target)
    return there, {run["run"]: run["result_hash"] for run in told}


def repeated(home: Installation, threads: int, **environment: str) -> dict:
    """What a fresh process finds that repeats all runs of a home."""
    done = subprocess.run(
        [sys.executable, "-c", REPEAT, str(threads)],
        **{"cwd": ROOT, "env": home.environment | {"KEZUN_LOG_LEVEL": "ERROR"} | environment},
        **{"capture_output": True, "text": True, "timeout": 120},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize(
    ("threads", "environment", "features"),
    [
        (2, {"TZ": "Asia/Shanghai", "PYTHONHASHSEED": "0"}, BEYOND),
        (1, ABROAD | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}, BEYOND),
        (4, OLDER | {"OMP_NUM_THREADS": "4"}, []),
    ],
    ids=["restored", "abroad", "older-processor"],
)
def test_a_run_repeated_elsewhere_gives_the_same_bytes(stored, threads, environment, features):
    home, hashes = stored
    found = repeated(home, threads, **environment)
    assert {int(number): one["now"] for number, one in found["runs"].items()} == hashes
    for one in found["runs"].values():
        assert (one["equal"], one["notes"], one["differences"]) == (True, [], 0)
    assert (found["threads"], found["features"]) == ([threads], features)
    # What differs most between processors is in it: likelihoods climbed, and ranks drawn.
    assert "ml" in {method for one in found["runs"].values() for method in one["learned"]}
    assert max(one["ranked"] for one in found["runs"].values()) > 20
