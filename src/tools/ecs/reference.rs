//! What a caller names: a cluster, a service, a task definition, each by name or ARN.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};

use super::{Cx, short};
use crate::error::{Error, Result, echo};

/// A cluster's name or ARN.
#[derive(Clone, Debug, Hash)]
pub(super) struct ClusterRef(String);

/// A service's name or ARN.
#[derive(Clone, Debug, Hash)]
pub(super) struct ServiceRef(String);

/// `family`, `family:revision`, or an ARN.
#[derive(Clone, Debug, Hash)]
pub(super) struct DefinitionRef(String);

impl ClusterRef {
    pub(super) fn name(&self) -> &str {
        short(&self.0)
    }

    /// As ECS takes it, where it is of the call's region.
    pub(super) fn here(&self, cx: &Cx) -> Result<&str> {
        here(cx, &self.0)
    }
}

impl ServiceRef {
    pub(super) fn name(&self) -> &str {
        short(&self.0)
    }

    /// As ECS takes it, where it is of the call's region.
    pub(super) fn here(&self, cx: &Cx) -> Result<&str> {
        here(cx, &self.0)
    }
}

impl DefinitionRef {
    /// `family` or `family:revision`
    pub(super) fn name(&self) -> &str {
        short(&self.0)
    }

    pub(super) fn has_revision(&self) -> bool {
        self.name().contains(':')
    }

    /// As ECS takes it, where it is of the call's region.
    pub(super) fn here(&self, cx: &Cx) -> Result<&str> {
        here(cx, &self.0)
    }
}

/// ECS calls what is elsewhere missing, or worse, by its name, something else.
fn here<'a>(cx: &Cx, reference: &'a str) -> Result<&'a str> {
    let region = cx.session()?.required_region()?;
    match region_of(reference) {
        Some(other) if other != region.to_string() => Err(Error::invalid(
            format!("{} is in {}, the call in {region}.", echo(reference), echo(other)),
            "Call again with the ARN's region as `region`, or with an ARN of this one.",
        )),
        _ => Ok(reference),
    }
}

fn region_of(reference: &str) -> Option<&str> {
    reference.strip_prefix("arn:")?.split(':').nth(2)
}

/// Letters, digits, `-`, `_`: what ECS lets clusters, services and families be named.
fn is_name(text: &str) -> bool {
    (1..=255).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// What follows `kind/` in an ECS ARN.
fn resource<'a>(text: &'a str, kind: &str) -> Option<&'a str> {
    let mut parts = text.strip_prefix("arn:")?.splitn(5, ':');
    let (partition, service) = (parts.next()?, parts.next()?);
    let (region, account) = (parts.next()?, parts.next()?);
    let rest = parts.next()?.strip_prefix(kind)?.strip_prefix('/')?;
    let good = is_name(partition)
        && service == "ecs"
        && is_name(region)
        && account.len() == 12
        && account.bytes().all(|b| b.is_ascii_digit());
    good.then_some(rest)
}

fn is_definition(text: &str) -> bool {
    match text.split_once(':') {
        None => is_name(text),
        Some((family, revision)) => is_name(family) && revision.parse::<u32>().is_ok(),
    }
}

/// The text, trimmed, where it is one.
fn parsed<'de, D: Deserializer<'de>>(
    deserializer: D,
    is_good: fn(&str) -> bool,
    what: &str,
) -> std::result::Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    let text = text.trim();
    match is_good(text) {
        true => Ok(text.to_owned()),
        false => Err(serde::de::Error::custom(format!("{} is not {what}", echo(text)))),
    }
}

/// Where a reference comes from: how it is read, and a schema that says no more than `string`.
macro_rules! reference {
    ($name:ident, $is_good:expr, $what:literal) => {
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(
                deserializer: D,
            ) -> std::result::Result<Self, D::Error> {
                parsed(deserializer, $is_good, $what).map(Self)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({"type": "string"})
            }
        }
    };
}

reference!(
    ClusterRef,
    |text| is_name(text) || resource(text, "cluster").is_some_and(is_name),
    "a cluster's name or ARN; ecs_list_clusters shows the names"
);
reference!(
    ServiceRef,
    |text| {
        is_name(text)
            || resource(text, "service").is_some_and(|rest| match rest.split_once('/') {
                None => is_name(rest),
                Some((cluster, service)) => is_name(cluster) && is_name(service),
            })
    },
    "a service's name or ARN; ecs_list_services shows the names"
);
reference!(
    DefinitionRef,
    |text| is_definition(text) || resource(text, "task-definition").is_some_and(is_definition),
    "a task definition: family, family:revision or an ARN; ecs_list_task_definitions shows them"
);

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const HERE: &str = "arn:aws:ecs:eu-west-1:123456789012:";

    fn check<T: for<'de> Deserialize<'de>>(good: &[&str], bad: &[&str]) {
        for text in good {
            assert!(serde_json::from_value::<T>(json!(text)).is_ok(), "{text}");
        }
        for text in bad {
            assert!(serde_json::from_value::<T>(json!(text)).is_err(), "{text}");
        }
        let elsewhere = "arn:aws:sns:eu-west-1:123456789012:topic/x";
        for text in ["", " ", "a b", "a/b", "a.b", "../x", "http://x", "a\u{202e}", elsewhere] {
            assert!(serde_json::from_value::<T>(json!(text)).is_err(), "{text}");
        }
    }

    #[test]
    fn names_and_arns() {
        let (cluster, service) = (format!("{HERE}cluster/shop"), format!("{HERE}service/shop/web"));
        check::<ClusterRef>(&["shop", " shop_1-a ", &cluster], &["shop:1", &service]);
        let old = format!("{HERE}service/web");
        let deep = format!("{HERE}service/shop/web/x");
        check::<ServiceRef>(&["web", &service, &old], &["web:1", &cluster, &deep]);
        let definition = format!("{HERE}task-definition/web:3");
        let star = format!("{HERE}task-definition/*");
        check::<DefinitionRef>(
            &["web", "web:3", &definition],
            &["web:", "web:x", "web:1:2", &star],
        );
        check::<ClusterRef>(&[], &[&cluster.replace("123456789012", "1"), "arn:aws:ecs"]);
    }

    #[test]
    fn what_an_arn_says() {
        let arn = format!("{HERE}task-definition/web:3");
        assert_eq!(region_of(&arn), Some("eu-west-1"));
        assert_eq!(region_of("web"), None);
        let reference: DefinitionRef = serde_json::from_value(json!(arn)).unwrap();
        assert_eq!((reference.name(), reference.has_revision()), ("web:3", true));
    }
}
