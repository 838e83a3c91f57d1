"""Prints the line coverage of src/ that llvm-cov finds: coverage.py LLVM_COV PROFILE BUILT LEAST.

BUILT is what `cargo test --no-run --message-format=json` wrote. Which lines count is told by the shipped program alone:
it is compiled without `#[cfg(test)]`, so tests.rs files and test modules have no lines in it. How often they ran is
told by all programs together, because unit tests run in one of their own. Exits 1 unless LEAST per cent are exceeded.
"""

import json
import os
import subprocess
import sys

# Printed, but no part of the figure.
BESIDE = "crates/aws-dynamic/src/"


def programs(built):
    """The path of the shipped program, and of every program that was built."""
    shipped, every = None, []
    with open(built, encoding="utf-8") as messages:
        for message in map(json.loads, messages):
            if message["reason"] == "compiler-artifact" and message["executable"]:
                every.append(message["executable"])
                if message["target"]["kind"] == ["bin"] and not message["profile"]["test"]:
                    assert shipped is None, "two programs are shipped"
                    shipped = message["executable"]
    if shipped is None:
        sys.exit("coverage: this builds no program to look at: choose tests of the whole workspace")
    return shipped, every


def lines_of(llvm_cov, profile, objects):
    """How often each line ran: {file: {line: count}}, files as paths below this folder."""
    command = [llvm_cov, "export", "--format=lcov", "--skip-branches", f"--instr-profile={profile}", objects[0]]
    command += [f"--object={other}" for other in objects[1:]]
    files = {}
    for record in subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines():
        kind, _, value = record.partition(":")
        if kind == "SF":
            lines = files.setdefault(os.path.relpath(value), {})
        elif kind == "DA":
            line, count = value.split(",")[:2]
            lines[int(line)] = int(count)
    return files


def spans(lines):
    """The lines that never ran, as ranges. What no code lies on does not end a range."""
    found = []
    ongoing = False
    for line in sorted(lines):
        if lines[line] == 0:
            if ongoing:
                found[-1][1] = line
            else:
                found.append([line, line])
        ongoing = lines[line] == 0
    return " ".join(str(first) if first == last else f"{first}-{last}" for first, last in found)


def percent(ran, of):
    return 100 * ran / of if of else 100.0


def show(title, files):
    """A row per file, the least covered last, and one for the whole. Returns the whole's percentage."""
    ran = {name: sum(count > 0 for count in lines.values()) for name, lines in files.items()}
    for name in sorted(files, key=lambda name: (-percent(ran[name], len(files[name])), name)):
        share = percent(ran[name], len(files[name]))
        print(f"{share:6.2f} %  {ran[name]:5} of {len(files[name]):5}  {name}  {spans(files[name])}".rstrip())
    whole, of = sum(ran.values()), sum(map(len, files.values()))
    print(f"{percent(whole, of):6.2f} %  {whole:5} of {of:5}  {title}\n")
    return percent(whole, of)


def main():
    llvm_cov, profile, built, least = sys.argv[1:]
    shipped, every = programs(built)
    counts = lines_of(llvm_cov, profile, every)
    files = {
        name: {line: counts[name][line] for line in lines}
        for name, lines in lines_of(llvm_cov, profile, [shipped]).items()
    }
    show(f"{BESIDE} in all", {name: lines for name, lines in files.items() if name.startswith(BESIDE)})
    ours = {name: lines for name, lines in files.items() if name.startswith("src/")}
    assert ours, "the program has no line of src/"
    whole = show("src/ in all", ours)
    if whole <= float(least):
        sys.exit(f"coverage: {whole:.2f} % of the lines of src/ ran; more than {least} % are asked for")


main()
