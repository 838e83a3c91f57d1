//! A service's load balancer targets: how many are well, and what ails the others.

use std::collections::BTreeMap;

use aws_sdk_ecs::types::LoadBalancer;
use aws_sdk_elasticloadbalancingv2::Client;
use aws_sdk_elasticloadbalancingv2::types::{
    ProtocolEnum, TargetGroup as Described, TargetHealthDescription, TargetHealthStateEnum,
};
use futures_util::{StreamExt as _, stream};
use schemars::JsonSchema;
use serde::Serialize;

use super::{AT_ONCE, Cx, cut, in_time, text};
use crate::error::{Error, Kind, Result, aws};

/// Target groups looked at, and targets shown of all.
const MOST_GROUPS: usize = 10;
const MOST_TARGETS: usize = 10;
const MOST_PATH: usize = 100;
const MOST_DESCRIPTION: usize = 200;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct TargetGroup {
    target_group: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    container: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    port: Option<i32>,
    /// Targets by state
    states: BTreeMap<String, usize>,
    /// What is asked of each target, and how often
    #[serde(skip_serializing_if = "Option::is_none")]
    health_check: Option<String>,
    /// Of its metrics, in AWS/ApplicationELB or AWS/NetworkELB
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    dimensions: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    not_healthy: Vec<UnwellTarget>,
    #[serde(skip_serializing_if = "Option::is_none")]
    more_not_healthy: Option<usize>,
    /// Which of the service's load balancers: a deployment switches between the groups of one.
    #[serde(skip)]
    balancer: usize,
}

#[derive(Debug, Serialize, JsonSchema)]
struct UnwellTarget {
    target: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    port: Option<i32>,
    state: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
}

impl TargetGroup {
    fn of(&self, state: &str) -> usize {
        self.states.get(state).copied().unwrap_or_default()
    }

    /// What is wrong with it. Targets that come and go (initial, draining) are not.
    fn trouble(&self, all: &[Self], desired: i32) -> Option<String> {
        let group = &self.target_group;
        let (unhealthy, total) = (self.of("unhealthy"), self.states.values().sum::<usize>());
        if unhealthy > 0 {
            return Some(format!("{unhealthy} of {total} targets of {group} unhealthy"));
        }
        let none = ["healthy", "unavailable", "unused"].iter().all(|state| self.of(state) == 0);
        // The group to which the next deployment goes, or from which the last one came.
        let rests = all.iter().filter(|other| other.balancer == self.balancer).any(|other| {
            other.of("healthy") > 0 || self.states.is_empty() && !other.states.is_empty()
        });
        (none && !rests && desired > 0).then(|| format!("{group} has no healthy target"))
    }

    fn note(&mut self, described: &Described, path: Option<&str>) {
        self.health_check = described.health_check_enabled().filter(|enabled| *enabled).map(|_| {
            let protocol = described.health_check_protocol().map_or("", ProtocolEnum::as_str);
            let port = described.health_check_port().unwrap_or("traffic-port");
            let mut words = format!("{protocol} {port}");
            if let Some(path) = path {
                words.push_str(&format!(" {path}"));
            }
            let expected = described.matcher().and_then(|m| m.http_code().or(m.grpc_code()));
            if let Some(code) = expected {
                words.push_str(&format!(", expects {code}"));
            }
            let every = described.health_check_interval_seconds();
            if let (Some(every), Some(times)) = (every, described.unhealthy_threshold_count()) {
                words.push_str(&format!(", every {every} s, unhealthy after {times}"));
            }
            words
        });
        // arn:...:targetgroup/NAME/id and arn:...:loadbalancer/app/NAME/id: what CloudWatch calls them.
        let group = described.target_group_arn().and_then(|arn| arn.rsplit(':').next());
        let balancer = described.load_balancer_arns().first();
        let balancer = balancer.and_then(|arn| arn.split_once(":loadbalancer/")).map(|(_, id)| id);
        if let (Some(group), Some(balancer)) = (group, balancer) {
            self.dimensions.insert("TargetGroup", group.to_owned());
            self.dimensions.insert("LoadBalancer", balancer.to_owned());
        }
    }
}

/// The target groups of a service.
#[derive(Debug, Default)]
pub(super) struct Targets {
    pub(super) groups: Vec<TargetGroup>,
    /// Why some could not be read, one of each kind.
    pub(super) errors: Vec<Error>,
    /// Groups that could not be read, and why; groups that are too many.
    unknown: Vec<(String, Kind)>,
    more: usize,
}

impl Targets {
    /// What is wrong with them, or not known, where so many tasks are wanted.
    pub(super) fn trouble(&self, desired: i32) -> Vec<String> {
        let wrong = self.groups.iter().filter_map(|group| group.trouble(&self.groups, desired));
        let mut trouble: Vec<String> = wrong.collect();
        for (group, kind) in &self.unknown {
            trouble.push(format!("targets of {group} not known ({})", kind.word()));
        }
        if self.more > 0 {
            trouble.push(format!("{} more target groups not looked at", self.more));
        }
        trouble
    }

