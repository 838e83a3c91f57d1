//! Reading on in a result of which only a part fitted into its answer.

use std::num::NonZeroUsize;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::gate::{Effect, Effects, Pace};
use crate::tools::view::{View, queried};
use crate::tools::{Answer, Cx, Target, Tool, Toolset, handler, schema};

pub(super) const TOOL: Tool = Tool {
    name: "aws_get_result",
    title: "Read on in a result",
    about: "More of a result that was cut, by the handle that came with it; AWS is not called again. \
            `query` is JMESPath over the whole result; `offset` and `limit` choose entries of a list, or \
            characters of a text.",
    toolset: Toolset::Operations,
    effects: Effects::Always(Effect::Read),
    operations: &[],
    parts: &[],
    pace: Pace::Ordinary,
    target: Target::None,
    change: None,
    handler: handler!(get: Get => Got),
};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Get {
    handle: String,
    query: Option<String>,
    offset: Option<usize>,
    limit: Option<NonZeroUsize>,
}

#[derive(Serialize, JsonSchema)]
struct Got {
    #[schemars(schema_with = "schema::of_anything")]
    result: Value,
    /// Entries of the list, or characters of the text, in all
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<usize>,
    /// Where what is not shown begins
    #[serde(skip_serializing_if = "Option::is_none")]
    next_offset: Option<usize>,
    /// Of the whole result
    handle: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Map<String, Value>>")]
    truncated: Option<Value>,
}

async fn get(cx: Cx, args: Get) -> Result<Answer> {
    let world = cx.world();
    let kept = world.kept.as_ref().ok_or_else(|| Error::internal("no results are kept."))?;
    let mut result = kept.get(&args.handle)?;
    if let Some(query) = &args.query {
        result = queried(query, &result, world.config.clock)?;
    }
    let chooses = args.offset.is_some() || args.limit.is_some();
    let other = match &result {
        Value::Array(_) | Value::String(_) => None,
        Value::Null => Some("nothing"),
        Value::Bool(_) | Value::Number(_) => Some("a single value"),
        Value::Object(_) => Some("an object"),
    };
    if let Some(what) = other.filter(|_| chooses) {
        return Err(Error::invalid(
            format!("offset and limit choose of a list or a text, and this is {what}."),
            "Leave them out, or give a query that finds a list or a text.",
        ));
    }
    let (offset, limit) = (args.offset.unwrap_or_default(), args.limit.map(NonZeroUsize::get));
    let handle = args.handle.trim().to_owned();
    let got = Got { result, count: None, next_offset: None, handle, truncated: None };
    Ok(Answer::of(&got)?.seen_by(View::Kept { offset, limit }))
}
