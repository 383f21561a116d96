"""Errors on the wire: RFC 9457 problem details, each with a sentence that says what to do."""

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi_problem.error import Problem, StatusProblem
from fastapi_problem.handler import ExceptionHandler, add_exception_handler, new_exception_handler
from pydantic import ValidationError
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .root import is_upload, root_of

EMPTY_TEXT = "empty-text"  # the page does not show this one as an error
MAX_ERRORS = 10  # that one answer lists


def unknown_model(model: str, known: Sequence[str]) -> Problem:
    """Return the problem of a model that is not installed."""
    return Problem(
        "Unknown model", "unknown-model", f"There is no model {model!r}. The models are: {', '.join(known)}.", 404
    )


def broken_model(model: str, reason: str) -> Problem:
    """Return the problem of a model that is installed and cannot be used."""
    return Problem(
        "Broken model",
        "broken-model",
        f"The model {model!r} is installed but cannot be used: {reason}. The other models serve.",
        503,
    )


def no_statistics(model: str) -> Problem:
    """Return the problem of a model without statistics."""
    what = f"The model {model!r} has no statistics.json. Those that 'gatescope train' writes have one."
    return Problem("No statistics", "no-statistics", what, 404)


def invalid_request(where: str, what: str) -> Problem:
    """Return the problem of a value that is well-formed but does not fit the model or the text."""
    return _invalid_fields([{"where": where, "what": what}], 1)


def _invalid_fields(errors: Sequence[dict[str, str]], count: int) -> Problem:
    """Return the problem of ``count`` fields that are wrong; each of ``errors`` says ``where`` and ``what``."""
    sentences = [f"{each['where']}: {each['what']}" for each in errors[:3]]
    if count > len(sentences):
        sentences.append(f"and {count - len(sentences):,} more")
    return Problem("Invalid request", "invalid-request", f"{'; '.join(sentences)}.", 422, errors=list(errors))


def empty_text() -> Problem:
    """Return the problem of a text without a token."""
    what = "has no word to trace; send at least one"
    return Problem("Empty text", EMPTY_TEXT, f"The text {what}.", 422, errors=[{"where": "text", "what": what}])


def text_too_long(length: int, limit: int, what: str = "The text has") -> Problem:
    """Return the problem of a text, or of several, longer than the setting ``max_text``."""
    return Problem(
        "Text too long",
        "text-too-long",
        f"{what} {length:,} characters; this server takes up to {limit:,}. Send a shorter part of it.",
        413,
        limit=limit,
    )


def sequence_too_long(steps: int, limit: int, what: str = "The sequence has") -> Problem:
    """Return the problem of numbers, or of several sequences of them, of more steps than the setting ``max_text``."""
    return Problem(
        "Sequence too long",
        "sequence-too-long",
        f"{what} {steps:,} steps; this server takes up to {limit:,}. Send fewer of them.",
        413,
        limit=limit,
    )


def answer_too_large(numbers: int, product: str, limit: int, fits: str, others: str = "") -> Problem:
    """Return the problem of an answer larger than the setting ``max_values``.

    ``product`` says what the numbers are of, ``fits`` how many steps would fit, and ``others`` what else can be done.
    """
    return Problem(
        "Answer too large",
        "answer-too-large",
        f"The answer would hold {numbers:,} numbers ({product}); this server sends up to {limit:,}. Narrow the request "
        f"with start and stop ({fits}), units, layers or activations{others}.",
        413,
        limit=limit,
    )


def out_of_time(seconds: float, done: float, advice: str) -> Problem:
    """Return the problem of an answer that takes longer than the setting ``max_seconds``; ``done`` is how far it is."""
    how_far = f"{done:.0%} of it was done" if done else "it was not done"
    detail = f"This server computes an answer for up to {seconds:g} seconds, in which {how_far}. {advice}."
    return Problem("Out of time", "out-of-time", detail, 503, limit=seconds)


def stopping() -> Problem:
    """Return the problem of a request that was not answered by the time the server had to stop."""
    detail = "This server is stopping, and the answer was not ready. Try again in a few seconds."
    return Problem("Stopping", "stopping", detail, 503, {"Retry-After": "5"})


def too_busy(limit: int) -> Problem:
    """Return the problem of a request that comes while as many as the setting ``max_in_flight`` are under way."""
    detail = f"This server is answering {limit:,} requests, as many as it takes at a time. Try again in a second."
    return Problem("Too busy", "too-busy", detail, 503, {"Retry-After": "1"}, limit=limit)


