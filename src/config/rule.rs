//! What policies match names with: rules (regular expressions over operations) and globs (over
//! profiles and roles). AWS's names are ASCII, so both a rule and its engine are: a letter of
//! another script that looks the same is an error, not a rule that never fires.

use std::convert::Infallible;

use regex::bytes::{Regex, RegexBuilder};
use regex_syntax::ast::{self, Ast, ClassSetItem, FlagsItemKind, GroupKind, Visitor};

/// Bytes of one compiled rule. A policy may hold hundreds; each is far below this.
const MOST_COMPILED: usize = 256 * 1024;
const MOST_TEXT: usize = 1_000;
const MOST_NESTING: u32 = 50;

/// One rule: a regular expression in linear time, in any letter case, over the whole name.
#[derive(Clone, Debug)]
pub struct Rule {
    text: String,
    over: Over,
    regex: Regex,
}

/// What a rule is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// `TerminateInstances`, of every service.
    Operation,
    /// `ec2:TerminateInstances`, for a rule in which a colon is written.
    ServiceAndOperation,
}

/// What is wrong with a rule or a glob, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    pub what: String,
    pub remedy: &'static str,
}

impl Rule {
    /// Parses a rule. It is checked alone first: `a)|(b` would break out of the anchors.
    pub fn parse(text: &str) -> Result<Self, Flaw> {
        let syntax = syntax(text)?;
        // The walk's own error type has no value.
        let Ok(look) = ast::visit(&syntax, Look::default());
        if look.case_sensitive {
            return Err(flaw("switches letter case on", "Take (?-i) out: rules match any case."));
        }
        if look.unicode {
            return Err(flaw("switches Unicode", "Take (?u) out: AWS's names are ASCII."));
        }
        if look.excluded_colon && !look.colon {
            return Err(flaw(
                "has a \":\" only where it is excluded, so what it is matched against is unclear",
                "Write .* for any name, or SERVICE:OPERATION with the colon outside the brackets.",
            ));
        }
        let over = if look.colon { Over::ServiceAndOperation } else { Over::Operation };
        Self::compile(text, over)
    }

    /// The rule as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn over(&self) -> Over {
        self.over
    }

    /// Whether the rule covers an operation of any service; only a rule over operations does.
    pub fn matches_operation(&self, operation: &str) -> bool {
        self.over == Over::Operation && self.regex.is_match(operation.as_bytes())
    }

    /// Whether the rule covers an operation of the service of this name.
    pub fn matches(&self, service: &str, operation: &str) -> bool {
        match self.over {
            Over::Operation => self.matches_operation(operation),
            Over::ServiceAndOperation => {
                self.regex.is_match(format!("{service}:{operation}").as_bytes())
            }
        }
    }

    /// The rule once per branch of each of its alternations, with the branch alone in its place:
    /// one that matches nothing is dead (`ec2:Start.*|Delete.*`).
    pub fn branches(&self) -> Vec<(String, Self)> {
        let Ok(syntax) = syntax(&self.text) else { return Vec::new() };
        let Ok(look) = ast::visit(&syntax, Look::default());
        let part = |from: usize, to: usize| self.text.get(from..to).unwrap_or_default();
        let mut found = Vec::new();
        for (whole, branch) in look.branches {
            let branch = part(branch.0, branch.1);
            let alone = [part(0, whole.0), branch, part(whole.1, self.text.len())].concat();
            if let Ok(rule) = Self::compile(&alone, self.over) {
                found.push((branch.to_owned(), rule));
            }
        }
        found
    }

    fn compile(text: &str, over: Over) -> Result<Self, Flaw> {
        let regex = RegexBuilder::new(&format!("^(?:{text})$"))
            .unicode(false)
            .case_insensitive(true)
            // `.*` means any name, whatever somebody put into it.
            .dot_matches_new_line(true)
            .size_limit(MOST_COMPILED)
            .nest_limit(MOST_NESTING + 2)
            .build()
            .map_err(|error| match error {
                regex::Error::CompiledTooBig(_) => flaw("is too large", "Write it shorter."),
                other => {
                    let told = other.to_string();
                    let last = told.lines().last().unwrap_or_default();
                    unreadable(last.trim_start_matches("error: "))
                }
            })?;
        Ok(Self { text: text.to_owned(), over, regex })
    }
}

/// A pattern over whole names in which `*` is any run of characters and `?` any one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob(String);

impl Glob {
    /// Checks the form.
    pub fn parse(text: &str) -> Result<Self, Flaw> {
        is_plain(text)?;
        Ok(Self(text.to_owned()))
    }

    /// Whether the pattern covers the whole name; letter case counts.
    pub fn matches(&self, name: &str) -> bool {
        let pattern: Vec<char> = self.0.chars().collect();
        let name: Vec<char> = name.chars().collect();
        let (mut p, mut n) = (0, 0);
        // Where the latest star stands, and how far it has reached: only that one is ever tried
        // again, so the time is at most the product of the lengths.
        let mut star: Option<(usize, usize)> = None;
        while let Some(character) = name.get(n) {
            match pattern.get(p) {
                Some('*') => {
                    star = Some((p, n));
                    p += 1;
                }
                Some(wanted) if *wanted == '?' || wanted == character => {
                    p += 1;
                    n += 1;
                }
                _ => match star {
                    None => return false,
                    Some((at, reached)) => {
                        star = Some((at, reached + 1));
                        p = at + 1;
                        n = reached + 1;
                    }
                },
            }
        }
        pattern.iter().skip(p).all(|rest| *rest == '*')
    }
}

