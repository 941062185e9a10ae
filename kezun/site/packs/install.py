"""What a loaded pack leaves in the home: indicators, profiles if need be, what its cases are made of."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from kezun.cases import catalogs
from kezun.facts import indicators
from kezun.kernel.action import action
from kezun.kernel.actor import Actor
from kezun.site.packs.pack import Pack


def wanted(pack: Pack) -> dict[str, bytes]:
    """Path → content of the files to keep. Profiles of packs within KEZUN_PACKS are read where they lie."""
    kept = {
        indicators.installed_folder() / pack.name / path.name: path.read_bytes()
        for path in sorted((pack.folder / "indicators").glob("*.yaml"))
    }
    if pack.folder.resolve().parent not in [Path(p).resolve() for p in settings.KEZUN_PACKS]:
        kept |= {
            Path(settings.KEZUN_HOME) / "packs" / pack.name / "profiles" / path.name: path.read_bytes()
            for path in sorted((pack.folder / "profiles").glob("*.yaml"))
        }
    home = Path(settings.KEZUN_HOME)
    for path in sorted((pack.folder / "cases").rglob("*.yaml")):
        kept[home / "packs" / pack.name / path.relative_to(pack.folder)] = path.read_bytes()
    return {path.relative_to(home).as_posix(): content for path, content in kept.items()}


def install(actor: Actor, pack: Pack) -> list[str]:
    """Keep the pack's files; those that are kept already are left. Returns the paths written, in the home."""
    home = Path(settings.KEZUN_HOME)
    fresh = {
        name: content
        for name, content in wanted(pack).items()
        if not (home / name).exists() or (home / name).read_bytes() != content
    }
    return install_files(actor, pack.name, pack.file.version, fresh) if fresh else []


@action("site.install_pack", hidden=("files",))
def install_files(actor: Actor, pack: str, version: int, files: dict[str, bytes]) -> list[str]:
    """Write a pack's files into the home, each whole or not at all."""
    for name, content in files.items():
        path = Path(settings.KEZUN_HOME) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".tmp")
        draft.write_bytes(content)
        draft.replace(path)
    catalogs.forget()
    return sorted(files)
