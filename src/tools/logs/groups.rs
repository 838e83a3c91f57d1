//! Log groups by what a call says of them: names, ARNs, how names begin, a part of them.

use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::types::{LogGroup, LogGroupClass};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};

use crate::error::{Error, Kind, Result, aws, echo};
use crate::tools::Cx;
use crate::tools::arguments::Values;

/// DescribeLogGroups, limit.
const MOST_PAGE: usize = 50;
/// A log group's name.
const MOST_NAME: usize = 512;

/// StartQuery, logGroupNames.
const MOST_GROUPS: usize = 50;

// A log group's name, or how it begins.
#[derive(Clone, Debug, Hash, JsonSchema)]
#[schemars(transparent)]
pub struct Prefix(String);

impl<'de> Deserialize<'de> for Prefix {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        // As one would write it elsewhere.
        let text = text.trim().trim_end_matches('*');
        if is_name(text) {
            return Ok(Self(text.to_owned()));
        }
        Err(serde::de::Error::custom(format!(
            "{} is not the begin of a log group's name such as /ecs/checkout",
            echo(text)
        )))
    }
}

pub fn is_name(text: &str) -> bool {
    let good = |b: u8| b.is_ascii_alphanumeric() || b"._-/#".contains(&b);
    (1..=MOST_NAME).contains(&text.len()) && text.bytes().all(good)
}

/// What of a name was looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    Prefix,
    Substring,
}

impl By {
    /// Marks AWS's tokens, so that the next page is looked for in the same way.
    fn mark(self) -> char {
        match self {
            Self::Prefix => 'p',
            Self::Substring => 's',
        }
    }
}

/// A page of log groups.
pub struct Groups {
    pub groups: Vec<LogGroup>,
    pub by: By,
    pub next: Option<String>,
}

/// The groups whose names begin with `prefix`. Where there are none, and it is no path, those that
/// contain it: who asks may know the service's name only.
pub async fn find(
    cx: &Cx,
    client: &Client,
    prefix: Option<&Prefix>,
    token: Option<String>,
    size: usize,
) -> Result<Groups> {
    let by = match token.as_deref().and_then(|token| token.chars().next()) {
        Some('s') => By::Substring,
        Some(_) | None => By::Prefix,
    };
    let is_first = token.is_none();
    let token = token.and_then(|token| token.get(1..).map(str::to_owned));
    let found = find_by(cx, client, prefix, by, token, size).await?;
    match prefix {
        Some(Prefix(text))
            if is_first
                && found.groups.is_empty()
                && found.next.is_none()
                && !text.starts_with('/') =>
        {
            find_by(cx, client, prefix, By::Substring, None, size).await
        }
        Some(_) | None => Ok(found),
    }
}

async fn find_by(
    cx: &Cx,
    client: &Client,
    prefix: Option<&Prefix>,
    by: By,
    token: Option<String>,
    size: usize,
) -> Result<Groups> {
    let text = prefix.map(|Prefix(text)| text.clone());
    let request = client
        .describe_log_groups()
        .set_next_token(token)
        .limit(i32::try_from(size.min(MOST_PAGE)).unwrap_or(i32::MAX));
    let request = match by {
        By::Prefix => request.set_log_group_name_prefix(text),
        By::Substring => request.set_log_group_name_pattern(text),
    };
    let answer =
        request.send().await.map_err(|e| aws::failed(&cx.action("logs:DescribeLogGroups"), e))?;
    let next = answer.next_token.filter(|token| !token.is_empty());
    let next = next.map(|token| format!("{}{token}", by.mark()));
    Ok(Groups { groups: answer.log_groups.unwrap_or_default(), by, next })
}

/// The same groups with what AWS leaves out where it looks for substrings; without, where that fails.
pub async fn in_full(cx: &Cx, client: &Client, groups: Vec<LogGroup>) -> Vec<LogGroup> {
    let names: Vec<String> =
        groups.iter().filter_map(|group| group.log_group_name.clone()).collect();
    if names.is_empty() || groups.iter().any(|group| group.stored_bytes.is_some()) {
        return groups;
    }
    cx.progress("reading the groups' sizes");
    let request = client.describe_log_groups().set_log_group_identifiers(Some(names));
    match request.send().await {
        Ok(answer) => {
            let mut full = answer.log_groups.unwrap_or_default();
            let known = |name: Option<&str>, among: &[LogGroup]| {
                among.iter().any(|group| group.log_group_name() == name)
            };
            full.retain(|group| known(group.log_group_name(), &groups));
            let rest: Vec<LogGroup> =
                groups.into_iter().filter(|group| !known(group.log_group_name(), &full)).collect();
            full.extend(rest);
            full.sort_by(|a, b| a.log_group_name.cmp(&b.log_group_name));
            full
        }
        Err(_) => groups,
    }
}

/// A class that is not the usual one.
pub fn class(group: &LogGroup) -> Option<&LogGroupClass> {
    group.log_group_class.as_ref().filter(|class| **class != LogGroupClass::Standard)
}

