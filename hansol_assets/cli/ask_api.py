"""The HTTP answer for programs: `POST /api/ask`."""

from collections.abc import Collection
from typing import Any

from fastapi import FastAPI, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, PlainTextResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from hansol_assets.answering.asking import LONGEST_QUESTION
from hansol_assets.cli.answer_record import AnswerRecord, answer_record
from hansol_assets.cli.ask_turns import BusyError, Turns
from hansol_assets.errors import InputError, UserError

MOST_BYTES = 16_384
"""Of a request: the longest question with each of its signs escaped, and room to spare."""

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
        return JSONResponse(answer_record(answer))

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
        found = error.errors()[0]
        where = ".".join(map(str, found["loc"])) or "the body"
        detail = f'{where}: {found["msg"]}. Send {{"question": "…"}}'
        raise HTTPException(422, detail) from error


class OwnPagesAlone:
    """Refuses what the page of another address asks: it must not read answers from this machine.

    A name of another site may be made to point here, which its Host tells; a page elsewhere may
    ask this address itself, which its Origin tells.
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
