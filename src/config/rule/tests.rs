//! Rules and globs: what they cover, and what cannot be smuggled through them.

use super::*;

fn covers(rule: &str, name: &str, expected: bool) {
    let parsed = Rule::parse(rule).unwrap();
    let (service, operation) = name.split_once(':').unwrap();
    assert_eq!(parsed.matches(service, operation), expected, "{rule} on {name}");
}

fn over(rule: &str, expected: Over) {
    assert_eq!(Rule::parse(rule).unwrap().over(), expected, "{rule}");
}

fn refused(rule: &str, why: &str) {
    let flaw = Rule::parse(rule).unwrap_err();
    assert!(flaw.what.contains(why), "{rule}: {}", flaw.what);
    assert!(!flaw.remedy.is_empty());
}

#[test]
fn a_rule_without_a_colon_is_about_the_operations_of_every_service() {
    covers("Delete.*", "s3:DeleteBucket", true);
    covers("^Delete.*", "s3:DeleteBucket", true);
    covers("^Delete.*$", "ec2:DeleteVolume", true);
    covers("Delete", "s3:DeleteBucket", false);
    covers("Bucket", "s3:DeleteBucket", false);
    covers("ec2.*", "ec2:StartInstances", false);
    covers(".*", "ec2:StartInstances", true);
}

#[test]
fn a_rule_with_a_colon_is_about_service_and_operation() {
    covers("ec2:Terminate.*", "ec2:TerminateInstances", true);
    covers("ec2:Terminate.*", "xec2:TerminateInstances", false);
    covers("ec2:Terminate", "ec2:TerminateInstances", false);
    covers(".*:.*", "ec2:StartInstances", true);
    covers("(ec2|ecs):Stop.*", "ecs:StopTask", true);
    covers(r"ec2\x3AStop.*", "ec2:StopInstances", true);
    covers("ec2[:/]Stop.*", "ec2:StopInstances", true);
}

#[test]
fn only_a_written_colon_counts() {
    for without in [
        "Delete.*",
        "(?:Delete|Terminate).*",
        "(?i:delete).*",
        "(?i)delete.*",
        "(?s-m:delete).*",
        "[[:alpha:]]+",
        "[[:^digit:]]+",
        "(?P<verb>Delete).*",
        "[!-~]+",
        ".*",
    ] {
        over(without, Over::Operation);
    }
    for with in ["ec2:.*", "(?:ec2:Stop|x)", "a[:]b", "a[x:]b", r"a\:b", r"\u{3a}b", "a[:-;]b"] {
        over(with, Over::ServiceAndOperation);
    }
}

#[test]
fn a_colon_that_is_only_excluded_says_nothing_clear() {
    for unclear in ["[^:]+", "[a-z[^:]]+", "[!-~--:]+", "[!-~&&[^:]]+", "Delete[^:]*"] {
        refused(unclear, "excluded");
    }
    over("[^:]+:Delete.*", Over::ServiceAndOperation);
}

#[test]
fn letter_case_never_counts_and_cannot_be_made_to() {
    covers("EC2:terminateinstances", "ec2:TerminateInstances", true);
    covers("delete.*", "s3:DELETEBucket", true);
    for sensitive in ["(?-i)Delete.*", "(?-i:Delete).*", "(?s-i)Delete.*", "((?-i)Delete).*"] {
        refused(sensitive, "letter case");
    }
}

#[test]
fn nothing_leaves_the_anchors() {
    for open in ["a)|(b", ")|(", "ec2:a)|(?:.*", "(", ")", "[", "a\\", "(?", "*", "a{2", "(?P<x>"] {
        refused(open, "regular expression");
    }
    // A comment would take our closing bracket with it.
    refused("(?x)Delete.* #", "regular expression");
    covers(r"Delete\z", "s3:DeleteBucket", false);
    covers(r"\ADelete.*\z", "s3:DeleteBucket", true);
    covers("(?m)Delete$", "s3:Delete\nBucket", false);
    covers("(?m)^Bucket", "s3:Delete\nBucket", false);
    covers("Start|Delete", "s3:DeleteBucket", false);
    covers("a|.*:.*|b", "ec2:StartInstances", true);
}

