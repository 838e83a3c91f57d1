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
    /// What was given, where it was one: it names an account and a region too.
    arn: Option<Arn>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Arn {
    text: String,
    region: String,
    account: String,
}

impl InstanceId {
    /// The name, where the call goes to the region that the ARN names.
    pub fn here(&self, cx: &Cx) -> Result<&str> {
        let here = cx.session()?.required_region()?.to_string();
        match &self.arn {
            Some(Arn { region, .. }) if *region != here => Err(Error::invalid(
                format!("the ARN is of {region}, and the call goes to {here}."),
                format!("Give region {region}."),
            )),
            Some(_) | None => Ok(&self.name),
        }
    }

    /// The name, wherever it is.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn arn(&self) -> Option<&str> {
        self.arn.as_ref().map(|arn| arn.text.as_str())
    }

    /// Whether an instance with this ARN is the one that is meant: another account may have the name.
    pub fn is_of(&self, arn: Option<&str>) -> bool {
        self.arn.as_ref().is_none_or(|wanted| arn == Some(wanted.text.as_str()))
    }

    /// Whether a snapshot with this ARN can be of the instance that is meant: it lies in the same account.
    pub fn is_beside(&self, arn: Option<&str>) -> bool {
        self.arn.as_ref().is_none_or(|wanted| {
            arn.and_then(|arn| arn.split(':').nth(4)) == Some(wanted.account.as_str())
        })
    }

    fn parse(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        let (name, arn) = match text.strip_prefix("arn:") {
            Some(rest) => match rest.split(':').collect::<Vec<_>>().as_slice() {
                [partition, "rds", region, account, "db", name]
                    if is_word(partition) && is_word(region) && is_account(account) =>
                {
                    let (region, account) = ((*region).to_owned(), (*account).to_owned());
                    (*name, Some(Arn { text: text.clone(), region, account }))
                }
                _ => return None,
            },
            None => (text.as_str(), None),
        };
        is_name(name, 63).then(|| Self { name: name.to_owned(), arn })
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

/// A partition or a region.
fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
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
            let region = |id: &'_ InstanceId| id.arn.as_ref().map(|arn| arn.region.clone());
            let parsed = parsed.as_ref().map(|id| (id.name.clone(), region(id)));
            let expected =
                expected.map(|(name, region)| (name.to_owned(), region.map(str::to_owned)));
            assert_eq!(parsed, expected, "{text}");
        };
        check("orders-db", Some(("orders-db", None)));
        check("Orders-DB", Some(("orders-db", None)));
        let arn = "arn:aws:rds:eu-west-1:123456789012:db:orders";
        check(arn, Some(("orders", Some("eu-west-1"))));
        check("arn:aws:rds:eu-west-1:123456789012:cluster:orders", None);
        check("arn:aws:rds:eu-west-1:123456789012:db:orders:x", None);
        check("arn:aws:ec2:eu-west-1:123456789012:db:orders", None);
        check("arn:aws:rds::123456789012:db:orders", None);
        check("arn:aws:rds:eu-west-1::db:orders", None);
        check("arn:aws:rds:eu-west-1:*:db:orders", None);
        check("arn:aws:rds:eu west-1:123456789012:db:orders", None);
        for bad in ["", "-", "1db", "a--b", "a-", "a_b", "a b", "a/../b", "a\u{202e}"] {
            check(bad, None);
        }
        check(&"a".repeat(63), Some((&"a".repeat(63), None)));
        check(&"a".repeat(64), None);
    }

    #[test]
    fn an_arn_means_its_own_account() {
        let meant = InstanceId::parse("arn:aws:rds:eu-west-1:123456789012:db:Orders").unwrap();
        let arn = |account: &str, rest: &str| format!("arn:aws:rds:eu-west-1:{account}:{rest}");
        assert!(meant.is_of(Some(&arn("123456789012", "db:orders"))));
        assert!(!meant.is_of(Some(&arn("999999999999", "db:orders"))));
        assert!(!meant.is_of(None));
        assert!(meant.is_beside(Some(&arn("123456789012", "snapshot:rds:orders-2026"))));
        assert!(!meant.is_beside(Some(&arn("999999999999", "snapshot:before"))));
        assert!(!meant.is_beside(None));
        let name = InstanceId::parse("orders").unwrap();
        assert!(name.is_of(None) && name.is_beside(None));
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
