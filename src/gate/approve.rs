//! From a call that a person must be asked about to the question, and from their yes to a call that
//! runs. At redemption everything is looked at anew: policy, account, the state that was shown.

use std::sync::Arc;
use std::time::Duration;

use aws_dynamic::catalog::{Effect, Index};
use serde_json::{Map, Value, json};
use tokio::sync::watch;

use super::admit::{Admission, Call, Judged, SignIn};
use super::admitted::{Asked, Purpose};
use super::approval::look::{Look, Need};
use super::approval::matter::{self, Bound, Matter};
use super::approval::summary::{Account, Facts};
use super::approval::{Answered, Entered, Shared, Waiting};
use super::ask::{Asks, Person, Waited};
use super::dialog::Offer;
use super::policies::{Asking, Snapshot};
use super::verdict::{By, Verdict};
use super::{Gate, broken_index};
use crate::accounts::Sessions;
use crate::config::Way;
use crate::error::{Error, Kind, Result};

/// How long a look at what would be changed may take.
const LOOK: Duration = Duration::from_secs(8);

/// How long a call from a terminal asks there: it ends within 50 s.
const MOST_HERE: Duration = Duration::from_secs(42);

/// A call's place to put its answer for all that made the same one while it waited.
#[derive(Debug)]
pub struct Turn(watch::Sender<Option<Arc<Answered>>>);

impl Default for Turn {
    fn default() -> Self {
        Self(watch::Sender::new(None))
    }
}

impl Turn {
    /// Hands the answer to those that wait for it.
    pub fn share(self, answered: impl FnOnce() -> Answered) {
        if self.0.receiver_count() > 0 {
            self.0.send_replace(Some(Arc::new(answered())));
        }
    }
}

/// How asking went.
pub(super) enum Settled {
    So(Admission),
    /// Something has changed: judge again.
    LookAgain(Turn),
}

/// Who a call is for, as a yes is bound to it.
struct Whose {
    account: Option<String>,
    /// What stands for an account that cannot be known.
    key: Option<String>,
    principal: Option<String>,
    endpoints: Vec<(String, String)>,
}

impl Gate {
    /// Gets a call that policy has a person asked about its yes, or what is to be said meanwhile.
    pub(super) async fn settle(
        self: &Arc<Self>,
        call: &Call<'_>,
        policies: &Snapshot,
        judged: Judged,
        sessions: &Sessions,
        waiting: &mut Option<Waiting>,
        turn: Turn,
    ) -> Result<Settled> {
        let asking = policies.approval();
        let whose = self.whose(call, &judged).await?;
        let mut matter = self.matter(call, policies, &asking, &judged, &whose);
        if waiting.is_none() {
            let same = self.approvals.standing(&matter)?;
            if let Some(shared) = same {
                return Ok(join(shared, turn).await);
            }
        }
        let look = match (call.look, judged.sign_in) {
            (Some(look), SignIn::Free) => {
                let purpose = match waiting.is_some() || self.approvals.has_yes(&matter.digest) {
                    true => Purpose::SecondLook,
                    false => Purpose::Look,
                };
                let looking = Arc::new(judged.admitted.for_a_look(purpose));
                let looked = tokio::time::timeout(LOOK, look(looking));
                match looked.await.map_err(|_| too_slow(call.tool))? {
                    Ok(look) => Some(look),
                    // A person is to be asked about the look itself.
                    Err(error) if error.kind == Kind::DeniedByPolicy => None,
                    Err(error) => return Err(error),
                }
            }
            (Some(_), SignIn::Asked) | (None, _) => None,
        };
        if look.as_ref().is_some_and(|look| look.need == Need::Nothing) {
            // The tool says so itself, and could not change anything if it tried.
            return Ok(Settled::So(Admission::Run(Arc::new(judged.admitted.reading()), turn)));
        }
        self.describe(&mut matter, call, &judged, &whose, look.as_ref());
        match self.approvals.enter(matter.clone(), waiting.as_ref(), &turn.0)? {
            Entered::Joined(shared) => Ok(join(shared, turn).await),
            Entered::May(approval) => {
                *waiting = None;
                let mut admitted = judged.admitted;
                if judged.sign_in == SignIn::Asked {
                    admitted.target.accounts.clear();
                    self.find_account(&mut admitted, call.requested, policies, sessions).await?;
                    // What denies by account is known only now.
                    let _ = admitted.judge(self, policies, Index::get().map_err(broken_index)?)?;
                }
                tracing::info!(tool = call.tool, way = approval.way.word(), "approved");
                Ok(Settled::So(Admission::Run(Arc::new(admitted.approved(approval)), turn)))
            }
            Entered::Waits(mine) => {
                let mine = waiting.insert(mine);
                // Grants can be taken back there, whichever way gives them.
                let _ = self.listen();
                let asks = Asks {
                    gate: self,
                    asking: &asking,
                    person: call.person,
                    matter: &matter,
                    resolved: call.resolved.as_deref(),
                    until: call.begun
                        + match call.person {
                            // Whoever typed the command waits for the question.
                            Person::Here(_) => MOST_HERE,
                            Person::Elsewhere | Person::Forms(_) | Person::Returned(_) => {
                                asking.wait
                            }
                        },
                    progress: call.progress,
                };
                let waited = asks.wait(mine).await;
                if waited.is_err() {
                    self.approvals.withdraw(&mine.id);
                }
                Ok(match waited? {
                    Waited::Answered => Settled::LookAgain(turn),
                    Waited::NotYet(required) => Settled::So(Admission::Asked(required, turn)),
                    Waited::Form(form) => Settled::So(Admission::Form(form)),
                })
            }
        }
    }

