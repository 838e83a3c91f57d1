//! What the model can call. A tool is a value in the slice of its own file; this file lists the
//! files. Listing, filtering and calling are loops over that table.

mod answer;
mod arguments;
mod audit;
mod brief;
mod call;
mod cloudwatch;
mod core;
mod cost;
mod cursor;
mod cx;
mod ec2;
mod ecs;
mod health;
mod kept;
mod listing;
mod logs;
mod omitted;
mod operations;
mod part;
mod rds;
mod schema;
mod view;
mod world;

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;

use serde_json::{Map, Value};

pub use answer::Answer;
pub use call::{Called, Caller, Client, call};
pub use cx::{Cx, Progress, Step};
pub use world::World;

use crate::config::{Access, Selection};
use crate::error::{Error, Kind, Result, nearest};
use crate::gate::{Effect, Effects, Look, Operations, Pace};

/// Every tool, file by file: the one list.
const FILES: [&[Tool]; 10] = [
    core::TOOLS,
    health::TOOLS,
    operations::TOOLS,
    ec2::TOOLS,
    ecs::TOOLS,
    rds::TOOLS,
    cloudwatch::TOOLS,
    logs::TOOLS,
    cost::TOOLS,
    audit::TOOLS,
];

/// One tool, whole: what the host is told, what the gate needs, and what runs.
pub struct Tool {
    /// `^[a-z][a-z0-9_]*$`, at most 40 characters.
    pub name: &'static str,
    pub title: &'static str,
    /// For the model: when to use it and what it gives. At most 1,000 characters.
    pub about: &'static str,
    pub toolset: Toolset,
    pub effects: Effects,
    /// The AWS API operations that it cannot do without. The wire refuses what is neither here nor in `parts`.
    pub operations: &'static [&'static str],
    /// Reads that it can do without: where policy does not allow one, only its part of the answer is missing.
    pub parts: &'static [&'static str],
    pub pace: Pace,
    pub target: Target,
    /// What a person must know before they say yes to it; of every tool that does more than read.
    pub change: Option<Change>,
    pub handler: Handler,
}

/// How a tool says what it is going to change.
pub struct Change {
    /// The resources that the arguments name, each in one spelling: what was refused for one stays
    /// refused however it is named.
    pub resources: fn(&Map<String, Value>) -> Vec<String>,
    /// Looks at them, with the tool's own reads. Made by [`look!`].
    pub look: fn(Cx, Map<String, Value>) -> Looking,
}

impl Tool {
    /// Every AWS API operation that it may call.
    pub fn declared(&self) -> Operations {
        Operations { needed: self.operations, parts: self.parts }
    }
}

/// Whether a tool acts on an AWS account, and so takes `profile`, `role_arn` and `region`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    Aws,
    None,
}

/// Tools that are switched on and off together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Toolset {
    Core,
    /// Any operation of any service.
    Operations,
    Ec2,
    Ecs,
    Rds,
    /// Logs too.
    Cloudwatch,
    Cost,
    /// What was asked and done.
    Audit,
}

impl Toolset {
    pub const ALL: [Self; 8] = [
        Self::Core,
        Self::Operations,
        Self::Ec2,
        Self::Ecs,
        Self::Rds,
        Self::Cloudwatch,
        Self::Cost,
        Self::Audit,
    ];

    pub fn word(self) -> &'static str {
        match self {
            Self::Core => "core",
            Self::Operations => "operations",
            Self::Ec2 => "ec2",
            Self::Ecs => "ecs",
            Self::Rds => "rds",
            Self::Cloudwatch => "cloudwatch",
            Self::Cost => "cost",
            Self::Audit => "audit",
        }
    }

    /// Whether it is on where the user selects nothing.
    fn is_usual(self) -> bool {
        match self {
            Self::Core
            | Self::Operations
            | Self::Ec2
            | Self::Ecs
            | Self::Rds
            | Self::Cloudwatch
            | Self::Cost => true,
            Self::Audit => false,
        }
    }
}

/// A tool's function with the schemas of its argument and result types. Made by [`handler!`].
pub struct Handler {
    pub input: fn() -> schemars::Schema,
    pub output: fn() -> schemars::Schema,
    pub run: fn(Cx, Map<String, Value>) -> Running,
}

/// A call under way.
pub type Running = Pin<Box<dyn Future<Output = Result<Answer>> + Send>>;

/// A look under way.
pub type Looking = Pin<Box<dyn Future<Output = Result<Look>> + Send>>;

/// `handler!(function: Arguments => Output)` for an
/// `async fn function(cx: Cx, args: Arguments) -> Result<impl Into...<Answer>>`.
macro_rules! handler {
    ($function:ident: $arguments:ty => $output:ty) => {
        $crate::tools::Handler {
            input: $crate::tools::schema::of_input::<$arguments>,
            output: $crate::tools::schema::of_output::<$output>,
            run: |cx, arguments| {
                Box::pin(async move {
                    let arguments = $crate::tools::schema::parse::<$arguments>(arguments)?;
                    $function(cx, arguments).await
                })
            },
        }
    };
}
use handler;

/// `look!(function: Arguments)` for an `async fn function(cx: Cx, args: Arguments) -> Result<Look>`.
macro_rules! look {
    ($function:path: $arguments:ty) => {
        |cx, arguments| {
            Box::pin(async move {
                let arguments = $crate::tools::schema::parse::<$arguments>(arguments)?;
                $function(cx, arguments).await
            })
        }
    };
}
use look;

/// Every tool there is, in the order in which hosts see them.
pub fn all() -> impl Iterator<Item = &'static Tool> {
    FILES.iter().flat_map(|file| file.iter())
}