/// The groups that a query names.
pub fn names_of(cx: &Cx, names: Values) -> Result<Vec<String>> {
    let names = names.into_vec();
    if !(1..=MOST_GROUPS).contains(&names.len()) {
        return Err(Error::invalid(
            format!("log_groups has {} names; a query takes 1 to {MOST_GROUPS}.", names.len()),
            "Name fewer groups, or query them in turn.",
        ));
    }
    let region = cx.session()?.region.as_ref().map(ToString::to_string);
    let mut groups: Vec<String> = Vec::with_capacity(names.len());
    for name in names {
        let name = group_name(name.trim(), region.as_deref())?;
        if !groups.contains(&name) {
            groups.push(name);
        }
    }
    Ok(groups)
}

/// A name, or an ARN as StartQuery takes it: without the `:*` that other places show.
fn group_name(given: &str, region: Option<&str>) -> Result<String> {
    let wrong = || {
        Error::invalid(
            format!("{} is not a log group's name or ARN.", echo(given)),
            "Give names such as /ecs/checkout; logs_list_groups shows them. For several with one begin give prefix.",
        )
    };
    if is_name(given) {
        return Ok(given.to_owned());
    }
    let arn = given.strip_suffix(":*").unwrap_or(given);
    let parts: Vec<&str> = arn.split(':').collect();
    let ["arn", partition, "logs", its_region, account, "log-group", name] = parts.as_slice()
    else {
        return Err(wrong());
    };
    let plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let good = partition.starts_with("aws")
        && plain(partition)
        && plain(its_region)
        && account.len() == 12
        && account.bytes().all(|b| b.is_ascii_digit())
        && is_name(name);
    if !good {
        return Err(wrong());
    }
    if region.is_some_and(|region| region != *its_region) {
        return Err(Error::invalid(
            format!("{} lies in another region than the call.", echo(given)),
            format!("Call with region {} for this group.", echo(its_region)),
        ));
    }
    Ok(arn.to_owned())
}

/// The groups that are queried.
pub struct Queried {
    pub names: Vec<String>,
    /// What is to be said of those that are not.
    pub left_out: Option<String>,
}

/// The groups that one query can read of those that a prefix finds.
pub async fn queried(cx: &Cx, client: &Client, prefix: &Prefix) -> Result<Queried> {
    let mut found = find(cx, client, Some(prefix), None, MOST_PAGE).await?;
    if found.by == By::Substring {
        found.groups = in_full(cx, client, found.groups).await;
    }
    let more = found.next.is_some();
    let all = found.groups.len();
    let of_class = |wanted: Option<&LogGroupClass>| -> Vec<String> {
        let groups = found.groups.iter().filter(|group| class(group) == wanted);
        groups.filter_map(|group| group.log_group_name.clone()).collect()
    };
    let mut names = of_class(None);
    if names.is_empty() {
        names = of_class(Some(&LogGroupClass::InfrequentAccess));
    }
    if names.is_empty() {
        return Err(Error::new(
            Kind::NotFound,
            format!("no log group that can be queried has {} in its name.", echo(&prefix.0)),
            "Call logs_list_groups to see which there are, here or in another region.",
        ));
    }
    let left_out = match (more, all - names.len()) {
        (true, _) => {
            Some(format!("Only the first {} groups were queried; more names match.", names.len()))
        }
        (false, 0) => None,
        (false, rest) => Some(format!("{rest} groups of another class were not queried.")),
    };
    Ok(Queried { names, left_out })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn prefixes() {
        let parse = |text: &str| serde_json::from_value::<Prefix>(json!(text)).map(|p| p.0).ok();
        assert_eq!(parse(" /ecs/checkout* "), Some("/ecs/checkout".to_owned()));
        assert_eq!(parse("checkout"), Some("checkout".to_owned()));
        for bad in ["", " ", "*", "a b", "a|b", "a'b", "\u{e9}", &"x".repeat(513)] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn groups_by_name_and_arn() {
        let check = |given: &str, expected: Option<&str>| {
            assert_eq!(group_name(given, Some("eu-west-1")).ok().as_deref(), expected, "{given}");
        };
        check("/ecs/checkout", Some("/ecs/checkout"));
        let arn = "arn:aws:logs:eu-west-1:123456789012:log-group:/ecs/checkout";
        check(arn, Some(arn));
        check(&format!("{arn}:*"), Some(arn));
        check(&format!("{arn}:log-stream:x"), None);
        check("arn:aws:logs:us-east-1:123456789012:log-group:/ecs/checkout", None);
        check("arn:aws:s3:eu-west-1:123456789012:log-group:/ecs/checkout", None);
        check("arn:aws:logs:eu-west-1:1234:log-group:/ecs/checkout", None);
        for bad in ["", "*", "a b", "/ecs/checkout'", "a\nb", "checkout*"] {
            check(bad, None);
        }
    }
}
