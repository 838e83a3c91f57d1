//! An answer to one of some operations: a byte for the operation (`a` the first), one for the status
//! (`2` is 200, `4` is 400, ...), one for headers (`h` if there are any: lines of `name: value`, the
//! last one empty), and the body.

use aws_dynamic::protocol::{Exchange, Failure};

use crate::operation;

/// Statuses that are read in ways of their own, behind 0 to 9.
const STATUS: [u16; 16] =
    [0, 100, 200, 300, 400, 500, 503, 404, 206, 204, 201, 299, 304, 403, 599, 999];

/// Reads an answer. An error must have words.
pub fn read(operations: &[&str], data: &[u8]) {
    let [which, status, flag, rest @ ..] = data else { return };
    let name = operations[usize::from(which.wrapping_sub(b'a')) % operations.len()];
    let status = STATUS[usize::from(status.wrapping_sub(b'0')) % STATUS.len()];
    let (headers, body) = match flag {
        b'h' => headers(rest),
        _ => (Vec::new(), rest),
    };
    let headers = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let exchange = Exchange::of(operation(name)).unwrap();
    match exchange.response(status, headers, body.to_vec()) {
        Ok(output) => assert!(output.is_object()),
        Err(Failure::Service(error)) => assert!(!error.code.is_empty() && error.status == status),
        Err(Failure::Unreadable(problem)) => assert!(!problem.to_string().is_empty()),
    }
}

fn headers(rest: &[u8]) -> (Vec<(String, String)>, &[u8]) {
    let end = rest.windows(2).position(|pair| pair == b"\n\n");
    let (head, body) = rest.split_at(end.unwrap_or(rest.len()));
    let head = String::from_utf8_lossy(head);
    let header = |line: &str| {
        let (name, value) = line.split_once(": ")?;
        Some((name.to_owned(), value.to_owned()))
    };
    (head.split('\n').filter_map(header).collect(), body.get(2..).unwrap_or_default())
}