#[test]
fn a_line_break_in_a_name_is_no_way_out_of_a_rule() {
    covers("ec2:.*", "ec2:Stop\nInstances", true);
    covers("Stop.*", "ec2:Stop\r\n", true);
    covers("ec2:StopInstances", "ec2:StopInstances\n", false);
}

#[test]
fn other_scripts_are_refused() {
    for alike in ["Dеlete.*", "Delete\u{200b}.*", "ſtop.*", "\u{212a}ill.*", "Dele\nte", "a\0b"] {
        refused(alike, "ASCII");
    }
    refused("(?u)Delete.*", "Unicode");
    refused("(?-u:Delete).*", "Unicode");
    refused(r"\p{L}+", "regular expression");
    refused(" Delete.*", "blanks");
    refused("", "empty");
    refused("Delete.*\n", "blanks");
    covers("stop.*", "x:ſtop", false);
    covers("kill", "x:\u{212a}ill", false);
}

#[test]
fn size_is_bounded() {
    refused("((((a{50}){50}){50}){50}){50}", "too large");
    refused("(.{1000}){1000}", "too large");
    refused(&"a".repeat(1_001), "longer");
    refused(&"(".repeat(500), "regular expression");
    refused(&["(".repeat(200), ")".repeat(200)].concat(), "regular expression");
    assert!(Rule::parse(&["(".repeat(40), ")".repeat(40)].concat()).is_ok());
    assert!(Rule::parse(r"ec2:\w+").is_ok());
    assert!(Rule::parse("ec2:.{1,200}").is_ok());
    // Would not end with an engine that goes back.
    let slow = Rule::parse("(a*)*(a*)*(a*)*b").unwrap();
    assert!(!slow.matches_operation(&"a".repeat(10_000)));
}

#[test]
fn branches_stand_alone() {
    let texts = |rule: &str| -> Vec<(String, String)> {
        let parsed = Rule::parse(rule).unwrap();
        let texts = |(branch, alone): (String, Rule)| (branch, alone.text().to_owned());
        parsed.branches().into_iter().map(texts).collect()
    };
    let pair = |branch: &str, alone: &str| (branch.to_owned(), alone.to_owned());
    assert_eq!(
        texts("ec2:Start.*|Delete.*"),
        [pair("ec2:Start.*", "ec2:Start.*"), pair("Delete.*", "Delete.*")]
    );
    assert_eq!(
        texts("ec2:(Start|Stop)I.*"),
        [pair("Start", "ec2:(Start)I.*"), pair("Stop", "ec2:(Stop)I.*")]
    );
    assert_eq!(texts("ec2:.*"), []);
    let dead = &Rule::parse("ec2:Start.*|Delete.*").unwrap().branches()[1].1;
    assert_eq!(dead.over(), Over::ServiceAndOperation);
    assert!(!dead.matches("s3", "DeleteBucket"));
}

fn glob(pattern: &str, name: &str, expected: bool) {
    assert_eq!(Glob::parse(pattern).unwrap().matches(name), expected, "{pattern} on {name}");
}

#[test]
fn globs() {
    glob("dev-*", "dev-eu", true);
    glob("dev-*", "dev-", true);
    glob("dev-*", "dev", false);
    glob("dev-*", "xdev-eu", false);
    glob("dev-*", "DEV-eu", false);
    glob("staging", "staging", true);
    glob("staging", "staging2", false);
    glob("*", "", true);
    glob("*", "any thing", true);
    glob("?", "é", true);
    glob("?", "", false);
    glob("a?c*e", "abcde", true);
    glob("*a*b*c", "xaxbxbxc", true);
    glob("*a*b*c", "xaxbxcx", false);
    glob("a.c", "abc", false);
    glob("[a]", "a", false);
    glob(
        "arn:aws:iam::222222222222:role/aws-ops-*",
        "arn:aws:iam::222222222222:role/aws-ops-eu",
        true,
    );
    glob(
        "arn:aws:iam::222222222222:role/aws-ops-*",
        "arn:aws:iam::333333333333:role/aws-ops-eu",
        false,
    );
    glob(&["*a".repeat(200), "b".to_owned()].concat(), &"a".repeat(5_000), false);
    assert!(Glob::parse("").is_err());
    assert!(Glob::parse("dеv").is_err());
}