    fn missing(&mut self, arn: &str, error: Error) {
        self.unknown.push((name(arn).to_owned(), error.kind));
        self.error(error);
    }

    fn error(&mut self, error: Error) {
        if !self.errors.iter().any(|known| known.message == error.message) {
            self.errors.push(error);
        }
    }

    /// So many targets of all groups, the same share of each.
    fn shorten(&mut self, cx: &Cx) {
        let share = (MOST_TARGETS / self.groups.len().max(1)).max(1);
        for group in &mut self.groups {
            let more = group.not_healthy.len().checked_sub(share);
            group.more_not_healthy = more.filter(|more| *more > 0);
            group.not_healthy.truncate(share);
            for target in &mut group.not_healthy {
                let description = target.description.take();
                target.description = description.map(|text| cut(cx, &text, MOST_DESCRIPTION));
            }
        }
    }
}

/// The target groups of a service, as far as they could be read.
pub(super) async fn target_groups(cx: &Cx, balancers: &[LoadBalancer]) -> Targets {
    let mut groups = named(balancers);
    let mut targets =
        Targets { more: groups.len().saturating_sub(MOST_GROUPS), ..Targets::default() };
    groups.truncate(MOST_GROUPS);
    if groups.is_empty() {
        return targets;
    }
    let client = match cx.load_balancing().await {
        Ok(client) => client,
        Err(error) => {
            groups.iter().for_each(|(arn, _, _)| targets.missing(arn, error.clone()));
            return targets;
        }
    };
    let arns = groups.iter().map(|(arn, _, _)| (*arn).to_owned()).collect();
    let described = client.describe_target_groups().set_target_group_arns(Some(arns));
    let described = async {
        let failed = |e| aws::failed(&cx.action("elbv2:DescribeTargetGroups"), e);
        described.send().await.map_err(failed)
    };
    let requests: Vec<_> = groups
        .iter()
        .map(|named| in_time(cx, "elbv2:DescribeTargetHealth", group(cx, &client, named)))
        .collect();
    let health = stream::iter(requests).buffered(AT_ONCE).collect::<Vec<_>>();
    let described = in_time(cx, "elbv2:DescribeTargetGroups", described);
    let (described, answers) = tokio::join!(described, health);
    let mut good = Vec::new();
    for ((arn, _, _), answer) in groups.iter().zip(answers) {
        match answer {
            Ok(group) => good.push((*arn, group)),
            Err(error) => targets.missing(arn, error),
        }
    }
    match described {
        Ok(answer) => {
            for described in answer.target_groups() {
                let of = |(arn, _): &&mut (&str, _)| Some(*arn) == described.target_group_arn();
                if let Some((_, group)) = good.iter_mut().find(of) {
                    let path = described.health_check_path();
                    let path = path.map(|path| cut(cx, path, MOST_PATH));
                    group.note(described, path.as_deref());
                }
            }
        }
        Err(error) => targets.error(error),
    }
    targets.groups = good.into_iter().map(|(_, group)| group).collect();
    targets.shorten(cx);
    targets
}

/// A target group, the load balancer that it stands behind, and which one of the service's that is.
type Named<'a> = (&'a str, &'a LoadBalancer, usize);

/// `arn:...:targetgroup/NAME/id`
fn name(arn: &str) -> &str {
    arn.split('/').nth(1).unwrap_or(arn)
}

/// Each target group once, those too between which a deployment switches.
fn named(balancers: &[LoadBalancer]) -> Vec<Named<'_>> {
    let mut groups: Vec<Named<'_>> = Vec::new();
    for (place, balancer) in balancers.iter().enumerate() {
        let other = balancer.advanced_configuration().and_then(|c| c.alternate_target_group_arn());
        for arn in balancer.target_group_arn().into_iter().chain(other) {
            if !groups.iter().any(|(known, _, _)| *known == arn) {
                groups.push((arn, balancer, place));
            }
        }
    }
    groups
}

async fn group(cx: &Cx, client: &Client, named: &Named<'_>) -> Result<TargetGroup> {
    let answer = client
        .describe_target_health()
        .target_group_arn(named.0)
        .send()
        .await
        .map_err(|e| aws::failed(&cx.action("elbv2:DescribeTargetHealth"), e))?;
    Ok(told(named, answer.target_health_descriptions()))
}

