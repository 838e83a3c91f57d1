"""The AWS emulator of one test process.

Prints one JSON line, {"url": ..., "seed": ...}, once it answers and holds what seed.py makes, and lives until the end
of its stdin: the test process holds the other end, so the emulator cannot outlive it.
"""

import json
import logging
import sys

from moto.server import ThreadedMotoServer

import seed


def main() -> None:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    print(json.dumps({"url": url, "seed": seed.plant(url)}), flush=True)
    sys.stdin.read()


main()