/// Names and patterns are not empty, not padded, not long, and every character can be seen.
pub fn is_plain(text: &str) -> Result<(), Flaw> {
    if text.is_empty() || text.trim() != text {
        return Err(flaw("is empty or has blanks around it", "Write the name without blanks."));
    }
    if text.len() > MOST_TEXT {
        return Err(flaw("is longer than 1000 characters", "Write it shorter."));
    }
    if !text.chars().all(|c| c.is_ascii_graphic() || c == ' ') {
        return Err(flaw(
            "has a character that is not printable ASCII",
            "AWS's names are ASCII: type the name again.",
        ));
    }
    Ok(())
}

fn syntax(text: &str) -> Result<Ast, Flaw> {
    is_plain(text)?;
    ast::parse::ParserBuilder::new().nest_limit(MOST_NESTING).build().parse(text).map_err(|error| {
        unreadable(&format!("{} (character {})", error.kind(), error.span().start.offset + 1))
    })
}

fn flaw(what: &str, remedy: &'static str) -> Flaw {
    Flaw { what: what.to_owned(), remedy }
}

fn unreadable(why: &str) -> Flaw {
    flaw(
        &format!("is not a regular expression: {why}"),
        "Write a regular expression such as ec2:Terminate.* or Delete.*",
    )
}

/// What the syntax tree says of a rule. `(?:`, `(?i:` and `[[:alpha:]]` have no colon in it.
#[derive(Default)]
struct Look {
    /// A colon that a name must, or may, have.
    colon: bool,
    /// A colon within a negated class or a class difference.
    excluded_colon: bool,
    case_sensitive: bool,
    unicode: bool,
    /// Byte ranges: the whole alternation, and one branch.
    branches: Vec<((usize, usize), (usize, usize))>,
    /// How many negated classes and class operations are open.
    excluding: usize,
}

impl Look {
    fn flags(&mut self, flags: &ast::Flags) {
        let mut off = false;
        for item in &flags.items {
            match item.kind {
                FlagsItemKind::Negation => off = true,
                FlagsItemKind::Flag(ast::Flag::CaseInsensitive) => self.case_sensitive |= off,
                FlagsItemKind::Flag(ast::Flag::Unicode) => self.unicode = true,
                FlagsItemKind::Flag(_) => {}
            }
        }
    }

    fn literal(&mut self, character: char) {
        if character == ':' {
            if self.excluding == 0 { self.colon = true } else { self.excluded_colon = true }
        }
    }
}

impl Visitor for Look {
    type Output = Self;
    type Err = Infallible;

    fn finish(self) -> Result<Self, Self::Err> {
        Ok(self)
    }

    fn visit_pre(&mut self, node: &Ast) -> Result<(), Self::Err> {
        match node {
            Ast::Literal(literal) => self.literal(literal.c),
            Ast::Flags(set) => self.flags(&set.flags),
            Ast::Group(group) => {
                if let GroupKind::NonCapturing(flags) = &group.kind {
                    self.flags(flags);
                }
            }
            Ast::ClassBracketed(class) if class.negated => self.excluding += 1,
            Ast::Alternation(alternation) => {
                let whole = (alternation.span.start.offset, alternation.span.end.offset);
                self.branches.extend(
                    alternation.asts.iter().map(|branch| {
                        (whole, (branch.span().start.offset, branch.span().end.offset))
                    }),
                );
            }
            _ => {}
        }
        Ok(())
    }

    fn visit_post(&mut self, node: &Ast) -> Result<(), Self::Err> {
        if matches!(node, Ast::ClassBracketed(class) if class.negated) {
            self.excluding -= 1;
        }
        Ok(())
    }

    fn visit_class_set_item_pre(&mut self, item: &ClassSetItem) -> Result<(), Self::Err> {
        match item {
            ClassSetItem::Literal(literal) => self.literal(literal.c),
            ClassSetItem::Range(range) => {
                self.literal(range.start.c);
                self.literal(range.end.c);
            }
            ClassSetItem::Bracketed(class) if class.negated => self.excluding += 1,
            _ => {}
        }
        Ok(())
    }

    fn visit_class_set_item_post(&mut self, item: &ClassSetItem) -> Result<(), Self::Err> {
        if matches!(item, ClassSetItem::Bracketed(class) if class.negated) {
            self.excluding -= 1;
        }
        Ok(())
    }

    fn visit_class_set_binary_op_pre(
        &mut self,
        _: &ast::ClassSetBinaryOp,
    ) -> Result<(), Self::Err> {
        self.excluding += 1;
        Ok(())
    }

    fn visit_class_set_binary_op_post(
        &mut self,
        _: &ast::ClassSetBinaryOp,
    ) -> Result<(), Self::Err> {
        self.excluding -= 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
