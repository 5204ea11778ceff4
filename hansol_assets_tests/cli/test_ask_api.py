"""The HTTP answer for programs: what is taken, what is refused, and how it is described."""

from collections.abc import Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from dataclasses import replace
from threading import Event
from typing import Any

import pytest
from fastapi.testclient import TestClient

from hansol_assets.answering.asking import Answer
from hansol_assets.cli.ask_server import (
    MOST_BYTES,
    MOST_WAITING,
    BusyError,
    OwnPagesAlone,
    Turns,
    asking_api,
)
from hansol_assets.errors import InputError
from hansol_assets_tests.answering.review_files import asked

HERE = "127.0.0.1:7860"


def answer_to(question: str) -> Answer:
    if not question.strip():
        raise InputError("there is no question")
    return replace(asked(question), nearest=[{"source_id": "R1", "probability": 0.25}])


@pytest.fixture
def client() -> Iterator[TestClient]:
    app = asking_api(Turns(answer_to))
    app.add_middleware(OwnPagesAlone, addresses=[HERE])
    with TestClient(app, base_url=f"http://{HERE}") as opened:
        yield opened


def test_an_answer_is_what_json_gives(client: TestClient) -> None:
    question = "벽지는 왜 우나요? <b>"
    found = client.post("/api/ask", json={"question": question})

    assert found.status_code == 200
    assert found.json() == answer_to(question).record
    assert found.json()["nearest"] == [{"source_id": "R1", "probability": 0.25}]


@pytest.mark.parametrize(
    ("sent", "code", "said"),
    [
        ({"json": {"question": " "}}, 422, "there is no question"),
        ({"json": {"question": "가" * 1001}}, 422, "question: String should have at most 1000"),
        ({"json": {"question": "왜?", "lang": "en"}}, 422, "lang: Extra inputs"),
        ({"json": {}}, 422, 'question: Field required. Send {"question": "…"}'),
        ({"content": b"\xff{"}, 422, "Invalid JSON"),
        ({"content": b" " * (MOST_BYTES + 1)}, 413, "longer than 16384 bytes"),
    ],
)
def test_what_cannot_be_answered_is_told(
    client: TestClient, sent: dict[str, Any], code: int, said: str
) -> None:
    found = client.post("/api/ask", **sent)
    assert found.status_code == code
    assert said in found.json()["detail"]


def test_the_longest_question_fits_however_it_is_written(client: TestClient) -> None:
    assert client.post("/api/ask", json={"question": "𠀀" * 1000}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"},
        {"host": "127.0.0.1:8000"},
        {"origin": "http://evil.example"},
        {"origin": "http://127.0.0.1:8000"},
        {"origin": "null"},
    ],
)
def test_the_page_of_another_address_is_refused(
    client: TestClient, headers: dict[str, str]
) -> None:
    found = client.post("/api/ask", json={"question": "왜?"}, headers=headers)
    assert found.status_code == 403
    assert client.get("/api/openapi.json", headers=headers).status_code == 403


def test_the_pages_own_requests_are_answered(client: TestClient) -> None:
    own = {"origin": f"http://{HERE}"}
    assert client.post("/api/ask", json={"question": "왜?"}, headers=own).status_code == 200


def test_too_many_that_wait_are_told_when_to_come_back() -> None:
    going_on = Event()

    def slow(question: str) -> Answer:
        assert going_on.wait(60)
        return answer_to(question)

    turns = Turns(slow)
    app = asking_api(turns)
    with TestClient(app) as client, ThreadPoolExecutor(MOST_WAITING) as pool:
        questions = [f"{place}번째 질문" for place in range(MOST_WAITING)]
        taken = [pool.submit(turns.ask, question) for question in questions]
        while turns.taken < MOST_WAITING:
            pass
        refused = client.post("/api/ask", json={"question": "하나 더"})
        with pytest.raises(BusyError, match="16 questions wait"):
            turns.ask("하나 더")
        going_on.set()
        assert [one.result().question for one in taken] == questions
        assert client.post("/api/ask", json={"question": "하나 더"}).status_code == 200
    assert refused.status_code == 503
    assert int(refused.headers["retry-after"]) >= 1
    assert "ask again in" in refused.json()["detail"]
    assert turns.taken == 0


def test_those_that_wait_do_not_hold_up_the_end() -> None:
    asked_now, going_on = Event(), Event()

    def slow(question: str) -> Answer:
        asked_now.set()
        assert going_on.wait(60)
        return answer_to(question)

    turns = Turns(slow)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(turns.ask, "첫째")
        assert asked_now.wait(60)
        second = pool.submit(turns.ask, "둘째")
        while turns.taken < 2:
            pass
        turns.close()
        going_on.set()
        assert first.result().question == "첫째"
        assert isinstance(second.exception(), CancelledError | RuntimeError)


def test_the_description_says_what_there_is(client: TestClient) -> None:
    described = client.get("/api/openapi.json").json()
    operation = described["paths"]["/api/ask"]["post"]

    assert set(operation["responses"]) == {"200", "413", "422", "500", "503"}
    body = operation["requestBody"]["content"]["application/json"]["schema"]
    assert body["properties"]["question"]["maxLength"] == 1000
    answer = described["components"]["schemas"]["AnswerRecord"]["properties"]
    assert set(answer) == set(answer_to("왜?").record)
