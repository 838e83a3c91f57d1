//! Reads a query: an operator-precedence parser, which recurses only where brackets and operators
//! nest. How high a tree it makes is bounded, since whatever walks a tree recurses with its height.

use std::collections::VecDeque;

use super::signature::{self, Signature, Takes};
use super::token::{DOT, ENDS_PROJECTION, FILTER, NOT, Placed, STAR, Token, tokens};
use super::tree::{Argument, Call, Comparison, Slice, Tree};
use super::{ErrorKind, HIGHEST, QueryError, shown};

/// The tree of a query.
pub(super) fn read(text: &str) -> Result<Tree, QueryError> {
    let end = text.chars().count().saturating_add(1);
    let mut parser = Parser { tokens: tokens(text)?, end, nesting: 0 };
    let Part { tree, .. } = parser.expression(0)?;
    let rest = parser.next();
    if rest.token == Token::End {
        return Ok(tree);
    }
    Err(parser.unexpected(&rest, "an operator or the end"))
}

struct Parser {
    tokens: VecDeque<Placed>,
    /// The place behind the last character.
    end: usize,
    nesting: usize,
}

/// A tree and its height.
struct Part {
    tree: Tree,
    height: usize,
}

type Read = Result<Part, QueryError>;

impl Parser {
    /// An expression, up to what binds no tighter than that.
    fn expression(&mut self, binding: u8) -> Read {
        self.nesting = self.nesting.saturating_add(1);
        if self.nesting > HIGHEST {
            return Err(self.too_high());
        }
        let mut left = self.start()?;
        while binding < self.peek().binding() {
            left = self.go_on(left)?;
        }
        self.nesting = self.nesting.saturating_sub(1);
        Ok(left)
    }

    /// What can stand at the beginning of an expression.
    fn start(&mut self) -> Read {
        let first = self.next();
        match first.token {
            Token::Name(name) if *self.peek() == Token::OpenParenthesis => {
                self.next();
                self.call(&name, first.at)
            }
            Token::Quoted(_) if *self.peek() == Token::OpenParenthesis => {
                Err(wrong("a function's name in quotes", first.at))
            }
            Token::Name(name) | Token::Quoted(name) => Ok(leaf(Tree::Field(name))),
            Token::Literal(value) => Ok(leaf(Tree::Literal(value))),
            Token::At => Ok(leaf(Tree::Current)),
            Token::Star => self.values(leaf(Tree::Current), STAR),
            Token::Flatten => self.flatten(leaf(Tree::Current)),
            Token::Filter => self.filter(leaf(Tree::Current)),
            Token::OpenBracket => {
                let next = self.peek();
                if matches!(next, Token::Number(_) | Token::Colon) {
                    self.index(leaf(Tree::Current))
                } else if *next == Token::Star && self.second() == Some(&Token::CloseBracket) {
                    self.elements(leaf(Tree::Current))
                } else {
                    self.list()
                }
            }
            Token::OpenBrace => self.object(),
            Token::OpenParenthesis => {
                let inner = self.expression(0)?;
                self.expect(&Token::CloseParenthesis, "\")\"")?;
                Ok(inner)
            }
            Token::Not => {
                let inner = self.expression(NOT)?;
                self.over(inner, Tree::Not)
            }
            Token::Ampersand => {
                let hint = "it stands only before an argument: sort_by(list, &name)";
                Err(wrong("\"&\"", first.at).hint(hint))
            }
            Token::Number(number) => {
                let hint = format!("a number in an expression stands in backticks: `{number}`");
                Err(wrong(format!("the number {number}"), first.at).hint(hint))
            }
            Token::Dot
            | Token::CloseBracket
            | Token::CloseBrace
            | Token::CloseParenthesis
            | Token::And
            | Token::Or
            | Token::Pipe
            | Token::Compare(_)
            | Token::Comma
            | Token::Colon
            | Token::End => Err(self.unexpected(&first, "an expression")),
        }
    }

