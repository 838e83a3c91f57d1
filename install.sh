#!/bin/sh
# Builds aws-mcp from this checkout, registers it with Claude Desktop, and asks it a question
# to see that it answers. Written for any POSIX shell: macOS's /bin/sh, dash, bash, Git Bash.
set -eu

BUILD_MINUTES=5              # roughly, on two cores
CARGO_WANTED=1.94.1          # rust-version in Cargo.toml
MEMORY_WANTED_KB=7600000     # an "8 GB" machine shows a little less than that
ANSWER_SECONDS=${AWS_MCP_INSTALL_WAIT:-30}   # the tests shorten this
PROTOCOL=2025-06-18

usage() {
    cat <<'END'
Usage: ./install.sh [OPTIONS]

Builds aws-mcp from this checkout, registers it with Claude Desktop and checks that it answers.
Running it again updates what is there.

  --root DIR      install to DIR/bin (default: where cargo installs, usually ~/.cargo/bin)
  --no-register   leave Claude Desktop's configuration alone
  --dry-run       say what would be done, and do none of it
  --uninstall     take aws-mcp out of Claude Desktop's configuration, then remove the program
  -h, --help      show this

Exit codes: 0 done, 1 failed, 2 wrong usage or something missing on this machine.
END
}

main() {
    action=install register=yes dry=no root=
    while [ $# -gt 0 ]; do
        case $1 in
            --root)
                [ $# -ge 2 ] || wrong_usage "--root needs a folder"
                root=$2
                [ -n "$root" ] || wrong_usage "--root needs a folder"
                shift
                ;;
            --root=?*) root=${1#--root=} ;;
            --no-register) register=no ;;
            --dry-run) dry=yes ;;
            --uninstall) action=uninstall ;;
            -h | --help)
                usage
                exit 0
                ;;
            *) wrong_usage "unknown option: $1" ;;
        esac
        shift
    done
    case $ANSWER_SECONDS in
        '' | *[!0-9]*) wrong_usage "AWS_MCP_INSTALL_WAIT must be a number of seconds" ;;
    esac

    know_the_system
    know_the_folders
    if [ "$action" = uninstall ]; then
        uninstall
    else
        install
    fi
}

# --- the two things this can do ---------------------------------------------------------------

install() {
    [ -f "$source/Cargo.toml" ] ||
        missing "No Cargo.toml in $source: run install.sh from the checkout it came with."
    check_prerequisites
    if [ -n "${SUDO_USER:-}" ]; then
        warn "this runs under sudo and will install for ${USER:-root}, not for $SUDO_USER; sudo is not needed"
    fi

    step "Build aws-mcp and install it to $root/bin (about $BUILD_MINUTES minutes the first time)"
    run cargo install --path "$source" --locked --root "$root" ||
        failed "The build failed; the reason is above.$(build_advice)"

    if [ "$register" = yes ]; then
        step "Register it with Claude Desktop (other entries stay, a backup is kept)"
        run "$bin" register ||
            failed "aws-mcp is installed ($bin), but could not be registered; the reason is above.
Put that right and run this again, or run it with --no-register."
    fi

    step "Start it and ask for its status (at most $ANSWER_SECONDS seconds)"
    if [ "$dry" = yes ]; then
        say "    would run: $(quoted "$bin"), with initialize and tools/call aws_server_status on its standard input"
        say
        say "Dry run: nothing was changed."
        return
    fi
    self_test

    say
    say "Done. What to do next:"
    if [ "$register" = yes ]; then
        say "  - Quit Claude Desktop completely and start it again; then ask it about your AWS accounts."
    else
        say "  - Register it when you want to: $(quoted "$bin") register"
    fi
    say "  - Entries for other clients are in README.md."
    case :$PATH: in
        *":$root/bin:"*) ;;
        *) say "  - To use it in a terminal, add $root/bin to your PATH (clients do not need that)." ;;
    esac
}

