//! Approval by a person and the record of it, from end to end: the shipped binary with real clients, windows and
//! terminals, and an AWS that counts what reaches it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods
)]
#![cfg(target_os = "linux")]

#[path = "approval/bound.rs"]
mod bound;
#[path = "approval/clients.rs"]
mod clients;
#[path = "approval/cloud.rs"]
mod cloud;
#[path = "approval/desktop.rs"]
mod desktop;
#[path = "approval/person.rs"]
mod person;
#[path = "approval/record.rs"]
mod record;
#[path = "approval/state.rs"]
mod state;
mod support;
#[path = "approval/terminal.rs"]
mod terminal;
#[path = "approval/transcript.rs"]
mod transcript;
#[path = "approval/waiting.rs"]
mod waiting;
