//! One question, and how it stands.

use tokio::sync::watch;

use super::matter::Matter;
use super::time::Life;
use super::{Shared, Stage, Window};
use crate::config::rfc3339;
use crate::gate::code::Code;
use crate::gate::socket::Pending;

/// A question.
pub struct Question {
    pub id: String,
    pub matter: Matter,
    pub life: Life,
    pub progress: watch::Sender<(Stage, Window)>,
    pub code: Code,
    pub tries: u32,
    /// The call that waits for it, whose answer others share, and which of all calls it is.
    pub leader: Option<(u64, Shared)>,
}

impl Question {
    pub fn is_open(&self) -> bool {
        self.progress.borrow().0 == Stage::Open
    }

    pub fn shown(&self) -> Pending {
        Pending {
            id: self.id.clone(),
            summary: self.matter.summary.clone(),
            asked_at: rfc3339(self.life.begin()),
            expires_at: rfc3339(self.life.end()),
        }
    }
}