uninstall() {
    if [ "$register" = yes ]; then
        step "Take aws-mcp out of Claude Desktop's configuration (other entries stay, a backup is kept)"
        if [ -f "$bin" ]; then
            run "$bin" register --remove ||
                failed "The entry could not be removed; the reason is above. Nothing was uninstalled.
Put that right and run this again, or run it with --no-register to leave the entry there."
        else
            say "    $bin is not there, so this step is left out."
            say "    If Claude Desktop still lists it, delete the entry from claude_desktop_config.json."
        fi
    fi

    step "Remove the program"
    if [ ! -f "$bin" ]; then
        say "    $bin is not there: nothing to remove."
    elif find_cargo; then
        run cargo uninstall aws-mcp --root "$root" ||
            failed "cargo could not remove it; the reason is above. If cargo did not install it, delete $bin."
    else
        run rm -f "$bin" || failed "Could not delete $bin."
    fi

    say
    say "Kept, if they are there; delete them yourself if you do not want them any more:"
    say "  - configuration: ${XDG_CONFIG_HOME:-$home/.config}/aws-mcp"
    say "  - state:         ${XDG_STATE_HOME:-$home/.local/state}/aws-mcp"
    if [ "$dry" = yes ]; then
        say
        say "Dry run: nothing was changed."
    fi
}

# --- where we are -----------------------------------------------------------------------------

know_the_system() {
    case $(uname -s) in
        Darwin) system=macos ;;
        MINGW* | MSYS* | CYGWIN*) system=windows ;;
        *) system=linux ;;
    esac
}

