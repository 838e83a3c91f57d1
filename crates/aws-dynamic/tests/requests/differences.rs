//! Where our requests are not botocore's, each with the reason.

/// A difference.
#[derive(Debug)]
pub struct Difference {
    /// Operations as `service:Operation`, or `service:` for all of a service; all of AWS where empty.
    of: &'static [&'static str],
    /// The part that differs, as the comparison names it.
    part: &'static str,
    /// What stands in one of the two values.
    has: &'static str,
    pub reason: &'static str,
}

impl Difference {
    pub fn covers(&self, name: &str, part: &str, what: &str) -> bool {
        let is_of = |of: &&str| *of == name || (of.ends_with(':') && name.starts_with(of));
        (self.of.is_empty() || self.of.iter().any(|of| is_of(&of)))
            && self.part == part
            && what.contains(self.has)
    }
}

pub const DIFFERENCES: &[Difference] = &[];
