//! A query that AWS runs: it is started, looked at until it is complete, stopped by whoever started it
//! and is gone, and gone on with by its handle.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::error::SdkError;
use aws_sdk_cloudwatchlogs::operation::get_query_results::GetQueryResultsOutput;
use aws_sdk_cloudwatchlogs::operation::start_query::{StartQueryError, StartQueryOutput};
use aws_sdk_cloudwatchlogs::types::{QueryLanguage, QueryStatistics, QueryStatus, ResultField};
use aws_smithy_types::base64;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::groups::is_name;
use super::rows::{count, mib};
use super::seal::Seal;
use crate::error::{Error, Kind, Result, aws, echo};
use crate::tools::Cx;
use crate::tools::arguments::Span;

/// After so much of the call it answers with what there is.
const WAIT: Duration = Duration::from_secs(45);
/// Between two looks, at first and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(300);
const MOST_PAUSE: Duration = Duration::from_secs(2);
/// How long the request to stop may take.
const STOP: Duration = Duration::from_secs(10);
/// GetQueryResults.
pub const MOST_ROWS: usize = 10_000;

/// A query that AWS runs.
pub struct Started {
    pub id: String,
    client: Client,
    on_drop: OnDrop,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum OnDrop {
    Stop,
    LetRun,
}

impl Started {
    /// A query that was started before; it is stopped as one that was started now.
    pub fn before(client: &Client, id: &str) -> Self {
        Self { id: id.to_owned(), client: client.clone(), on_drop: OnDrop::Stop }
    }

    /// Leaves it to itself: it has ended, or is gone on with later.
    pub fn let_run(&mut self) {
        self.on_drop = OnDrop::LetRun;
    }
}

/// A call that is cancelled is dropped, and so is one that fails: what nobody will read costs no more.
impl Drop for Started {
    fn drop(&mut self) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        if self.on_drop == OnDrop::Stop {
            let request = self.client.stop_query().query_id(&self.id);
            runtime.spawn(async move {
                let _ = tokio::time::timeout(STOP, request.send()).await;
            });
        }
    }
}

/// What StartQuery is asked.
pub struct Question {
    pub groups: Vec<String>,
    pub text: String,
    pub span: Span,
    /// Lines at most.
    pub limit: i32,
}

/// Starts a query.
pub async fn start(cx: &Cx, client: &Client, question: Question) -> Result<Started> {
    let Question { groups, text, span, limit } = question;
    let request = client
        .start_query()
        .query_language(QueryLanguage::Cwli)
        .start_time(span.start)
        .end_time(span.end)
        .query_string(&text)
        .limit(limit);
    let request = if groups.iter().all(|group| is_name(group)) {
        request.set_log_group_names(Some(groups))
    } else {
        request.set_log_group_identifiers(Some(groups))
    };
    // On its own, so that a query is stopped too whose id comes after the call was cancelled.
    let stopping = client.clone();
    let starting = tokio::spawn(async move {
        let answer: StartQueryOutput = request.send().await?;
        let id = answer.query_id.unwrap_or_default();
        Ok(Started { id, client: stopping, on_drop: OnDrop::Stop })
    });
    let action = cx.action("logs:StartQuery");
    match starting.await {
        Ok(Ok(started)) if !started.id.is_empty() => Ok(started),
        Ok(Ok(mut nameless)) => {
            nameless.let_run();
            Err(Error::new(
                Kind::ExecutionError,
                format!("{action} got an answer without a query id."),
                aws::next_step(Kind::ExecutionError),
            ))
        }
        Ok(Err(e)) => Err(not_started(&action, &text, e)),
        Err(e) => Err(Error::internal(format!("{action} crashed.")).caused_by(e)),
    }
}

fn not_started(action: &str, text: &str, error: SdkError<StartQueryError>) -> Error {
    let place = match error.as_service_error() {
        Some(StartQueryError::MalformedQueryException(malformed)) => {
            malformed.query_compile_error().and_then(|error| {
                let location = error.location()?;
                let start = usize::try_from(location.start_char_offset()?).ok()?;
                let rest: String = text.chars().skip(start).take(40).collect();
                Some(format!("It is about character {start}, at {}.", echo(&rest)))
            })
        }
        _ => None,
    };
    let mut error = aws::failed(action, error);
    if let Some(place) = place {
        error.message = format!("{} {place}", error.message);
    }
    error.next_step = match (error.kind, error.aws.code.as_deref()) {
        (Kind::NotFound, _) => {
            "Call logs_list_groups with a part of the name: names are whole and their case counts."
                .into()
        }
        (_, Some("MalformedQueryException")) => {
            "See aws_message, and mend the query or the time; a simple search needs filter_pattern only.".into()
        }
        (_, Some("LimitExceededException")) => {
            "Too many queries run in this account and region at once: wait until some have ended, then call again."
                .into()
        }
        _ => error.next_step,
    };
    error
}

/// What was seen of a query.
pub struct Seen {
    pub state: State,
    pub statistics: QueryStatistics,
    pub rows: Vec<Vec<ResultField>>,
    /// AWS has more rows than were read.
    pub has_more: bool,
}

