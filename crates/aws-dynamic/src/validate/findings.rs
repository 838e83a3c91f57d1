//! What was found in an input, as far as it is listed. Whoever wrote a thousand wrong values mends them
//! all alike, but must know that there are more.

use super::{Finding, MOST};

/// The first findings, at most `MOST`, and a count of the others.
#[derive(Default)]
pub(crate) struct Findings {
    listed: Vec<Finding>,
    more: usize,
}

impl Findings {
    pub fn is_empty(&self) -> bool {
        self.listed.is_empty()
    }

    pub fn is_full(&self) -> bool {
        self.listed.len() >= MOST
    }

    pub fn note(&mut self, path: &str, what: &str) {
        if self.is_full() {
            self.more = self.more.saturating_add(1);
        } else {
            self.listed.push(Finding { path: path.to_owned(), what: what.to_owned() });
        }
    }

    /// Takes up what another check found, unless something is the matter with that place already.
    pub fn add(&mut self, finding: Finding) {
        if !self.listed.iter().any(|known| known.path == finding.path) {
            self.note(&finding.path, &finding.what);
        }
    }

    /// The list; its last line is the count of what it does not have.
    pub fn end(mut self, of: &str) -> Vec<Finding> {
        if self.more > 0 {
            self.listed.pop();
            let what = format!("has {} more {of}, which are not listed", self.more + 1);
            self.listed.push(Finding { path: String::new(), what });
        }
        self.listed
    }
}