    /// What goes on from an expression: an operator with what follows.
    fn go_on(&mut self, left: Part) -> Read {
        let operator = self.next();
        match operator.token {
            Token::Dot if *self.peek() == Token::Star => {
                self.next();
                self.values(left, DOT)
            }
            Token::Dot => {
                let right = self.member(DOT)?;
                self.chain(left, right)
            }
            Token::OpenBracket if *self.peek() == Token::Star => self.elements(left),
            Token::OpenBracket => self.index(left),
            Token::Flatten => self.flatten(left),
            Token::Filter => self.filter(left),
            Token::Pipe => {
                let right = self.expression(operator.token.binding())?;
                self.chain(left, right)
            }
            Token::Or => {
                let right = self.expression(operator.token.binding())?;
                self.or(left, right)
            }
            Token::And => {
                let right = self.expression(operator.token.binding())?;
                self.and(left, right)
            }
            Token::Compare(comparison) => self.compare(left, comparison),
            Token::Name(_)
            | Token::Quoted(_)
            | Token::Number(_)
            | Token::Literal(_)
            | Token::Star
            | Token::CloseBracket
            | Token::OpenBrace
            | Token::CloseBrace
            | Token::OpenParenthesis
            | Token::CloseParenthesis
            | Token::Not
            | Token::Comma
            | Token::Colon
            | Token::At
            | Token::Ampersand
            | Token::End => Err(self.unexpected(&operator, "an operator")),
        }
    }

    fn compare(&mut self, left: Part, comparison: Comparison) -> Read {
        let right = self.expression(Token::Compare(comparison).binding())?;
        self.join(left, right, |left, right| Tree::Compare(comparison, left, right))
    }

    /// What follows a dot.
    fn member(&mut self, binding: u8) -> Read {
        let next = self.peek();
        if *next == Token::OpenBracket {
            self.next();
            self.list()
        } else if matches!(next, Token::Name(_) | Token::Quoted(_) | Token::Star | Token::OpenBrace)
        {
            self.expression(binding)
        } else {
            let found = self.next();
            Err(self.unexpected(&found, "a name, \"*\", \"[\" or \"{\" behind the dot"))
        }
    }

    /// What is done at each element of a projection.
    fn each(&mut self, binding: u8) -> Read {
        let next = self.peek();
        if next.binding() < ENDS_PROJECTION {
            Ok(leaf(Tree::Current))
        } else if matches!(next, Token::OpenBracket | Token::Filter) {
            self.expression(binding)
        } else if *next == Token::Dot {
            self.next();
            self.member(binding)
        } else {
            let found = self.next();
            Err(self.unexpected(&found, "\".\", \"[\" or an operator"))
        }
    }

    /// Behind the star of `*` or `.*`.
    fn values(&mut self, left: Part, binding: u8) -> Read {
        let values = self.over(left, Tree::Values)?;
        let each = self.each(binding)?;
        self.join(values, each, Tree::Each)
    }

    /// At the star of `[*]`.
    fn elements(&mut self, left: Part) -> Read {
        self.next();
        self.expect(&Token::CloseBracket, "\"]\"")?;
        let each = self.each(STAR)?;
        self.join(left, each, Tree::Each)
    }

    /// Behind `[]`.
    fn flatten(&mut self, left: Part) -> Read {
        let flat = self.over(left, Tree::Flatten)?;
        let each = self.each(Token::Flatten.binding())?;
        self.join(flat, each, Tree::Each)
    }

    /// Behind `[?`.
    fn filter(&mut self, list: Part) -> Read {
        let test = self.expression(0)?;
        self.expect(&Token::CloseBracket, "\"]\" behind the filter")?;
        let each = self.each(FILTER)?;
        let height = self.higher(list.height.max(test.height).max(each.height))?;
        let (list, test, each) = (list.tree.into(), test.tree.into(), each.tree.into());
        Ok(Part { tree: Tree::Filter { list, test, each }, height })
    }

