//! The words of a query, with their places.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::iter::{Enumerate, Peekable};
use std::str::Chars;

use serde_json::Value;

use super::tree::Comparison;
use super::{ErrorKind, QueryError, shown};

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Name(String),
    /// `"name"`.
    Quoted(String),
    Number(i64),
    Literal(Value),
    Dot,
    Star,
    /// `[]`.
    Flatten,
    /// `[?`.
    Filter,
    OpenBracket,
    CloseBracket,
    OpenBrace,
    CloseBrace,
    OpenParenthesis,
    CloseParenthesis,
    And,
    Or,
    Pipe,
    Not,
    Compare(Comparison),
    Comma,
    Colon,
    At,
    Ampersand,
    End,
}

/// A token and its first character, the query's first being 1.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    pub(super) token: Token,
    pub(super) at: usize,
}

/// The tokens of a query, without its end.
pub(super) fn tokens(text: &str) -> Result<VecDeque<Placed>, QueryError> {
    let mut reader = Reader { rest: text.chars().enumerate().peekable() };
    let mut tokens = VecDeque::new();
    while let Some((before, character)) = reader.rest.next() {
        if !matches!(character, ' ' | '\t' | '\n' | '\r') {
            let at = before.saturating_add(1);
            tokens.push_back(Placed { token: reader.token(at, character)?, at });
        }
    }
    Ok(tokens)
}

impl Token {
    /// How tightly it binds what stands before it; 0 if it ends an expression. Below
    /// [`ENDS_PROJECTION`], the rest is about the list, not about each element.
    pub(super) fn binding(&self) -> u8 {
        match self {
            Self::Pipe => 1,
            Self::Or => 2,
            Self::And => 3,
            Self::Compare(_) => 5,
            Self::Flatten => 9,
            Self::Filter => FILTER,
            Self::Dot => DOT,
            Self::OpenBracket => 55,
            // Nothing that may stand there: a star, `!`, a brace or a parenthesis after an expression.
            Self::Star | Self::Not | Self::OpenBrace | Self::OpenParenthesis => 60,
            Self::Name(_)
            | Self::Quoted(_)
            | Self::Number(_)
            | Self::Literal(_)
            | Self::CloseBracket
            | Self::CloseBrace
            | Self::CloseParenthesis
            | Self::Comma
            | Self::Colon
            | Self::At
            | Self::Ampersand
            | Self::End => 0,
        }
    }

    /// It, as it is written, for an error.
    pub(super) fn text(&self) -> Cow<'static, str> {
        let text = match self {
            Self::Name(name) => return format!("\"{}\"", shown(name)).into(),
            Self::Quoted(name) => return format!("the quoted name \"{}\"", shown(name)).into(),
            Self::Number(number) => return format!("the number {number}").into(),
            Self::Literal(_) => "a literal",
            Self::Dot => "\".\"",
            Self::Star => "\"*\"",
            Self::Flatten => "\"[]\"",
            Self::Filter => "\"[?\"",
            Self::OpenBracket => "\"[\"",
            Self::CloseBracket => "\"]\"",
            Self::OpenBrace => "\"{\"",
            Self::CloseBrace => "\"}\"",
            Self::OpenParenthesis => "\"(\"",
            Self::CloseParenthesis => "\")\"",
            Self::And => "\"&&\"",
            Self::Or => "\"||\"",
            Self::Pipe => "\"|\"",
            Self::Not => "\"!\"",
            Self::Compare(comparison) => return format!("\"{}\"", comparison.text()).into(),
            Self::Comma => "\",\"",
            Self::Colon => "\":\"",
            Self::At => "\"@\"",
            Self::Ampersand => "\"&\"",
            Self::End => "the end",
        };
        text.into()
    }
}

pub(super) const ENDS_PROJECTION: u8 = 10;
pub(super) const STAR: u8 = 20;
pub(super) const FILTER: u8 = 21;
pub(super) const DOT: u8 = 40;
pub(super) const NOT: u8 = 45;

struct Reader<'t> {
    rest: Peekable<Enumerate<Chars<'t>>>,
}

