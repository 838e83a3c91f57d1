//! How an operation's answers follow each other: its own trait, and what the service says for all.

use super::Result;
use super::ast::Node;
use super::fields::Fields;
use super::operation::Common;
use crate::import::facts::Paginator;

/// What the trait `paginated` may say.
#[derive(Default)]
struct Said {
    input_token: Option<String>,
    output_token: Option<String>,
    items: Option<String>,
    page_size: Option<String>,
}

pub(super) fn of(
    node: &Node<'_>,
    traits: &mut Fields<'_>,
    common: &Common<'_, '_>,
) -> Result<Option<Paginator>> {
    let Some(own) = traits.object("smithy.api#paginated")? else { return Ok(None) };
    let own = said(own)?;
    let all = common.paginated.map(|value| {
        let place = format!("{}, smithy.api#paginated", common.closure.service.id);
        Fields::of(place, value, common.notes).and_then(said)
    });
    let all = all.transpose()?.unwrap_or_default();
    let (input, output) =
        (own.input_token.or(all.input_token), own.output_token.or(all.output_token));
    let (Some(input), Some(output)) = (input, output) else {
        return Err(traits.wrong("smithy.api#paginated", "has no tokens"));
    };
    let limit_key = own.page_size.or(all.page_size);
    if let Some(id) = node.target("input")? {
        let structure = common.closure.shape(id)?;
        let has = |name: &String| structure.has_member(name);
        if !has(&input) || limit_key.as_ref().is_some_and(|key| !has(key)) {
            return Err(traits.wrong("smithy.api#paginated", "names a member that is not there"));
        }
    }
    Ok(Some(Paginator {
        input_tokens: vec![input],
        output_tokens: vec![output],
        result_keys: own.items.or(all.items).into_iter().collect(),
        limit_key,
        more_results: None,
        non_aggregate_keys: Vec::new(),
    }))
}

fn said(mut fields: Fields<'_>) -> Result<Said> {
    let said = Said {
        input_token: fields.text("inputToken")?,
        output_token: fields.text("outputToken")?,
        items: fields.text("items")?,
        page_size: fields.text("pageSize")?,
    };
    fields.end()?;
    Ok(said)
}
