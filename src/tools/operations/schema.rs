//! `aws_get_operation_schema`: what an operation takes and gives, and what else there is to know
//! before it is called.

use aws_dynamic::catalog::{Documentation, Operation, Service};
use aws_dynamic::client::{unsupported, unsupported_in_part};
use aws_dynamic::model;
use aws_dynamic::schema::{self, LIMIT, Opening, Streams, facts};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::name;
use crate::error::{Error, Result};
use crate::gate::{self, Effect, Effects, Pace};
use crate::tools::brief::{Plain, cut};
use crate::tools::{Answer, Cx, Target, Tool, Toolset, handler};

pub const TOOL: Tool = Tool {
    name: "aws_get_operation_schema",
    title: "Schema of an AWS operation",
    about: "What one AWS operation takes and gives: JSON Schema of the input, outline of the output, \
            an example payload, effect, IAM actions, pagination, waiters. Where the schema of a \
            large input is cut it says which path opens the branch.",
    toolset: Toolset::Operations,
    effects: Effects::Always(Effect::Read),
    operations: &[],
    parts: &[],
    pace: Pace::Ordinary,
    target: Target::None,
    change: None,
    handler: handler!(describe: Asked => Described),
};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Asked {
    /// s3, or any other name of it
    service: String,
    /// ListBuckets or list-buckets
    operation: String,
    #[schemars(range(min = 1))]
    /// How many structures deep
    depth: Option<usize>,
    /// A branch of the input: NetworkInterfaces[].Groups
    path: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct Described {
    service: &'static str,
    operation: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    deprecated: bool,
    /// Why it cannot be called
    #[serde(skip_serializing_if = "Option::is_none")]
    unsupported: Option<String>,
    /// Which calls cannot be made
    #[serde(skip_serializing_if = "Option::is_none")]
    except: Option<String>,
    /// Of its strongest arguments
    #[schemars(with = "String")]
    effect: Effect,
    #[serde(skip_serializing_if = "Option::is_none")]
    by_arguments: Option<ByArguments>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    iam_actions: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    required: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pagination: Option<Pagination>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    waiters: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    streaming: Option<Streaming>,
    #[schemars(with = "Plain")]
    input: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Plain>")]
    output: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Plain>")]
    example: Option<Value>,
}

// How arguments change the effect.
#[derive(Serialize, JsonSchema)]
struct ByArguments {
    /// Where no condition holds
    #[schemars(with = "String")]
    otherwise: Effect,
    conditions: Vec<Condition>,
}

#[derive(Serialize, JsonSchema)]
struct Condition {
    when: &'static str,
    #[schemars(with = "String")]
    effect: Effect,
}

#[derive(Serialize, JsonSchema)]
struct Pagination {
    tokens: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<&'static str>,
    results: Vec<&'static str>,
}

// What of it is a stream: body or events.
#[derive(Serialize, JsonSchema)]
struct Streaming {
    #[serde(skip_serializing_if = "Option::is_none")]
    input: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<&'static str>,
}

/// Members that the model says.
const MODELLED: [&str; 3] = ["input", "output", "example"];
/// The bytes of an outline where nothing is cut for want of room.
const OUTLINE: usize = 2_500;
/// The longest description, in characters.
const DESCRIPTION: usize = 600;
/// The longest answer, in characters, whatever more there would be room for.
const LONGEST: usize = 8_000;
/// The bytes of a schema where there are descriptions of its members, which take the rest.
const DESCRIBED: usize = 5_500;
/// Room for schema and outline; the next is tried where an answer does not fit.
const ROOMS: [(usize, usize); 6] =
    [(LIMIT, OUTLINE), (5_500, 1_500), (4_000, 1_200), (2_500, 800), (1_500, 500), (500, 100)];

async fn describe(cx: Cx, asked: Asked) -> Result<Answer> {
    answer(&asked, cx.world().config.max_characters)
}

fn answer(asked: &Asked, most: usize) -> Result<Answer> {
    let service = name::service(&asked.service)?;
    let (known, model) = name::operation(service, &asked.operation)?;
    let mut described = facts_of(service, known, model)?;
    let path = asked.path.as_deref().unwrap_or_default();
    if asked.depth == Some(0) {
        return Err(Error::invalid(
            "depth is 0.",
            "Ask for a depth of 1 or more, or leave it out.",
        ));
    }
    // Who opens a branch has seen the rest.
    let is_whole = path.trim().is_empty();
    described.example = is_whole.then(|| schema::example(model));
    let docs = Documentation::get().ok().flatten();
    // What is masked or made visible is longer than it was.
    let longest = LONGEST.min(most - most / 20);
    for (limit, outline) in ROOMS {
        let limit = if docs.is_some() { limit.min(DESCRIBED) } else { limit };
        let opening = Opening { depth: asked.depth, path, limit };
        described.input = schema::input(model, &opening).map_err(|unknown| {
            Error::invalid(
                format!("there is no such path: {unknown}."),
                "Leave path out to see where it begins.",
            )
        })?;
        let shape = model.output().filter(|_| is_whole);
        described.output = shape.map(|shape| schema::outline(shape, outline));
        let answer = Answer::of(&described)?;
        let Some(room) = longest.checked_sub(characters(&answer.body)) else { continue };
        let Some(docs) = docs else { return Ok(answer.modelled(&MODELLED)) };
        schema::describe(&mut described.input, model, path, docs, room);
        let with_texts = Answer::of(&described)?;
        let fits = characters(&with_texts.body) <= longest;
        return Ok((if fits { with_texts } else { answer }).modelled(&MODELLED));
    }
    described.example = None;
    described.description = None;
    Ok(Answer::of(&described)?.modelled(&MODELLED))
}

fn facts_of(
    service: &'static Service,
    known: &'static Operation,
    model: model::Operation<'static>,
) -> Result<Described> {
    let facts = facts(model);
    let docs = Documentation::get().ok().flatten();
    let description = docs.and_then(|docs| docs.operation(service.name(), known.name()));
    let conditions = known.conditions().map(|(effect, when)| Condition { when, effect });
    let conditions: Vec<Condition> = conditions.collect();
    let streaming =
        Streaming { input: word(facts.input_stream), output: word(facts.output_stream) };
    Ok(Described {
        service: service.name(),
        operation: known.name(),
        description: description.map(|text| cut(text, DESCRIPTION)),
        deprecated: facts.is_deprecated,
        unsupported: unsupported(model),
        except: unsupported_in_part(model),
        effect: facts.effect,
        by_arguments: known
            .depends_on_arguments()
            .then_some(ByArguments { otherwise: facts.weakest, conditions }),
        iam_actions: facts.actions,
        required: facts.required,
        pagination: facts.pages.map(|pages| Pagination {
            tokens: pages.input_tokens,
            limit: pages.limit,
            results: pages.results,
        }),
        waiters: facts.waiters,
        streaming: Some(streaming).filter(|s| s.input.is_some() || s.output.is_some()),
        input: Value::Null,
        output: None,
        example: None,
    })
}

fn word(streams: Streams) -> Option<&'static str> {
    match streams {
        Streams::Nothing => None,
        Streams::Body => Some("body"),
        Streams::Events => Some("events"),
    }
}

/// How long an answer will be about, with what hides made visible.
fn characters(body: &Map<String, Value>) -> usize {
    let text = serde_json::to_string(body).unwrap_or_default();
    gate::visible(&text).chars().count()
}

#[cfg(test)]
mod tests;
