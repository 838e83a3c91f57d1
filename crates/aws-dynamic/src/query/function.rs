//! What each function of the specification does.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::io;

use serde_json::Number;

use super::arguments::{Arguments, Keys};
use super::budget::Budget;
use super::evaluation::Evaluation;
use super::found::{Found, View};
use super::signature::Function;
use super::tree::Call;
use super::{QueryError, number};

type Result<'a> = std::result::Result<Found<'a>, QueryError>;

/// What a function makes of its arguments, which are found at a value.
pub(super) fn call<'a>(
    evaluation: &mut Evaluation<'_>,
    call: &'a Call,
    at: &Found<'a>,
) -> Result<'a> {
    let given = Arguments::of(evaluation, call, at)?;
    match call.function {
        Function::Abs => abs(&given),
        Function::Avg => avg(evaluation, &given),
        Function::Ceil => whole(&given, f64::ceil),
        Function::Contains => contains(evaluation, &given),
        Function::EndsWith => compare_ends(evaluation, &given, |text, end| text.ends_with(end)),
        Function::Floor => whole(&given, f64::floor),
        Function::Join => join(evaluation, &given),
        Function::Keys => keys(evaluation, &given),
        Function::Length => length(evaluation, &given),
        Function::Map => map(evaluation, &given),
        Function::Max => extreme(evaluation, &given, Ordering::Greater),
        Function::MaxBy => extreme_by(evaluation, &given, Ordering::Greater),
        Function::Merge => merge(evaluation, &given),
        Function::Min => extreme(evaluation, &given, Ordering::Less),
        Function::MinBy => extreme_by(evaluation, &given, Ordering::Less),
        Function::NotNull => {
            Ok(given.values().find(|value| !value.is_null()).cloned().unwrap_or(Found::Null))
        }
        Function::Reverse => reverse(evaluation, &given),
        Function::Sort => sort(evaluation, &given),
        Function::SortBy => sort_by(evaluation, &given),
        Function::StartsWith => compare_ends(evaluation, &given, |text, end| text.starts_with(end)),
        Function::Sum => sum(evaluation, &given),
        Function::ToArray => to_array(evaluation, &given),
        Function::ToNumber => to_number(evaluation, &given),
        Function::ToString => to_string(evaluation, &given),
        Function::Type => Ok(Found::Name(given.value(0)?.type_name())),
        Function::Values => values(evaluation, &given),
    }
}

fn abs<'a>(given: &Arguments<'a>) -> Result<'a> {
    let argument = given.number(0)?;
    let absolute = match number::integer(argument) {
        Some(integer) => number::of_integer(integer.saturating_abs()),
        None => number::of_float(number::float(argument).abs()),
    };
    Ok(number_or_null(absolute))
}

fn whole<'a>(given: &Arguments<'a>, round: fn(f64) -> f64) -> Result<'a> {
    let argument = given.number(0)?;
    let is_integer = number::integer(argument).is_some();
    let rounded = if is_integer {
        Some(argument.clone())
    } else {
        number::whole(round(number::float(argument)))
    };
    Ok(number_or_null(rounded))
}

/// The sum of a list of numbers, and how many they are.
fn total<'a>(
    evaluation: &mut Evaluation<'_>,
    given: &Arguments<'a>,
) -> std::result::Result<(Option<i128>, f64, usize), QueryError> {
    let elements = given.list(0)?;
    evaluation.budget.take_each(elements.len())?;
    let mut integers = Some(0_i128);
    let mut floats = 0.0;
    for (place, element) in elements.iter().enumerate() {
        let View::Number(number) = element.view() else {
            return Err(given.unfit_element("an array of numbers", &element, place));
        };
        integers = integers.zip(number::integer(number)).map(|(sum, one)| sum.saturating_add(one));
        floats += number::float(number);
    }
    Ok((integers, floats, elements.len()))
}

fn sum<'a>(evaluation: &mut Evaluation<'_>, given: &Arguments<'a>) -> Result<'a> {
    let (integers, floats, _) = total(evaluation, given)?;
    let sum = integers.and_then(number::of_integer).or_else(|| number::of_float(floats));
    sum.map(Found::Number).ok_or_else(|| given.wrong("finds no number that large in JSON"))
}

fn avg<'a>(evaluation: &mut Evaluation<'_>, given: &Arguments<'a>) -> Result<'a> {
    let (_, sum, count) = total(evaluation, given)?;
    if count == 0 {
        return Ok(Found::Null);
    }
    #[expect(clippy::cast_precision_loss, reason = "no list has 2^53 elements")]
    let average = number::of_float(sum / count as f64);
    average.map(Found::Number).ok_or_else(|| given.wrong("finds no number that large in JSON"))
}