    /// Behind the bracket of `[0]` or `[0:1]`.
    fn index(&mut self, left: Part) -> Read {
        let mut parts = [self.number(), None, None];
        let (mut colons, mut step_at) = (0_usize, 0);
        for part in parts.iter_mut().skip(1) {
            if *self.peek() != Token::Colon {
                break;
            }
            step_at = self.next().at;
            colons = colons.saturating_add(1);
            *part = self.number();
        }
        self.expect(&Token::CloseBracket, "a number, \":\", \"*\" or \"]\"")?;
        match (colons, parts) {
            (0, [Some(index), ..]) => self.chain(left, leaf(Tree::Index(index))),
            (0, _) => Err(wrong("brackets without an index", self.here())),
            (_, [_, _, Some(0)]) => Err(wrong("a slice with step 0", step_at)),
            (_, [start, stop, step]) => {
                let slice = Slice { start, stop, step: step.unwrap_or(1) };
                let sliced = self.chain(left, leaf(Tree::Slice(slice)))?;
                let each = self.each(STAR)?;
                self.join(sliced, each, Tree::Each)
            }
        }
    }

    fn number(&mut self) -> Option<i64> {
        let Token::Number(number) = *self.peek() else { return None };
        self.next();
        Some(number)
    }

    /// Behind the bracket of `[a, b]`.
    fn list(&mut self) -> Read {
        let mut elements = Vec::new();
        let mut height = 0;
        loop {
            let element = self.expression(0)?;
            height = element.height.max(height);
            elements.push(element.tree);
            if self.ends_list(&Token::CloseBracket, "\",\" or \"]\"")? {
                return Ok(Part { tree: Tree::List(elements), height: self.higher(height)? });
            }
        }
    }

    /// Behind the brace of `{a: b}`.
    fn object(&mut self) -> Read {
        let mut fields: Vec<(String, Tree)> = Vec::new();
        let mut height = 0;
        loop {
            let key = self.next();
            let (Token::Name(name) | Token::Quoted(name)) = key.token else {
                return Err(self.unexpected(&key, "a name, as in {Name: expression}"));
            };
            self.expect(&Token::Colon, "\":\" behind the name, as in {Name: expression}")?;
            let value = self.expression(0)?;
            height = value.height.max(height);
            // The last of the same name counts.
            match fields.iter_mut().find(|(known, _)| *known == name) {
                Some((_, tree)) => *tree = value.tree,
                None => fields.push((name, value.tree)),
            }
            if self.ends_list(&Token::CloseBrace, "\",\" or \"}\"")? {
                return Ok(Part { tree: Tree::Object(fields), height: self.higher(height)? });
            }
        }
    }

    /// Behind the parenthesis of a call.
    fn call(&mut self, name: &str, at: usize) -> Read {
        let Some(signature) = signature::named(name) else {
            return Err(wrong(format!("unknown function {:?}", shown(name)), at)
                .hint(signature::suggestion(name)));
        };
        let mut arguments = Vec::new();
        let mut height = 0;
        if *self.peek() == Token::CloseParenthesis {
            self.next();
        } else {
            loop {
                let (argument, high) = self.argument(signature, arguments.len())?;
                height = high.max(height);
                arguments.push(argument);
                if self.ends_list(&Token::CloseParenthesis, "\",\" or \")\"")? {
                    break;
                }
            }
        }
        if !signature.takes_so_many(arguments.len()) {
            let what = format!("{name} with {} arguments", arguments.len());
            return Err(wrong(what, at).hint(format!("it is {}", signature.text())));
        }
        let call = Call { function: signature.function, arguments, at };
        Ok(Part { tree: Tree::Call(call), height: self.higher(height)? })
    }

    fn argument(
        &mut self,
        signature: &Signature,
        place: usize,
    ) -> Result<(Argument, usize), QueryError> {
        let at = self.here();
        let is_expression = *self.peek() == Token::Ampersand;
        if is_expression {
            self.next();
        }
        let Part { tree, height } = self.expression(0)?;
        match (signature.takes.get(place), is_expression) {
            (Some(Takes::Expression), true) => Ok((Argument::Expression(tree), height)),
            (Some(Takes::Value) | None, false) => Ok((Argument::Value(tree), height)),
            (Some(Takes::Expression), false) => {
                let what = format!("{} without \"&\" before its expression", signature.name);
                Err(wrong(what, at).hint(format!("it is {}", signature.text())))
            }
            (Some(Takes::Value) | None, true) => {
                let what = format!("{} with \"&\" before a value", signature.name);
                Err(wrong(what, at).hint(format!("it is {}", signature.text())))
            }
        }
    }

