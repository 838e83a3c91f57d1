//! Waiters. Smithy leaves the number of calls to the caller, who says for how long to wait; botocore,
//! and so the facts, have a number.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Result;
use super::ast::local;
use super::fields::Fields;
use crate::import::facts::{Acceptor, Service, Waiter};
use crate::model::terms::{Matcher, State};

/// How long a waiter waits at most, in seconds, as most of botocore's do.
const LONGEST: u32 = 300;
/// Seconds between two calls where the model does not say. Smithy 2.0, "Waiters".
const DELAY: u32 = 2;

pub(super) fn all(
    waitable: Vec<(String, Fields<'_>)>,
    service: &Service,
) -> Result<BTreeMap<String, Waiter>> {
    let mut all = BTreeMap::new();
    for (operation, mut traits) in waitable {
        for (name, mut raw) in traits.all()? {
            let delay = raw.whole("minDelay")?.unwrap_or(DELAY).max(1);
            raw.leave(&["documentation", "deprecated", "tags", "maxDelay"]);
            let mut acceptors = Vec::new();
            let mut expressible = true;
            for entry in raw.objects("acceptors")? {
                match acceptor(entry, &operation, service)? {
                    Some(acceptor) => acceptors.push(acceptor),
                    None => expressible = false,
                }
            }
            if !expressible {
                // One that compares the output with the input: without it the rest would be wrong.
                let wrong = raw.wrong("acceptors", "compares with the input; it is left out");
                raw.notes().keep(&wrong);
                continue;
            }
            raw.end()?;
            let operation = operation.clone();
            let max_attempts = LONGEST.div_ceil(delay).max(1);
            let waiter = Waiter { operation, delay, max_attempts, acceptors };
            if all.insert(name.to_owned(), waiter).is_some() {
                return Err(traits.wrong(name, "another waiter has this name"));
            }
        }
    }
    Ok(all)
}

/// None for one that looks at the input too, which the facts cannot say.
fn acceptor(mut raw: Fields<'_>, operation: &str, service: &Service) -> Result<Option<Acceptor>> {
    let state = State::of_word(&raw.needed("state")?);
    let state = state.ok_or_else(|| raw.wrong("state", "is not known"))?;
    let Some(mut matcher) = raw.object("matcher")? else {
        return Err(raw.wrong("matcher", "is missing"));
    };
    let acceptor = if let Some(success) = matcher.truth("success")? {
        let expected = Value::Bool(!success);
        Acceptor { matcher: Matcher::Error, state, argument: None, expected }
    } else if let Some(error) = matcher.text("errorType")? {
        let expected = Value::String(code(local(&error), operation, service));
        Acceptor { matcher: Matcher::Error, state, argument: None, expected }
    } else if let Some(mut output) = matcher.object("output")? {
        let path = output.needed("path")?;
        let text = output.needed("expected")?;
        let comparator = output.needed("comparator")?;
        let truth = || match text.as_str() {
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            _ => Err(output.wrong("expected", "is neither true nor false")),
        };
        let (matcher, expected) = match comparator.as_str() {
            "stringEquals" => (Matcher::Path, Value::String(text)),
            "booleanEquals" => (Matcher::Path, truth()?),
            "allStringEquals" => (Matcher::PathAll, Value::String(text)),
            "anyStringEquals" => (Matcher::PathAny, Value::String(text)),
            _ => return Err(output.wrong("comparator", "is not known")),
        };
        output.end()?;
        Acceptor { matcher, state, argument: Some(path), expected }
    } else if matcher.mark("inputOutput") {
        return Ok(None);
    } else {
        return Err(raw.wrong("matcher", "is of no kind that is known"));
    };
    matcher.end()?;
    raw.end()?;
    Ok(Some(acceptor))
}

/// The code of an error on the wire; of one that the model does not have, its name.
fn code(error: &str, operation: &str, service: &Service) -> String {
    let has =
        service.operations.get(operation).is_some_and(|op| op.errors.iter().any(|e| e == error));
    let shape = has.then(|| service.shapes.get(error)).flatten();
    shape.and_then(|shape| shape.error.code.clone()).unwrap_or_else(|| error.to_owned())
}
