from pathlib import Path

import pytest

from hansol_assets.lake.atomic import staged_directory, write_atomically


def test_write_replaces_the_whole_content(tmp_path: Path) -> None:
    path = tmp_path / "below" / "file.txt"
    write_atomically(path, b"a long first content")
    write_atomically(path, b"second")
    assert path.read_bytes() == b"second"
    assert [item.name for item in path.parent.iterdir()] == ["file.txt"]


def test_staged_directory_replaces_the_target(tmp_path: Path) -> None:
    target = tmp_path / "artifact"
    for text in ("one", "two"):
        with staged_directory(target) as staging:
            (staging / "sub").mkdir()
            (staging / "sub" / text).write_text(text, encoding="utf-8")
    assert [path.name for path in (target / "sub").iterdir()] == ["two"]
    assert [path.name for path in tmp_path.iterdir()] == ["artifact"]


def test_a_failure_leaves_the_old_directory(tmp_path: Path) -> None:
    target = tmp_path / "artifact"
    with staged_directory(target) as staging:
        (staging / "good").touch()
    with pytest.raises(FileNotFoundError), staged_directory(target) as staging:
        (staging / "nowhere" / "bad").touch()
    assert [path.name for path in target.iterdir()] == ["good"]
    assert [path.name for path in tmp_path.iterdir()] == ["artifact"]


def test_who_may_read_the_folder_may_read_its_files(tmp_path: Path) -> None:
    with staged_directory(tmp_path / "artifact") as staging:
        (staging / "weights").touch(mode=0o600)
    assert (tmp_path / "artifact" / "weights").stat().st_mode & 0o044 == (
        (tmp_path / "artifact").stat().st_mode & 0o044
    )
