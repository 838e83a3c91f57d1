//! Where credentials come from, worked out from what is configured alone: no call, no process.
//! The chain is that of AWS's SDKs; it is our own because the SDK's runs `credential_process`
//! through a shell, ignores `duration_seconds` and `mfa_serial`, and cannot say what it chose.

use std::path::PathBuf;
use std::time::Duration;

use super::profiles::{Kind as ProfileKind, Profile, Profiles};
use super::target::RoleArn;
use crate::config::{AwsSettings, Keys, WebIdentity};
use crate::error::{Error, Kind, Result};

/// One way to credentials, and its name for answers and logs (`sso:dev`).
#[derive(Clone, Debug)]
pub struct Plan {
    pub source: String,
    pub way: Way,
}

#[derive(Clone, Debug)]
pub enum Way {
    Keys(Keys),
    Process { command: String },
    Sso(Sso),
    Login { session_arn: String },
    WebIdentity(WebIdentity),
    Container,
    InstanceMetadata,
    Role { base: Box<Plan>, role: Role },
}

/// What a profile says of IAM Identity Center.
#[derive(Clone, Debug)]
pub struct Sso {
    pub account_id: String,
    pub role_name: String,
    pub start_url: String,
    pub region: String,
    pub session_name: Option<String>,
}

/// What AssumeRole is to be asked.
#[derive(Clone, Debug)]
pub struct Role {
    pub arn: String,
    pub session_name: Option<String>,
    pub external_id: Option<String>,
    pub duration: Option<Duration>,
}

/// The profile that AWS's tools take when none is named.
pub const DEFAULT_PROFILE: &str = "default";

impl Plan {
    /// The ARNs of the roles that are assumed, in their order.
    pub fn roles(&self) -> Vec<String> {
        match &self.way {
            Way::Role { base, role } => {
                let mut roles = base.roles();
                roles.push(role.arn.clone());
                roles
            }
            Way::WebIdentity(identity) => vec![identity.role_arn.clone()],
            Way::Keys(_)
            | Way::Process { .. }
            | Way::Sso(_)
            | Way::Login { .. }
            | Way::Container
            | Way::InstanceMetadata => Vec::new(),
        }
    }
}

/// The plan for a profile that the user or the call named.
pub fn of_profile(profiles: &Profiles, settings: &AwsSettings, name: &str) -> Result<Plan> {
    let profile = find(profiles, name)?;
    profile_plan(profiles, settings, profile, &mut Vec::new())
}

/// The plan where nothing was named, and the profile that it comes from: environment, profile, web
/// identity, container, metadata.
pub fn default_chain(
    profiles: &Profiles,
    settings: &AwsSettings,
) -> Result<(Plan, Option<String>)> {
    if let Some(keys) = &settings.keys {
        return Ok((plan("environment", Way::Keys(keys.clone())), None));
    }
    let default = || {
        let default = profiles.get(DEFAULT_PROFILE)?;
        (default.kind() != ProfileKind::Empty).then(|| default.name.clone())
    };
    if let Some(name) = settings.profile.clone().or_else(default) {
        return Ok((of_profile(profiles, settings, &name)?, Some(name)));
    }
    if let Some(identity) = &settings.web_identity {
        return Ok((plan("web_identity", Way::WebIdentity(identity.clone())), None));
    }
    if settings.container {
        return Ok((plan("container", Way::Container), None));
    }
    if settings.instance_metadata {
        return Ok((plan("imds", Way::InstanceMetadata), None));
    }
    let half = settings.half_keys.map(|half| format!(" ({half}.)")).unwrap_or_default();
    Err(Error::new(
        Kind::NoCredentials,
        format!(
            "no AWS credentials are configured: no keys in the environment, no AWS_PROFILE, \
             no default profile.{half}"
        ),
        match profiles.iter().next() {
            Some(_) => "Call aws_list_profiles and name one of them as profile.",
            None => {
                "Run `aws configure sso` or `aws configure` in a terminal, \
                     or set AWS_PROFILE in the server's env block."
            }
        },
    ))
}

/// The plan for keys that `aws_set_environment` set.
pub fn of_set_keys(keys: &Keys) -> Plan {
    plan("set_environment", Way::Keys(keys.clone()))
}

/// Assumes `arn` on top of another plan.
pub fn assume(base: Plan, arn: &RoleArn) -> Plan {
    Plan {
        source: format!("assume_role:{}", arn.as_str()),
        way: Way::Role {
            base: Box::new(base),
            role: Role {
                arn: arn.as_str().to_owned(),
                session_name: None,
                external_id: None,
                duration: None,
            },
        },
    }
}

/// A profile by name, or an error with the nearest name.
pub fn find<'a>(profiles: &'a Profiles, name: &str) -> Result<&'a Profile> {
    profiles.get(name).ok_or_else(|| {
        let names: Vec<&str> = profiles.iter().map(|p| p.name.as_str()).collect();
        let nearest = crate::error::nearest(name, names.iter().copied())
            .map(|near| format!(" Did you mean {near:?}?"))
            .unwrap_or_default();
        Error::new(
            Kind::NotFound,
            format!("profile {name:?} is not in the AWS configuration files.{nearest}"),
            "Call aws_list_profiles to see the profiles that exist.",
        )
    })
}

fn plan(source: impl Into<String>, way: Way) -> Plan {
    Plan { source: source.into(), way }
}

