//! `aws-mcp iam-policy`: the least that AWS must allow for the tools that are on. The policy of this
//! server narrows what may run; this narrows what could.

use std::collections::{BTreeMap, BTreeSet};

use aws_dynamic::catalog::{Effect, Index};
use serde_json::{Value, json};

use crate::config::Resolved;

/// Prints the policy for the tools that this server would offer.
pub fn run(resolved: Resolved) -> u8 {
    let world = match super::report(resolved) {
        Ok(world) => world,
        Err(code) => return code,
    };
    let index = match Index::get() {
        Ok(index) => index,
        Err(broken) => {
            eprintln!("aws-mcp: the index of AWS's operations cannot be read: {broken}");
            return super::USAGE;
        }
    };
    let operations = world.tools().iter().flat_map(|tool| tool.declared().all());
    let Document { policy, uncovered } = document(index, operations);
    for operation in uncovered {
        eprintln!("aws-mcp: which IAM action {operation} needs is not known; add it by hand.");
    }
    super::print(&(serde_json::to_string_pretty(&policy).unwrap_or_default() + "\n"));
    super::DONE
}

/// An IAM policy, and the operations that it does not cover because their actions are not known.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    pub policy: Value,
    pub uncovered: Vec<String>,
}

/// The policy for these operations (`ec2:StartInstances`), a statement per effect.
pub fn document<'a>(index: &Index, operations: impl IntoIterator<Item = &'a str>) -> Document {
    let mut weakest: BTreeMap<&str, Effect> = BTreeMap::new();
    let mut uncovered = BTreeSet::new();
    for name in operations {
        let known = index.operation(name).map(|(_, operation)| operation);
        let mut covered = false;
        // A pattern would allow what no tool declares.
        for action in known.iter().flat_map(|o| o.actions()).filter(|a| !a.contains(['*', '?'])) {
            covered = true;
            let effect = known.map_or(Effect::Unknown, |operation| operation.effect());
            let entry = weakest.entry(action).or_insert(effect);
            // An action that a read needs too stays with the reads, so that a statement can be taken
            // out whole.
            *entry = effect.min(*entry);
        }
        if !covered {
            uncovered.insert(name.to_owned());
        }
    }
    let mut statements: BTreeMap<Effect, Vec<&str>> = BTreeMap::new();
    for (action, effect) in weakest {
        statements.entry(effect).or_default().push(action);
    }
    let statements: Vec<Value> = statements
        .into_iter()
        .map(|(effect, actions)| {
            json!({"Sid": sid(effect), "Effect": "Allow", "Action": actions, "Resource": "*"})
        })
        .collect();
    Document {
        policy: json!({"Version": "2012-10-17", "Statement": statements}),
        uncovered: uncovered.into_iter().collect(),
    }
}

fn sid(effect: Effect) -> &'static str {
    match effect {
        Effect::Read => "Read",
        Effect::Write => "Write",
        Effect::Destructive => "Destructive",
        Effect::Grant => "Grant",
        Effect::Secret => "Secret",
        Effect::Unknown => "Unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(operations: &[&str]) -> Document {
        document(Index::get().unwrap(), operations.iter().copied())
    }

    #[test]
    fn a_statement_per_effect_with_sorted_actions() {
        let document = of(&[
            "ec2:StartInstances",
            "ec2:DescribeInstances",
            "ec2:TerminateInstances",
            "ec2:DescribeImages",
            "ec2:DescribeInstances",
        ]);
        assert_eq!(document.uncovered, [""; 0]);
        let allow = |sid: &str, actions: Value| json!({"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": "*"});
        assert_eq!(
            document.policy,
            json!({"Version": "2012-10-17", "Statement": [
                allow("Read", json!(["ec2:DescribeImages", "ec2:DescribeInstances"])),
                allow("Write", json!(["ec2:StartInstances"])),
                allow("Destructive", json!(["ec2:TerminateInstances"])),
            ]})
        );
    }

    #[test]
    fn no_patterns_for_any_operation_there_is() {
        let index = Index::get().unwrap();
        let all: Vec<String> = index
            .services()
            .iter()
            .flat_map(|s| s.operations().iter().map(|o| format!("{}:{}", s.name(), o.name())))
            .collect();
        let document = document(index, all.iter().map(String::as_str));
        let mut seen = BTreeSet::new();
        for statement in document.policy["Statement"].as_array().unwrap() {
            for action in statement["Action"].as_array().unwrap() {
                let action = action.as_str().unwrap();
                assert!(action.contains(':') && !action.contains('*'), "{action}");
                assert!(seen.insert(action.to_owned()), "{action} twice");
            }
        }
        assert!(seen.len() > 10_000);
    }

    #[test]
    fn what_is_not_known_is_told() {
        let document = of(&["ec2:Frobnicate", "frob:Nicate"]);
        assert_eq!(document.uncovered, ["ec2:Frobnicate", "frob:Nicate"]);
        assert_eq!(document.policy["Statement"], json!([]));
    }
}
