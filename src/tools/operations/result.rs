//! Reading on in a result of which only a part fitted into its answer.

use std::num::NonZeroUsize;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::Result;
use crate::gate::{Effect, Effects, Pace};
use crate::tools::answer::View;
use crate::tools::view::{Form, queried};
use crate::tools::{Answer, Cx, Target, Tool, Toolset, handler, schema};

pub(super) const TOOL: Tool = Tool {
    name: "aws_get_result",
    title: "Read on in a result",
    about: "More of a result that was cut, by the handle that came with it; AWS is not called again. \
            `query` is JMESPath over the whole result; of a list, `offset` and `limit` choose entries.",
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
    /// Entries of the list in all
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<usize>,
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
    let mut result = world.kept.get(&args.handle)?;
    if let Some(query) = &args.query {
        result = queried(query, &result, world.config.clock)?;
    }
    let mut got =
        Got { result, count: None, next_offset: None, handle: args.handle, truncated: None };
    if let Value::Array(entries) = &mut got.result {
        let count = entries.len();
        let begin = args.offset.unwrap_or_default().min(count);
        let end = args.limit.map_or(count, |limit| begin.saturating_add(limit.get()).min(count));
        entries.truncate(end);
        entries.drain(..begin);
        got.count = Some(count);
        got.next_offset = (end < count).then_some(end);
    }
    Ok(Answer::of(&got)?.seen_by(View { query: None, form: Form::Full }))
}