fn contains<'a>(evaluation: &mut Evaluation<'_>, given: &Arguments<'a>) -> Result<'a> {
    let (subject, sought) = (given.value(0)?, given.value(1)?);
    match subject.view() {
        View::Text(text) => {
            let View::Text(sought) = sought.view() else { return Ok(Found::Bool(false)) };
            evaluation.budget.take_text(text.len().saturating_add(sought.len()))?;
            Ok(Found::Bool(text.contains(sought)))
        }
        View::List(elements) => {
            for element in elements.iter() {
                if evaluation.equal(&element, sought)? {
                    return Ok(Found::Bool(true));
                }
            }
            Ok(Found::Bool(false))
        }
        View::Null | View::Bool(_) | View::Number(_) | View::Object(_) => {
            Err(given.unfit("a string or an array first", subject))
        }
    }
}

fn compare_ends<'a>(
    evaluation: &mut Evaluation<'_>,
    given: &Arguments<'a>,
    compare: fn(&str, &str) -> bool,
) -> Result<'a> {
    let (text, end) = (given.text(0)?, given.text(1)?);
    evaluation.budget.take_text(end.len())?;
    Ok(Found::Bool(compare(text, end)))
}

fn join<'a>(evaluation: &mut Evaluation<'_>, given: &Arguments<'a>) -> Result<'a> {
    let (glue, elements) = (given.text(0)?, given.list(1)?);
    let mut joined = String::new();
    for (place, element) in elements.iter().enumerate() {
        let View::Text(text) = element.view() else {
            return Err(given.unfit_element("an array of strings", &element, place));
        };
        evaluation.budget.take_text(text.len().saturating_add(glue.len()))?;
        if place > 0 {
            joined.push_str(glue);
        }
        joined.push_str(text);
    }
    Ok(Found::Text(joined.into()))
}

fn length<'a>(evaluation: &mut Evaluation<'_>, given: &Arguments<'a>) -> Result<'a> {
    let argument = given.value(0)?;
    let length = match argument.view() {
        View::Text(text) => {
            evaluation.budget.take_text(text.len())?;
            text.chars().count()
        }
        View::List(elements) => elements.len(),
        View::Object(fields) => fields.len(),
        View::Null | View::Bool(_) | View::Number(_) => {
            return Err(given.unfit("an array, an object or a string", argument));
        }
    };
    Ok(Found::Number(Number::from(length)))
}

fn keys<'a>(evaluation: &mut Evaluation<'_>, given: &Arguments<'a>) -> Result<'a> {
    let fields = given.object(0)?;
    evaluation.budget.take_each(fields.len())?;
    evaluation.list(fields.iter().map(|(name, _)| Found::Name(name)).collect())
}

fn values<'a>(evaluation: &mut Evaluation<'_>, given: &Arguments<'a>) -> Result<'a> {
    let fields = given.object(0)?;
    evaluation.budget.take_each(fields.len())?;
    evaluation.list(fields.iter().map(|(_, value)| value).collect())
}

fn merge<'a>(evaluation: &mut Evaluation<'_>, given: &Arguments<'a>) -> Result<'a> {
    let mut merged: Vec<(&'a str, Found<'a>)> = Vec::new();
    let mut places: HashMap<&'a str, usize> = HashMap::new();
    for (place, _) in given.values().enumerate() {
        for (name, value) in given.object(place)?.iter() {
            evaluation.budget.take_text(name.len())?;
            let place = *places.entry(name).or_insert(merged.len());
            match merged.get_mut(place) {
                Some((_, known)) => *known = value,
                None => merged.push((name, value)),
            }
        }
    }
    evaluation.object(merged)
}

fn map<'a>(evaluation: &mut Evaluation<'_>, given: &Arguments<'a>) -> Result<'a> {
    let mapped = at_each(evaluation, given, 0, 1)?;
    evaluation.list(mapped)
}

fn reverse<'a>(evaluation: &mut Evaluation<'_>, given: &Arguments<'a>) -> Result<'a> {
    let argument = given.value(0)?;
    match argument.view() {
        View::Text(text) => {
            evaluation.budget.take_text(text.len())?;
            Ok(Found::Text(text.chars().rev().collect::<String>().into()))
        }
        View::List(elements) => {
            evaluation.budget.take_each(elements.len())?;
            evaluation.list(elements.iter().rev().collect())
        }
        View::Null | View::Bool(_) | View::Number(_) | View::Object(_) => {
            Err(given.unfit("an array or a string", argument))
        }
    }
}

fn to_array<'a>(evaluation: &mut Evaluation<'_>, given: &Arguments<'a>) -> Result<'a> {
    let argument = given.value(0)?;
    match argument.elements() {
        Some(_) => Ok(argument.clone()),
        None => evaluation.list(vec![argument.clone()]),
    }
}

fn to_number<'a>(evaluation: &mut Evaluation<'_>, given: &Arguments<'a>) -> Result<'a> {
    let argument = given.value(0)?;
    match argument.view() {
        View::Number(_) => Ok(argument.clone()),
        View::Text(text) => {
            evaluation.budget.take_text(text.len())?;
            Ok(number_or_null(serde_json::from_str(text).ok()))
        }
        View::Null | View::Bool(_) | View::List(_) | View::Object(_) => Ok(Found::Null),
    }
}

