//! Waiters.

use super::Result;
use super::left_out::Place;
use super::object::Object;
use crate::import::facts::{Acceptor, Service, Waiter};
use crate::model::terms::{Matcher, State};

pub(super) fn add(service: &mut Service, mut file: Object) -> Result<()> {
    for (name, mut raw) in file.named("waiters")? {
        let missing = |raw: &Object, key: &str| raw.wrong(key, "is missing");
        let waiter = Waiter {
            operation: raw.needed("operation")?,
            delay: raw.whole("delay")?.ok_or_else(|| missing(&raw, "delay"))?,
            max_attempts: raw.whole("maxAttempts")?.ok_or_else(|| missing(&raw, "maxAttempts"))?,
            acceptors: raw
                .objects("acceptors")?
                .into_iter()
                .map(acceptor)
                .collect::<Result<_>>()?,
        };
        raw.end(Place::Waiter)?;
        service.waiters.insert(name, waiter);
    }
    file.end(Place::Waiters)
}

fn acceptor(mut raw: Object) -> Result<Acceptor> {
    let missing = |raw: &Object, key: &str| raw.wrong(key, "is missing");
    let acceptor = Acceptor {
        matcher: raw.term("matcher", Matcher::of_word)?.ok_or_else(|| missing(&raw, "matcher"))?,
        state: raw.term("state", State::of_word)?.ok_or_else(|| missing(&raw, "state"))?,
        argument: raw.text("argument")?,
        expected: raw.value("expected").ok_or_else(|| missing(&raw, "expected"))?,
    };
    raw.end(Place::Acceptor)?;
    Ok(acceptor)
}