def too_much_work(steps: str, figure: float, what: str, limit: float, advice: str) -> Problem:
    """Return the problem of an answer over so many ``steps`` that would take too much of something.

    ``advice`` says what to do, and how many steps would fit.
    """
    detail = f"For {steps} this takes {figure:.2g} {what}; this server takes up to {limit:.2g} for an answer. {advice}."
    return Problem("Too much work", "too-much-work", detail, 413, limit=limit)


def no_memory_path(reason: str) -> Problem:
    """Return the problem of a model whose cell carries nothing on that could be decomposed."""
    return Problem("No path of memory", "no-memory-path", f"{reason[0].upper()}{reason[1:]}.", 422)


def states_overflow(what: str, step: int, steps: int, dtype: object, advice: str) -> Problem:
    """Return the problem of a number that leaves the range of its dtype."""
    detail = f"At step {step:,} of {steps:,}, {what} leaves the range of {dtype}. {advice}."
    return Problem("States overflow", "states-overflow", detail, 422)


def body_too_large(limit: int) -> Problem:
    """Return the problem of a body larger than the setting ``max_body``."""
    return Problem(
        "Body too large",
        "body-too-large",
        f"The body is larger than the {limit:,} bytes that this server takes. Send a shorter text.",
        413,
        limit=limit,
    )


def upload_too_large(limit: int) -> Problem:
    """Return the problem of an upload larger than the setting ``max_upload``."""
    detail = (
        f"The upload is larger than the {limit:,} bytes that this server takes. Import the file with 'gatescope "
        "import' on the machine itself, or raise GATESCOPE_MAX_UPLOAD."
    )
    return Problem("Upload too large", "upload-too-large", detail, 413, limit=limit)


def malformed_json(detail: str) -> Problem:
    """Return the problem of a body that is declared as JSON and is not, or cannot be read."""
    return Problem("Malformed JSON", "malformed-json", detail, 400)


def not_json(content_type: str) -> Problem:
    """Return the problem of a body that is not declared as JSON."""
    declared = f"{content_type!r}" if content_type else "missing"
    return Problem(
        "Unsupported media type",
        "unsupported-media-type",
        f"The Content-Type is {declared}; send a JSON body as application/json.",
        415,
    )


def no_such_file(content_type: str, known: Sequence[str]) -> Problem:
    """Return the problem of a file that is declared as none of the ``known`` media types."""
    declared = f"{content_type!r}" if content_type else "missing"
    detail = f"The Content-Type is {declared}; send a file of numbers as one of {', '.join(known)}."
    return Problem("Unsupported media type", "unsupported-media-type", detail, 415)


def not_acceptable(accept: str, offered: Sequence[str]) -> Problem:
    """Return the problem of a client that accepts no form of the answer."""
    *others, last = offered
    return Problem(
        "Not acceptable",
        "not-acceptable",
        f"The Accept header asks for {accept!r}; the answer comes as {', '.join(others)} or {last}.",
        406,
    )


def not_utf8() -> Problem:
    """Return the problem of a query that cannot be decoded."""
    return Problem(
        "Invalid query",
        "invalid-query",
        "The query is not percent-encoded UTF-8. Encode the text as UTF-8 before percent-encoding it.",
        400,
    )


def malformed_request() -> Problem:
    """Return the problem of bytes that are not a request."""
    detail = "What came is not an HTTP request. Check the request line, the headers and the length of the body."
    return Problem("Malformed request", "malformed-request", detail, 400)


def malformed_host(hosts: Sequence[str]) -> Problem:
    """Return the problem of a request that does not name exactly one host."""
    what = ", ".join(map(repr, hosts)) or "missing"
    return Problem(
        "Malformed Host", "malformed-host", f"The header Host is {what}; send one host name or address, once.", 400
    )


def other_host(name: str) -> Problem:
    """Return the problem of a request for a host that this server does not answer for."""
    return Problem(
        "Misdirected request",
        "misdirected-request",
        f"This server does not answer for the host {name!r}. If it should, add the name to the setting "
        "GATESCOPE_ALLOWED_HOSTS, and start the server again.",
        421,
    )


def _field_error(error: Any) -> dict[str, str]:
    """Return one of pydantic's errors as its place and a phrase that says what would be right."""
    match error["type"]:
        case "extra_forbidden":
            what = "there is no such field; the fields are listed at /docs"
        case "missing":
            what = "is required"
        case "too_short":
            what = "is empty; leave it out for all of them"
        case "model_attributes_type":
            what = "must be a JSON object with the field text or values"
        case _:
            what = str(error["msg"]).removeprefix("Value error, ")
    place = [str(part) for part in error["loc"] if part not in {"body", "query"}]
    return {"where": ".".join(place) or "body", "what": what}


