"""The page and the API of `hansol ask --serve`, on this machine alone, one question at a time."""

import math
import os
import socket
import time
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any

from fastapi import FastAPI, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, PlainTextResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from hansol_assets.answering.asking import LONGEST_QUESTION, Answer, AnswerRecord, Asker
from hansol_assets.cli.ask_page import CSS
from hansol_assets.cli.output import HOST
from hansol_assets.errors import InputError, UserError

MOST_WAITING = 16
"""Questions that are taken at a time; of more the last would wait longer than anyone does."""


class BusyError(UserError):
    """Too many questions wait.

    Attributes:
        seconds: After which those that wait now are likely to be answered.
    """

    passes = True

    def __init__(self, seconds: int) -> None:
        super().__init__(
            f"{MOST_WAITING} questions wait to be answered: ask again in {seconds} seconds"
        )
        self.seconds = seconds


class Turns:
    """Asks one question after the other.

    Attributes:
        taken: How many wait, with the one that is answered.
    """

    def __init__(self, ask: Callable[[str], Answer]) -> None:
        self._ask = ask
        # One thread: torch keeps memory for each that it was ever used in.
        self._thread = ThreadPoolExecutor(1)
        self._count = Lock()
        self.taken = 0
        self._seconds = 1.0

    def ask(self, question: str) -> Answer:
        """Answers a question when its turn has come.

        Raises:
            BusyError: Too many wait; the question was not taken.
            InputError: It cannot be asked.
        """
        with self._count:
            if self.taken >= MOST_WAITING:
                raise BusyError(math.ceil(self._seconds * self.taken))
            self.taken += 1
        try:
            return self._thread.submit(self._timed, question).result()
        finally:
            with self._count:
                self.taken -= 1

    def close(self) -> None:
        """Answers nobody any more; the question that is being answered is the last."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _timed(self, question: str) -> Answer:
        start = time.monotonic()
        answer = self._ask(question)
        self._seconds = time.monotonic() - start
        return answer


MOST_BYTES = 16_384
"""Of a request: the longest question with each character escaped, and room to spare."""

ABOUT = """
One question, answered by the models that were live when the server was started, as
`hansol ask --json` answers it. Questions are answered one after the other.
"""


class Question(BaseModel):
    """What is asked."""

    model_config = ConfigDict(extra="forbid")

    question: str = Field(
        description="One question, or several joined",
        max_length=LONGEST_QUESTION,
        examples=["실크벽지는 어떻게 청소하나요?"],
    )


class Problem(BaseModel):
    """Why there is no answer."""

    detail: str


def asking_api(turns: Turns) -> FastAPI:
    """Makes the application, with its description at `/api/openapi.json`."""
    # Its pages that draw the description would fetch their scripts from another host.
    app = FastAPI(
        title="hansol ask", description=ABOUT, openapi_url="/api/openapi.json", docs_url=None,
        redoc_url=None,
    )  # fmt: skip
    refusals = {
        413: f"The request is longer than {MOST_BYTES} bytes",
        422: "There is no question, or it is longer than one can be",
        500: "The models cannot answer; the detail says why",
        503: "Too many questions wait; Retry-After says in how many seconds to ask again",
    }

    @app.post(
        "/api/ask",
        summary="Answer a question",
        response_model=AnswerRecord,
        responses={
            code: {"model": Problem, "description": text} for code, text in refusals.items()
        },
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": Question.model_json_schema()}},
            }
        },
    )
    async def ask(request: Request) -> JSONResponse:
        question = await _question(request)
        try:
            answer = await run_in_threadpool(turns.ask, question)
        except InputError as error:
            raise HTTPException(422, str(error)) from error
        except BusyError as error:
            after = {"Retry-After": str(error.seconds)}
            raise HTTPException(503, str(error), headers=after) from error
        except UserError as error:
            raise HTTPException(500, str(error)) from error
        return JSONResponse(answer.record)

    return app


async def _question(request: Request) -> str:
    """Reads the question, and no more of a request than one can have."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise HTTPException(413, f"the request is longer than {MOST_BYTES} bytes")
    try:
        return Question.model_validate_json(body).question
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(map(str, problem["loc"])) or "the body"
        detail = f'{where}: {problem["msg"]}. Send {{"question": "…"}}'
        raise HTTPException(422, detail) from error


class OwnPagesAlone:
    """Refuses what the page of another address asks: it must not read answers from this machine.

    A name of another site may be made to point here, which shows in its Host; a page elsewhere may
    ask this address itself, which shows in its Origin.
    """

    def __init__(self, app: ASGIApp, addresses: Collection[str]) -> None:
        self._app = app
        self._hosts = frozenset(addresses)
        self._origins = frozenset(f"http://{address}" for address in addresses)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, or refuses it."""
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            origin = headers.get("origin")
            if headers.get("host") not in self._hosts or origin not in (None, *self._origins):
                refusal: Any = PlainTextResponse("this page answers its own address alone", 403)
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)


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

    from hansol_assets.cli.ask_page import AskPage

    port = listener.getsockname()[1]
    turns = Turns(asker.ask)
    # Gradio's own launch() looks for its server through a proxy, and may share it.
    app = asking_api(turns)
    app.add_middleware(OwnPagesAlone, addresses=[f"{host}:{port}" for host in (HOST, "localhost")])
    gr.mount_gradio_app(
        app,
        AskPage(turns.ask, review_file).blocks,
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
