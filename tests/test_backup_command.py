"""The README's command that saves the media folder while the platform is at work."""

import re
import subprocess
import tarfile
from io import BytesIO
from pathlib import Path

README = Path(__file__).resolve().parents[1] / "README.md"


def save(folder: Path) -> list[str]:
    """Run the command in `folder`; return the names in the archive, in their order."""
    command = re.search(r'^save="([^"]*)"', README.read_text(), re.MULTILINE)
    assert command
    done = subprocess.run(["sh", "-c", command[1]], cwd=folder, capture_output=True, check=True)
    with tarfile.open(fileobj=BytesIO(done.stdout)) as archive:
        return archive.getnames()


def test_records_are_listed_first_and_what_is_being_written_not_at_all(tmp_path: Path) -> None:
    for name in ("a.json", "a.png", "a_overlay.png", "b.json", "b.jpg", "two words.png"):
        (tmp_path / name).write_text(name)
    (tmp_path / ".c.png.0123.part").write_text("half")
    names = save(tmp_path)
    assert sorted(names[:2]) == ["./a.json", "./b.json"]
    assert sorted(names[2:]) == ["./a.png", "./a_overlay.png", "./b.jpg", "./two words.png"]
