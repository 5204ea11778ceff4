"""Serving the page and the API of `hansol ask --serve` on this machine alone."""

import os
import socket
from contextlib import suppress
from pathlib import Path

from hansol_assets.answering.asking import Asker
from hansol_assets.cli.ask_html import CSS
from hansol_assets.cli.ask_turns import Turns

HOST = "127.0.0.1"

_FONTS = ("Nanum Gothic", "Noto Sans KR", "Malgun Gothic", "Apple SD Gothic Neo", "sans-serif")
"""Fonts with Hangul that machines have; none is fetched."""

_CLOSING_SECONDS = 1
"""How long open pages may hold up the end: each keeps a connection as long as it is open."""


def listen(port: int) -> socket.socket:
    """Takes the port, so that a taken one is known before the models are loaded.

    Raises:
        OSError: It is taken, or may not be used.
    """
    return socket.create_server((HOST, port))


def serve(asker: Asker, review_file: Path, listener: socket.socket) -> None:
    """Serves page and API until Ctrl-C."""
    # Gradio asks for it when it is imported, and so do its parts.
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    import gradio as gr
    import uvicorn

    from hansol_assets.cli.ask_api import OwnPagesAlone, asking_api
    from hansol_assets.cli.ask_page import AskPage

    port = listener.getsockname()[1]
    turns = Turns(asker.ask)
    # Gradio's own launch() looks for its server through a proxy, and can be told to share it.
    app = asking_api(turns)
    app.add_middleware(OwnPagesAlone, addresses=[f"{host}:{port}" for host in (HOST, "localhost")])
    gr.mount_gradio_app(
        app,
        AskPage(turns, review_file).blocks,
        path="/",
        server_name=HOST,
        server_port=port,
        theme=gr.themes.Default(font=_FONTS, font_mono="monospace"),
        css=CSS,
        footer_links=[],
        run_history=False,
        ssr_mode=False,
        pwa=False,
        mcp_server=False,
        enable_monitoring=False,
    )
    config = uvicorn.Config(
        app, log_level="critical", timeout_graceful_shutdown=_CLOSING_SECONDS, ws="none"
    )
    try:
        with suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listener])
    finally:
        turns.close()
