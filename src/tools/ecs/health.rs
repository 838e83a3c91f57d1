//! What is wrong with a service, by what ECS says of it.

use aws_sdk_ecs::types::{Deployment, DeploymentRolloutState, Service};
use aws_smithy_types::DateTime;

use super::{count, event, short};
use crate::tools::arguments::moment;

/// A rollout that takes longer does not go well.
const LONG_ROLLOUT: i64 = 30 * 60;
/// How long a roll-back is news.
const NEWS: i64 = 24 * 3_600;
/// A deployment that goes back begins so soon after the one that failed, in seconds.
const AT_ONCE: i64 = 300;
/// How long an event that speaks of a failure counts.
const RECENT: i64 = 3_600;

/// How bad it is; the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    Down,
    FailedDeployment,
    TooFew,
    Other,
}

/// Makes a text short.
pub(super) type Brief<'a> = dyn Fn(&str) -> String + 'a;

/// What is wrong with one service.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    pub(super) weight: Option<Weight>,
    /// One sentence for each thing.
    pub(super) words: Vec<String>,
}

impl Trouble {
    /// What is wrong with the service at this time (seconds since 1970). `brief` cuts what AWS says of it.
    pub(super) fn of(service: &Service, now: i64, brief: &Brief<'_>) -> Self {
        let mut trouble = Self::default();
        let (running, desired) = (service.running_count(), service.desired_count());
        if running < desired {
            let weight = if running == 0 { Weight::Down } else { Weight::TooFew };
            let pending = match count(service.pending_count()) {
                0 => String::new(),
                pending => format!(", {pending} pending"),
            };
            trouble.add(weight, format!("{running} of {desired} tasks running{pending}"));
        }
        for deployment in service.deployments() {
            trouble.add_deployment(deployment, now, brief);
        }
        let is_told = |word: &String| word.contains("FAILED") || word.starts_with("rolled back");
        if !trouble.words.iter().any(is_told)
            && let Some((at, failure)) = event::failed_deployment(service.events(), now - NEWS)
            && at >= started(service).saturating_sub(AT_ONCE)
        {
            let at = moment(&DateTime::from_secs(at)).unwrap_or_default();
            let words = format!("the last deployment failed at {at}: {}", brief(failure));
            // What was there before runs on.
            trouble.add(Weight::Other, words);
        }
        if trouble.words.is_empty()
            && let Some(failure) = event::newest_failure(service.events(), now - RECENT)
        {
            trouble.add(Weight::Other, format!("newest failure: {}", brief(failure)));
        }
        trouble
    }

    fn add(&mut self, weight: Weight, words: String) {
        self.weight = Some(self.weight.map_or(weight, |known| known.min(weight)));
        self.words.push(words);
    }

    fn add_deployment(&mut self, deployment: &Deployment, now: i64, brief: &Brief<'_>) {
        let definition = short(deployment.task_definition().unwrap_or("unknown"));
        let failed_tasks = match count(deployment.failed_tasks()) {
            0 => String::new(),
            failed => format!(", {failed} failed tasks"),
        };
        let reason = deployment.rollout_state_reason().unwrap_or_default();
        let age = deployment.created_at().map_or(0, |at| now - at.secs());
        let since = deployment.created_at().and_then(moment).unwrap_or_default();
        let is_primary = deployment.status() == Some("PRIMARY");
        match deployment.rollout_state() {
            Some(DeploymentRolloutState::Failed) => {
                let reason = brief(reason);
                let words =
                    format!("deployment of {definition} ({since}) FAILED{failed_tasks}: {reason}");
                self.add(Weight::FailedDeployment, words);
            }
            Some(DeploymentRolloutState::InProgress)
                if is_primary && (age > LONG_ROLLOUT || deployment.failed_tasks() > 0) =>
            {
                let words =
                    format!("deployment of {definition} in progress since {since}{failed_tasks}");
                self.add(Weight::FailedDeployment, words);
            }
            _ => {}
        }
        // The circuit breaker says so of the deployment that it goes back to.
        let updated = deployment.updated_at().map_or(i64::MIN, DateTime::secs);
        if is_primary && reason.contains("rolling back") && updated > now - NEWS {
            self.add(
                Weight::FailedDeployment,
                format!("rolled back to {definition}: {}", brief(reason)),
            );
        }
    }
}

