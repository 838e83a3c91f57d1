//! Where a listing goes on: the token that a page ends with, and what it is good for.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// More rows than AWS gives in one page of anything; a token that says more was forged.
const MOST_SKIP: usize = 100_000;

/// Where every row of a page came from, so that a page can end at any of them.
#[derive(Debug, Default)]
pub struct Cursor {
    /// What the token is good for: the same tool, arguments and target.
    query: u64,
    /// (first row, the AWS page it came from).
    pages: Vec<(usize, Position)>,
    /// Where to go on after the last row; `None` = that was all.
    end: Option<Position>,
}

/// A place in AWS's listing: a page, and rows of it already seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    #[serde(rename = "t", skip_serializing_if = "Option::is_none")]
    pub aws_token: Option<String>,
    #[serde(rename = "s")]
    pub skip: usize,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Token {
    q: u64,
    #[serde(flatten)]
    at: Position,
}

impl Cursor {
    /// A cursor for a query: whatever decides what is listed, but not the page or its size.
    pub fn new(query: &impl Hash) -> Self {
        let mut hasher = DefaultHasher::new();
        query.hash(&mut hasher);
        Self { query: hasher.finish(), ..Self::default() }
    }

    /// Reads a token that an earlier answer gave.
    pub fn start(&self, page_token: Option<&str>) -> Result<Position> {
        let Some(text) = page_token else {
            return Ok(Position::default());
        };
        let token = aws_smithy_types::base64::decode(text)
            .ok()
            .and_then(|bytes| serde_json::from_slice::<Token>(&bytes).ok());
        match token {
            Some(token) if token.q == self.query && token.at.skip <= MOST_SKIP => Ok(token.at),
            Some(_) => Err(Error::invalid(
                "page_token belongs to another query.",
                "Repeat the arguments of the call that gave it, or leave it out to begin anew.",
            )),
            None => Err(Error::invalid(
                "page_token is not one that this server gave.",
                "Pass next_page_token unchanged, or leave it out to begin anew.",
            )),
        }
    }

    /// Notes that the rows from `first` on come from this place.
    pub fn page(&mut self, first: usize, position: Position) {
        self.pages.push((first, position));
    }

    /// Notes where the listing goes on.
    pub fn goes_on(&mut self, position: Position) {
        self.end = Some(position);
    }

    /// The token with which the listing goes on after the last row, where it does.
    pub fn end(&self) -> Option<String> {
        self.end.as_ref().map(|end| self.token(end))
    }

    /// Where to go on after so many rows.
    pub fn position(&self, row: usize) -> Position {
        self.pages.iter().rev().find(|(first, _)| *first <= row).map_or_else(
            Position::default,
            |(first, page)| Position {
                aws_token: page.aws_token.clone(),
                skip: page.skip + (row - first),
            },
        )
    }

    /// The token of a place.
    pub fn token(&self, position: &Position) -> String {
        let token = Token { q: self.query, at: position.clone() };
        aws_smithy_types::base64::encode(serde_json::to_vec(&token).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_bound_to_its_query() {
        let cursor = Cursor::new(&"q");
        let token = cursor.token(&Position { aws_token: Some("t".into()), skip: 0 });
        let start = |query: &str, token: &str| Cursor::new(&query).start(Some(token));
        assert_eq!(start("q", &token).unwrap().aws_token.as_deref(), Some("t"));
        assert!(start("other", &token).is_err());
        assert!(start("q", "garbage").is_err());
    }
}