    /// Whose account and credentials a yes would be for.
    async fn whose(self: &Arc<Self>, call: &Call<'_>, judged: &Judged) -> Result<Whose> {
        let nobody = Whose { account: None, key: None, principal: None, endpoints: Vec::new() };
        let (Some(requested), Ok(session)) = (call.requested, judged.admitted.session()) else {
            return Ok(nobody);
        };
        let index = Index::get().map_err(broken_index)?;
        let mut endpoints: Vec<(String, String)> = Vec::new();
        for name in call.operations.all() {
            let Some((service, _)) = index.operation(name) else { continue };
            if endpoints.iter().any(|(known, _)| known == service.name()) {
                continue;
            }
            let names = service.aliases().chain([service.name()]);
            let mut set: Vec<String> = names.filter_map(|name| session.endpoint(name)).collect();
            set.sort();
            set.dedup();
            let set = if set.is_empty() { "rules".to_owned() } else { set.join(" ") };
            endpoints.push((service.name().to_owned(), set));
        }
        let of_role = requested.role_arn.as_ref().map(|role| role.account().to_owned());
        match judged.sign_in {
            SignIn::Asked => Ok(Whose { account: of_role, endpoints, ..nobody }),
            SignIn::Free => {
                let loaded = judged.admitted.credentials(self).await?;
                let account = match of_role {
                    Some(account) => Some(account),
                    None => self.account_of(session, loaded).await,
                };
                let key = loaded.credentials.access_key_id();
                let principal = match &loaded.principal {
                    Some(principal) => Some(principal.clone()),
                    // A sign-in says the account and not the principal.
                    None => self.principal_of(session, loaded).await,
                };
                if account.is_none() && !session.sts_is_a_profiles() {
                    return Err(Error::new(
                        Kind::DeniedByPolicy,
                        "a person must be asked, and whose account this is could not be found out.",
                        "Call aws_validate_credentials to see why, then call again.",
                    ));
                }
                let key = account.is_none().then(|| key.to_owned());
                Ok(Whose { account, key, principal, endpoints })
            }
        }
    }

    /// What is asked, but for what a look shows.
    fn matter(
        &self,
        call: &Call<'_>,
        policies: &Snapshot,
        asking: &Asking,
        judged: &Judged,
        whose: &Whose,
    ) -> Matter {
        let target = &judged.admitted.target;
        let policy = policies.digest();
        let session = judged.admitted.session().ok();
        let roles = session.map(|session| session.roles()).unwrap_or_default();
        let source = session.map(|session| session.source());
        let bound = Bound {
            tool: call.tool,
            arguments: call.arguments,
            account: whose.account.as_deref().or(whose.key.as_deref()),
            principal: whose.principal.as_deref().or(source),
            region: target.region.as_deref(),
            profile: target.profile.as_deref(),
            roles,
            endpoints: &whose.endpoints,
            policy: &policy,
        };
        let mut operations: Vec<String> =
            judged.asked.iter().filter_map(|(one, _)| Some(one.as_ref()?.0.clone())).collect();
        let mut resources = call.resources.clone();
        if operations.is_empty() {
            operations.extend(call.operations.needed.iter().map(|name| (*name).to_owned()));
        }
        if operations.is_empty() {
            operations.push(call.tool.to_owned());
        }
        if judged.sign_in == SignIn::Asked && resources.is_empty() {
            resources.extend(target.profile.iter().chain(roles).cloned());
        }
        let by_mode = judged.asked.iter().all(|(_, judged)| judged.by == By::Mode);
        let lasting = call.effect == Effect::Write && by_mode && whose.account.is_some();
        let lives = if call.effect > Effect::Write {
            asking.destructive_lives.min(asking.lives)
        } else {
            asking.lives
        };
        Matter {
            digest: bound.digest(),
            seen: matter::digest(&Value::Null),
            tool: call.tool,
            operations,
            resources,
            effect: call.effect,
            account: whose.account.clone(),
            region: target.region.clone(),
            principal: whose.principal.clone(),
            credentials: bound.credentials(),
            ways: match call.person {
                Person::Here(_) => vec![Way::Terminal],
                Person::Elsewhere | Person::Forms(_) | Person::Returned(_) => asking.ways.clone(),
            },
            rule: rules(&judged.asked).join("; "),
            policy,
            summary: String::new(),
            told: String::new(),
            lives,
            lasting: if lasting { Offer::Minutes } else { Offer::OnceOnly },
            tx: Some(call.tx.clone()),
        }
    }

