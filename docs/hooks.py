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
MEMORY = "<!-- memory of the profiles -->"
DIAGRAM = re.compile(r"^```mermaid\n(?P<source>.*?)^```$", re.DOTALL | re.MULTILINE)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the page of settings, which is not a file of the repository."""
    files.append(File.generated(config, SETTINGS_PAGE, content=settings_page()))
    return files


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