fn told(named: &Named<'_>, targets: &[TargetHealthDescription]) -> TargetGroup {
    let (arn, balancer, place) = *named;
    let mut states = BTreeMap::new();
    let mut unwell = Vec::new();
    for target in targets {
        let health = target.target_health();
        let state = health.and_then(|h| h.state()).map_or("unknown", TargetHealthStateEnum::as_str);
        *states.entry(state.to_owned()).or_default() += 1;
        if state != "healthy" {
            unwell.push(UnwellTarget {
                target: target.target().and_then(|t| t.id()).unwrap_or_default().to_owned(),
                port: target.target().and_then(|t| t.port()),
                state: state.to_owned(),
                reason: health.and_then(|h| h.reason()).map(|r| r.as_str().to_owned()),
                description: text(health.and_then(|h| h.description())),
            });
        }
    }
    // What is ill comes before what comes and goes.
    unwell.sort_by_key(|target| target.state != "unhealthy");
    TargetGroup {
        target_group: name(arn).to_owned(),
        container: text(balancer.container_name()),
        port: balancer.container_port(),
        states,
        health_check: None,
        dimensions: BTreeMap::new(),
        not_healthy: unwell,
        more_not_healthy: None,
        balancer: place,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_elasticloadbalancingv2::types::{Matcher, TargetHealth};

    const ARN: &str = "arn:aws:elasticloadbalancing:r:1:targetgroup/shop-web/0a1b";

    fn group(arn: &str, states: &[&str]) -> TargetGroup {
        let target = |state: &&str| {
            let health = TargetHealth::builder().state((*state).into()).build();
            TargetHealthDescription::builder().target_health(health).build()
        };
        let targets: Vec<_> = states.iter().map(target).collect();
        told(&(arn, &LoadBalancer::builder().build(), 0), &targets)
    }

    fn check(states: &[&str], expected: Option<&str>) {
        let group = group(ARN, states);
        assert_eq!(group.target_group, "shop-web");
        assert_eq!(group.trouble(&[], 1).as_deref(), expected, "{states:?}");
    }

    #[test]
    fn a_group_that_rests_is_not_in_trouble() {
        let check = |blue: &[&str], green: &[&str], place: usize, desired, expected: &[&str]| {
            let mut other = group("arn:x:targetgroup/green/1", green);
            other.balancer = place;
            let groups = vec![group("arn:x:targetgroup/blue/0", blue), other];
            let targets = Targets { groups, ..Targets::default() };
            assert_eq!(targets.trouble(desired), expected, "{blue:?} {green:?}");
        };
        check(&["healthy"], &[], 0, 1, &[]);
        check(&["draining"], &["healthy"], 0, 1, &[]);
        check(&["unhealthy"], &[], 0, 1, &["1 of 1 targets of blue unhealthy"]);
        check(&["initial"], &[], 0, 1, &["blue has no healthy target"]);
        check(&["healthy"], &[], 1, 1, &["green has no healthy target"]);
        let both = ["blue has no healthy target", "green has no healthy target"];
        check(&[], &[], 0, 1, &both);
        check(&[], &["draining"], 0, 0, &[]);
    }

    #[test]
    fn what_is_not_known_is_said() {
        let mut targets = Targets { more: 2, ..Targets::default() };
        targets.missing(ARN, Error::new(Kind::AccessDenied, "no", ""));
        targets.missing("arn:x:targetgroup/blue/0", Error::new(Kind::AccessDenied, "no", ""));
        let expected = [
            "targets of shop-web not known (access_denied)",
            "targets of blue not known (access_denied)",
            "2 more target groups not looked at",
        ];
        assert_eq!(targets.trouble(0), expected);
        assert_eq!(targets.errors.len(), 1);
    }

    #[test]
    fn what_is_wrong_with_a_group() {
        check(&["healthy", "healthy", "draining", "initial"], None);
        check(&["healthy", "unhealthy"], Some("1 of 2 targets of shop-web unhealthy"));
        check(&["unhealthy.draining", "healthy"], None);
        check(&["initial"], Some("shop-web has no healthy target"));
        check(&[], Some("shop-web has no healthy target"));
        check(&["unused"], None);
    }

    #[test]
    fn its_check_and_its_metrics_are_told() {
        let mut group = group(ARN, &[]);
        let described = Described::builder()
            .target_group_arn(ARN)
            .load_balancer_arns("arn:aws:elasticloadbalancing:r:1:loadbalancer/app/shop/50dc")
            .health_check_enabled(true)
            .health_check_protocol(ProtocolEnum::Http)
            .health_check_port("8080")
            .health_check_interval_seconds(30)
            .unhealthy_threshold_count(2)
            .matcher(Matcher::builder().http_code("200-299").build());
        group.note(&described.build(), Some("/healthz"));
        let words = "HTTP 8080 /healthz, expects 200-299, every 30 s, unhealthy after 2";
        assert_eq!(group.health_check.as_deref(), Some(words));
        assert_eq!(group.dimensions["LoadBalancer"], "app/shop/50dc");
        assert_eq!(group.dimensions["TargetGroup"], "targetgroup/shop-web/0a1b");
        group.note(&Described::builder().target_group_arn(ARN).build(), None);
        assert_eq!(group.health_check, None);
    }

    #[test]
    fn each_group_is_named_once() {
        let one = LoadBalancer::builder().target_group_arn(ARN).build();
        let groups = [one.clone(), one];
        assert_eq!(named(&groups).len(), 1);
    }
}