def invalid_request_of(error: ValidationError | RequestValidationError) -> Problem:
    """Return the problem of a request that does not fit its schema."""
    errors = error.errors()
    return _invalid_fields([_field_error(each) for each in errors[:MAX_ERRORS]], len(errors))


def _on_invalid(_handler: ExceptionHandler, _request: Request, exc: RequestValidationError) -> Problem:
    errors = exc.errors()
    if errors[0]["type"] == "json_invalid":
        reason, at = errors[0]["ctx"]["error"], errors[0]["loc"][-1]
        return malformed_json(f"The body is not JSON: {reason} at character {at}.")
    return invalid_request_of(exc)


def _on_http_error(_handler: ExceptionHandler, request: Request, exc: HTTPException) -> Problem:
    """Return the problem for an error of the framework, which gives only a status."""
    headers, path = MutableHeaders(exc.headers), request.url.path
    match exc.status_code:
        case 400:  # FastAPI's for all that Python's JSON parser raises, except syntax errors
            return malformed_json(
                "The body cannot be read as JSON: send UTF-8, not too deeply nested, without numbers of thousands of "
                "digits."
            )
        case 404:
            title, detail = (
                "Not found",
                f"There is nothing at {path}. The calls are listed at {root_of(request.scope)}/docs.",
            )
        case 405:
            allowed = headers["allow"].split(", ")
            headers["allow"] = ", ".join(sorted({*allowed, "HEAD"} if "GET" in allowed else allowed))
            title, detail = "Method not allowed", f"{path} does not take {request.method}; it takes {headers['allow']}."
        case 413:
            settings = request.app.state.settings
            if is_upload(request.scope):
                return upload_too_large(settings.max_upload)
            return body_too_large(settings.max_body)
        case _:
            return Problem(exc.detail, f"http-{exc.status_code}", exc.detail, exc.status_code, dict(headers))
    return Problem(title, title.lower().replace(" ", "-"), detail, exc.status_code, dict(headers))


async def answer(problem: Problem, scope: Scope, receive: Receive, send: Send) -> None:
    """Send ``problem`` from outside the routes, where nobody catches it."""
    response = JSONResponse(problem.marshal(), problem.status, media_type="application/problem+json")
    await response(scope, receive, send)


_INTERNAL = "The server failed unexpectedly, and logged the error. The same request may fail again."


class _InternalError(StatusProblem):
    """An exception that nobody caught; its message goes nowhere, since it may quote a text."""

    type_ = "internal-error"
    title = "Internal error"
    status = 500

    def __init__(self, _message: str) -> None:
        super().__init__(_INTERNAL)


def internal_error(request_id: str) -> Problem:
    """Return the problem of a defect, which the log describes under the id of the request."""
    return Problem("Internal error", "internal-error", _INTERNAL, 500, request_id=request_id)


async def _to_nobody(_request: Request, _error: Exception) -> Response:
    """Return the answer to a client that has gone; nobody reads it."""
    return Response(status_code=499)


def install(app: FastAPI) -> None:
    """Answer every error of ``app``, the framework's own included, as ``application/problem+json``."""
    handler = new_exception_handler(
        http_exception_handler=_on_http_error,
        request_validation_handler=_on_invalid,
        unhandled_wrappers={"default": _InternalError},
    )
    describe = app.openapi
    add_exception_handler(app, handler)
    app.add_exception_handler(ClientDisconnect, _to_nobody)
    app.openapi = describe  # type: ignore[method-assign]  # openapi.py describes the problems


class BodyLimit:
    """Limit the size of bodies as Starlette does, but answer with a problem instead of plain text."""

    def __init__(self, app: ASGIApp, max_body_size: int, max_upload: int) -> None:
        self.usual = RequestBodyLimitMiddleware(app, max_body_size), body_too_large(max_body_size)
        self.of_uploads = RequestBodyLimitMiddleware(app, max_upload), upload_too_large(max_upload)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refused = False
        app, problem = self.of_uploads if is_upload(scope) else self.usual

        async def send_unless_refused(message: Message) -> None:
            nonlocal refused
            if message["type"] == "http.response.start" and message["status"] == 413:
                refused = Headers(raw=message["headers"])["content-type"].startswith("text/plain")
            if not refused:
                await send(message)

        await app(scope, receive, send_unless_refused)
        if refused:
            await answer(problem, scope, receive, send)
