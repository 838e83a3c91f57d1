//! What costs are grouped and narrowed by, in the words of a call and in those of Cost Explorer.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use aws_sdk_costexplorer::types::{
    CostCategoryValues, Dimension, DimensionValues, Expression, GroupDefinition,
    GroupDefinitionType, MatchOption, TagValues,
};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::error::{echo, nearest};
use crate::tools::arguments::Values;

/// The dimensions of Cost Explorer that name a part of the costs.
const DIMENSIONS: [&str; 26] = [
    "az",
    "billing_entity",
    "cache_engine",
    "database_engine",
    "deployment_option",
    "instance_type",
    "instance_type_family",
    "invoicing_entity",
    "legal_entity_name",
    "linked_account",
    "operating_system",
    "operation",
    "payer_account",
    "payment_option",
    "platform",
    "purchase_type",
    "record_type",
    "region",
    "reservation_id",
    "resource_id",
    "savings_plans_type",
    "savings_plan_arn",
    "service",
    "tenancy",
    "usage_type",
    "usage_type_group",
];

/// Other words for them.
const ALSO: [(&str, &str); 3] =
    [("account", "linked_account"), ("availability_zone", "az"), ("charge_type", "record_type")];

/// What services are called every day, and in Cost Explorer, which knows exact names only.
const SERVICES: [(&str, &[&str]); 20] = [
    ("bedrock", &["Amazon Bedrock"]),
    ("cloudfront", &["Amazon CloudFront"]),
    ("cloudwatch", &["AmazonCloudWatch"]),
    ("dynamodb", &["Amazon DynamoDB"]),
    ("ebs", &["EC2 - Other"]),
    ("ec2", &["Amazon Elastic Compute Cloud - Compute", "EC2 - Other"]),
    ("ecr", &["Amazon EC2 Container Registry (ECR)"]),
    ("ecs", &["Amazon Elastic Container Service"]),
    ("efs", &["Amazon Elastic File System"]),
    ("eks", &["Amazon Elastic Container Service for Kubernetes"]),
    ("elasticache", &["Amazon ElastiCache"]),
    ("elb", &["Amazon Elastic Load Balancing"]),
    ("kms", &["AWS Key Management Service"]),
    ("lambda", &["AWS Lambda"]),
    ("rds", &["Amazon Relational Database Service"]),
    ("s3", &["Amazon Simple Storage Service"]),
    ("secrets manager", &["AWS Secrets Manager"]),
    ("sns", &["Amazon Simple Notification Service"]),
    ("sqs", &["Amazon Simple Queue Service"]),
    ("vpc", &["Amazon Virtual Private Cloud"]),
];

/// The group of what does not have the tag.
pub const UNTAGGED: &str = "(untagged)";

/// A dimension, a tag or a cost category.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    Dimension(&'static str),
    Tag(String),
    CostCategory(String),
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dimension(name) => f.write_str(name),
            Self::Tag(key) => write!(f, "tag:{key}"),
            Self::CostCategory(name) => write!(f, "cost_category:{name}"),
        }
    }
}

