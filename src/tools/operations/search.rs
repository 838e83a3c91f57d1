//! `aws_search_operations`: which of 19,796 operations does what somebody wants.

use std::sync::OnceLock;

use aws_dynamic::catalog::search::{Hit, Query, Search};
use aws_dynamic::catalog::{Documentation, Index};
use aws_dynamic::schema::facts;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::name;
use crate::error::{Error, Result};
use crate::gate::{self, Effect, Effects, Pace};
use crate::tools::answer::Truncated;
use crate::tools::brief::cut;
use crate::tools::{Answer, Cx, Target, Tool, Toolset, handler};

pub const TOOL: Tool = Tool {
    name: "aws_search_operations",
    title: "Search AWS operations",
    about: "Finds operations of any AWS service by what they do, best first: \"stop a database\", \
            \"who deleted my queue\", \"s3 lifecycle\". Then call aws_get_operation_schema. Reads \
            this server's own catalog, not AWS.",
    toolset: Toolset::Operations,
    effects: Effects::Always(Effect::Read),
    operations: &[],
    parts: &[],
    pace: Pace::Ordinary,
    target: Target::None,
    change: None,
    handler: handler!(search: Asked => Found),
};

const DEFAULT_LIMIT: usize = 10;
const MOST_LIMIT: usize = 50;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Asked {
    query: String,
    /// Only of this one
    service: Option<String>,
    /// Same as service
    #[serde(rename = "serviceHint")]
    service_hint: Option<String>,
    /// Only read, write, destructive, grant or secret
    #[schemars(with = "Option<String>")]
    effect: Option<Effect>,
    #[schemars(range(min = 1, max = 50))]
    /// Else 10
    limit: Option<usize>,
}

#[derive(Serialize, JsonSchema)]
struct Found {
    operations: Vec<Row>,
    /// Where nothing was found
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Map<String, Value>>")]
    truncated: Option<Truncated>,
}

#[derive(Serialize, JsonSchema)]
struct Row {
    service: &'static str,
    operation: &'static str,
    title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    /// Of its strongest arguments
    #[schemars(with = "String")]
    effect: Effect,
    /// Members of the input
    #[serde(skip_serializing_if = "Vec::is_empty")]
    required: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    iam_actions: Vec<&'static str>,
    paginated: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    deprecated: bool,
}

/// The longest description in a list.
const DESCRIPTION: usize = 200;

async fn search(_: Cx, asked: Asked) -> Result<Answer> {
    Answer::listed(
        &answer(asked)?,
        "operations",
        "The best are shown. Narrow query, or ask for less.",
    )
}

fn answer(asked: Asked) -> Result<Found> {
    let limit = asked.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MOST_LIMIT).contains(&limit) {
        return Err(Error::invalid(
            format!("limit is {limit}; it can be 1 to {MOST_LIMIT}."),
            "Say more in query instead.",
        ));
    }
    let given = |name: &Option<String>| name.clone().filter(|name| !name.trim().is_empty());
    let service = match (given(&asked.service), given(&asked.service_hint)) {
        (Some(one), Some(other)) if one != other => {
            return Err(Error::invalid(
                "service and serviceHint are two names of one argument, with different values.",
                "Give service alone.",
            ));
        }
        (one, other) => one.or(other).map(|name| name::service(&name)).transpose()?,
    };
    let query = Query { text: &asked.query, service, effect: asked.effect, limit };
    let docs = Documentation::get().ok().flatten();
    let hits = catalog(docs)?.find(&query);
    let operations = hits.into_iter().map(|hit| row(hit, docs)).collect::<Result<Vec<_>>>()?;
    let hint = operations.is_empty().then_some(match query {
        Query { effect: Some(_), .. } => "Nothing fits. Leave out effect, or say it in other words.",
        Query { service: Some(_), .. } => "Nothing fits. Leave out service, or say it in other words.",
        Query { service: None, effect: None, .. } => {
            "Nothing fits. Say what it does and to what, in English: list buckets, restart database."
        }
    });
    Ok(Found { operations, hint, truncated: None })
}

/// The search that counts. Where there are descriptions, their words are found too; the first query
/// then waits until all are read.
fn catalog(docs: Option<&'static Documentation>) -> Result<&'static Search<'static>> {
    static DESCRIBED: OnceLock<Option<Search<'static>>> = OnceLock::new();
    let plain = Search::get().map_err(gate::broken_index)?;
    let Some(docs) = docs else { return Ok(plain) };
    let index = Index::get().map_err(gate::broken_index)?;
    let described = DESCRIBED.get_or_init(|| {
        let rows = index.services().iter().flat_map(|service| {
            service.operations().iter().filter_map(|operation| {
                let (service, operation) = (service.name(), operation.name());
                Some((service, operation, docs.operation(service, operation)?))
            })
        });
        Search::of(index).ok().map(|search| search.with_descriptions(rows))
    });
    Ok(described.as_ref().unwrap_or(plain))
}

