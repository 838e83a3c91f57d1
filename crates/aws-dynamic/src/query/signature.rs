//! The functions of the specification: one table of their names and of what they take.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Function {
    Abs,
    Avg,
    Ceil,
    Contains,
    EndsWith,
    Floor,
    Join,
    Keys,
    Length,
    Map,
    Max,
    MaxBy,
    Merge,
    Min,
    MinBy,
    NotNull,
    Reverse,
    Sort,
    SortBy,
    StartsWith,
    Sum,
    ToArray,
    ToNumber,
    ToString,
    Type,
    Values,
}

/// What a function takes, as far as that can be seen in the text.
pub(super) struct Signature {
    pub(super) name: &'static str,
    pub(super) function: Function,
    pub(super) takes: &'static [Takes],
    more: More,
    /// The arguments, for errors.
    usage: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Takes {
    Value,
    Expression,
}

/// Whether more values may follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum More {
    No,
    Any,
}

const ONE: &[Takes] = &[Takes::Value];
const TWO: &[Takes] = &[Takes::Value, Takes::Value];
const BY: &[Takes] = &[Takes::Value, Takes::Expression];
const OVER: &[Takes] = &[Takes::Expression, Takes::Value];

const FUNCTIONS: [Signature; 26] = [
    of("abs", Function::Abs, ONE, "number"),
    of("avg", Function::Avg, ONE, "array of numbers"),
    of("ceil", Function::Ceil, ONE, "number"),
    of("contains", Function::Contains, TWO, "array or string, what is sought"),
    of("ends_with", Function::EndsWith, TWO, "string, suffix"),
    of("floor", Function::Floor, ONE, "number"),
    of("join", Function::Join, TWO, "glue, array of strings"),
    of("keys", Function::Keys, ONE, "object"),
    of("length", Function::Length, ONE, "array, object or string"),
    of("map", Function::Map, OVER, "&expression, array"),
    of("max", Function::Max, ONE, "array of numbers or of strings"),
    of("max_by", Function::MaxBy, BY, "array, &expression"),
    Signature { more: More::Any, ..of("merge", Function::Merge, ONE, "object, ...") },
    of("min", Function::Min, ONE, "array of numbers or of strings"),
    of("min_by", Function::MinBy, BY, "array, &expression"),
    Signature { more: More::Any, ..of("not_null", Function::NotNull, ONE, "value, ...") },
    of("reverse", Function::Reverse, ONE, "array or string"),
    of("sort", Function::Sort, ONE, "array of numbers or of strings"),
    of("sort_by", Function::SortBy, BY, "array, &expression"),
    of("starts_with", Function::StartsWith, TWO, "string, prefix"),
    of("sum", Function::Sum, ONE, "array of numbers"),
    of("to_array", Function::ToArray, ONE, "value"),
    of("to_number", Function::ToNumber, ONE, "value"),
    of("to_string", Function::ToString, ONE, "value"),
    of("type", Function::Type, ONE, "value"),
    of("values", Function::Values, ONE, "object"),
];

const fn of(
    name: &'static str,
    function: Function,
    takes: &'static [Takes],
    usage: &'static str,
) -> Signature {
    Signature { name, function, takes, more: More::No, usage }
}

pub(super) fn named(name: &str) -> Option<&'static Signature> {
    FUNCTIONS.iter().find(|signature| signature.name == name)
}

/// What might have been meant by a name that is no function's.
pub(super) fn suggestion(name: &str) -> String {
    let lower = super::shown(name).to_ascii_lowercase();
    let meant = match lower.as_str() {
        "count" | "len" | "size" => Some("length"),
        "concat" => Some("join"),
        "order_by" | "sortby" => Some("sort_by"),
        "average" | "mean" => Some("avg"),
        "string" | "str" => Some("to_string"),
        "number" | "int" => Some("to_number"),
        "includes" | "has" => Some("contains"),
        other => FUNCTIONS
            .iter()
            .map(|known| (strsim::damerau_levenshtein(known.name, &other.replace('-', "_")), known))
            .min_by_key(|(distance, _)| *distance)
            .filter(|(distance, known)| *distance <= 2 && *distance < known.name.len() - 1)
            .map(|(_, known)| known.name),
    };
    match meant {
        Some(meant) => format!("did you mean {meant}?"),
        None => format!("there are {}", FUNCTIONS.map(|known| known.name).join(", ")),
    }
}

impl Signature {
    pub(super) fn takes_so_many(&self, arguments: usize) -> bool {
        match self.more {
            More::No => arguments == self.takes.len(),
            More::Any => arguments >= self.takes.len(),
        }
    }

    /// As it is to be written.
    pub(super) fn text(&self) -> String {
        format!("{}({})", self.name, self.usage)
    }
}

impl Function {
    pub(crate) fn name(self) -> &'static str {
        FUNCTIONS.iter().find(|known| known.function == self).map_or("", |known| known.name)
    }
}
