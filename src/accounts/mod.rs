//! A target (profile, role, region) -> credentials and an SDK configuration.

mod credentials;
mod endpoints;
mod http;
mod identity;
mod meanings;
mod plan;
mod process;
mod profiles;
mod session;
mod target;

pub use credentials::{Loaded, Whose};
pub use http::{client, download};
pub use identity::Identity;
pub use plan::find;
pub use profiles::Kind as ProfileKind;
pub use session::{Doors, Purpose, Session, Sessions};
pub use target::{Region, Requested, RoleArn};
