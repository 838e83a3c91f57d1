//! Whose a key is: asked of AWS once, beside the first call, and waited for by whoever needs it.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::sync::watch;

use crate::config::Clock;

/// A failed question is asked again after this long, so that one refusal does not cost every call.
const PAUSE: Duration = Duration::from_secs(60);

/// Whose credentials are used, as GetCallerIdentity says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Identity {
    pub account_id: String,
    pub arn: String,
    pub user_id: String,
}

/// What is known of the key that is in use.
#[derive(Debug)]
pub struct Learning {
    state: watch::Sender<State>,
    clock: Clock,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Unasked,
    Asking(String),
    Known(String, Identity),
    /// Asked in vain, at this time by the monotonic clock.
    InVain(String, Duration),
}

/// The right to ask; given up unasked (a panic, a cancelled task), it counts as asked in vain.
pub struct Claim {
    learning: Arc<Learning>,
    key: String,
}

impl Learning {
    pub fn new(clock: Clock) -> Self {
        Self { state: watch::Sender::default(), clock }
    }

    /// What is known, without asking or waiting.
    pub fn known(&self, access_key_id: &str) -> Option<Identity> {
        match &*self.state.borrow() {
            State::Known(key, identity) if key == access_key_id => Some(identity.clone()),
            State::Unasked | State::Asking(_) | State::Known(..) | State::InVain(..) => None,
        }
    }

    /// The right to ask, for one caller at a time.
    pub fn claim(self: &Arc<Self>, access_key_id: &str) -> Option<Claim> {
        let now = self.clock.elapsed();
        let won = self.state.send_if_modified(|state| {
            let asked = match state {
                State::Asking(key) | State::Known(key, _) => key == access_key_id,
                State::InVain(key, at) => key == access_key_id && now.saturating_sub(*at) < PAUSE,
                State::Unasked => false,
            };
            if !asked {
                *state = State::Asking(access_key_id.to_owned());
            }
            !asked
        });
        won.then(|| Claim { learning: self.clone(), key: access_key_id.to_owned() })
    }

    /// Remembers what AWS said about a key.
    pub fn learn(&self, access_key_id: &str, identity: Identity) {
        self.state.send_replace(State::Known(access_key_id.to_owned(), identity));
    }

    /// Waits until a question that is being asked about a key is answered.
    pub async fn answered(&self, access_key_id: &str) {
        let asking = |state: &State| matches!(state, State::Asking(key) if key == access_key_id);
        let _ = self.state.subscribe().wait_for(|state| !asking(state)).await;
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let now = self.learning.clock.elapsed();
        self.learning.state.send_if_modified(|state| {
            let open = matches!(state, State::Asking(key) if *key == self.key);
            if open {
                *state = State::InVain(self.key.clone(), now);
            }
            open
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity() -> Identity {
        Identity { account_id: "1".into(), arn: "a".into(), user_id: "u".into() }
    }

    #[tokio::test(start_paused = true)]
    async fn one_asks_and_the_rest_wait() {
        let learning = Arc::new(Learning::new(Clock::system()));
        let claim = learning.claim("k").unwrap();
        assert!(learning.claim("k").is_none());
        learning.learn("k", identity());
        drop(claim);
        learning.answered("k").await;
        assert_eq!(learning.known("k"), Some(identity()));
        assert_eq!(learning.known("other"), None);
        assert!(learning.claim("k").is_none());
        assert!(learning.claim("other").is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_question_in_vain_is_asked_again_later() {
        let learning = Arc::new(Learning::new(Clock::system()));
        drop(learning.claim("k").unwrap());
        learning.answered("k").await;
        assert!(learning.claim("k").is_none());
        tokio::time::advance(PAUSE).await;
        assert!(learning.claim("k").is_some());
    }
}
