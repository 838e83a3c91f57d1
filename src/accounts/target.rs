//! What a call asks for: profile, role, region. Parsed at the door into types that cannot be wrong,
//! because a region becomes part of a host name and a profile part of a file's lookup.

use std::fmt;

use serde_json::{Map, Value};

use crate::error::{Error, Result};

/// A region's name, such as `eu-west-1`: letters, digits and hyphens only, so that it cannot smuggle
/// another host into an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Region(String);

/// The first parts of region names, by AWS's partition definitions.
const GEOGRAPHIES: [&str; 11] =
    ["us", "eu", "ap", "sa", "ca", "me", "af", "il", "mx", "cn", "eusc"];

impl Region {
    /// Checks the form: a known geography, one to three words, a number.
    pub fn parse(text: &str) -> Result<Self> {
        let parts: Vec<&str> = text.split('-').collect();
        let good = match parts.as_slice() {
            [geography, words @ .., number] => {
                GEOGRAPHIES.contains(geography)
                    && (1..=3).contains(&words.len())
                    && words.iter().all(|word| {
                        !word.is_empty()
                            && word.len() <= 12
                            && word.bytes().all(|b| b.is_ascii_lowercase())
                    })
                    && (1..=2).contains(&number.len())
                    && number.bytes().all(|b| b.is_ascii_digit())
            }
            _ => false,
        };
        if good {
            Ok(Self(text.to_owned()))
        } else {
            Err(Error::invalid(
                format!("region {text:?} is not the name of an AWS region."),
                "Give a region such as eu-west-1 or us-east-1.",
            ))
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Where the partition's sign-in endpoints always are.
    pub fn home(&self) -> Self {
        let home = match self.partition() {
            "aws" => "us-east-1",
            "aws-cn" => "cn-north-1",
            "aws-us-gov" => "us-gov-west-1",
            _ => return self.clone(),
        };
        Self(home.to_owned())
    }

    /// The partition that the region lies in.
    pub fn partition(&self) -> &'static str {
        match self.0.as_str() {
            r if r.starts_with("cn-") => "aws-cn",
            r if r.starts_with("us-gov-") => "aws-us-gov",
            r if r.starts_with("eusc-") => "aws-eusc",
            r if r.starts_with("us-isob-") => "aws-iso-b",
            r if r.starts_with("us-isof-") => "aws-iso-f",
            r if r.starts_with("us-iso-") => "aws-iso",
            r if r.starts_with("eu-isoe-") => "aws-iso-e",
            _ => "aws",
        }
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The ARN of an IAM role.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RoleArn(String);

impl RoleArn {
    /// Checks the form `arn:PARTITION:iam::ACCOUNT:role/PATH`.
    pub fn parse(text: &str) -> Result<Self> {
        let mut parts = text.splitn(6, ':');
        let mut next = || parts.next().unwrap_or_default();
        let (arn, partition, service, region, account, resource) =
            (next(), next(), next(), next(), next(), next());
        let name_is_good = resource.strip_prefix("role/").is_some_and(|name| {
            !name.is_empty()
                && name.len() <= 576
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"+=,.@_-/".contains(&b))
        });
        let good = arn == "arn"
            && partition.starts_with("aws")
            && partition.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
            && service == "iam"
            && region.is_empty()
            && account.len() == 12
            && account.bytes().all(|b| b.is_ascii_digit())
            && name_is_good;
        if good {
            Ok(Self(text.to_owned()))
        } else {
            Err(Error::invalid(
                format!("role_arn {text:?} is not the ARN of an IAM role."),
                "Give an ARN such as arn:aws:iam::123456789012:role/ReadOnly.",
            ))
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id of the account that the role is of.
    pub fn account(&self) -> &str {
        self.0.split(':').nth(4).unwrap_or_default()
    }
}

/// What a call named. Nothing named means: what `aws_set_environment` set, else the default chain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Requested {
    pub profile: Option<String>,
    pub role_arn: Option<RoleArn>,
    pub region: Option<Region>,
}

impl Requested {
    /// Takes `profile`, `role_arn` and `region` out of a call's arguments.
    pub fn take_from(arguments: &mut Map<String, Value>) -> Result<Self> {
        let mut take = |name: &str| match arguments.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.trim().to_owned())),
            Some(other) => Err(Error::invalid(
                format!("{name} must be a string, not {other}."),
                "Leave it out to use the default.",
            )),
        };
        Ok(Self {
            profile: take("profile")?,
            role_arn: take("role_arn")?.as_deref().map(RoleArn::parse).transpose()?,
            region: take("region")?.as_deref().map(Region::parse).transpose()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions() {
        for good in [
            "us-east-1",
            "ap-southeast-4",
            "us-gov-west-1",
            "us-iso-east-1",
            "cn-north-1",
            "eusc-de-east-1",
            "mx-central-1",
            "us-isob-east-1",
        ] {
            assert_eq!(Region::parse(good).unwrap().as_str(), good);
        }
        for bad in [
            "",
            "us-east",
            "us-east-1.evil.example",
            "us-east-1/",
            "US-EAST-1",
            "us--1",
            "evil.example#-1",
            "us-east-1 ",
            "us-east-١",
            "xx-east-1",
            "us-east-1@evil",
            "localhost",
        ] {
            assert!(Region::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn partitions() {
        assert_eq!(Region::parse("us-gov-west-1").unwrap().partition(), "aws-us-gov");
        assert_eq!(Region::parse("cn-north-1").unwrap().partition(), "aws-cn");
        assert_eq!(Region::parse("eu-west-1").unwrap().partition(), "aws");
    }

    #[test]
    fn role_arns() {
        for good in
            ["arn:aws:iam::123456789012:role/a", "arn:aws-cn:iam::123456789012:role/p/q+=,.@-_"]
        {
            assert!(RoleArn::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "a",
            "arn:aws:iam::123456789012:user/a",
            "arn:aws:iam::12345678901:role/a",
            "arn:aws:iam::123456789012:role/",
            "arn:aws:iam::123456789012:role/a b",
            "arn:aws:sts::123456789012:role/a",
            "arn:aws:iam:us-east-1:123456789012:role/a",
        ] {
            assert!(RoleArn::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_target_is_taken_out_of_the_arguments() {
        let mut arguments = serde_json::json!({"profile": " dev ", "region": null, "limit": 1});
        let arguments = arguments.as_object_mut().unwrap();
        let requested = Requested::take_from(arguments).unwrap();
        assert_eq!(requested.profile.as_deref(), Some("dev"));
        assert_eq!(arguments.keys().collect::<Vec<_>>(), ["limit"]);
    }
}
