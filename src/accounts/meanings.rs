//! Which account a name in a policy means: that of the profile of this name, as far as the AWS files
//! say its account. A name goes on meaning what it once meant, so that whoever can write those files
//! while the server runs cannot take an account out of a policy.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use super::profiles::Profiles;
use super::target::RoleArn;

/// What every name that was asked for has meant so far.
#[derive(Debug, Default)]
pub struct Meanings(Mutex<BTreeMap<String, BTreeSet<String>>>);

impl Meanings {
    /// The ids of the accounts that a name means or meant; none where nobody says. An id means itself.
    /// Letter case does not count, as in policies.
    pub fn of(&self, name: &str, profiles: &Profiles) -> BTreeSet<String> {
        if is_id(name) {
            return BTreeSet::from([name.to_owned()]);
        }
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let meant = all.entry(name.to_ascii_lowercase()).or_default();
        let so_called = profiles.iter().filter(|profile| profile.name.eq_ignore_ascii_case(name));
        meant.extend(so_called.filter_map(|profile| {
            let role = profile.get("role_arn").and_then(|arn| RoleArn::parse(arn).ok());
            role.map(|role| role.account().to_owned())
                .or_else(|| profile.get("sso_account_id").map(str::to_owned))
                .filter(|id| is_id(id))
        }));
        meant.clone()
    }
}

fn is_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}
