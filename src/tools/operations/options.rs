//! How a call is made and its answer wanted: which part of it, how many pages, until when. What cannot
//! be meant is told before anybody is asked and anything is sent.

use std::num::NonZeroUsize;

use aws_dynamic::model::Waiter;
use aws_dynamic::paginate::{Failed, Pages, keys};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::named::Chosen;
use crate::error::{Error, Result, echo};
use crate::gate::Effect;
use crate::tools::schema;
use crate::tools::view::{Form, View, is_query};

#[derive(Default, Deserialize, JsonSchema)]
pub(super) struct Options {
    /// JMESPath
    pub query: Option<String>,
    /// Entries in all
    pub max_items: Option<NonZeroUsize>,
    pub page_token: Option<String>,
    pub all_pages: Option<bool>,
    /// A waiter of the operation, such as InstanceRunning: repeat it until then, 45 s at most
    pub wait: Option<String>,
    pub response: Option<Form>,
    /// As an earlier answer gave it; grants nothing
    #[expect(dead_code, reason = "taken out of every call's arguments before they are parsed")]
    approval_id: Option<String>,
}

impl Options {
    /// Those among a call's arguments.
    pub fn of(arguments: &Map<String, Value>) -> Result<Self> {
        schema::parse(arguments.clone())
    }

    pub fn wants_pages(&self) -> bool {
        self.all_pages.unwrap_or_default() || self.max_items.is_some() || self.page_token.is_some()
    }

    /// Whether a call of this effect can be made so.
    pub fn check(&self, chosen: &Chosen, effect: Effect) -> Result<()> {
        if let Some(query) = &self.query {
            is_query(query)?;
        }
        let name = chosen.name();
        let is_repeated = self.all_pages.unwrap_or_default() || self.page_token.is_some();
        if chosen.answers_in_events() {
            if is_repeated || self.wait.is_some() {
                return Err(Error::invalid(
                    format!("{name} answers in events, which come once."),
                    "Leave out all_pages, page_token and wait; max_items says how many events.",
                ));
            }
            return Ok(());
        }
        if effect > Effect::Read && (self.wants_pages() || self.wait.is_some()) {
            return Err(Error::invalid(
                format!("{name} does not only read, and so is called once."),
                "Leave out all_pages, max_items, page_token and wait; wait for its result with aws_read.",
            ));
        }
        if let Some(waiter) = &self.wait {
            if self.wants_pages() {
                return Err(Error::invalid(
                    "wait looks at one answer, and not at pages.",
                    "Leave out all_pages, max_items and page_token, or wait.",
                ));
            }
            self::waiter(chosen, waiter)?;
        }
        if self.wants_pages() {
            self.pages(chosen)?;
        }
        Ok(())
    }

    /// The way through the pages of a list; none where the operation gives one answer only.
    pub fn pages(&self, chosen: &Chosen) -> Result<Option<Pages>> {
        if keys(chosen.model).is_none() {
            if self.wants_pages() {
                return Err(Error::invalid(
                    format!("{} gives one answer only.", chosen.name()),
                    "Leave out all_pages, max_items and page_token.",
                ));
            }
            return Ok(None);
        }
        let input = chosen.payload.clone();
        let pages = match &self.page_token {
            Some(token) => Pages::resumed(chosen.model, input, token),
            None => Pages::new(chosen.model, input),
        };
        let pages = pages.map_err(|failed: Failed| {
            Error::invalid(
                format!("{failed}."),
                "Pass next_page_token unchanged with the same payload, or leave it out.",
            )
        })?;
        Ok(Some(match self.max_items {
            Some(items) => pages.at_most(items),
            None => pages,
        }))
    }

    /// How what AWS answers is shown.
    pub fn view(self, chosen: &Chosen) -> View {
        let form = self.response.unwrap_or_default();
        View::Called { query: self.query, form, shape: chosen.model.output() }
    }
}

/// The waiter of that name, which must be one of this operation.
pub(super) fn waiter(chosen: &Chosen, name: &str) -> Result<Waiter<'static>> {
    let mut waiters = chosen.model.service().waiters();
    let same = |one: &str| one.eq_ignore_ascii_case(&name.replace(['-', '_', ' '], ""));
    let waiter = waiters.find(|waiter| same(waiter.name())).ok_or_else(|| {
        let all: Vec<&str> = chosen.model.service().waiters().map(|waiter| waiter.name()).collect();
        Error::invalid(
            format!("{} has no waiter {}.", chosen.service.name(), echo(name)),
            format!("It has: {}.", if all.is_empty() { "none".to_owned() } else { all.join(", ") }),
        )
    })?;
    if waiter.operation().name() != chosen.operation.name() {
        return Err(Error::invalid(
            format!("{} waits with {}.", waiter.name(), waiter.operation().name()),
            "Call that operation with this wait.",
        ));
    }
    Ok(waiter)
}