/// The tools that this server offers, by what the user selected.
pub fn select(selection: &Selection, access: Access) -> Result<Vec<&'static Tool>> {
    let set_words = Toolset::ALL.map(Toolset::word);
    let tool_names: Vec<&str> = all().map(|tool| tool.name).collect();
    let known = |what: &str,
                 given: &[String],
                 names: &[&'static str]|
     -> Result<BTreeSet<String>> {
        for word in given {
            if !names.contains(&word.as_str()) {
                let near = nearest(word, names.iter().copied())
                    .map(|near| format!(" Did you mean {near}?"))
                    .unwrap_or_default();
                return Err(Error::new(
                    Kind::ConfigError,
                    format!("there is no {what} {word:?}.{near}"),
                    "Run `aws-mcp tools` to see all names, then mend the flag, AWS_MCP_TOOLSETS or config.toml.",
                ));
            }
        }
        Ok(given.iter().cloned().collect())
    };
    let tools = known("tool", selection.tools.as_deref().unwrap_or_default(), &tool_names)?;
    let excluded = known("tool", &selection.exclude, &tool_names)?;
    let words_of = |sets: &mut dyn Iterator<Item = &Toolset>| {
        sets.map(|set| set.word().to_owned()).collect::<BTreeSet<String>>()
    };
    let toolsets = match (&selection.toolsets, &selection.tools) {
        (Some(words), _) if words.iter().any(|word| word == "all") => {
            words_of(&mut Toolset::ALL.iter())
        }
        (Some(words), _) => known("toolset", words, &set_words)?,
        (None, Some(_)) => BTreeSet::new(),
        (None, None) => words_of(&mut Toolset::ALL.iter().filter(|set| set.is_usual())),
    };
    Ok(all()
        .filter(|tool| {
            let in_set = toolsets.contains(tool.toolset.word());
            let allowed = access == Access::AsPolicySays || tool.effects.weakest() == Effect::Read;
            (in_set || tools.contains(tool.name)) && !excluded.contains(tool.name) && allowed
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(selection: &Selection, access: Access) -> Vec<&'static str> {
        select(selection, access).unwrap().iter().map(|tool| tool.name).collect()
    }

    fn list(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn writes_are_not_offered_where_only_reads_are_allowed() {
        let all = Selection::default();
        assert!(!names(&all, Access::ReadOnly).contains(&"ec2_start_instance"));
        assert!(names(&all, Access::AsPolicySays).contains(&"ec2_start_instance"));
        assert!(names(&all, Access::ReadOnly).contains(&"aws_set_environment"));
    }

    #[test]
    fn toolsets_tools_and_exclusions() {
        let core = Selection { toolsets: Some(list(&["core"])), ..Selection::default() };
        assert!(names(&core, Access::ReadOnly).iter().all(|name| name.starts_with("aws_")));
        let one = Selection { tools: Some(list(&["ec2_list_instances"])), ..Selection::default() };
        assert_eq!(names(&one, Access::ReadOnly), ["ec2_list_instances"]);
        let both = Selection { tools: one.tools, exclude: list(&["aws_get_credentials"]), ..core };
        let both = names(&both, Access::ReadOnly);
        assert!(both.contains(&"ec2_list_instances") && both.contains(&"aws_server_status"));
        assert!(!both.contains(&"aws_get_credentials"));
    }

    #[test]
    fn what_was_done_is_shown_only_to_whom_it_was_meant() {
        let search = "aws_audit_search";
        let of = |words: &[&str]| {
            let toolsets = Some(list(words));
            names(&Selection { toolsets, ..Selection::default() }, Access::ReadOnly)
        };
        assert!(!names(&Selection::default(), Access::AsPolicySays).contains(&search));
        assert!(!of(&["core", "cost"]).contains(&search));
        assert_eq!(of(&["audit"]), [search]);
        let all = of(&["all"]);
        assert!(all.contains(&search) && all.contains(&"ec2_list_instances"));
    }

    #[test]
    fn a_wrong_name_is_answered_with_the_nearest() {
        let wrong = Selection { toolsets: Some(list(&["ecc2"])), ..Selection::default() };
        let error = select(&wrong, Access::ReadOnly).err().unwrap();
        assert!(error.message.contains("Did you mean ec2?"), "{error}");
    }

    #[test]
    fn every_declared_operation_is_known_and_no_stronger_than_its_tool() {
        let index = aws_dynamic::catalog::Index::get().unwrap();
        for tool in all() {
            for name in tool.declared().all() {
                let (service, operation) = index.operation(name).expect(name);
                assert_eq!(format!("{}:{}", service.name(), operation.name()), name);
                let part = tool.parts.contains(&name);
                assert!(!part || operation.effect() == Effect::Read, "{}: {name}", tool.name);
                assert!(operation.weakest() <= tool.effects.strongest(), "{}: {name}", tool.name);
                assert!(operation.actions().next().is_some(), "{name} has no IAM action");
            }
        }
    }

    #[test]
    fn every_tool_that_changes_something_says_what() {
        for tool in all() {
            let changes = tool.effects.strongest() > Effect::Read;
            assert_eq!(tool.change.is_some(), changes, "{}", tool.name);
        }
    }

    #[test]
    fn every_tool_keeps_the_contract_of_names_and_lengths() {
        let mut seen = BTreeSet::new();
        for tool in all() {
            assert!(seen.insert(tool.name), "{} is there twice", tool.name);
            assert!(tool.name.len() <= 40 && tool.about.len() <= 1_000, "{}", tool.name);
            assert!(
                tool.name
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
            );
            assert!(!tool.title.is_empty() && !tool.about.is_empty());
        }
    }
}
