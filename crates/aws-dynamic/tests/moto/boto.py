"""An AWS emulator on loopback, and boto3 in front of it. One line of JSON in, one out; ends with its stdin.

The first line out is the emulator's URL. Blobs are base64, times RFC 3339, as the crate has them.
"""

import base64
import datetime
import json
import logging
import math
import os
import sys
import urllib.request

# Nothing of the machine's own settings, and nothing beyond loopback.
for name in [name for name in os.environ if name.startswith("AWS_") or name.lower().endswith("_proxy")]:
    del os.environ[name]
os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
os.environ["AWS_EC2_METADATA_DISABLED"] = "true"

import boto3
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from botocore.response import StreamingBody
from moto.backend_index import backend_url_patterns
from moto.server import ThreadedMotoServer

logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
logging.getLogger("moto").setLevel(logging.CRITICAL)


class Boto:
    def __init__(self, url):
        self.url = url
        self.clients = {}
        self.names = {}
        self.session = boto3.session.Session(
            aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key="secret", region_name="us-east-1"
        )

    def client(self, service):
        if service not in self.clients:
            config = Config(retries={"total_max_attempts": 1})
            name = self.names.get(service, service)
            self.clients[service] = self.session.client(name, endpoint_url=self.url, config=config)
        return self.clients[service]

    def known(self, services):
        """Of services, each a list of its names and its endpoint's prefix, those that the emulator has."""
        known, boto = [], self.session.get_available_services()
        for *names, prefix in services:
            host = f"https://{prefix}.us-east-1.amazonaws.com"
            if any(pattern.match(host) for _, pattern in backend_url_patterns):
                self.names[names[0]] = next(name for name in names if name in boto)
                known.append(names[0])
        return known

    def protocol(self, service):
        return self.client(service).meta.service_model.resolved_protocol

    def call(self, service, operation, given):
        client = self.client(service)
        model = client.meta.service_model.operation_model(operation)
        method = next(name for name, wire in client.meta.method_to_api_mapping.items() if wire == operation)
        given = plain(given, model.input_shape)
        try:
            answer = getattr(client, method)(**given)
        except ClientError as error:
            response = error.response
            said = response.get("Error", {})
            return {
                "status": response["ResponseMetadata"]["HTTPStatusCode"],
                "code": said.get("Code", ""),
                "message": said.get("Message", ""),
            }
        except Exception as error:
            return {"unable": f"{type(error).__name__}: {error}"}
        answer.pop("ResponseMetadata", None)
        return {"output": tree(answer)}

    def reset(self):
        """No state, and the same random numbers again."""
        for path in ("reset", "seed?a=1"):
            urllib.request.urlopen(urllib.request.Request(f"{self.url}/moto-api/{path}", method="POST")).read()

    def address(self, operation, given, endpoint):
        """Where boto3 sends a request of S3, with an endpoint of its own or none. Nothing is sent."""
        # Without this it is the host without a region, which only the older SDKs still use.
        config = Config(s3={"us_east_1_regional_endpoint": "regional"})
        client = self.session.client("s3", config=config, endpoint_url=endpoint)
        seen = []

        def kept(request, **_):
            seen.append(request.url)
            return AWSResponse(request.url, 200, {}, Raw())

        client.meta.events.register("before-send.s3", kept)
        model = client.meta.service_model.operation_model(operation)
        method = next(name for name, wire in client.meta.method_to_api_mapping.items() if wire == operation)
        getattr(client, method)(**plain(given, model.input_shape))
        return seen[0]

    def signature(self, method, url, headers, region):
        """The signature that botocore gives a request of S3 with these signed headers."""
        request = AWSRequest(method=method, url=url, headers=headers)
        request.context["timestamp"] = headers["x-amz-date"]
        signer = S3SigV4Auth(Credentials("AKIDEXAMPLE", "secret"), "s3", region)
        return signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)


class Raw:
    """The body of no answer."""

    def stream(self, **_):
        return iter([])

    def read(self, *_, **__):
        return b""


def plain(value, shape):
    """An input as boto3 takes it: blobs as bytes."""
    if shape is None or value is None:
        return value or {}
    if shape.type_name == "structure":
        if getattr(shape, "is_document_type", False):
            return value
        return {name: plain(inner, shape.members[name]) for name, inner in value.items()}
    if shape.type_name == "list":
        return [plain(inner, shape.member) for inner in value]
    if shape.type_name == "map":
        return {name: plain(inner, shape.value) for name, inner in value.items()}
    return base64.b64decode(value) if shape.type_name == "blob" else value


def tree(value):
    if isinstance(value, dict):
        return {name: tree(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [tree(inner) for inner in value]
    if isinstance(value, StreamingBody):
        value = value.read()
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime.datetime):
        text = value.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")
        return text.rstrip("0").rstrip(".") + "Z"
    if isinstance(value, float) and not math.isfinite(value):
        return {math.inf: "Infinity", -math.inf: "-Infinity"}.get(value, "NaN")
    return value if value is None or isinstance(value, (bool, int, float, str)) else repr(value)


def main():
    out, sys.stdout = sys.stdout, sys.stderr
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    boto = Boto("http://%s:%s" % server.get_host_and_port())
    print(boto.url, file=out, flush=True)
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        print(json.dumps(getattr(boto, name)(*arguments)), file=out, flush=True)


main()
