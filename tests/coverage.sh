#!/usr/bin/env bash
# Line coverage of src/ by all tests: per file with the lines that none of them runs, and in all. Exits 1 unless the
# whole is above 90 %. Arguments go to `cargo test`: `tests/coverage.sh --test ec2` shows what one file of tests runs.
#
# Needs what tests/run.sh needs, and rustup, with which it adds the component llvm-tools to the toolchain in use. Only
# this workspace is instrumented: the builds of the crates it depends on are shared with every other build. Takes as long
# as the tests do, and half a minute more.
#
# Rust 1.95 counts the body of an `async ||` closure that is called once as never run (rust-lang/rust#151135).
set -euo pipefail
exec </dev/null
cd "$(dirname "${BASH_SOURCE[0]}")/.."

. tests/support/installed.sh
need_desktop

readonly least=90
work=${CARGO_TARGET_DIR:-$PWD/target}/coverage
mkdir -p "$work"
work=$(cd "$work" && pwd)

tools=$(rustc --print target-libdir)/../bin
if [[ ! -x $tools/llvm-cov || ! -x $tools/llvm-profdata ]]; then
  need rustup "llvm-tools of exactly this Rust are needed, and come with it"
  say "llvm-tools of $(rustc --version)"
  rustup component add llvm-tools
fi

# What the program under test counted lands here at its end, one file per process. The folder is compiled in, because
# the tests start it with an empty environment, and is set before the runtime would make a file of its own name (hence
# the 101). A process that is killed leaves nothing.
profiles=$work/profiles
rm -rf "$profiles"
mkdir "$profiles"
trap '[[ -z $half_made ]] || rm -rf "$half_made"; rm -rf "$profiles"' EXIT
cc -c -x c -DPROFILES="\"$profiles\"" -o "$work/profiles.o" - <<'END'
extern void __llvm_profile_set_filename(const char *name);
__attribute__((constructor(101))) static void to_folder(void) { __llvm_profile_set_filename(PROFILES "/%m-%p.profraw"); }
END

# Not sh: where that is dash, cargo's variables with a hyphen in their names would be lost.
cat >"$work/rustc" <<END
#!/usr/bin/env bash
exec "\$@" -C instrument-coverage -C link-arg=$(printf %q "$work/profiles.o")
END
chmod +x "$work/rustc"
export RUSTC_WORKSPACE_WRAPPER=$work/rustc

say "cargo test, instrumented"
cargo test --workspace --locked "$@" --no-run --message-format=json-render-diagnostics >"$work/built.json"
failed=
timeout --foreground 3600 cargo test --workspace --locked --no-fail-fast "$@" || failed=1

say "line coverage"
find "$profiles" -name '*.profraw' >"$work/profiles.list"
"$tools/llvm-profdata" merge -sparse --failure-mode=warn --input-files="$work/profiles.list" -o "$work/all.profdata"
"$venv/bin/python" tests/support/coverage.py "$tools/llvm-cov" "$work/all.profdata" "$work/built.json" "$least"
[[ -z $failed ]] || die "a test failed: the figures are of what ran"