impl Key {
    fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let named = |name: &str, key: Self| match name.is_empty() {
            true => Err(format!("{text:?} names nothing after the colon")),
            false => Ok(key),
        };
        if let Some(key) = text.strip_prefix("tag:") {
            return named(key, Self::Tag(key.to_owned()));
        }
        if let Some(name) = text.strip_prefix("cost_category:") {
            return named(name, Self::CostCategory(name.to_owned()));
        }
        let wanted = letters(text);
        let meant = ALSO.iter().find(|(also, _)| letters(also) == wanted).map(|(_, name)| *name);
        let known = DIMENSIONS.into_iter().find(|name| letters(name) == wanted);
        meant.or(known).map(Self::Dimension).ok_or_else(|| {
            let near = nearest(text, DIMENSIONS)
                .map(|near| format!(" Did you mean {near}?"))
                .unwrap_or_default();
            format!(
                "there is no dimension {}.{near} Others: {}, tag:KEY, cost_category:NAME",
                echo(text),
                DIMENSIONS.join(", ")
            )
        })
    }

    pub fn group_definition(&self) -> GroupDefinition {
        let (kind, key) = match self {
            Self::Dimension(name) => (GroupDefinitionType::Dimension, name.to_ascii_uppercase()),
            Self::Tag(key) => (GroupDefinitionType::Tag, key.clone()),
            Self::CostCategory(name) => (GroupDefinitionType::CostCategory, name.clone()),
        };
        GroupDefinition::builder().r#type(kind).key(key).build()
    }

    /// A group's value without the key that Cost Explorer puts before it.
    pub fn value(&self, value: &str) -> String {
        let (key, none) = match self {
            Self::Dimension(_) if value.is_empty() => return "(none)".to_owned(),
            Self::Dimension(_) => return value.to_owned(),
            Self::Tag(key) => (key, UNTAGGED),
            Self::CostCategory(name) => (name, "(uncategorized)"),
        };
        let value = value.strip_prefix(&format!("{key}$")).unwrap_or(value);
        if value.is_empty() { none.to_owned() } else { value.to_owned() }
    }

    /// Costs that have one of these values; an empty one means none at all.
    fn one_of(&self, values: &[String]) -> Expression {
        let (absent, present): (Vec<&String>, Vec<&String>) =
            values.iter().partition(|value| value.is_empty());
        let present: Vec<String> = present.into_iter().cloned().collect();
        let mut either = Vec::new();
        if !present.is_empty() {
            either.push(self.expression(Some(present), None));
        }
        if !absent.is_empty() {
            either.push(self.expression(None, Some(vec![MatchOption::Absent])));
        }
        joined(either, |all| Expression::builder().set_or(Some(all)).build())
            .unwrap_or_else(|| Expression::builder().build())
    }

    fn expression(
        &self,
        values: Option<Vec<String>>,
        options: Option<Vec<MatchOption>>,
    ) -> Expression {
        let expression = Expression::builder();
        match self {
            Self::Dimension(name) => {
                let values = DimensionValues::builder()
                    .key(Dimension::from(name.to_ascii_uppercase().as_str()))
                    .set_values(values)
                    .set_match_options(options);
                expression.dimensions(values.build()).build()
            }
            Self::Tag(key) => {
                let values = TagValues::builder().key(key).set_values(values);
                expression.tags(values.set_match_options(options).build()).build()
            }
            Self::CostCategory(name) => {
                let values = CostCategoryValues::builder().key(name).set_values(values);
                expression.cost_categories(values.set_match_options(options).build()).build()
            }
        }
    }
}

/// Letters and digits in lower case: `LinkedAccount`, `linked-account` and `LINKED_ACCOUNT` are one.
pub fn letters(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// One expression of several.
fn joined(
    mut all: Vec<Expression>,
    join: impl FnOnce(Vec<Expression>) -> Expression,
) -> Option<Expression> {
    match all.len() {
        0 | 1 => all.pop(),
        _ => Some(join(all)),
    }
}

/// Up to two keys; none for totals alone.
#[derive(Clone, Debug)]
pub struct GroupBy(pub Vec<Key>);

impl Default for GroupBy {
    fn default() -> Self {
        Self(vec![Key::Dimension("service")])
    }
}

impl<'de> Deserialize<'de> for GroupBy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let words = Values::deserialize(deserializer)?.into_vec();
        let keys: Result<Vec<Key>, String> = words.iter().map(|word| Key::parse(word)).collect();
        let keys = keys.map_err(D::Error::custom)?;
        match keys.as_slice() {
            [] | [_] => Ok(Self(keys)),
            [one, two] if one != two => Ok(Self(keys)),
            _ => Err(D::Error::custom("Cost Explorer groups by at most two different keys")),
        }
    }
}

impl JsonSchema for GroupBy {
    fn schema_name() -> Cow<'static, str> {
        "GroupBy".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Vec::<String>::json_schema(generator)
    }
}

/// Which costs count: those that have one of the values of each key, and none of those under `not`.
#[derive(Clone, Debug)]
pub struct Filter {
    with: Vec<(Key, Vec<String>)>,
    without: Vec<(Key, Vec<String>)>,
}

impl JsonSchema for Filter {
    fn schema_name() -> Cow<'static, str> {
        "Filter".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "object"})
    }
}

impl<'de> Deserialize<'de> for Filter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut members: BTreeMap<String, Value> = BTreeMap::deserialize(deserializer)?;
        let without = match members.remove("not") {
            None => Vec::new(),
            Some(not) => serde_json::from_value::<BTreeMap<String, Value>>(not)
                .map_err(|_| "`not` takes an object like the filter's own".to_owned())
                .and_then(terms)
                .map_err(D::Error::custom)?,
        };
        let with = terms(members).map_err(D::Error::custom)?;
        Ok(Self { with, without })
    }
}