fn to_string<'a>(evaluation: &mut Evaluation<'_>, given: &Arguments<'a>) -> Result<'a> {
    let argument = given.value(0)?;
    if let View::Text(_) = argument.view() {
        return Ok(argument.clone());
    }
    let mut paper =
        Paper { text: Vec::new(), paid: 0, budget: &mut evaluation.budget, failed: None };
    let written = serde_json::to_writer(&mut paper, argument);
    match (paper.failed, written, String::from_utf8(paper.text)) {
        (Some(failed), _, _) => Err(failed),
        (None, Ok(()), Ok(text)) => Ok(Found::Text(text.into())),
        (None, Err(_), _) | (None, _, Err(_)) => Err(given.wrong("cannot write this")),
    }
}

/// Where JSON is written as long as there are steps.
struct Paper<'e, 'l> {
    text: Vec<u8>,
    /// How many bytes of the text have been paid for.
    paid: usize,
    budget: &'e mut Budget<'l>,
    failed: Option<QueryError>,
}

impl io::Write for Paper<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(bytes);
        let unpaid = self.text.len().saturating_sub(self.paid);
        // JSON comes in small pieces: a step for each would be more than they cost.
        if unpaid >= 64 {
            self.paid = self.text.len();
            if let Err(failed) = self.budget.take_text(unpaid) {
                self.failed = Some(failed);
                return Err(io::ErrorKind::Other.into());
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn sort<'a>(evaluation: &mut Evaluation<'_>, given: &Arguments<'a>) -> Result<'a> {
    let elements = given.list(0)?;
    evaluation.budget.take_each(elements.len())?;
    let elements: Vec<Found<'a>> = elements.iter().collect();
    let order = sorted(evaluation, given.keys(&elements)?)?;
    evaluation.list(order.into_iter().filter_map(|place| elements.get(place).cloned()).collect())
}

fn sort_by<'a>(evaluation: &mut Evaluation<'_>, given: &Arguments<'a>) -> Result<'a> {
    let found = at_each(evaluation, given, 1, 0)?;
    let order = sorted(evaluation, given.keys(&found)?)?;
    let elements = given.list(0)?;
    evaluation.list(order.into_iter().filter_map(|place| elements.get(place)).collect())
}

fn sorted(
    evaluation: &mut Evaluation<'_>,
    keys: Keys<'_>,
) -> std::result::Result<Vec<usize>, QueryError> {
    evaluation.budget.take_sort(keys.len(), keys.bytes())?;
    Ok(keys.sorted())
}

fn extreme<'a>(
    evaluation: &mut Evaluation<'_>,
    given: &Arguments<'a>,
    wanted: Ordering,
) -> Result<'a> {
    let elements = given.list(0)?;
    evaluation.budget.take_each(elements.len())?;
    let elements: Vec<Found<'a>> = elements.iter().collect();
    given.keys(&elements)?;
    let place = most(evaluation, &elements, wanted)?;
    Ok(place.and_then(|place| elements.get(place).cloned()).unwrap_or(Found::Null))
}

fn extreme_by<'a>(
    evaluation: &mut Evaluation<'_>,
    given: &Arguments<'a>,
    wanted: Ordering,
) -> Result<'a> {
    let found = at_each(evaluation, given, 1, 0)?;
    given.keys(&found)?;
    let place = most(evaluation, &found, wanted)?;
    let elements = given.list(0)?;
    Ok(place.and_then(|place| elements.get(place)).unwrap_or(Found::Null))
}

/// The place of the first of the greatest, or of the least.
fn most(
    evaluation: &mut Evaluation<'_>,
    keys: &[Found<'_>],
    wanted: Ordering,
) -> std::result::Result<Option<usize>, QueryError> {
    let mut best: Option<(usize, &Found<'_>)> = None;
    for (place, key) in keys.iter().enumerate() {
        evaluation.budget.take(1)?;
        let is_better = match best {
            Some((_, best)) => evaluation.order(key, best)? == Some(wanted),
            None => true,
        };
        if is_better {
            best = Some((place, key));
        }
    }
    Ok(best.map(|(place, _)| place))
}

/// What the expression among the arguments finds at each element of the list among them.
fn at_each<'a>(
    evaluation: &mut Evaluation<'_>,
    given: &Arguments<'a>,
    expression: usize,
    list: usize,
) -> std::result::Result<Vec<Found<'a>>, QueryError> {
    let expression = given.expression(expression)?;
    let mut found = Vec::new();
    for element in given.list(list)?.iter() {
        found.push(evaluation.find(expression, &element)?);
    }
    Ok(found)
}

fn number_or_null<'a>(number: Option<Number>) -> Found<'a> {
    number.map_or(Found::Null, Found::Number)
}
