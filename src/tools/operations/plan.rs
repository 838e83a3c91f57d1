//! What a call would be, without making it: the request, whether it would be allowed, and who would be
//! asked.

use aws_dynamic::client::Prepared;
use serde_json::{Map, Value, json};

use super::call::{Output, lines};
use super::change::dry_run;
use super::named::Chosen;
use super::options::Options;
use crate::error::{Result, aws};
use crate::gate::DryRun;
use crate::tools::view::{Form, View};
use crate::tools::{Answer, Cx};

/// What would be sent, and as whom, and what would be asked.
pub(super) async fn plan(cx: &Cx, chosen: &Chosen, options: Options) -> Result<Answer> {
    let (service, operation) = chosen.names();
    let client = cx.dynamic((service, operation), &chosen.payload).await?;
    let prepared = client.prepare(service, operation, &chosen.payload);
    let prepared = prepared.map_err(|error| aws::uncalled(&chosen.name(), error))?;
    let named = chosen.does()?;
    let mut planned = Map::new();
    planned.insert("approval".to_owned(), cx.would_ask(named)?.into());
    planned.insert("iam_actions".to_owned(), chosen.operation.actions().collect());
    let simulated =
        simulated(cx, chosen).await.unwrap_or_else(|why| format!("not asked: {why}").into());
    planned.insert("iam_simulation".to_owned(), simulated);
    if let Some(dry_run) = dry_run(&cx.looking(), chosen).await {
        let said = match dry_run {
            DryRun::WouldSucceed => "would succeed".to_owned(),
            DryRun::WouldFail(code) => format!("would fail: {code}"),
            DryRun::Unknown => "EC2 did not say".to_owned(),
        };
        planned.insert("dry_run".to_owned(), said.into());
    }
    // The body can be large, and what stands before it is seen first.
    planned.insert("request".to_owned(), request(&prepared));
    let output = Output {
        status: Some("no_change"),
        operation: chosen.name(),
        effect: named.effect.word(),
        result: Some(Value::Object(planned)),
        coerced: lines(&prepared.coercions),
        warnings: lines(&prepared.warnings),
        ..Output::default()
    };
    let view = View::Called { query: options.query, form: Form::Full, shape: None };
    Ok(Answer::of(&output)?.seen_by(view))
}

/// What IAM says of the operation's actions for whoever calls, where it may be asked: of policies
/// alone, without the resource. The error says why it was not.
async fn simulated(cx: &Cx, chosen: &Chosen) -> Result<Value, String> {
    let actions: Vec<&str> = chosen.operation.actions().collect();
    if actions.is_empty() {
        return Err("no IAM action is known for it".to_owned());
    }
    let source = cx.principal().await.ok_or("whoever calls is no user or role that is known")?;
    let input = json!({"PolicySourceArn": source, "ActionNames": actions});
    let (service, operation) = ("iam", "SimulatePrincipalPolicy");
    let client = cx.dynamic((service, operation), &input).await.map_err(|error| error.message)?;
    let answer = client.call(service, operation, &input).await;
    let answer = answer.map_err(|error| aws::uncalled(operation, error).message)?.output;
    let results = answer.get("EvaluationResults").and_then(Value::as_array);
    let said = |result: &Value| {
        let name = result.get("EvalActionName")?.as_str()?.to_owned();
        Some((name, result.get("EvalDecision")?.clone()))
    };
    Ok(Value::Object(results.into_iter().flatten().filter_map(said).collect()))
}

/// The request as it would leave, without a signature.
fn request(prepared: &Prepared) -> Value {
    let headers: Map<String, Value> = prepared
        .headers
        .iter()
        .map(|(name, value)| (name.clone(), value.as_str().into()))
        .collect();
    let body = match std::str::from_utf8(&prepared.body) {
        Ok(text) => text.to_owned(),
        Err(_) => format!("{} bytes", prepared.body.len()),
    };
    json!({
        "method": prepared.method,
        "url": prepared.url,
        "headers": headers,
        "body": body,
        "signed": prepared.authorization.scheme(),
    })
}