    /// Whether a list ends here; the comma is eaten if it does not.
    fn ends_list(&mut self, closing: &Token, expected: &str) -> Result<bool, QueryError> {
        match self.next() {
            next if next.token == *closing => Ok(true),
            Placed { token: Token::Comma, .. } => Ok(false),
            next => Err(self.unexpected(&next, expected)),
        }
    }

    fn over(&self, inner: Part, make: impl FnOnce(Box<Tree>) -> Tree) -> Read {
        Ok(Part { height: self.higher(inner.height)?, tree: make(inner.tree.into()) })
    }

    fn join(
        &self,
        left: Part,
        right: Part,
        make: impl FnOnce(Box<Tree>, Box<Tree>) -> Tree,
    ) -> Read {
        let height = self.higher(left.height.max(right.height))?;
        Ok(Part { tree: make(left.tree.into(), right.tree.into()), height })
    }

    fn chain(&self, left: Part, right: Part) -> Read {
        match left.tree {
            Tree::Chain(trees) => self.longer(trees, left.height, right, Tree::Chain),
            tree => self.longer(vec![tree], left.height.saturating_add(1), right, Tree::Chain),
        }
    }

    fn or(&self, left: Part, right: Part) -> Read {
        match left.tree {
            Tree::Or(trees) => self.longer(trees, left.height, right, Tree::Or),
            tree => self.longer(vec![tree], left.height.saturating_add(1), right, Tree::Or),
        }
    }

    fn and(&self, left: Part, right: Part) -> Read {
        match left.tree {
            Tree::And(trees) => self.longer(trees, left.height, right, Tree::And),
            tree => self.longer(vec![tree], left.height.saturating_add(1), right, Tree::And),
        }
    }

    /// One more of the same operator: `a || b || c` is no higher than `a || b`.
    fn longer(
        &self,
        mut trees: Vec<Tree>,
        height: usize,
        right: Part,
        make: impl FnOnce(Vec<Tree>) -> Tree,
    ) -> Read {
        trees.push(right.tree);
        let inner = right.height.max(height.saturating_sub(1));
        Ok(Part { tree: make(trees), height: self.higher(inner)? })
    }

    fn higher(&self, height: usize) -> Result<usize, QueryError> {
        let height = height.saturating_add(1);
        if height > HIGHEST { Err(self.too_high()) } else { Ok(height) }
    }

    fn too_high(&self) -> QueryError {
        let what = format!("more than {HIGHEST} operators, calls or brackets in one another");
        wrong(what, self.here())
    }

    fn expect(&mut self, token: &Token, expected: &str) -> Result<(), QueryError> {
        let next = self.next();
        if next.token == *token { Ok(()) } else { Err(self.unexpected(&next, expected)) }
    }

    fn unexpected(&self, found: &Placed, expected: &str) -> QueryError {
        let what = format!("expected {expected}, but found {}", found.token.text());
        let error = wrong(what, found.at);
        let Token::Name(name) = &found.token else { return error };
        match name.to_ascii_lowercase().as_str() {
            "and" => error.hint("did you mean &&?"),
            "or" => error.hint("did you mean ||?"),
            "not" => error.hint("did you mean !?"),
            _ => error,
        }
    }

    fn peek(&self) -> &Token {
        self.tokens.front().map_or(&Token::End, |placed| &placed.token)
    }

    fn second(&self) -> Option<&Token> {
        self.tokens.get(1).map(|placed| &placed.token)
    }

    fn here(&self) -> usize {
        self.tokens.front().map_or(self.end, |placed| placed.at)
    }

    fn next(&mut self) -> Placed {
        self.tokens.pop_front().unwrap_or(Placed { token: Token::End, at: self.end })
    }
}

fn leaf(tree: Tree) -> Part {
    Part { tree, height: 1 }
}

fn wrong(what: impl Into<String>, at: usize) -> QueryError {
    QueryError::new(ErrorKind::Text, what).at(at)
}
