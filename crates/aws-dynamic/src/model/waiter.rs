//! Waiters: an operation that is repeated until its answer says what was waited for.

use serde_json::Value;

use super::column::Column;
use super::operation::Operation;
use super::service::Service;
use super::terms::{Matcher, State};

/// A waiter of a service.
#[derive(Clone, Copy, Debug)]
pub struct Waiter<'a> {
    service: &'a Service,
    row: usize,
}

/// What a waiter makes of an answer.
#[derive(Clone, Copy, Debug)]
pub struct Acceptor<'a> {
    service: &'a Service,
    row: usize,
}

impl<'a> Waiter<'a> {
    pub(super) fn new(service: &'a Service, row: usize) -> Self {
        Self { service, row }
    }

    pub fn name(self) -> &'a str {
        self.service.block.text(Column::WaiterName, self.row).unwrap_or_default()
    }

    /// The operation that it repeats.
    pub fn operation(self) -> Operation<'a> {
        Operation::new(self.service, self.number(Column::WaiterOperation))
    }

    /// Seconds between two calls.
    pub fn delay(self) -> usize {
        self.number(Column::Delay)
    }

    /// How many calls it makes at most.
    pub fn max_attempts(self) -> usize {
        self.number(Column::MaxAttempts)
    }

    /// What it makes of an answer; the first that matches decides.
    pub fn acceptors(self) -> impl ExactSizeIterator<Item = Acceptor<'a>> {
        let rows = self.service.block.parts_of(Column::AcceptorCount, self.row);
        rows.map(move |row| Acceptor { service: self.service, row })
    }

    fn number(self, column: Column) -> usize {
        self.service.block.number(column, self.row).unwrap_or_default()
    }
}

impl<'a> Acceptor<'a> {
    /// What it looks at.
    pub fn matcher(self) -> Matcher {
        self.service
            .term(Column::AcceptorMatcher, self.row, Matcher::ALL)
            .unwrap_or(Matcher::Status)
    }

    /// What it decides.
    pub fn state(self) -> State {
        self.service.term(Column::AcceptorState, self.row, State::ALL).unwrap_or(State::Failure)
    }

    /// A JMESPath expression, of those that look into the output.
    pub fn argument(self) -> Option<&'a str> {
        self.service.block.text(Column::Argument, self.row)
    }

    /// A text, a status or a truth value.
    pub fn expected(self) -> Value {
        let text = self.service.block.text(Column::Expected, self.row).unwrap_or_default();
        // Decoding has checked that it is JSON.
        serde_json::from_str(text).unwrap_or_default()
    }
}
