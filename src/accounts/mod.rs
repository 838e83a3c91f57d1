//! A target (profile, role, region) -> credentials and an SDK configuration.

mod credentials;
mod endpoints;
mod http;
mod plan;
mod process;
mod profiles;
mod session;
mod target;

pub use plan::find;
pub use profiles::Kind as ProfileKind;
pub use session::{Identity, Session, Sessions, Set};
pub use target::{Region, Requested};
