"""Serves files over TLS on this machine: `https.py FOLDER` writes ca.pem there, prints the port, and answers
`/NAME` with the file, `/to/NAME` with a redirect to it, `/down/NAME` with one to http."""

import datetime
import functools
import http.server
import ipaddress
import pathlib
import ssl
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

folder = pathlib.Path(sys.argv[1])


def certificate(name, key, issuer, signer, extensions):
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


ca, own = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
(folder / "ca.pem").write_bytes(
    certificate("ca", ca, "ca", ca, [(x509.BasicConstraints(ca=True, path_length=0), True)])
)
names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
chain = certificate("localhost", own, "ca", ca, [(x509.SubjectAlternativeName(names), False)])
key = own.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
)
(folder / "own.pem").write_bytes(chain + key)


class Handler(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
        for start, to in (("/to/", "/"), ("/down/", "http://127.0.0.1:9/")):
            if self.path.startswith(start):
                self.send_response(302)
                self.send_header("Location", to + self.path.removeprefix(start))
                self.end_headers()
                return
        super().do_GET()


server = http.server.ThreadingHTTPServer(
    ("127.0.0.1", 0), functools.partial(Handler, directory=str(folder))
)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(folder / "own.pem")
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_port, flush=True)
server.serve_forever()
