//! Exit codes and what is printed.

use clap::Parser;

use super::*;
use crate::cli::{DONE, NO, USAGE};
use crate::gate::policies::WhenMissing;

#[derive(Parser)]
struct Line {
    #[command(subcommand)]
    action: Action,
}

struct Place(tempfile::TempDir);

impl Place {
    fn new(policy: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("policy.yaml"), policy).unwrap();
        Self(folder)
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    fn run(&self, arguments: &[&str]) -> u8 {
        let line = Line::try_parse_from(["policy"].iter().chain(arguments)).unwrap();
        let policies = Policies::new(
            self.0.path().join("policy.yaml"),
            WhenMissing::Default,
            self.0.path().join("none.yaml"),
        );
        act(&line.action, &policies, Settings::default(), None, &|name| vec![name.to_owned()])
    }
}

#[test]
fn check_exits_with_1_on_a_finding() {
    assert_eq!(Place::new("rules: {deny: ['ec2:Terminate.*']}").run(&["check"]), DONE);
    assert_eq!(Place::new("").run(&["check"]), DONE);
    assert_eq!(Place::new("rules: {deny: ['ec2:Terminat']}").run(&["check"]), NO);
    assert_eq!(Place::new("rules: {deny: ['(']}").run(&["check"]), USAGE);
    assert_eq!(Place::new("mod: full").run(&["check"]), USAGE);
}

#[test]
fn explain_exits_with_0_whatever_the_verdict() {
    let place = Place::new("rules: {deny: ['ec2:Terminate.*']}");
    let terminate =
        ["explain", "ec2:TerminateInstances", "--account", "prod", "--region", "eu-west-1"];
    assert_eq!(place.run(&terminate), DONE);
    let more =
        ["--profile", "p", "--role", "arn:aws:iam::123456789012:role/r", "--arguments", "{}"];
    assert_eq!(place.run(&[&terminate[..], &more].concat()), DONE);
    assert_eq!(place.run(&["explain", "ec2:X", "--arguments", "{"]), USAGE);
    assert_eq!(place.run(&["explain", "ec2:X", "--region", "x"]), USAGE);
    assert_eq!(Place::new("mode: [").run(&["explain", "ec2:X"]), USAGE);
}

#[test]
fn test_exits_with_1_on_a_failed_case_and_2_on_none() {
    let place = Place::new("rules: {deny: ['ec2:Terminate.*']}");
    let cases = |text: &str| place.run(&["test", &place.file("cases.yaml", text)]);
    assert_eq!(cases("- {operation: ec2:TerminateInstances, expect: deny}"), DONE);
    assert_eq!(cases("- {operation: ec2:TerminateInstances, expect: run}"), NO);
    assert_eq!(cases(""), USAGE);
    assert_eq!(cases("- {operation: x}"), USAGE);
    assert_eq!(place.run(&["test", "/nowhere/cases.yaml"]), USAGE);
}