impl Reader<'_> {
    fn token(&mut self, at: usize, first: char) -> Result<Token, QueryError> {
        Ok(match first {
            'a'..='z' | 'A'..='Z' | '_' => {
                Token::Name(self.run(first, |c| c.is_ascii_alphanumeric() || c == '_'))
            }
            '0'..='9' | '-' => self.number(at, first)?,
            '"' => self.quoted(at)?,
            '\'' => Token::Literal(self.inside(at, '\'')?.replace("\\'", "'").into()),
            '`' => self.literal(at)?,
            '.' => Token::Dot,
            '*' => Token::Star,
            '[' if self.follows(']') => Token::Flatten,
            '[' if self.follows('?') => Token::Filter,
            '[' => Token::OpenBracket,
            ']' => Token::CloseBracket,
            '{' => Token::OpenBrace,
            '}' => Token::CloseBrace,
            '(' => Token::OpenParenthesis,
            ')' => Token::CloseParenthesis,
            '|' if self.follows('|') => Token::Or,
            '|' => Token::Pipe,
            '&' if self.follows('&') => Token::And,
            '&' => Token::Ampersand,
            '=' if self.follows('=') => Token::Compare(Comparison::Equal),
            '=' => return Err(wrong("\"=\"", at).hint("did you mean ==?")),
            '!' if self.follows('=') => Token::Compare(Comparison::NotEqual),
            '!' => Token::Not,
            '<' if self.follows('=') => Token::Compare(Comparison::LessOrEqual),
            '<' => Token::Compare(Comparison::Less),
            '>' if self.follows('=') => Token::Compare(Comparison::GreaterOrEqual),
            '>' => Token::Compare(Comparison::Greater),
            ',' => Token::Comma,
            ':' => Token::Colon,
            '@' => Token::At,
            other => {
                let hint = "a member with such a name is written in double quotes";
                return Err(wrong(format!("unexpected {other:?}"), at).hint(hint));
            }
        })
    }

    fn follows(&mut self, expected: char) -> bool {
        self.rest.next_if(|(_, next)| *next == expected).is_some()
    }

    fn run(&mut self, first: char, belongs: impl Fn(char) -> bool) -> String {
        let mut text = String::from(first);
        while let Some((_, next)) = self.rest.next_if(|(_, next)| belongs(*next)) {
            text.push(next);
        }
        text
    }

    fn number(&mut self, at: usize, first: char) -> Result<Token, QueryError> {
        let text = self.run(first, |c| c.is_ascii_digit());
        let hint = match text.as_str() {
            "-" => "a minus stands only before an index or a part of a slice: [-1]",
            _ => "an index is a 64-bit integer",
        };
        let number = text.parse();
        number.map(Token::Number).map_err(|_| wrong(format!("\"{}\"", shown(&text)), at).hint(hint))
    }

    /// What is up to the mark that closes it, with its escapes.
    fn inside(&mut self, at: usize, mark: char) -> Result<String, QueryError> {
        let mut text = String::new();
        while let Some((_, next)) = self.rest.next() {
            if next == mark {
                return Ok(text);
            }
            text.push(next);
            if next == '\\'
                && let Some((_, escaped)) = self.rest.next()
            {
                text.push(escaped);
            }
        }
        Err(wrong(format!("what {mark} opens is not closed: it opens"), at))
    }

    fn quoted(&mut self, at: usize) -> Result<Token, QueryError> {
        let text = self.inside(at, '"')?;
        serde_json::from_str(&format!("\"{text}\""))
            .map(Token::Quoted)
            .map_err(|_| wrong("a name in double quotes that is no JSON string", at))
    }

    /// JSON, or, as in AWS's own examples, a string without its quotes.
    fn literal(&mut self, at: usize) -> Result<Token, QueryError> {
        let text = self.inside(at, '`')?.replace("\\`", "`");
        let text = text.trim_start_matches([' ', '\t', '\n', '\r']);
        if let Ok(value) = serde_json::from_str(text) {
            return Ok(Token::Literal(value));
        }
        let bare = match text.chars().next() {
            Some('[' | '{' | '"') => None,
            Some(_) | None => serde_json::from_str(&format!("\"{text}\"")).ok(),
        };
        bare.map(|text| Token::Literal(Value::String(text))).ok_or_else(|| {
            let hint = "a string can be written in single quotes: 'text'";
            wrong("a literal that is not JSON", at).hint(hint)
        })
    }
}

fn wrong(what: impl Into<String>, at: usize) -> QueryError {
    QueryError::new(ErrorKind::Text, what).at(at)
}