/// Looks until the query is complete, or the time over.
pub async fn look(cx: &Cx, query: &mut Started) -> Result<Seen> {
    let mut seen = Seen {
        state: State::Running,
        statistics: QueryStatistics::builder().build(),
        rows: vec![],
        has_more: false,
    };
    let mut pause = FIRST_PAUSE;
    loop {
        let left = WAIT.saturating_sub(cx.elapsed());
        let Ok(answer) = tokio::time::timeout(left, results(cx, query, None)).await else {
            return Ok(seen);
        };
        let answer = answer?;
        if let Some(statistics) = answer.statistics {
            seen.statistics = statistics;
        }
        seen.rows = answer.results.unwrap_or_default();
        let mut next = answer.next_token.filter(|token| !token.is_empty());
        if let Some(
            QueryStatus::Complete
            | QueryStatus::Failed
            | QueryStatus::Timeout
            | QueryStatus::Cancelled,
        ) = answer.status
        {
            query.let_run();
        }
        match answer.status {
            Some(QueryStatus::Complete) => {
                while next.is_some() && seen.rows.len() < MOST_ROWS {
                    let left = WAIT.saturating_sub(cx.elapsed());
                    let page = results(cx, query, next.clone());
                    let Ok(more) = tokio::time::timeout(left, page).await else { break };
                    let more = more?;
                    seen.rows.extend(more.results.unwrap_or_default());
                    next = more.next_token.filter(|token| !token.is_empty());
                }
                seen.has_more = next.is_some();
                seen.state = State::Complete;
                return Ok(seen);
            }
            Some(QueryStatus::Failed) => {
                return Err(Error::new(
                    Kind::ExecutionError,
                    "the query failed at AWS's side.",
                    "Start it again with fewer groups or a shorter time.",
                ));
            }
            Some(QueryStatus::Timeout) => {
                return Err(Error::new(
                    Kind::Timeout,
                    "the query ran for 60 minutes, and AWS ended it.",
                    "Start it again with fewer groups or a shorter time.",
                ));
            }
            Some(QueryStatus::Cancelled) => {
                return Err(Error::new(
                    Kind::Cancelled,
                    "the query was stopped before it was complete.",
                    "Start it again if its answer is still wanted.",
                ));
            }
            // Running, Scheduled, Unknown, and what is not known yet.
            Some(_) | None => {}
        }
        let statistics = &seen.statistics;
        cx.progress(format!(
            "{}: {} MiB scanned, {} lines match",
            answer.status.as_ref().map_or("running", QueryStatus::as_str).to_lowercase(),
            mib(statistics.bytes_scanned),
            count(statistics.records_matched)
        ));
        if WAIT.saturating_sub(cx.elapsed()) <= pause {
            return Ok(seen);
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(MOST_PAUSE);
    }
}

async fn results(cx: &Cx, query: &Started, token: Option<String>) -> Result<GetQueryResultsOutput> {
    let request = query.client.get_query_results().query_id(&query.id).set_next_token(token);
    request.send().await.map_err(|e| {
        let mut error = aws::failed(&cx.action("logs:GetQueryResults"), e);
        if error.kind == Kind::NotFound {
            error.next_step =
                "AWS keeps results for a week, in the query's region. Start it again.".into();
        }
        error
    })
}

/// How far a query is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Complete,
    Running,
}

/// What is told of a query's rows, whether at once or by its handle.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// Lines at most.
    pub limit: i32,
    pub left_out: Option<String>,
    /// Of the caller's own query; without one, it is the newest lines that are asked for.
    pub seal: Option<Seal>,
}

/// Names a query to those who started it: bound to source, region and account of the call. It is
/// signed, or it would read whatever query somebody else has run in the account.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Handle {
    b: u64,
    pub id: String,
    pub asked: Asked,
}

impl Handle {
    pub async fn new(cx: &Cx, id: &str, asked: Asked) -> Result<Self> {
        Ok(Self { b: Self::bound(cx).await?, id: id.to_owned(), asked })
    }

    pub fn text(&self, cx: &Cx) -> String {
        let text = self.unsigned();
        let signature = cx.sign(&text);
        format!("{text}.{signature}")
    }

    /// What is signed says what it is: nothing else that is signed is a handle.
    fn unsigned(&self) -> String {
        format!("query.{}", base64::encode(serde_json::to_vec(self).unwrap_or_default()))
    }

    pub async fn read(cx: &Cx, text: &str) -> Result<Self> {
        let signed = text.trim().rsplit_once('.');
        let text = signed.filter(|(text, signature)| cx.sign(text) == *signature);
        let handle = text.and_then(|(text, _)| Self::parse(text)).ok_or_else(|| {
            Error::invalid(
                "handle is not one that this server gave since it was started.",
                "Pass the handle unchanged; after a restart of the server start the query again.",
            )
        })?;
        if handle.b == Self::bound(cx).await? {
            return Ok(handle);
        }
        Err(Error::invalid(
            "handle belongs to another account, region or set of credentials.",
            "Call with the profile, role_arn and region of the call that gave it, or start the query again.",
        ))
    }

    fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix("query.")?;
        let handle: Self = serde_json::from_slice(&base64::decode(text).ok()?).ok()?;
        let good = (1..=64).contains(&handle.id.len())
            && handle.id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        good.then_some(handle)
    }

    async fn bound(cx: &Cx) -> Result<u64> {
        let mut hasher = DefaultHasher::new();
        ("logs_query", cx.binding().await?).hash(&mut hasher);
        Ok(hasher.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handles_hold_query_ids_and_nothing_else() {
        let asked = || Asked { limit: 1, left_out: None, seal: Some(Seal::of("fields a as b")) };
        let text = |id: &str| Handle { b: 1, id: id.to_owned(), asked: asked() }.unsigned();
        assert!(Handle::parse(&text("12ab34cd-5678-90ab-cdef-1234567890ab")).is_some());
        for bad in ["", "a b", "a/b", "\"", "é", &"x".repeat(65)] {
            assert!(Handle::parse(&text(bad)).is_none(), "{bad}");
        }
        for bad in ["", "x", "e30=", "query.e30=", "query.not base64!"] {
            assert!(Handle::parse(bad).is_none(), "{bad}");
        }
    }
}