fn terms(members: BTreeMap<String, Value>) -> Result<Vec<(Key, Vec<String>)>, String> {
    let term = |(name, values): (String, Value)| {
        let key = Key::parse(&name)?;
        let values = serde_json::from_value::<Values>(values)
            .map_err(|e| format!("{}: {e}", echo(&name)))?
            .into_vec();
        let values: Vec<String> = match key {
            Key::Dimension("service") => values.iter().flat_map(|name| services(name)).collect(),
            _ => values.iter().map(|value| value.trim().to_owned()).collect(),
        };
        let names_nothing = matches!(key, Key::Dimension(_)) && values.iter().any(String::is_empty);
        if values.is_empty() || names_nothing {
            return Err(format!("{} has no value; give one, or leave it out", echo(&name)));
        }
        Ok((key, values))
    };
    members.into_iter().map(term).collect()
}

/// What a service is called in Cost Explorer.
fn services(name: &str) -> Vec<String> {
    let name = name.trim();
    let low = name.to_ascii_lowercase();
    let short = ["amazon ", "aws "].iter().find_map(|maker| low.strip_prefix(maker));
    let short = short.unwrap_or(&low);
    match SERVICES.iter().find(|(known, _)| *known == short) {
        Some((_, names)) => names.iter().map(|name| (*name).to_owned()).collect(),
        None => vec![name.to_owned()],
    }
}

impl Filter {
    /// As Cost Explorer takes it; none where nothing is left out.
    pub fn expression(&self) -> Option<Expression> {
        let with = self.with.iter().map(|(key, values)| key.one_of(values));
        let without = self
            .without
            .iter()
            .map(|(key, values)| Expression::builder().not(key.one_of(values)).build());
        joined(with.chain(without).collect(), |all| {
            Expression::builder().set_and(Some(all)).build()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn keys() {
        let check = |text: &str, expected: &str| {
            let key = Key::parse(text);
            assert_eq!(key.map(|key| key.to_string()).unwrap_or_default(), expected, "{text}");
        };
        check("service", "service");
        check(" LINKED_ACCOUNT ", "linked_account");
        check("UsageType", "usage_type");
        check("account", "linked_account");
        check("tag:Team", "tag:Team");
        check("cost_category:Unit", "cost_category:Unit");
        for bad in ["tag:", "cost_category:", "", "colour", "AGREEMENT_END_DATE_TIME_AFTER"] {
            check(bad, "");
        }
        let error = Key::parse("servise").unwrap_err();
        assert!(error.contains("Did you mean service?"), "{error}");
        for name in DIMENSIONS {
            let known = Dimension::from(name.to_ascii_uppercase().as_str());
            assert!(Dimension::values().contains(&known.as_str()), "{name}");
        }
    }

    #[test]
    fn groups() {
        let parse = |given| serde_json::from_value::<GroupBy>(given).map(|by| by.0.len()).ok();
        assert_eq!(parse(json!("service")), Some(1));
        assert_eq!(parse(json!([])), Some(0));
        assert_eq!(parse(json!(["service", "tag:team"])), Some(2));
        for bad in [json!(["service", "region", "az"]), json!(["service", "SERVICE"]), json!(7)] {
            assert_eq!(parse(bad.clone()), None, "{bad}");
        }
        assert_eq!(Key::Tag("team".into()).value("team$checkout"), "checkout");
        assert_eq!(Key::Tag("team".into()).value("team$"), "(untagged)");
        assert_eq!(Key::CostCategory("u".into()).value("u$"), "(uncategorized)");
        assert_eq!(Key::Dimension("service").value("a$b"), "a$b");
    }

    #[test]
    fn filters() {
        let parse = |given: Value| serde_json::from_value::<Filter>(given);
        let one = parse(json!({"service": "Amazon EC2"})).unwrap().expression().unwrap();
        let services = one.dimensions().unwrap();
        assert_eq!(services.key(), Some(&Dimension::Service));
        assert_eq!(services.values().len(), 2);
        let given = json!({"region": "eu-west-1", "tag:team": ["", "checkout"],
            "not": {"record_type": ["Credit", "Refund"]}});
        let all = parse(given).unwrap().expression().unwrap();
        let [region, team, not] = all.and() else { panic!("{all:?}") };
        assert_eq!(region.dimensions().unwrap().values(), ["eu-west-1"]);
        let [present, absent] = team.or() else { panic!("{team:?}") };
        assert_eq!(present.tags().unwrap().values(), ["checkout"]);
        assert_eq!(absent.tags().unwrap().match_options(), [MatchOption::Absent]);
        assert_eq!(not.not().unwrap().dimensions().unwrap().values(), ["Credit", "Refund"]);
        assert_eq!(parse(json!({})).unwrap().expression(), None);
        for bad in [
            json!({"service": []}),
            json!({"region": ""}),
            json!({"region": {"a": 1}}),
            json!({"not": "Credit"}),
            json!({"not": {"not": {}}}),
            json!({"colour": "red"}),
        ] {
            assert!(parse(bad.clone()).is_err(), "{bad}");
        }
    }
}
