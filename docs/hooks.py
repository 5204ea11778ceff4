"""What MkDocs is told beyond its configuration: what is written from the code, and the diagrams.

See https://www.mkdocs.org/user-guide/configuration/#hooks
"""

import hashlib
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from settings_reference import memory_table
from settings_reference import page as settings_page

SETTINGS_PAGE = "settings.md"
READMES = {"README.md": "overview.md", "README.ko.md": "overview.ko.md"}
"""README → its page."""
LINK = re.compile(r"(?<!!)\[(?P<said>[^]]+)\]\((?P<to>[^):#]+)\)")
MEMORY = "<!-- memory of the profiles -->"
DIAGRAM = re.compile(r"^```mermaid\n(?P<source>.*?)^```$", re.DOTALL | re.MULTILINE)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the page of settings, which is no file of the repository, and those of the READMEs."""
    files.append(File.generated(config, SETTINGS_PAGE, content=settings_page()))
    for name, page in READMES.items():
        text = Path(config.docs_dir).with_name(name).read_text(encoding="utf-8")
        files.append(File.generated(config, page, content=readme_page(text)))
    return files


def readme_page(text: str) -> str:
    """Returns a README as a page: its links lead to pages, and name files that are none."""

    def led(match: re.Match[str]) -> str:
        to = READMES.get(match["to"], match["to"].removeprefix("docs/"))
        is_page = match["to"] in READMES or match["to"].startswith("docs/")
        return f"[{match['said']}]({to})" if is_page else f"`{match['to']}`"

    # The graph has a picture; Mermaid itself would be loaded from another host.
    return LINK.sub(led, DIAGRAM.sub("", text)).replace("](docs/screenshots", "](screenshots")


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001
    """Fills in what is written from the code, and shows diagrams as pictures.

    Mermaid itself would be loaded from another host. A diagram whose picture is not there is shown
    as its text.
    """

    def shown(match: re.Match[str]) -> str:
        name = picture_name(match["source"])
        if not (Path(config.docs_dir) / name).is_file():
            return match[0]
        return f"[![Diagram]({name}){{ .diagram }}]({name})"

    if MEMORY in markdown:
        markdown = markdown.replace(MEMORY, memory_table())
    return DIAGRAM.sub(shown, markdown)


def picture_name(source: str) -> str:
    """Returns the picture of a diagram, from the documents' folder; it is named by its text.

    Args:
        source: The diagram in Mermaid's language.
    """
    return f"pictures/{hashlib.sha256(source.encode()).hexdigest()[:12]}.svg"
