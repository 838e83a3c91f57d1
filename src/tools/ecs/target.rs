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

use super::{AT_ONCE, Cx, cut, text};
use crate::error::{Error, Result, aws};

/// Target groups looked at, and targets shown of each.
const MOST_GROUPS: usize = 10;
const MOST_TARGETS: usize = 10;
const MOST_PATH: usize = 100;

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
    /// What is wrong with it. Targets that come and go (initial, draining) are not.
    pub(super) fn trouble(&self) -> Option<String> {
        let group = &self.target_group;
        let of = |state: &str| self.states.get(state).copied().unwrap_or_default();
        let (unhealthy, total) = (of("unhealthy"), self.states.values().sum::<usize>());
        if unhealthy > 0 {
            return Some(format!("{unhealthy} of {total} targets of {group} unhealthy"));
        }
        let none = of("healthy") == 0 && of("unavailable") == 0 && of("unused") == 0;
        none.then(|| format!("{group} has no healthy target"))
    }

    fn note(&mut self, described: &Described) {
        self.health_check = described.health_check_enabled().filter(|enabled| *enabled).map(|_| {
            let protocol = described.health_check_protocol().map_or("", ProtocolEnum::as_str);
            let port = described.health_check_port().unwrap_or("traffic-port");
            let mut words = format!("{protocol} {port}");
            if let Some(path) = described.health_check_path() {
                words.push_str(&format!(" {}", cut(path, MOST_PATH)));
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

/// The target groups of a service, and the errors of those that could not be read.
pub(super) async fn target_groups(
    cx: &Cx,
    balancers: &[LoadBalancer],
) -> (Vec<TargetGroup>, Vec<Error>) {
    let groups = named(balancers);
    if groups.is_empty() {
        return (Vec::new(), Vec::new());
    }
    let client = match cx.load_balancing().await {
        Ok(client) => client,
        Err(error) => return (Vec::new(), vec![error]),
    };
    let arns = groups.iter().map(|(arn, _)| (*arn).to_owned()).collect();
    let described = client.describe_target_groups().set_target_group_arns(Some(arns)).send();
    let requests: Vec<_> =
        groups.iter().map(|(arn, balancer)| group(cx, &client, arn, balancer)).collect();
    let health = stream::iter(requests).buffered(AT_ONCE).collect::<Vec<_>>();
    let (described, answers) = tokio::join!(described, health);
    let (mut good, mut errors) = (Vec::new(), Vec::new());
    for ((arn, _), answer) in groups.iter().zip(answers) {
        match answer {
            Ok(group) => good.push((*arn, group)),
            Err(error) => errors.push(error),
        }
    }
    match described {
        Ok(answer) => {
            for described in answer.target_groups() {
                let of = |(arn, _): &&mut (&str, _)| Some(*arn) == described.target_group_arn();
                if let Some((_, group)) = good.iter_mut().find(of) {
                    group.note(described);
                }
            }
        }
        Err(e) => errors.push(aws::failed(&cx.action("elbv2:DescribeTargetGroups"), e)),
    }
    (good.into_iter().map(|(_, group)| group).collect(), errors)
}

/// Each target group once, those too between which a deployment switches.
fn named(balancers: &[LoadBalancer]) -> Vec<(&str, &LoadBalancer)> {
    let mut groups: Vec<(&str, &LoadBalancer)> = Vec::new();
    for balancer in balancers {
        let other = balancer.advanced_configuration().and_then(|c| c.alternate_target_group_arn());
        for arn in balancer.target_group_arn().into_iter().chain(other) {
            if groups.len() < MOST_GROUPS && !groups.iter().any(|(known, _)| *known == arn) {
                groups.push((arn, balancer));
            }
        }
    }
    groups
}

async fn group(
    cx: &Cx,
    client: &Client,
    arn: &str,
    balancer: &LoadBalancer,
) -> Result<TargetGroup> {
    let answer = client
        .describe_target_health()
        .target_group_arn(arn)
        .send()
        .await
        .map_err(|e| aws::failed(&cx.action("elbv2:DescribeTargetHealth"), e))?;
    Ok(told(arn, balancer, answer.target_health_descriptions()))
}

fn told(arn: &str, balancer: &LoadBalancer, targets: &[TargetHealthDescription]) -> TargetGroup {
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
    let more = unwell.len().checked_sub(MOST_TARGETS).filter(|more| *more > 0);
    unwell.truncate(MOST_TARGETS);
    TargetGroup {
        // arn:...:targetgroup/NAME/id
        target_group: arn.split('/').nth(1).unwrap_or(arn).to_owned(),
        container: text(balancer.container_name()),
        port: balancer.container_port(),
        states,
        health_check: None,
        dimensions: BTreeMap::new(),
        not_healthy: unwell,
        more_not_healthy: more,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_elasticloadbalancingv2::types::{Matcher, TargetHealth};

    const ARN: &str = "arn:aws:elasticloadbalancing:r:1:targetgroup/shop-web/0a1b";

    fn check(states: &[&str], expected: Option<&str>) {
        let target = |state: &&str| {
            let health = TargetHealth::builder().state((*state).into()).build();
            TargetHealthDescription::builder().target_health(health).build()
        };
        let targets: Vec<_> = states.iter().map(target).collect();
        let group = told(ARN, &LoadBalancer::builder().build(), &targets);
        assert_eq!(group.target_group, "shop-web");
        assert_eq!(group.trouble().as_deref(), expected, "{states:?}");
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
        let mut group = told(ARN, &LoadBalancer::builder().build(), &[]);
        let described = Described::builder()
            .target_group_arn(ARN)
            .load_balancer_arns("arn:aws:elasticloadbalancing:r:1:loadbalancer/app/shop/50dc")
            .health_check_enabled(true)
            .health_check_protocol(ProtocolEnum::Http)
            .health_check_port("8080")
            .health_check_path("/healthz")
            .health_check_interval_seconds(30)
            .unhealthy_threshold_count(2)
            .matcher(Matcher::builder().http_code("200-299").build());
        group.note(&described.build());
        let words = "HTTP 8080 /healthz, expects 200-299, every 30 s, unhealthy after 2";
        assert_eq!(group.health_check.as_deref(), Some(words));
        assert_eq!(group.dimensions["LoadBalancer"], "app/shop/50dc");
        assert_eq!(group.dimensions["TargetGroup"], "targetgroup/shop-web/0a1b");
        group.note(&Described::builder().target_group_arn(ARN).build());
        assert_eq!(group.health_check, None);
    }

    #[test]
    fn each_group_is_named_once() {
        let one = LoadBalancer::builder().target_group_arn(ARN).build();
        let groups = [one.clone(), one];
        assert_eq!(named(&groups).len(), 1);
    }
}
