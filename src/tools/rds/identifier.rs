//! Which database and which snapshot are meant: parsed at the door, by RDS's rules for names.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};

use crate::error::{Error, Result, echo};
use crate::tools::Cx;

/// A DB instance, by its name or its ARN; RDS keeps names in lower case.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct InstanceId {
    name: String,
    /// The ARN's.
    region: Option<String>,
}

impl InstanceId {
    /// The name, where the call goes to the region that the ARN names.
    pub fn here(&self, cx: &Cx) -> Result<&str> {
        let here = cx.session()?.required_region()?.to_string();
        match &self.region {
            Some(region) if *region != here => Err(Error::invalid(
                format!("the ARN is of {region}, and the call goes to {here}."),
                format!("Give region {region}."),
            )),
            Some(_) | None => Ok(&self.name),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let (name, region) = match text.strip_prefix("arn:") {
            Some(rest) => match rest.split(':').collect::<Vec<_>>().as_slice() {
                [_, "rds", region, _, "db", name] => (*name, Some((*region).to_owned())),
                _ => return None,
            },
            None => (text, None),
        };
        is_name(name, 63).then(|| Self { name: name.to_ascii_lowercase(), region })
    }
}

impl<'de> Deserialize<'de> for InstanceId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(text.trim()).ok_or_else(|| {
            serde::de::Error::custom(format!(
                "{} is neither the id nor the ARN of a DB instance; \
                 rds_list_db_instances shows ids",
                echo(&text)
            ))
        })
    }
}

impl JsonSchema for InstanceId {
    fn schema_name() -> Cow<'static, str> {
        "InstanceId".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string"})
    }
}

/// The id of a snapshot that is to be made, in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotId(String);

impl SnapshotId {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for SnapshotId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if is_name(text.trim(), 255) {
            return Ok(Self(text.trim().to_ascii_lowercase()));
        }
        Err(serde::de::Error::custom(format!(
            "{} is no snapshot id: 1 to 255 letters, digits and hyphens, a letter first, \
             no hyphen last, no two hyphens in a row",
            echo(&text)
        )))
    }
}

impl JsonSchema for SnapshotId {
    fn schema_name() -> Cow<'static, str> {
        "SnapshotId".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string"})
    }
}

/// CreateDBInstance and CreateDBSnapshot have the same rules, but for the length.
fn is_name(text: &str, most: usize) -> bool {
    text.len() <= most
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && !text.ends_with('-')
        && !text.contains("--")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instances_have_names_and_arns() {
        let check = |text: &str, expected: Option<(&str, Option<&str>)>| {
            let parsed = InstanceId::parse(text);
            let parsed = parsed.as_ref().map(|id| (id.name.as_str(), id.region.as_deref()));
            assert_eq!(parsed, expected, "{text}");
        };
        check("orders-db", Some(("orders-db", None)));
        check("Orders-DB", Some(("orders-db", None)));
        let arn = "arn:aws:rds:eu-west-1:123456789012:db:orders";
        check(arn, Some(("orders", Some("eu-west-1"))));
        check("arn:aws:rds:eu-west-1:123456789012:cluster:orders", None);
        check("arn:aws:rds:eu-west-1:123456789012:db:orders:x", None);
        check("arn:aws:ec2:eu-west-1:123456789012:db:orders", None);
        for bad in ["", "-", "1db", "a--b", "a-", "a_b", "a b", "a/../b", "a\u{202e}"] {
            check(bad, None);
        }
        check(&"a".repeat(63), Some((&"a".repeat(63), None)));
        check(&"a".repeat(64), None);
    }

    #[test]
    fn snapshot_ids() {
        let parse = |text: &str| serde_json::from_value::<SnapshotId>(serde_json::json!(text)).ok();
        assert_eq!(parse(" Before-Upgrade-2 "), Some(SnapshotId("before-upgrade-2".into())));
        assert!(parse(&"a".repeat(255)).is_some());
        for bad in ["", "rds:orders-2026", "2nd", "a--b", "a-", "a_b", "ä", &"a".repeat(256)] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
