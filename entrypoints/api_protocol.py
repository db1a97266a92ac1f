"""The server's protocol with the API's refusals. uvicorn imports it by name in each process."""

import logging

from entrypoints.http import response_headers
from entrypoints.http.errors import error_response
from entrypoints.http.request_log import new_request_id
from entrypoints.server.protocol import Protocol
from entrypoints.server.refusal import Reason, Refusal

logger = logging.getLogger(__name__)


class ApiProtocol(Protocol):
    """Refuses requests with the API's error body, a request id and the headers of all responses."""

    def refusal(self, reason: Reason) -> Refusal:
        """Return the refusal, and log it, because such a request does not reach the request log."""
        status, detail = int(reason.status), reason.detail
        request_id = new_request_id()
        logger.info(
            "%s: %s",
            status,
            detail,
            extra={"status": status, "request_id": request_id, "error": detail},
        )
        response = error_response(status, detail, headers={"x-request-id": request_id})
        headers = [*response.raw_headers, *response_headers.OTHERS]
        return Refusal(reason.status, headers, bytes(response.body))
