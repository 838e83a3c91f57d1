//! Judges a call before anything is sent. Pure: the effect and what the server was started with.

use super::Effect;
use crate::config::Access;
use crate::error::{Error, Kind, Result};

/// Lets a call through, or says why not. The reason tells no way around it.
pub fn admit(access: Access, tool: &str, effect: Effect) -> Result<()> {
    match (access, effect) {
        (_, Effect::Read) | (Access::AllowWrites, Effect::Write) => Ok(()),
        (Access::ReadOnly, Effect::Write) => Err(Error::new(
            Kind::DeniedByPolicy,
            format!("{tool} with these arguments is a write, and this server is read-only."),
            "Tell the person what you would have changed; only they can start the server otherwise.",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_only_server_reads_only() {
        assert!(admit(Access::ReadOnly, "t", Effect::Read).is_ok());
        assert!(admit(Access::AllowWrites, "t", Effect::Write).is_ok());
        let refused = admit(Access::ReadOnly, "t", Effect::Write).unwrap_err();
        assert_eq!(refused.kind, Kind::DeniedByPolicy);
        assert!(!refused.to_string().contains("--allow-writes"));
    }
}
