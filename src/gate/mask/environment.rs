//! Environment variables: their names are shown, their values are not. A member that is called
//! `environment` may hold them, as a map, as pairs, as `NAME=value`; or it is a stage's name, or
//! describes an entity of its own, and then it is read like anything else.

use serde_json::{Map, Value};

use super::names::{is_named_by_another, names_another};

/// How many characters come before the value in `NAME=value`; `None` where a text is none.
pub(super) fn name_length(text: &str) -> Option<usize> {
    let (name, _) = text.split_once('=')?;
    let is_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    (!name.is_empty() && name.bytes().all(is_name)).then_some(name.len() + 1)
}

/// Whether an object under the name `environment` has a structure that AWS gave it, and is no map of
/// variables: those are strings and nothing else. Of entities whose members are strings alone, some
/// member tells them: an ARN of their own, CodeBuild's `computeType`, Proton's `templateName`, the
/// `$ref` of a JSON schema.
pub(super) fn is_structure(members: &Map<String, Value>) -> bool {
    members.iter().any(|(name, value)| match value {
        Value::Array(_) | Value::Object(_) | Value::Bool(_) => true,
        Value::String(text) => match name.as_str() {
            "arn" | "Arn" | "environmentArn" | "environment_arn" | "EnvironmentArn" => {
                text.starts_with("arn:")
            }
            "computeType" | "compute_type" | "ComputeType" => true,
            "templateName" | "template_name" | "TemplateName" => true,
            "$ref" => true,
            _ => false,
        },
        Value::Null | Value::Number(_) => false,
    })
}

/// Whether AWS would not name a member so, but everybody a variable: `DB_PASS`.
pub(super) fn is_variable_name(name: &str) -> bool {
    name.len() > 1
        && name.starts_with(|c: char| c.is_ascii_uppercase() || c == '_')
        && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
}

/// Variables of AWS's own that are no secret by what they are: region and profile.
pub(super) fn is_harmless(name: &str, value: &str) -> bool {
    const LONGEST_PROFILE: usize = 64;
    match name {
        "AWS_REGION" | "AWS_DEFAULT_REGION" => is_region(value),
        "AWS_PROFILE" | "AWS_DEFAULT_PROFILE" => value.chars().count() <= LONGEST_PROFILE,
        _ => false,
    }
}

/// `eu-west-1`, `us-gov-east-1`, `eusc-de-east-1`
fn is_region(value: &str) -> bool {
    let Some((words, number)) = value.rsplit_once('-') else { return false };
    value.len() <= 32
        && (1..=2).contains(&number.len())
        && number.bytes().all(|b| b.is_ascii_digit())
        && (2..=4).contains(&words.split('-').count())
        && words.split('-').all(|word| {
            (2..=9).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_lowercase())
        })
}

/// What may be the name in `{name: ..., value: ...}`.
pub(super) fn pair_names(members: &Map<String, Value>) -> impl Iterator<Item = &str> {
    let has_value = members.keys().any(|key| is_named_by_another(key));
    let names = members.iter().filter(move |(key, _)| has_value && names_another(key));
    names.filter_map(|(_, value)| value.as_str())
}

/// What marks a sibling as an environment variable where nothing else says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Marked {
    /// Elastic Beanstalk's option settings: `value` is the value of a variable.
    Value,
    /// EMR's configurations: `properties` is a map of variables.
    Properties,
}

pub(super) fn marked(members: &Map<String, Value>) -> Option<Marked> {
    members.iter().find_map(|(key, value)| match value.as_str()? {
        "aws:elasticbeanstalk:application:environment" if key.eq_ignore_ascii_case("namespace") => {
            Some(Marked::Value)
        }
        "export" if key.eq_ignore_ascii_case("classification") => Some(Marked::Properties),
        _ => None,
    })
}
