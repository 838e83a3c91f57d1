//! The log stream of this process. Its requests are the gate's own: policy named the log group, so they
//! are neither judged nor recorded, and go through the same door as everything else.

use std::sync::Arc;

use aws_config::retry::RetryConfig;
use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::operation::put_log_events::PutLogEventsOutput;
use aws_sdk_cloudwatchlogs::types::InputLogEvent;

use super::Sign;
use super::waiting::Event;
use crate::accounts::Session;
use crate::error::{Error, Kind, Result, aws};
use crate::gate::breaker::Circuit;
use crate::gate::door::Requests;
use crate::gate::host::{Hosts, Ruled, rules};
use crate::gate::{Gate, audit};

/// Where the copy goes.
pub struct Stream {
    gate: Arc<Gate>,
    sign: Sign,
    group: String,
    /// The session that was there first: nobody leads the copy elsewhere later.
    session: Option<Arc<Session>>,
    /// The name of the first file whose records are sent.
    name: Option<String>,
    is_made: bool,
}

/// Why records were not taken.
pub enum Refused {
    ForNow(String),
    ForEver(String),
}

impl Stream {
    pub fn new(gate: Arc<Gate>, sign: Sign, group: String) -> Self {
        Self { gate, sign, group, session: None, name: None, is_made: false }
    }

    /// Its name, once there is something to send.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Sends records with one request and says how many of them AWS refused by their times.
    pub async fn put(&mut self, batch: &[Event]) -> Result<usize, Refused> {
        let (client, region) = self.client().await.map_err(|error| for_now(&error))?;
        let name = self.named();
        if !self.is_made {
            self.make(&client, &region, &name).await?;
            self.is_made = true;
        }
        let events = batch.iter().map(|event| {
            let event = InputLogEvent::builder().timestamp(event.at).message(&*event.line);
            event.build().map_err(|error| Refused::ForEver(error.to_string()))
        });
        let events: Vec<InputLogEvent> = events.collect::<Result<_, _>>()?;
        let sent = client
            .put_log_events()
            .log_group_name(&self.group)
            .log_stream_name(&name)
            .set_log_events(Some(events))
            .send()
            .await;
        match sent {
            Ok(answer) => Ok(refused(&answer, batch.len())),
            Err(error) => {
                let service = error.as_service_error();
                let is_taken =
                    service.is_some_and(|error| error.is_data_already_accepted_exception());
                if is_taken {
                    return Ok(0);
                }
                let is_wrong = service.is_some_and(|error| error.is_invalid_parameter_exception());
                // The stream may have been deleted, or the group.
                self.is_made =
                    !service.is_some_and(|error| error.is_resource_not_found_exception());
                let error = aws::failed(&format!("logs:PutLogEvents in {region}"), error);
                Err(if is_wrong { Refused::ForEver(said(&error)) } else { for_now(&error) })
            }
        }
    }

    async fn make(&self, client: &Client, region: &str, name: &str) -> Result<(), Refused> {
        let request = client.create_log_stream().log_group_name(&self.group).log_stream_name(name);
        let Err(error) = request.send().await else { return Ok(()) };
        let service = error.as_service_error();
        if service.is_some_and(|error| error.is_resource_already_exists_exception()) {
            return Ok(());
        }
        if service.is_some_and(|error| error.is_resource_not_found_exception()) {
            let group = &self.group;
            return Err(Refused::ForNow(format!(
                "there is no log group {group:?} in {region}. Create it; aws-mcp does not."
            )));
        }
        Err(for_now(&aws::failed(&format!("logs:CreateLogStream in {region}"), error)))
    }

    /// A client with the credentials of this moment, and its region.
    async fn client(&mut self) -> Result<(Client, String)> {
        let session = match &self.session {
            Some(session) => session.clone(),
            None => self.session.insert((self.sign)()?).clone(),
        };
        let region = session.required_region()?.to_string();
        let loaded = session.credentials(self.gate.clock.elapsed()).await?;
        let sdk = session.sdk(&loaded);
        let by_rules = rules!(aws_sdk_cloudwatchlogs, &sdk);
        let hosts = Hosts::of_service(
            by_rules.map(Ruled::Host),
            "CloudWatch Logs",
            &sdk,
            self.gate.allow.clone(),
        );
        let circuit = Circuit {
            account: "audit".to_owned(),
            region: region.clone(),
            service: "logs".to_owned(),
        };
        let http = self.gate.open(hosts, circuit, Requests::OurOwn)?;
        // Who sends tries again by itself, and longer.
        let sdk =
            sdk.into_builder().http_client(http).retry_config(RetryConfig::disabled()).build();
        #[expect(clippy::disallowed_methods, reason = "the gate's own requests")]
        Ok((Client::new(&sdk), region))
    }

    fn named(&mut self) -> String {
        let first = || {
            let tip = self.gate.audit.standing().tip;
            tip.map_or_else(|| "aws-mcp".to_owned(), |audit::Tip { file, .. }| file)
        };
        self.name.get_or_insert_with(first).clone()
    }
}

/// How many of so many records AWS did not take.
fn refused(answer: &PutLogEventsOutput, all: usize) -> usize {
    let Some(info) = answer.rejected_log_events_info() else { return 0 };
    let index = |index: Option<i32>| index.and_then(|index| usize::try_from(index).ok());
    let old =
        index(info.too_old_log_event_end_index()).max(index(info.expired_log_event_end_index()));
    let new = index(info.too_new_log_event_start_index());
    let old = old.unwrap_or(0).min(all);
    let taken = new.unwrap_or(all).min(all).saturating_sub(old);
    all - taken
}

fn for_now(error: &Error) -> Refused {
    Refused::ForNow(said(error))
}

/// In our own words: AWS's are not to be trusted, and may be long.
fn said(error: &Error) -> String {
    match error.kind {
        Kind::AccessDenied => format!(
            "{} It needs logs:CreateLogStream and logs:PutLogEvents on the log group.",
            error.message
        ),
        _ => error.message.clone(),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudwatchlogs::types::RejectedLogEventsInfo;

    use super::*;

    #[test]
    fn refused_records_are_counted() {
        let check = |old: Option<i32>, expired: Option<i32>, new: Option<i32>, expected| {
            let info = RejectedLogEventsInfo::builder()
                .set_too_old_log_event_end_index(old)
                .set_expired_log_event_end_index(expired)
                .set_too_new_log_event_start_index(new)
                .build();
            let answer = PutLogEventsOutput::builder().rejected_log_events_info(info).build();
            assert_eq!(refused(&answer, 10), expected, "{old:?} {expired:?} {new:?}");
        };
        check(None, None, None, 0);
        check(Some(3), None, None, 3);
        check(Some(3), Some(5), None, 5);
        check(None, None, Some(8), 2);
        check(Some(1), None, Some(8), 3);
        check(Some(-1), None, Some(99), 0);
        check(Some(99), None, Some(0), 10);
        assert_eq!(refused(&PutLogEventsOutput::builder().build(), 10), 0);
    }
}