/// When the present deployment began.
fn started(service: &Service) -> i64 {
    let primary = service.deployments().iter().find(|one| one.status() == Some("PRIMARY"));
    primary.and_then(Deployment::created_at).map_or(i64::MAX, DateTime::secs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_ecs::types::ServiceEvent;

    const NOW: i64 = 1_000_000_000;

    fn deployment(state: &str, age: i64, failed: i32, reason: &str) -> Deployment {
        Deployment::builder()
            .status("PRIMARY")
            .task_definition("arn:aws:ecs:r:1:task-definition/web:3")
            .rollout_state(state.into())
            .rollout_state_reason(reason)
            .failed_tasks(failed)
            .created_at(DateTime::from_secs(NOW - age))
            .updated_at(DateTime::from_secs(NOW - age))
            .build()
    }

    fn check(
        running: i32,
        desired: i32,
        deployment: Deployment,
        weight: Option<Weight>,
        words: &str,
    ) {
        let service = Service::builder()
            .running_count(running)
            .desired_count(desired)
            .deployments(deployment)
            .build();
        let trouble = Trouble::of(&service, NOW, &str::to_owned);
        assert_eq!(trouble.weight, weight, "{trouble:?}");
        assert!(trouble.words.concat().contains(words), "{trouble:?}");
        assert_eq!(trouble.words.is_empty(), weight.is_none());
    }

    #[test]
    fn what_is_wrong() {
        let done = || deployment("COMPLETED", 100, 0, "completed");
        check(2, 2, done(), None, "");
        check(3, 2, done(), None, "");
        check(1, 2, done(), Some(Weight::TooFew), "1 of 2 tasks running");
        check(0, 2, done(), Some(Weight::Down), "0 of 2 tasks running");
        check(0, 0, done(), None, "");
        let failed = Some(Weight::FailedDeployment);
        check(2, 2, deployment("FAILED", 100, 3, "it broke"), failed, "3 failed tasks: it broke");
        check(2, 2, deployment("IN_PROGRESS", 100, 0, ""), None, "");
        check(
            2,
            2,
            deployment("IN_PROGRESS", 3_600, 0, ""),
            failed,
            "web:3 in progress since 2001",
        );
        check(2, 2, deployment("IN_PROGRESS", 100, 1, ""), failed, "1 failed tasks");
        let back = "ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/1.";
        check(2, 2, deployment("COMPLETED", 100, 0, back), failed, "rolled back to web:3");
        check(2, 2, deployment("COMPLETED", 2 * NEWS, 0, back), None, "");
    }

    #[test]
    fn a_deployment_that_failed_is_told_until_there_is_a_newer_one() {
        let check = |began: i64, failed: i64, expected: bool| {
            let event = ServiceEvent::builder()
                .created_at(DateTime::from_secs(NOW - failed))
                .message("(service web) (deployment ecs-svc/2) deployment failed: it broke.");
            let service = Service::builder()
                .deployments(deployment("COMPLETED", began, 0, "completed"))
                .events(event.build());
            let words = Trouble::of(&service.build(), NOW, &str::to_owned).words.concat();
            assert_eq!(words.contains("last deployment failed at 2001-"), expected, "{words}");
        };
        // The same deployment again, or a new one at once.
        check(90_000, 7_200, true);
        check(7_190, 7_200, true);
        check(3_600, 7_200, false);
        check(2 * NEWS, NEWS + 60, false);
    }

    #[test]
    fn a_recent_failure_is_trouble_where_all_else_looks_well() {
        let event = |age| {
            ServiceEvent::builder()
                .created_at(DateTime::from_secs(NOW - age))
                .message("(service web) (port 80) is unhealthy in (target-group x)")
                .build()
        };
        let service = |age| Service::builder().events(event(age)).build();
        assert!(
            Trouble::of(&service(60), NOW, &str::to_owned).words[0]
                .contains("(port 80) is unhealthy")
        );
        assert!(Trouble::of(&service(2 * RECENT), NOW, &str::to_owned).words.is_empty());
    }
}
