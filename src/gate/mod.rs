//! What stands between a call and AWS: effect, admission, the wire, masking, figures.

mod admit;
mod effect;
mod escape;
mod host;
mod mask;
mod metrics;
mod wire;

pub use admit::admit;
pub use effect::{Effect, Effects};
pub use escape::escape;
pub use host::guarded;
pub use mask::{access_key_id, mask, secret_key, session_token};
pub use metrics::{Figures, Metrics, Outcome};
pub use wire::Wire;
