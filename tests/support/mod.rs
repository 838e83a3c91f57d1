//! The test rig: the shipped binary as a child process, and stand-ins for AWS.
//!
//! - [`Server`]: the binary over real stdin and stdout, in an environment with nothing in it but what the test gives.
//! - [`Moto`]: an AWS emulator with state, shared by the tests of one process. For what AWS does.
//! - [`FakeAws`]: an HTTP server that answers as the test says. For what AWS does on a bad day.
//! - [`shop`]: such a server with a whole story in it. For what people ask.
//! - [`Pty`]: a terminal. For what only a person may answer.
//! - [`FaultyAws`]: one that fails in worse ways than an answer can. For what must not take the server down.
//!
//! Each test file says `mod support;` and compiles this on its own, using what it needs of it.
#![allow(dead_code, unused_imports)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods
)]

mod cbor;
mod cloudwatch;
mod fake_aws;
mod faulty;
mod moto;
mod planted;
mod policy;
#[cfg(unix)]
mod pty;
mod server;
mod shop;
mod told;
mod transcript;

pub use cloudwatch::{emulated_cloudwatch, timed};
pub use fake_aws::{FakeAws, Request, Response};
pub use faulty::{Answer, FaultyAws, Framing, Part};
pub use moto::{Moto, python};
pub use planted::{PLANTED, PLANTED_KEY, PLANTED_TOKEN, leak};
pub use policy::{any_role, full};
#[cfg(unix)]
pub use pty::Pty;
pub use server::{Home, Server, modern};
pub use shop::{Clock, shop};
pub use told::{
    CALLER, caller, check_asked, fake, in_minutes, keeps_policy_to_itself, minutes_ago, serve,
    serve_keyless,
};
pub use transcript::{Example, check_section, check_section_of, check_story_of};