    /// Adds what the person reads, and the digest of what it shows of the present state.
    fn describe(
        &self,
        matter: &mut Matter,
        call: &Call<'_>,
        judged: &Judged,
        whose: &Whose,
        look: Option<&Look>,
    ) {
        let target = &judged.admitted.target;
        let arguments = self.masked(call.operations, call.arguments.clone());
        let operations: Vec<(String, Effect)> =
            judged.asked.iter().filter_map(|(one, _)| one.clone()).collect();
        let own = |(service, endpoint): &(String, String)| format!("{service} at {endpoint}");
        let set = |(_, endpoint): &&(String, String)| endpoint != "rules";
        let endpoints: Vec<String> = whose.endpoints.iter().filter(set).map(own).collect();
        let rules = rules(&judged.asked);
        let names = target.accounts.get(1..).unwrap_or_default();
        let roles = judged.admitted.session().map(|session| session.roles().to_vec());
        let account = match (call.requested, whose.account.as_deref()) {
            (None, _) => Account::None,
            (Some(_), None) => Account::Unknown,
            (Some(_), Some(id)) => Account::Known(id),
        };
        // Those of the tool itself may be called the same.
        let arguments = match call.requested {
            Some(_) => without_target(&arguments),
            None => arguments,
        };
        let facts = Facts {
            tool: call.tool,
            operations: &operations,
            effect: call.effect,
            account,
            names,
            region: target.region.as_deref(),
            principal: whose.principal.as_deref(),
            profile: target.profile.as_deref(),
            roles: &roles.unwrap_or_default(),
            resources: &matter.resources,
            endpoints: &endpoints,
            rules: &rules,
            arguments: &arguments,
            look,
        };
        let (summary, told) = (facts.for_people(), facts.for_model());
        matter.summary = summary;
        matter.told = told;
        matter.seen = matter::digest(&seen(look));
    }
}

/// What of a look counts as the state: AWS's verdict on a dry run is not asked for again.
fn seen(look: Option<&Look>) -> Value {
    look.map_or(Value::Null, |look| json!([look.now, look.warning, look.from_aws]))
}

/// The target is among the facts already.
fn without_target(arguments: &Map<String, Value>) -> Map<String, Value> {
    let of_target = |name: &str| ["profile", "role_arn", "region"].contains(&name);
    let rest = arguments.iter().filter(|(name, _)| !of_target(name));
    rest.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// What asks, each once.
fn rules(asked: &[Asked]) -> Vec<String> {
    let mut rules: Vec<String> = Vec::new();
    for (operation, judged) in asked.iter().filter(|(_, judged)| judged.verdict == Verdict::Ask) {
        // Of signing in it is the reason that says what with.
        let rule = match operation {
            Some(_) => judged.rule.clone(),
            None => format!("{} ({})", judged.rule, judged.reason),
        };
        if !rules.contains(&rule) {
            rules.push(rule);
        }
    }
    rules
}

/// Waits for the answer of the call that runs for both; where it went away without one, looks again.
async fn join(mut shared: Shared, turn: Turn) -> Settled {
    let answer = match shared.wait_for(Option::is_some).await {
        Ok(answer) => answer.clone(),
        Err(_) => None,
    };
    match answer {
        Some(answered) => Settled::So(Admission::Shared(answered)),
        None => Settled::LookAgain(turn),
    }
}

fn too_slow(tool: &str) -> Error {
    Error::new(
        Kind::Timeout,
        format!("{tool}: the look at what it would change took longer than {} s.", LOOK.as_secs()),
        "Nothing was changed. Try again.",
    )
}
