"""Draws the diagrams of the documents: `python docs/draw_diagrams.py MERMAID.min.js`.

Mermaid is not among the dependencies, and a page that fetched it would ask another host. So the
pictures are drawn once, by a browser, and kept; each is named by a hash of its text, and one whose
text is gone is removed. Run it where a diagram changed, with `mermaid.min.js` of the npm package
`mermaid`.
"""

import argparse
import json
import re
import subprocess
import tempfile
from pathlib import Path

from hooks import DIAGRAM, picture_name

DOCS = Path(__file__).parent
LOOK = {"startOnLoad": False, "theme": "neutral", "htmlLabels": False, "fontFamily": "sans-serif"}
_SVG = re.compile(r"<svg.*</svg>", re.DOTALL)


def diagrams() -> dict[str, str]:
    """Returns the name of each diagram's picture → its text."""
    pages = (path.read_text(encoding="utf-8") for path in sorted(DOCS.glob("*.md")))
    sources = [match["source"] for text in pages for match in DIAGRAM.finditer(text)]
    return {picture_name(source): source for source in sources}


def drawn(source: str, mermaid: Path, browser: str) -> str:
    """Draws a diagram.

    Args:
        source: The diagram in Mermaid's language.
        mermaid: The library as one script.
        browser: The command of Chromium.

    Returns:
        The picture as SVG.

    Raises:
        RuntimeError: The browser gave no picture.
    """
    script = (
        f"mermaid.initialize({json.dumps({**LOOK, 'flowchart': {'htmlLabels': False}})});"
        f"mermaid.render('diagram', {json.dumps(source)})"
        ".then(made => { document.body.textContent = '';"
        " const svg = new DOMParser().parseFromString(made.svg, 'text/html').querySelector('svg');"
        " document.body.append(new XMLSerializer().serializeToString(svg)); });"
    )
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.html"
        page.write_text(
            f'<meta charset="utf-8"><body><script src="{mermaid.resolve().as_uri()}"></script>'
            f"<script>{script}</script>",
            encoding="utf-8",
        )
        options = ("--headless", "--no-sandbox", "--virtual-time-budget=10000", "--dump-dom")
        command = [browser, *options, page.as_uri()]
        shown = subprocess.run(command, capture_output=True, check=True, text=True)  # noqa: S603
    found = _SVG.search(_unescaped(shown.stdout))
    if found is None:
        msg = f"no picture of:\n{source}"
        raise RuntimeError(msg)
    width = re.search(r'viewBox="\S+ \S+ (?P<width>[\d.]+) ', found[0])
    return (
        found[0].replace('width="100%"', f'width="{width["width"]}"') if width else found[0]
    ) + "\n"


def _unescaped(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def main() -> None:
    """Draws what has no picture, and removes pictures that no page shows."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("mermaid", type=Path, help="mermaid.min.js")
    parser.add_argument("--browser", default="chromium")
    given = parser.parse_args()
    wanted = diagrams()
    for path in DOCS.glob("pictures/*.svg"):
        if path.relative_to(DOCS).as_posix() not in wanted:
            path.unlink()
    for name, source in wanted.items():
        target = DOCS / name
        if not target.exists():
            target.parent.mkdir(exist_ok=True)
            target.write_text(drawn(source, given.mermaid, given.browser), encoding="utf-8")


if __name__ == "__main__":
    main()