fn row(hit: Hit<'static>, docs: Option<&'static Documentation>) -> Result<Row> {
    let (service, operation) = (hit.service.name(), hit.operation.name());
    let facts = facts(name::model_of(hit.service, hit.operation)?);
    let title = docs.and_then(|docs| docs.title(service, operation));
    let description = docs.and_then(|docs| docs.operation(service, operation));
    Ok(Row {
        service,
        operation,
        // What the title says already is not said again.
        description: description
            .map(|text| text.strip_prefix(title.unwrap_or_default()).unwrap_or(text).trim_start())
            .filter(|rest| !rest.is_empty())
            .map(|rest| cut(rest, DESCRIPTION)),
        title: title.map_or_else(|| words(operation), str::to_owned),
        effect: hit.operation.effect(),
        required: facts.required,
        iam_actions: facts.actions,
        paginated: facts.pages.is_some(),
        deprecated: facts.is_deprecated,
    })
}

/// `DescribeDBInstances` as `Describe DB instances`.
fn words(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut words: Vec<String> = Vec::new();
    for (at, letter) in letters.iter().enumerate() {
        let begins = at == 0 || begins_word(letters.get(at - 1..).unwrap_or_default());
        match words.last_mut().filter(|_| !begins) {
            Some(word) => word.push(*letter),
            None => words.push(letter.to_string()),
        }
    }
    let shown = words.iter().enumerate().map(|(at, word)| {
        let is_ordinary = word.chars().skip(1).any(char::is_lowercase) && !is_abbreviation(word);
        match at > 0 && (is_ordinary || word == "A") {
            true => word.to_lowercase(),
            false => word.clone(),
        }
    });
    shown.collect::<Vec<_>>().join(" ")
}

/// Whether the second of these letters begins a word.
fn begins_word(letters: &[char]) -> bool {
    let (Some(before), Some(letter)) = (letters.first(), letters.get(1)) else { return false };
    let next = letters.get(2);
    if !letter.is_uppercase() {
        return false;
    }
    // `DBInstance` ends before its `I`; `CNAMEs` and `IPv6` do not end within.
    let is_plural = next == Some(&'s') && letters.get(3).is_none_or(|c| c.is_uppercase());
    let is_version = (letter, next) == (&'P', Some(&'v'));
    !before.is_uppercase() || next.is_some_and(|c| c.is_lowercase()) && !is_plural && !is_version
}

/// `CNAMEs`, `IPv6`.
fn is_abbreviation(word: &str) -> bool {
    let stem = word.strip_suffix('s').unwrap_or(word);
    word.starts_with("IPv") || stem.len() > 1 && !stem.contains(|c: char| c.is_lowercase())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(arguments: Value) -> Result<Found> {
        answer(serde_json::from_value(arguments).unwrap())
    }

    fn names(arguments: Value) -> Vec<String> {
        let found = found(arguments).unwrap();
        found.operations.iter().map(|row| format!("{}:{}", row.service, row.operation)).collect()
    }

    #[test]
    fn names_are_read_as_words() {
        let check = |name: &str, expected: &str| assert_eq!(words(name), expected);
        check("ListBuckets", "List buckets");
        check("DescribeDBInstances", "Describe DB instances");
        check("SwapEnvironmentCNAMEs", "Swap environment CNAMEs");
        check("GetIPv6PoolCidrs", "Get IPv6 pool cidrs");
        check("ListObjectsV2", "List objects V2");
        check("ListHostedZonesByVPC", "List hosted zones by VPC");
        check("ModifyEC2Instance", "Modify EC2 instance");
        check("PutAScore", "Put a score");
        check("Query", "Query");
        check("", "");
    }

    #[test]
    fn what_is_wanted_is_found_within_what_was_asked_for() {
        let first = |arguments: Value| names(arguments).remove(0);
        assert_eq!(first(json!({"query": "list simple storage buckets"})), "s3:ListBuckets");
        let hinted = json!({"query": "list", "serviceHint": "SQS"});
        assert_eq!(first(hinted), "sqs:ListQueues");
        assert_eq!(names(json!({"query": "instances", "limit": 3})).len(), 3);
        assert_eq!(names(json!({"query": "instances"})).len(), 10);
        let deletions = json!({"query": "bucket", "service": "s3", "effect": "destructive"});
        for row in found(deletions).unwrap().operations {
            assert_eq!((row.service, row.effect), ("s3", Effect::Destructive), "{}", row.operation);
        }
    }

    #[test]
    fn a_row_says_what_a_call_takes() {
        let query = json!({"query": "StartInstances", "service": "ec2", "limit": 1});
        let row = serde_json::to_value(&found(query).unwrap().operations[0]).unwrap();
        assert_eq!(
            row,
            json!({"service": "ec2", "operation": "StartInstances", "title": "Start instances",
                "effect": "write", "required": ["InstanceIds"], "iam_actions": ["ec2:StartInstances"],
                "paginated": false})
        );
        let query = json!({"query": "ec2 DescribeInstances", "limit": 1});
        assert!(found(query).unwrap().operations[0].paginated);
    }

    #[test]
    fn nothing_found_says_what_to_try() {
        for text in ["", "?!", "\u{202e}\u{0}", "zzzzqqqq xxyyxx"] {
            let found = found(json!({"query": text})).unwrap();
            assert!(found.operations.is_empty() && found.hint.is_some(), "{text}");
        }
        let error = |arguments: Value| found(arguments).err().unwrap().message;
        assert!(error(json!({"query": "x", "service": "lamda"})).contains("lambda"));
        assert!(error(json!({"query": "x", "limit": 51})).contains("1 to 50"));
        assert!(error(json!({"query": "x", "limit": 0})).contains("1 to 50"));
        let both = json!({"query": "x", "service": "s3", "serviceHint": "ec2"});
        assert!(error(both).contains("serviceHint"));
    }
}
