#!/usr/bin/env bash
# Fuzzes aws-dynamic: run.sh SECONDS [TARGET...], all targets if none is named, one after the other. Ends with 1 if any of
# them found something; what it was is left in FOLDER/found.
#
# Needs cargo and a C++ compiler; the stable toolchain will do. FOLDER is AWS_MCP_FUZZ (default ~/.cache/aws-mcp-fuzz): the
# build, and the inputs that earlier runs found worth keeping.
set -euo pipefail
exec </dev/null
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here"

readonly all=(json rest_json cbor rest_xml query ec2 events endpoint catalog input pages)
seconds=${1:?"usage: run.sh SECONDS [TARGET...]"}
shift
targets=("$@")
((${#targets[@]})) || targets=("${all[@]}")
folder=${AWS_MCP_FUZZ:-$HOME/.cache/aws-mcp-fuzz}
readonly triple=x86_64-unknown-linux-gnu

# Counters and compared values of every branch, for libFuzzer. `--target` keeps them out of build scripts.
flags=(-Cpasses=sancov-module)
for argument in level=4 inline-8bit-counters pc-table trace-compares; do
  flags+=("-Cllvm-args=-sanitizer-coverage-$argument")
done
bins=()
for target in "${targets[@]}"; do bins+=(--bin "$target"); done
RUSTFLAGS="${flags[*]}" CARGO_TARGET_DIR=$folder/target cargo build --quiet --release --locked --target "$triple" "${bins[@]}"

# The stack of a thread of tokio's: what overflows it there must overflow it here.
ulimit -s 2048
mkdir -p "$folder/found"
failed=()
for target in "${targets[@]}"; do
  mkdir -p "$folder/corpus/$target" "seeds/$target"
  log=$folder/$target.log
  if "$folder/target/$triple/release/$target" -max_total_time="$seconds" -max_len=4096 -len_control=20 -timeout=10 \
    -rss_limit_mb=1024 -use_value_profile=1 -print_final_stats=1 -artifact_prefix="$folder/found/$target-" \
    "$folder/corpus/$target" "seeds/$target" >"$log" 2>&1; then
    printf '%-10s %s runs\n' "$target" "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")"
  else
    failed+=("$target")
    printf '%-10s FOUND SOMETHING: %s\n' "$target" "$log"
    tail -n 40 "$log"
  fi
done
((${#failed[@]} == 0))