know_the_folders() {
    case $0 in
        */*) source=${0%/*} ;;
        *) source=. ;;
    esac
    source=$(CDPATH='' cd -- "${source:-/}" && pwd -P)
    home=${HOME:-}
    [ -n "$home" ] || missing "HOME is not set: set it to your home folder, then run this again."
    cargo_home=${CARGO_HOME:-$home/.cargo}
    [ -n "$root" ] || root=${CARGO_INSTALL_ROOT:-$cargo_home}
    if [ "$system" = windows ] && has cygpath; then
        root=$(cygpath -u -a -- "$root")
        cargo_home=$(cygpath -u -- "$cargo_home")
    fi
    case $root in
        /*) ;;
        *) root=$(pwd)/$root ;;
    esac
    while [ "$root" != "${root%/}" ] && [ "$root" != / ]; do
        root=${root%/}
    done
    bin=$root/bin/aws-mcp
    if [ "$system" = windows ]; then
        bin=$bin.exe
    fi
}

# --- what has to be there ---------------------------------------------------------------------

check_prerequisites() {
    step "Check what building needs"
    lacking=
    check_cargo
    check_compiler
    check_memory
    if [ -n "$lacking" ] && [ "$dry" = no ]; then
        missing "
Nothing was installed. Once the above is in place, run this again."
    fi
}

check_cargo() {
    if ! find_cargo; then
        lack "Rust (cargo) was not found. To get it:" "$(rust_advice)"
    elif [ "$dry" = yes ]; then
        # Even the question for its version can make rustup's cargo write or fetch something.
        say "    cargo: there; that it is $CARGO_WANTED or later would be checked"
    elif ! version=$(cd "$source" && cargo --version 2>/dev/null); then
        problem=$(cd "$source" && cargo --version 2>&1 | sed -n 1p)
        lack "cargo is there but does not run. It says: $problem
With rustup, this usually helps:" "    rustup default stable"
    else
        version=${version#cargo }
        version=${version%% *}
        if at_least "$version" "$CARGO_WANTED"; then
            say "    cargo $version"
        elif has rustup; then
            lack "cargo $version is too old; $CARGO_WANTED or later is needed:" "    rustup update stable"
        else
            lack "cargo $version is too old; $CARGO_WANTED or later is needed. To get it:" "$(rust_advice)"
        fi
    fi
}

# True when `cargo` can be called; puts rustup's folder on the PATH of this run if that helps.
find_cargo() {
    has cargo && return
    [ -x "$cargo_home/bin/cargo" ] || [ -x "$cargo_home/bin/cargo.exe" ] || return 1
    PATH=$cargo_home/bin:$PATH
    export PATH
}

rust_advice() {
    if [ "$system" = windows ]; then
        echo "    winget install Rustlang.Rustup"
        echo "    (or the installer from https://rustup.rs), then open a new Git Bash window"
    else
        echo "    curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh"
        echo "    (see https://rustup.rs for what that does), then open a new terminal"
    fi
}

check_compiler() {
    if [ "$system" = windows ]; then
        say "    C compiler: not checked on Windows; rustup's installer offers the Visual Studio Build Tools"
        return
    fi
    # macOS always has a /usr/bin/cc, which without the tools behind it only opens a dialog.
    if [ "$system" = macos ] && ! xcode-select -p >/dev/null 2>&1; then
        lack "No C compiler was found. To get it:" "    xcode-select --install"
        return
    fi
    for compiler in cc gcc clang; do
        if has "$compiler"; then
            say "    C compiler: $compiler"
            if [ "$compiler" != cc ]; then
                warn "Rust links with cc, which was not found; if the build stops at linking, make cc a link to $compiler"
            fi
            return
        fi
    done
    lack "No C compiler was found. To get it:" "$(compiler_advice)"
}

compiler_advice() {
    if [ "$system" = macos ]; then
        echo "    xcode-select --install"
        return
    fi
    known=no
    for manager in apt-get dnf pacman apk; do
        if has "$manager"; then
            compiler_line "$manager"
            known=yes
        fi
    done
    if [ "$known" = no ]; then
        for manager in apt-get dnf pacman apk; do
            compiler_line "$manager"
        done
    fi
}

compiler_line() {
    case $1 in
        apt-get) echo "    sudo apt-get install build-essential     (Debian, Ubuntu)" ;;
        dnf) echo "    sudo dnf install gcc                     (Fedora, RHEL)" ;;
        pacman) echo "    sudo pacman -S --needed base-devel       (Arch)" ;;
        apk) echo "    sudo apk add build-base                  (Alpine)" ;;
    esac
}

check_memory() {
    kilobytes=
    case $system in
        macos)
            bytes=$(sysctl -n hw.memsize 2>/dev/null) || bytes=
            case $bytes in
                '' | *[!0-9]*) ;;
                *) kilobytes=$((bytes / 1024)) ;;
            esac
            ;;
        *)
            if [ -r /proc/meminfo ]; then
                while read -r name amount _; do
                    if [ "$name" = MemTotal: ]; then
                        kilobytes=$amount
                        break
                    fi
                done </proc/meminfo
            fi
            ;;
    esac
    case $kilobytes in
        '' | *[!0-9]*) return ;;
    esac
    if [ "$kilobytes" -lt "$MEMORY_WANTED_KB" ]; then
        warn "this machine has $((kilobytes / 1000)) MB of memory, and the build needs about 7.5 GB at its peak: close other programs, or add swap"
    else
        say "    memory: $((kilobytes / 1000)) MB"
    fi
}

# at_least HAVE WANTED, for versions such as 1.95.0 or 1.96.0-nightly
at_least() {
    have=${1%%[!0-9.]*}. wanted=$2.
    while [ -n "$wanted" ]; do
        left=${have%%.*} right=${wanted%%.*}
        [ "${left:-0}" -le "$right" ] || return 0
        [ "${left:-0}" -ge "$right" ] || return 1
        have=${have#*.} wanted=${wanted#*.}
    done
}

build_advice() {
    if [ "$system" = windows ]; then
        printf '\n%s' "If it says that access is denied: quit Claude Desktop, which is running aws-mcp, and try again."
    fi
    printf '\n%s' "If the compiler was killed, memory ran out: close other programs, or try CARGO_BUILD_JOBS=1 ./install.sh"
}

# --- does it answer? --------------------------------------------------------------------------

# Speaks MCP with what was installed: initialize, initialized, one tool call.
self_test() {
    work=$(mktemp -d "${TMPDIR:-/tmp}/aws-mcp-install.XXXXXX") || failed "Could not make a temporary folder."
    trap clean_up EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    : >"$work/out"
    : >"$work/err"
    deadline=$(($(date +%s) + ANSWER_SECONDS))

    # The server's pid is written down, as `$!` out here would be that of the shell around it.
    # Its input comes in as 3: a shell gives commands in the background no standard input.
    talk | {
        "$bin" <&3 3<&- >"$work/out" 2>"$work/err" &
        echo $! >"$work/pid"
        code=0
        wait $! || code=$?
        echo "$code" >"$work/ended"
    } 3<&0 2>/dev/null &

    answered=no
    if wait_for answer; then
        answered=yes
    fi
    late=no
    if [ "$answered" = no ] && ! [ -s "$work/ended" ]; then
        late=yes
    fi
    # Ends the input, which is how an MCP server is told to stop.
    : >"$work/finish"
    deadline=$(($(date +%s) + 5))
    [ "$late" = yes ] || wait_for end || :
    stop_server
    wait

    if [ "$answered" = no ]; then
        if [ "$late" = yes ]; then
            why="gave no answer within $ANSWER_SECONDS seconds"
        else
            why="ended with exit code $(cat "$work/ended") before it answered"
        fi
        not_working "$why"
    fi
    reply=$(grep '"id": *"install-call"' "$work/out")
    case $reply in
        *'"isError":true'*) not_working "answered with an error: $reply" ;;
        *'"result":'*) ;;
        *) not_working "answered with an error: $reply" ;;
    esac
    say "    It answers:"
    printf '%s\n' "$reply" | readable | sed 's/^/    | /'
}

# What the client says. It stays on the line until it has heard enough.
talk() {
    printf '%s\n' '{"jsonrpc":"2.0","id":"install-hello","method":"initialize","params":{"protocolVersion":"'"$PROTOCOL"'","capabilities":{},"clientInfo":{"name":"aws-mcp-install","version":"1"}}}'
    wait_for hello || return 0
    printf '%s\n' '{"jsonrpc":"2.0","method":"notifications/initialized"}'
    printf '%s\n' '{"jsonrpc":"2.0","id":"install-call","method":"tools/call","params":{"name":"aws_server_status","arguments":{}}}'
    wait_for finish || :
}

# Waits for one of: hello, answer, end, finish. Fails at the deadline or when it cannot come.
wait_for() {
    while :; do
        ended=no
        if [ -s "$work/ended" ] || [ -e "$work/finish" ] || [ ! -d "$work" ]; then
            ended=yes
        fi
        case $1 in
            hello) grep '"id": *"install-hello"' "$work/out" >/dev/null 2>&1 && return 0 ;;
            answer) grep '"id": *"install-call"' "$work/out" >/dev/null 2>&1 && return 0 ;;
            end)
                [ -s "$work/ended" ] && return 0
                ended=no
                ;;
        esac
        [ "$ended" = no ] || return 1
        [ "$(date +%s)" -lt "$deadline" ] || return 1
        # Fractions are not in POSIX, though nearly everywhere.
        sleep 0.1 2>/dev/null || sleep 1
    done
}

# Only ever the process started above, and only while the shell around it still waits for it.
stop_server() {
    [ -s "$work/pid" ] && ! [ -s "$work/ended" ] || return 0
    server=$(cat "$work/pid")
    kill "$server" 2>/dev/null || return 0
    deadline=$(($(date +%s) + 3))
    wait_for end || kill -9 "$server" 2>/dev/null || :
}

clean_up() {
    trap - EXIT
    : >"$work/finish"
    stop_server
    rm -rf "$work"
}

not_working() {
    {
        say "    What it wrote to its standard error:"
        if [ -s "$work/err" ]; then
            sed 's/^/    | /' "$work/err"
        else
            say "    (nothing)"
        fi
    } >&2
    failed "aws-mcp is installed ($bin), but it $1."
}

# The first text in a tool's answer, with its JSON escapes undone; the whole line when there is
# none.
readable() {
    awk '{
        mark = "\"text\":\""
        at = index($0, mark)
        if (at == 0) { print; next }
        rest = substr($0, at + length(mark))
        text = ""
        for (i = 1; i <= length(rest); i++) {
            c = substr(rest, i, 1)
            if (c == "\"") break
            if (c == "\\") {
                i++
                c = substr(rest, i, 1)
                if (c == "n") c = "\n"
                else if (c == "t") c = "\t"
                else if (c != "\"" && c != "\\" && c != "/") c = "\\" c
            }
            text = text c
        }
        print text
    }'
}

# --- small things -----------------------------------------------------------------------------

# Runs a command after showing it, from the checkout; only shows it in a dry run.
run() {
    line=
    for word in "$@"; do
        line="$line $(quoted "$word")"
    done
    if [ "$dry" = yes ]; then
        say "    would run:$line"
        return
    fi
    say "    running:$line"
    (cd "$source" && "$@")
}

quoted() {
    case $1 in
        '' | *[!A-Za-z0-9_./:=@%+,-]*) printf "'%s'" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")" ;;
        *) printf '%s' "$1" ;;
    esac
}

has() {
    command -v "$1" >/dev/null 2>&1
}

say() {
    printf '%s\n' "${1-}"
}

step() {
    printf '\n==> %s\n' "$1"
}

warn() {
    printf 'warning: %s\n' "$1" >&2
}

lack() {
    lacking=yes
    printf 'missing: %s\n%s\n' "$1" "$2" >&2
}

failed() {
    printf '\nfailed: %s\n' "$1" >&2
    exit 1
}

missing() {
    printf '%s\n' "$1" >&2
    exit 2
}

wrong_usage() {
    printf 'install.sh: %s\n\n' "$1" >&2
    usage >&2
    exit 2
}

main "$@"
