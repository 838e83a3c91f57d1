//! Asks a policy about calls that nobody makes: one that a person asks about, or the cases that a
//! person wrote down so that a change of the policy cannot break what it is for.

use std::path::Path;

use aws_dynamic::catalog::newer::LeftOut;
use aws_dynamic::catalog::{Effect, Index, Operation, unusable};
use serde::Deserialize;
use serde_json::Value;

use super::called::Called;
use super::escape::visible;
use super::policies::Snapshot;
use super::verdict::{Question, Role, RoleOrigin, Settings, Verdict};
use crate::accounts::{Region, RoleArn};
use crate::config::yaml;
use crate::error::{Error, Kind, Result, echo, nearest};

/// A call to ask about, as a person writes it.
#[derive(Clone, Debug, Default)]
pub struct Asked<'a> {
    /// `ec2:TerminateInstances`
    pub operation: &'a str,
    /// Ids and names of the account.
    pub accounts: Vec<&'a str>,
    pub region: Option<&'a str>,
    pub profile: Option<&'a str>,
    /// The ARN of a role; it counts as one of another account, because the caller's is not known.
    pub role: Option<&'a str>,
    /// Absent: the effect is the strongest that any arguments give.
    pub arguments: Option<&'a Value>,
}

impl Asked<'_> {
    fn with<T>(&self, index: &Index, see: impl FnOnce(&Question) -> T) -> Result<T> {
        if let Some(region) = self.region {
            Region::parse(region)?;
        }
        if let Some(role) = self.role {
            RoleArn::parse(role)?;
        }
        if !self.arguments.is_none_or(Value::is_object) {
            return Err(Error::invalid(
                "the arguments are not a JSON object.",
                "Write them as the API has them, such as {\"desiredCount\": 0}.",
            ));
        }
        let called = Called::of(index, self.operation);
        let effect = match (called.operation(), self.arguments) {
            (None, _) => Effect::Unknown,
            (Some(operation), None) => operation.effect(),
            (Some(operation), Some(arguments)) => operation.effect_with(arguments),
        };
        Ok(see(&Question {
            called: Some(called),
            effect,
            accounts: &self.accounts,
            region: self.region,
            profile: self.profile,
            role: self.role.map(|arn| Role { arn, origin: RoleOrigin::Other }),
        }))
    }
}

/// What happens to one call and why, for a person: one line each.
pub fn explain(
    snapshot: &Snapshot,
    settings: Settings,
    index: &Index,
    asked: &Asked,
) -> Result<Vec<String>> {
    asked.with(index, |question| {
        let judged = snapshot.judge(settings, question);
        let name = question.called.as_ref().map_or_else(String::new, Called::name);
        let mut lines = vec![
            format!("{name}: {}", judged.verdict.word()),
            format!("effect: {}{}", question.effect.word(), doubt(index, question, asked)),
            format!("rule: {}", judged.rule),
            format!("reason: {}", judged.reason),
        ];
        let each = snapshot.judgements(settings, question).into_iter();
        lines.extend(each.map(|(origin, one)| {
            format!("{}: {}, {}", origin.word(), one.verdict.word(), one.rule)
        }));
        lines
    })
}

fn doubt(index: &Index, question: &Question, asked: &Asked) -> String {
    match question.called.as_ref().and_then(Called::operation) {
        Some(operation) if asked.arguments.is_none() && operation.depends_on_arguments() => {
            format!(" (with other arguments {})", operation.weakest().word())
        }
        Some(_) => String::new(),
        None => {
            let (service, operation) = asked.operation.split_once(':').unwrap_or_default();
            if let Some(LeftOut { service, why }) = unusable(service) {
                let told = format!(" (the newer models of {service} cannot be used: {why})");
                // The words are partly a stranger's.
                return visible(&told).into_owned();
            }
            let known = match index.service(service) {
                Some(service) => {
                    nearest(operation, service.operations().iter().map(Operation::name))
                        .map(|near| format!("{}:{near}", service.name()))
                }
                None => nearest(service, index.services().iter().map(|service| service.name()))
                    .map(|near| format!("{near}:{operation}")),
            };
            let near = known.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
            format!(" (there is no such operation{near})")
        }
    }
}

/// A user's own cases.
#[derive(Clone, Debug)]
pub struct Cases(Vec<Case>);

/// How the cases went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tested {
    pub passed: usize,
    /// Each case that failed, with what came instead.
    pub failed: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: Option<String>,
    operation: String,
    account: Option<String>,
    region: Option<String>,
    profile: Option<String>,
    role: Option<String>,
    arguments: Option<Value>,
    expect: Verdict,
    /// How the name of the rule that decides begins.
    rule: Option<String>,
}

impl Cases {
    /// Reads a list of cases; the path is for the error. No cases are an error.
    pub fn parse(text: &str, path: &Path) -> Result<Self> {
        let cases: Vec<Case> = yaml::read(text, path)?;
        if cases.is_empty() {
            return Err(Error::new(
                Kind::ConfigError,
                format!("{}: there is no case in it.", path.display()),
                "Write a list such as: - {operation: ec2:TerminateInstances, expect: deny}",
            ));
        }
        Ok(Self(cases))
    }

    /// Judges every case; `names` gives everything that an account is known by. An error is a case
    /// that cannot be asked.
    pub fn test(
        &self,
        snapshot: &Snapshot,
        settings: Settings,
        index: &Index,
        names: &dyn Fn(&str) -> Vec<String>,
    ) -> Result<Tested> {
        let mut failed = Vec::new();
        for (number, case) in self.0.iter().enumerate() {
            let name = case.name.as_ref().map(|name| format!(" {}", echo(name)));
            let title = format!("case {}{}", number + 1, name.unwrap_or_default());
            let accounts = case.account.as_deref().map(names).unwrap_or_default();
            let asked = Asked {
                operation: &case.operation,
                accounts: accounts.iter().map(String::as_str).collect(),
                region: case.region.as_deref(),
                profile: case.profile.as_deref(),
                role: case.role.as_deref(),
                arguments: case.arguments.as_ref(),
            };
            let judged = asked
                .with(index, |question| snapshot.judge(settings, question))
                .map_err(|e| Error { message: format!("{title}: {}", e.message), ..e })?;
            let wanted = case.rule.as_deref().unwrap_or_default();
            if judged.verdict != case.expect || !judged.rule.starts_with(wanted) {
                let by = if wanted.is_empty() { "" } else { " by " };
                failed.push(format!(
                    "{title}: {}: expected {}{by}{wanted}, came {} by {}",
                    case.operation,
                    case.expect.word(),
                    judged.verdict.word(),
                    judged.rule
                ));
            }
        }
        Ok(Tested { passed: self.0.len() - failed.len(), failed })
    }
}

#[cfg(test)]
mod tests;
