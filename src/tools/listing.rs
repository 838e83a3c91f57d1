//! Listing: AWS's pages -> the rows that a call wants, and a token that goes on exactly after them.

use std::borrow::Cow;
use std::hash::Hash;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};

use super::Cx;
use super::cursor::{Cursor, Position};
use crate::error::Result;

const MOST_LIMIT: usize = 1_000;
/// After this long a listing gives what it has, and a token.
const PAGING: Duration = Duration::from_secs(30);

/// How many rows are wanted: 1 to 1,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit(usize);

impl Limit {
    pub fn rows(self) -> usize {
        self.0
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self(50)
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let limit = usize::deserialize(deserializer)?;
        if (1..=MOST_LIMIT).contains(&limit) {
            return Ok(Self(limit));
        }
        Err(serde::de::Error::custom(format!("limit is {limit}; it can be 1 to {MOST_LIMIT}")))
    }
}

impl JsonSchema for Limit {
    fn schema_name() -> Cow<'static, str> {
        "Limit".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "integer", "minimum": 1, "maximum": MOST_LIMIT})
    }
}

/// A page as AWS gave it.
pub struct Page<Row> {
    pub rows: Vec<Row>,
    /// AWS's token of the next page; an empty one is none.
    pub next: Option<String>,
}

/// Lists up to `limit` rows (50 where none is said) from where `page_token` says. `query` is
/// all that decides what is listed, with the name of the tool. `page` fetches the page with AWS's token
/// and, where AWS takes a size, with about so many rows.
pub async fn list<Row, Fetch>(
    cx: &Cx,
    query: &impl Hash,
    limit: Option<Limit>,
    page_token: Option<&str>,
    mut page: impl FnMut(Option<String>, usize) -> Fetch,
) -> Result<(Vec<Row>, Cursor)>
where
    Fetch: Future<Output = Result<Page<Row>>>,
{
    let Limit(limit) = limit.unwrap_or_default();
    let mut cursor = Cursor::new(&(cx.binding().await?, query));
    let mut position = cursor.start(page_token)?;
    let mut rows = Vec::new();
    loop {
        let wanted = limit - rows.len();
        // AWS wants the same page size with a token; a page that was begun is read whole.
        let size = wanted.saturating_add(position.skip).min(MOST_LIMIT);
        let Page { rows: found, next } = page(position.aws_token.clone(), size).await?;
        cursor.page(rows.len(), position.clone());
        let next = next.filter(|token| !token.is_empty());
        let count = found.len();
        rows.extend(found.into_iter().skip(position.skip).take(wanted));
        let rest = Position { skip: position.skip + wanted, ..position.clone() };
        if count > rest.skip {
            cursor.goes_on(rest);
            break;
        }
        let Some(token) = next else { break };
        // AWS may give a shorter page than before: the rest to skip is on the next.
        let skip = position.skip.saturating_sub(count);
        position = Position { aws_token: Some(token), skip };
        if rows.len() >= limit || cx.elapsed() > PAGING {
            cursor.goes_on(position);
            break;
        }
        cx.progress(format!("{} rows so far", rows.len()));
    }
    Ok((rows, cursor))
}
