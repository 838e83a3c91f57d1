//! Starting and stopping an instance.

use std::time::Duration;

use aws_sdk_ec2::Client;
use aws_sdk_ec2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ec2::types::{Instance, InstanceStateChange, InstanceStateName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{InstanceId, find, state, tag};
use crate::error::{Error, Kind, Result, aws};
use crate::gate::{DryRun, Look, Need};
use crate::tools::answer::ChangeStatus;
use crate::tools::{Answer, Cx};

/// `wait`: at most this long, and so that the whole call ends within its 50 s.
const WAIT: Duration = Duration::from_secs(45);
const POLL: Duration = Duration::from_secs(2);

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StartInstance {
    instance_id: InstanceId,
    /// Wait until it runs
    wait: Option<bool>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StopInstance {
    instance_id: InstanceId,
    /// Keep the memory on disk; the instance must be set up for it
    hibernate: Option<bool>,
    /// Without a clean shutdown; may lose data
    force: Option<bool>,
    /// Wait until it has stopped
    wait: Option<bool>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct StateChange {
    status: ChangeStatus,
    instance_id: String,
    previous_state: String,
    current_state: String,
    message: String,
}

/// What is to become of an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    Start,
    Stop,
    ForceStop,
}

/// What comes after the change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    Answer,
    Wait,
}

impl Then {
    fn of(wait: Option<bool>) -> Self {
        match wait {
            Some(true) => Self::Wait,
            Some(false) | None => Self::Answer,
        }
    }
}

/// What its present state means for that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Call,
    NothingToDo,
    Refuse(&'static str),
}

fn step(change: Wanted, state: &InstanceStateName) -> Step {
    use InstanceStateName::{Pending, Running, ShuttingDown, Stopped, Stopping, Terminated};
    match (change, state) {
        (_, Terminated | ShuttingDown) => Step::Refuse("It cannot come back; launch a new one."),
        (Wanted::Start, Running | Pending) => Step::NothingToDo,
        (Wanted::Start, Stopping) => Step::Refuse("Wait until it has stopped, then start it."),
        (Wanted::Stop | Wanted::ForceStop, Stopped) | (Wanted::Stop, Stopping) => Step::NothingToDo,
        (Wanted::Stop | Wanted::ForceStop, Pending) => {
            Step::Refuse("Wait until it is running, then stop it.")
        }
        _ => Step::Call,
    }
}

/// What a No to a change is bound to.
pub(super) fn resources(arguments: &Map<String, Value>) -> Vec<String> {
    let id = arguments.get("instance_id").cloned().map(serde_json::from_value::<InstanceId>);
    id.into_iter().flatten().map(|id| id.0).collect()
}

pub(super) async fn look_at_start(cx: Cx, args: StartInstance) -> Result<Look> {
    let client = cx.ec2().await?;
    let id = &args.instance_id;
    let instance = find(&cx, &client, id).await?;
    let asks = client.start_instances().instance_ids(&id.0).dry_run(true);
    let dry_run = dry_run(&cx, || asks.send()).await;
    let kind = instance.instance_type().map(|kind| kind.as_str()).unwrap_or("instance");
    let warning = format!("a running {kind} costs money by the hour");
    Ok(look(&instance, Wanted::Start, warning, dry_run))
}

pub(super) async fn look_at_stop(cx: Cx, args: StopInstance) -> Result<Look> {
    let client = cx.ec2().await?;
    let id = &args.instance_id;
    let instance = find(&cx, &client, id).await?;
    let asks = client
        .stop_instances()
        .instance_ids(&id.0)
        .set_hibernate(args.hibernate)
        .set_force(args.force)
        .dry_run(true);
    let dry_run = dry_run(&cx, || asks.send()).await;
    let mut warning =
        "what runs on it ends; its instance store and public address are lost".to_owned();
    let force = args.force.unwrap_or_default();
    if force {
        warning.push_str("; without a clean shutdown, so data may be lost too");
    }
    let change = if force { Wanted::ForceStop } else { Wanted::Stop };
    Ok(look(&instance, change, warning, dry_run))
}

fn look(instance: &Instance, change: Wanted, warning: String, dry_run: Option<DryRun>) -> Look {
    let state = state(instance);
    Look {
        now: vec![state.as_str().to_owned()],
        warning: Some(warning),
        dry_run,
        from_aws: tag(instance, "Name").map(|name| ("Name tag", name)).into_iter().collect(),
        need: match step(change, &state) {
            Step::Call => Need::Change,
            Step::NothingToDo | Step::Refuse(_) => Need::Nothing,
        },
    }
}

/// What EC2 says to a request that it is told not to carry out: it never answers with success.
async fn dry_run<T, E, F>(cx: &Cx, send: impl FnOnce() -> F) -> Option<DryRun>
where
    E: ProvideErrorMetadata,
    F: Future<Output = std::result::Result<T, SdkError<E>>>,
{
    if !cx.dry_runs() {
        return None;
    }
    let code = match send().await {
        Err(SdkError::ServiceError(error)) => error.err().code().map(str::to_owned),
        Ok(_) | Err(_) => None,
    };
    Some(match code.as_deref() {
        Some("DryRunOperation") => DryRun::WouldSucceed,
        Some(code) => DryRun::WouldFail(code.to_owned()),
        None => DryRun::Unknown,
    })
}

pub(super) async fn start_instance(cx: Cx, args: StartInstance) -> Result<Answer> {
    let client = cx.ec2().await?;
    let id = &args.instance_id;
    let before = state(&find(&cx, &client, id).await?);
    let send = async || {
        let answer = client.start_instances().instance_ids(&id.0).send().await.map_err(|e| {
            aws::failed(&format!("{} of {}", cx.action("ec2:StartInstances"), id.0), e)
        })?;
        Ok(answer.starting_instances().first().and_then(now))
    };
    let then = Then::of(args.wait);
    change(&cx, &client, id, before, Wanted::Start, then, send).await
}

pub(super) async fn stop_instance(cx: Cx, args: StopInstance) -> Result<Answer> {
    let client = cx.ec2().await?;
    let id = &args.instance_id;
    let before = state(&find(&cx, &client, id).await?);
    let send = async || {
        let request = client
            .stop_instances()
            .instance_ids(&id.0)
            .set_hibernate(args.hibernate)
            .set_force(args.force);
        let answer = request.send().await.map_err(|e| {
            aws::failed(&format!("{} of {}", cx.action("ec2:StopInstances"), id.0), e)
        })?;
        Ok(answer.stopping_instances().first().and_then(now))
    };
    let kind = if args.force.unwrap_or_default() { Wanted::ForceStop } else { Wanted::Stop };
    let then = Then::of(args.wait);
    change(&cx, &client, id, before, kind, then, send).await
}

fn now(change: &InstanceStateChange) -> Option<InstanceStateName> {
    change.current_state()?.name().cloned()
}

/// Judges the state, sends the one write, waits where that was asked for.
async fn change(
    cx: &Cx,
    client: &Client,
    id: &InstanceId,
    before: InstanceStateName,
    change: Wanted,
    then: Then,
    send: impl AsyncFnOnce() -> Result<Option<InstanceStateName>>,
) -> Result<Answer> {
    let wanted = match change {
        Wanted::Start => InstanceStateName::Running,
        Wanted::Stop | Wanted::ForceStop => InstanceStateName::Stopped,
    };
    cx.about_to_write("Call ec2_describe_instance to see its state before you try again.");
    let (status, mut current) = match step(change, &before) {
        Step::Call => (ChangeStatus::Done, send().await?.unwrap_or_else(|| before.clone())),
        Step::NothingToDo => (ChangeStatus::NoChange, before.clone()),
        Step::Refuse(next_step) => {
            return Err(Error::new(
                Kind::ClientError,
                format!("{} is {}.", id.0, before.as_str()),
                next_step,
            ));
        }
    };
    if then == Then::Wait {
        current = wait(cx, client, id, current, &wanted).await;
    }
    let (id, was, is) = (&id.0, before.as_str(), current.as_str());
    let message = match (status, then == Then::Wait && current != wanted) {
        (ChangeStatus::NoChange, false) => format!("{id} is {is} already; nothing was sent."),
        (ChangeStatus::Done, false) => format!("{id} was {was} and is now {is}."),
        (_, true) => format!("{id} is {is}; it is not {} yet.", wanted.as_str()),
    };
    Answer::of(&StateChange {
        status,
        instance_id: id.clone(),
        previous_state: was.to_owned(),
        current_state: is.to_owned(),
        message,
    })
}

/// The state once it is the wanted one, or cannot become it any more, or the time is over.
async fn wait(
    cx: &Cx,
    client: &Client,
    id: &InstanceId,
    mut current: InstanceStateName,
    wanted: &InstanceStateName,
) -> InstanceStateName {
    use InstanceStateName::{Pending, Stopped, Terminated};
    let mut was_pending = false;
    loop {
        let back = current == Stopped && was_pending;
        let left = WAIT.saturating_sub(cx.elapsed());
        if current == *wanted || current == Terminated || back || left <= POLL {
            return current;
        }
        cx.progress(format!("{} is {}", id.0, current.as_str()));
        tokio::time::sleep(POLL).await;
        // A look that fails or hangs changes nothing about what was done.
        match tokio::time::timeout(left - POLL, find(cx, client, id)).await {
            Ok(Ok(instance)) => current = state(&instance),
            Ok(Err(_)) | Err(_) => return current,
        }
        was_pending |= current == Pending;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_decides() {
        use InstanceStateName as N;
        let check = |change_, state, expected| assert_eq!(step(change_, &state), expected);
        check(Wanted::Start, N::Stopped, Step::Call);
        check(Wanted::Start, N::Running, Step::NothingToDo);
        check(Wanted::Start, N::Pending, Step::NothingToDo);
        check(Wanted::Stop, N::Running, Step::Call);
        check(Wanted::Stop, N::Stopped, Step::NothingToDo);
        check(Wanted::Stop, N::Stopping, Step::NothingToDo);
        check(Wanted::ForceStop, N::Stopping, Step::Call);
        for change in [Wanted::Start, Wanted::Stop, Wanted::ForceStop] {
            assert!(matches!(step(change, &N::Terminated), Step::Refuse(_)));
        }
    }
}