fn profile_plan(
    profiles: &Profiles,
    settings: &AwsSettings,
    profile: &Profile,
    seen: &mut Vec<String>,
) -> Result<Plan> {
    let name = &profile.name;
    if seen.contains(name) {
        return Err(unusable(
            name,
            format!("its source_profile leads back to it: {}.", seen.join(" -> ")),
        ));
    }
    seen.push(name.clone());
    match profile.kind() {
        ProfileKind::Static => keys_plan(profile),
        ProfileKind::Process => Ok(plan(
            format!("process:{name}"),
            Way::Process { command: required(profile, "credential_process")? },
        )),
        ProfileKind::Sso => sso_plan(profiles, profile),
        ProfileKind::Login => Ok(plan(
            format!("login:{name}"),
            Way::Login { session_arn: required(profile, "login_session")? },
        )),
        ProfileKind::WebIdentity => Ok(plan(
            format!("web_identity:{name}"),
            Way::WebIdentity(WebIdentity {
                token_file: PathBuf::from(required(profile, "web_identity_token_file")?),
                role_arn: required(profile, "role_arn")?,
                session_name: profile.get("role_session_name").map(str::to_owned),
            }),
        )),
        ProfileKind::Role => role_plan(profiles, settings, profile, seen),
        ProfileKind::Source => source_plan(settings, profile),
        ProfileKind::Empty => Err(Error::new(
            Kind::NoCredentials,
            format!("profile {name:?} says nothing about credentials."),
            "Name another profile, or add credentials to this one (`aws configure sso --profile NAME`).",
        )),
    }
}

fn keys_plan(profile: &Profile) -> Result<Plan> {
    match &profile.keys {
        Some(keys) => {
            Ok(plan(format!("aws_config_profile:{}", profile.name), Way::Keys(keys.clone())))
        }
        None => {
            Err(unusable(&profile.name, "its access key stands without its secret key.".into()))
        }
    }
}

fn sso_plan(profiles: &Profiles, profile: &Profile) -> Result<Plan> {
    let session_name = profile.get("sso_session");
    let session = match session_name {
        None => None,
        Some(session) => Some(profiles.sso_session(session).ok_or_else(|| {
            unusable(&profile.name, format!("there is no [sso-session {session}] section."))
        })?),
    };
    let setting = |key: &str| -> Result<String> {
        match session.and_then(|section| section.get(key)) {
            Some(value) => Ok(value.to_owned()),
            None => required(profile, key),
        }
    };
    Ok(plan(
        format!("sso:{}", profile.name),
        Way::Sso(Sso {
            account_id: required(profile, "sso_account_id")?,
            role_name: required(profile, "sso_role_name")?,
            start_url: setting("sso_start_url")?,
            region: setting("sso_region")?,
            session_name: session_name.map(str::to_owned),
        }),
    ))
}

fn role_plan(
    profiles: &Profiles,
    settings: &AwsSettings,
    profile: &Profile,
    seen: &mut Vec<String>,
) -> Result<Plan> {
    let name = &profile.name;
    if profile.get("mfa_serial").is_some() {
        return Err(unusable(
            name,
            "its role wants an MFA code (mfa_serial), which this server cannot ask for.".into(),
        ));
    }
    let base = match profile.get("source_profile") {
        // A profile that names itself means its own static keys.
        Some(source) if source == name => keys_plan(profile)?,
        Some(source) => {
            let source = find(profiles, source)?;
            // Keys beat whatever else a source profile says, as in AWS's SDKs.
            match source.keys {
                Some(_) => keys_plan(source)?,
                None => profile_plan(profiles, settings, source, seen)?,
            }
        }
        None => source_plan(settings, profile)?,
    };
    let duration = match profile.get("duration_seconds") {
        None => None,
        Some(text) => match text.parse() {
            // 15 minutes to 12 hours: AssumeRole, DurationSeconds.
            Ok(seconds @ 900..=43_200) => Some(Duration::from_secs(seconds)),
            _ => {
                return Err(unusable(
                    name,
                    format!("its duration_seconds is {text:?}, not 900 to 43200."),
                ));
            }
        },
    };
    Ok(plan(
        format!("assume_role:{name}"),
        Way::Role {
            base: Box::new(base),
            role: Role {
                arn: required(profile, "role_arn")?,
                session_name: profile.get("role_session_name").map(str::to_owned),
                external_id: profile.get("external_id").map(str::to_owned),
                duration,
            },
        },
    ))
}

fn source_plan(settings: &AwsSettings, profile: &Profile) -> Result<Plan> {
    match (profile.get("credential_source"), &settings.keys) {
        (Some("Environment"), Some(keys)) => Ok(plan("environment", Way::Keys(keys.clone()))),
        (Some("Environment"), None) => Err(unusable(
            &profile.name,
            "it wants the keys of the environment, and there are none.".into(),
        )),
        (Some("EcsContainer"), _) => Ok(plan("container", Way::Container)),
        (Some("Ec2InstanceMetadata"), _) => Ok(plan("imds", Way::InstanceMetadata)),
        (Some(other), _) => {
            Err(unusable(&profile.name, format!("its credential_source is {other:?}.")))
        }
        (None, _) => Err(unusable(
            &profile.name,
            "its role has neither a source_profile nor a credential_source.".into(),
        )),
    }
}

fn required(profile: &Profile, key: &str) -> Result<String> {
    profile
        .get(key)
        .filter(|value| !value.is_empty())
        .map(str::to_owned)
        .ok_or_else(|| unusable(&profile.name, format!("it has no {key}.")))
}

fn unusable(profile: &str, why: String) -> Error {
    Error::new(
        Kind::NoCredentials,
        format!("profile {profile:?} cannot be used: {why}"),
        "Mend the profile in the AWS configuration files, or name another one (aws_list_profiles).",
    )
}
