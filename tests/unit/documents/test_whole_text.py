"""Files of text that are there when they are whole."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sim.documents.whole_text import write_whole


def test_a_file_is_replaced_and_its_folder_made(tmp_path: Path) -> None:
    place = tmp_path / "new" / "a.txt"
    write_whole(place, "one")
    write_whole(place, "zwölf")
    assert place.read_text(encoding="utf-8") == "zwölf"
    assert list(place.parent.iterdir()) == [place]


def test_what_was_there_stays_if_writing_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "a.txt"
    write_whole(place, "one")

    def full(path: Path, _content: bytes) -> int:
        path.touch()
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(KeyboardInterrupt):
        write_whole(place, "two")
    assert place.read_text(encoding="utf-8") == "one"
    assert list(tmp_path.iterdir()) == [place]


def test_devices_and_links_are_written_through(tmp_path: Path) -> None:
    write_whole(Path(os.devnull), "x")
    assert not Path(os.devnull).is_file()
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "target")
    write_whole(link, "x")
    assert link.is_symlink()
    assert (tmp_path / "target").read_text(encoding="utf-8") == "x"
