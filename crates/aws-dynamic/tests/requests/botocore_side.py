"""The requests that botocore would send: for every operation one with the least input and one with the fullest.

    botocore_side.py sample|all FOLDER

Writes FOLDER/sample.jsonl.gz (three operations of each service) or FOLDER/all.jsonl.gz: one line for each request, with
the input as the AWS CLI takes it. Nothing is sent and nothing is signed: botocore is stopped where it would sign, with all
that its handlers do to a request before. What botocore refuses stands there with its error. No clock and no randomness, so
the same botocore gives the same bytes.
"""

import gzip
import json
import os
import sys
import zlib

for name in [name for name in os.environ if name.startswith("AWS_") or name.lower().endswith("_proxy")]:
    del os.environ[name]
os.environ.update(AWS_CONFIG_FILE=os.devnull, AWS_SHARED_CREDENTIALS_FILE=os.devnull, AWS_EC2_METADATA_DISABLED="true")

import botocore.session
from botocore.config import Config
from botocore.endpoint import Endpoint
from botocore.exceptions import MissingDependencyException
from botocore.regions import EndpointRulesetResolver
from botocore.signers import RequestSigner

import inputs

VERSION = "1.44.5"
REGION = "us-east-1"
# Who asks, when, the how manieth time: not a part of the request, and different each time.
OF_THE_ROAD = ("user-agent", "amz-sdk-invocation-id", "amz-sdk-request")
SAMPLE = 3

# S3's requests to us-east-1 go to the regional endpoint, as those of AWS's newer clients do, and not to the global one.
CONFIG = Config(s3={"us_east_1_regional_endpoint": "regional"}, retries={"mode": "standard", "max_attempts": 0})


class Captured(Exception):
    """What would have been sent, thrown past all that would have been done with the answer."""

    def __init__(self, operation, request, signature):
        self.operation, self.request, self.signature = operation, request, signature


def capture(endpoint, request_dict, operation_model):
    endpoint._update_retries_context(request_dict["context"], 1)
    request = endpoint.create_request(request_dict, operation_model)
    raise Captured(operation_model.name, request, request_dict["context"].get("would_sign"))


def would_sign(signer, operation_name, request, _=None, signing_type="standard", *__, **___):
    """What `RequestSigner.sign` does before it signs."""
    if signing_type != "standard":
        raise RuntimeError("presigns another request first")
    version = signer._choose_signer(operation_name, "standard", request.context)
    signer._event_emitter.emit(
        f"before-sign.{signer._service_id.hyphenize()}.{operation_name}",
        request=request,
        signing_name=signer._signing_name,
        region_name=signer._region_name,
        signature_version=version,
        request_signer=signer,
        operation_name=operation_name,
    )
    signing = request.context.get("signing", {})
    request.context["would_sign"] = {
        "version": version if isinstance(version, str) else "none",
        "name": signing.get("signing_name") or signer._signing_name,
        "region": signing.get("region") or signer._region_name,
    }


def signing_context(resolver, schemes):
    """What the rules say of a signature, for version 4a too, which botocore has with an optional dependency only."""
    try:
        return known_signing_context(resolver, schemes)
    except MissingDependencyException:
        return "v4a", {"signing_name": schemes[0]["signingName"], "region": ",".join(schemes[0]["signingRegionSet"])}


known_signing_context = EndpointRulesetResolver.auth_schemes_to_signing_ctx
EndpointRulesetResolver.auth_schemes_to_signing_ctx = signing_context
Endpoint._send_request = capture
RequestSigner.sign = would_sign


def main(which, folder):
    if botocore.__version__ != VERSION:
        sys.exit(f"botocore {VERSION} is wanted, {botocore.__version__} is installed")
    if which not in ("sample", "all"):
        sys.exit(__doc__)
    session = botocore.session.Session()
    session.set_credentials("AKIDEXAMPLE", "secret")
    path = os.path.join(folder, f"{which}.jsonl.gz")
    with open(path, "wb") as file, gzip.GzipFile("", "wb", 6, file, mtime=0) as out:
        for service in sorted(session.get_available_services()):
            client = session.create_client(service, region_name=REGION, config=CONFIG)
            for operation in chosen(which, service, client.meta.service_model.operation_names):
                for kind in ("minimal", "full"):
                    line = record(client, service, operation, kind)
                    out.write(line.encode() + b"\n")


def chosen(which, service, names):
    if which == "all":
        return sorted(names)
    return sorted(names, key=lambda name: (zlib.crc32(f"{service}:{name}".encode()), name))[:SAMPLE]


def record(client, service, operation, kind):
    model = client.meta.service_model.operation_model(operation)
    maker = inputs.Maker(service, model, kind == "full")
    made = maker.input(model.input_shape)
    # Before botocore's handlers change it.
    given = inputs.as_json(made)
    head = {"service": service, "operation": operation, "kind": kind}
    head = json.dumps(head)[:-1] + f', "input": {given}, '
    if model.has_event_stream_input:
        return head + '"error": "a stream of events to the service"}'
    try:
        client._make_api_call(operation, made)
    except Captured as captured:
        if captured.operation != operation:
            return head + json.dumps({"error": f"asks {captured.operation} first"})[1:]
        return head + json.dumps(described(captured))[1:]
    except Exception as error:
        return head + json.dumps({"error": f"{type(error).__name__}: {error}"})[1:]
    return head + '"error": "no request was made"}'


def described(captured):
    request = captured.request
    body = request.body
    if body is None:
        body = b""
    elif hasattr(body, "read"):
        body = body.read()
    if isinstance(body, str):
        body = body.encode()
    headers = {
        name: value if isinstance(value, str) else value.decode()
        for name, value in request.headers.items()
        if name.lower() not in OF_THE_ROAD
    }
    return {
        "method": request.method,
        "url": request.url,
        "headers": headers,
        "signature": captured.signature,
        "body": inputs.base64.b64encode(body).decode(),
    }


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
