"""What is answered to bytes that are not HTTP, before any application sees them."""

from http import HTTPStatus

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from entrypoints.http.errors import error_response
from entrypoints.http.request_log import new_request_id


class Protocol(HttpToolsProtocol):
    """uvicorn's protocol, with the API's own shape for the one error that it answers itself."""

    def send_400_response(self, msg: str) -> None:
        """Answer ``msg`` as an error like every other and close the connection."""
        response = error_response(
            HTTPStatus.BAD_REQUEST,
            msg,
            headers={"connection": "close", "x-request-id": new_request_id()},
        )
        head = [b"HTTP/1.1 400 Bad Request"]
        head += [
            name + b": " + value
            for name, value in [*self.server_state.default_headers, *response.raw_headers]
        ]
        self.transport.write(b"\r\n".join([*head, b"", bytes(response.body)]))
        self.transport.close()
