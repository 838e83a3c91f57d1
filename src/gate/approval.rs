//! Questions to a person, and what became of them: open, answered, used up. All of it lives in this
//! process's memory: no file grants anything, and nothing that a caller can name does. A yes is
//! bound to the digest of what was asked (`matter.rs`), is used once, and dies by whichever clock
//! says so first.

mod hold;
pub(super) mod look;
pub(super) mod matter;
mod question;
pub(super) mod summary;
mod time;
mod window;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::sync::watch;

use super::code::{self, Code};
use super::dialog::{Dialog, Offer};
use super::socket::{Desk, Pending, Said};
use crate::config::{Clock, Way, rfc3339};
use crate::error::{Error, Kind, Result};
pub use hold::Granted;
use hold::{Grant, No};
use matter::{Change, Matter};
use question::Question;
use time::Life;

/// At most so many questions at a time: a model must not bury a person under them.
const MOST_OPEN: usize = 5;
/// How long a No holds, and how long two of them keep dialogs away.
const NO_HOLDS: Duration = Duration::from_secs(600);
/// How long the button says that it holds.
const MINUTES: Duration = Duration::from_secs(900);
/// How often a code may be typed wrongly.
const MOST_TRIES: u32 = 3;

/// What a person said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    Once,
    /// This operation, in this account and region, for fifteen minutes.
    Minutes,
    No,
}

/// A person's yes that a call has used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    pub id: String,
    pub way: Way,
}

/// A finished call, as all that waited for the same one see it.
#[derive(Clone, Debug)]
pub struct Answered {
    pub body: Map<String, Value>,
    pub failed: Option<Kind>,
}

/// The answer of the one call that runs for many.
pub type Shared = watch::Receiver<Option<Arc<Answered>>>;

/// How a question stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Open,
    Yes(Way),
    /// Answered no, expired, overtaken by a change, or used.
    Over,
}

/// How its dialog stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// Not asked for.
    None,
    /// Waits for another to close, or is on the screen.
    Coming,
    /// Closed without an answer, or not shown at all.
    Gone,
}

/// What happened to a question, for the record.
pub struct Happened<'a> {
    pub event: Event,
    pub id: &'a str,
    pub matter: &'a Matter,
    pub way: Option<Way>,
    pub note: Option<&'static str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    Asked,
    Yes,
    No,
    Expired,
    Revoked,
}

/// Every question of the process. Cheap to clone.
#[derive(Clone)]
pub struct Approvals(Arc<Inner>);

struct Inner {
    clock: Clock,
    dialog: Option<Dialog>,
    /// Held while a dialog is on the screen.
    screen: tokio::sync::Mutex<()>,
    record: Recorder,
    state: Mutex<State>,
}

/// Where it is put on record what happened.
pub type Recorder = Box<dyn Fn(Happened<'_>) + Send + Sync>;

#[derive(Default)]
struct State {
    questions: Vec<Question>,
    noes: Vec<No>,
    grants: Vec<Grant>,
    /// Dialogs that were answered no or closed: when, by the monotonic clock.
    sent_away: Vec<Duration>,
    /// Numbers the calls that wait.
    waited: u64,
}

/// What a call finds that must be approved.
pub enum Entered {
    /// It may run, now and once.
    May(Approval),
    /// Another one waits for the very same.
    Joined(Shared),
    /// It is the one that waits.
    Waits(Waiting),
}

/// A call that waits for its question. Dropped, nobody waits any more; the question stays.
pub struct Waiting {
    approvals: Approvals,
    number: u64,
    pub id: String,
    pub progress: watch::Receiver<(Stage, Window)>,
}

impl Approvals {
    pub fn new(clock: Clock, dialog: Option<Dialog>, record: Recorder) -> Self {
        Self(Arc::new(Inner {
            clock,
            dialog,
            screen: tokio::sync::Mutex::default(),
            record,
            state: Mutex::default(),
        }))
    }

    /// What stands of this very matter, without asking: another call that waits for it, or why it
    /// is refused. Spares the looks at AWS that a question takes.
    ///
    /// # Errors
    /// `denied_by_policy` while a No holds.
    pub fn standing(&self, matter: &Matter) -> Result<Option<Shared>> {
        let mut state = self.lock();
        self.purge(&mut state);
        self.refuse_no(&state, &matter.change())?;
        let same = state.questions.iter().find(|question| question.matter.digest == matter.digest);
        Ok(same.and_then(|question| Some(question.leader.as_ref()?.1.clone())))
    }

    /// Whether there is a yes to this very matter that no call has used.
    pub fn has_yes(&self, digest: &matter::Digest) -> bool {
        let mut state = self.lock();
        self.purge(&mut state);
        let yes = |question: &Question| matches!(question.progress.borrow().0, Stage::Yes(_));
        state.questions.iter().any(|question| question.matter.digest == *digest && yes(question))
    }

    /// Uses a yes up, joins whoever waits for the same, or opens a question. `me` is the question that
    /// this call waited for until now, `answer` where it will put its answer.
    ///
    /// # Errors
    /// `denied_by_policy` while a No holds; `rate_limited` with too many questions open.
    pub fn enter(
        &self,
        matter: Matter,
        me: Option<&Waiting>,
        answer: &watch::Sender<Option<Arc<Answered>>>,
    ) -> Result<Entered> {
        let mut state = self.lock();
        self.purge(&mut state);
        self.refuse_no(&state, &matter.change())?;
        if let Some(grant) = state.grants.iter().find(|grant| grant.matter.is_freed_for(&matter)) {
            return Ok(Entered::May(Approval { id: grant.id.clone(), way: grant.way }));
        }
        state.waited += 1;
        let number = state.waited;
        let same = |question: &Question| question.matter.digest == matter.digest;
        if let Some(at) = state.questions.iter().position(same) {
            let question = state.questions.get_mut(at).ok_or_else(lost)?;
            let is_mine = me.is_some_and(|me| me.id == question.id);
            if let (Some((_, leader)), false) = (&question.leader, is_mine) {
                return Ok(Entered::Joined(leader.clone()));
            }
            let stage = question.progress.borrow().0;
            match stage {
                _ if question.matter.seen != matter.seen => {
                    let question = state.questions.remove(at);
                    self.end(&question, Event::Expired, Some("what was shown has changed"));
                }
                Stage::Yes(way) => {
                    let question = state.questions.remove(at);
                    question.progress.send_modify(|progress| progress.0 = Stage::Over);
                    return Ok(Entered::May(Approval { id: question.id, way }));
                }
                Stage::Open => {
                    question.leader = Some((number, answer.subscribe()));
                    return Ok(Entered::Waits(self.waiting(question, number)));
                }
                Stage::Over => {
                    state.questions.remove(at);
                }
            }
        }
        if let Some(me) = me {
            // Its own question was about something else by now.
            state.questions.retain(|question| {
                let is_mine = question.id == me.id;
                if is_mine {
                    self.end(question, Event::Expired, Some("what was asked about has changed"));
                }
                !is_mine
            });
        }
        if state.questions.iter().filter(|question| question.is_open()).count() >= MOST_OPEN {
            return Err(Error::new(
                Kind::RateLimited,
                format!("{MOST_OPEN} questions to a person are open already."),
                "Wait until they are answered; tell the person about them.",
            ));
        }
        let mut question = self.ask(matter)?;
        question.leader = Some((number, answer.subscribe()));
        let waiting = self.waiting(&question, number);
        state.questions.push(question);
        drop(state);
        self.purge_later(&waiting);
        Ok(Entered::Waits(waiting))
    }

    fn ask(&self, matter: Matter) -> Result<Question> {
        let question = Question {
            id: code::id("ap")?,
            life: Life::new(&self.0.clock, matter.lives),
            matter,
            progress: watch::Sender::new((Stage::Open, Window::None)),
            code: Code::new()?,
            tries: 0,
            leader: None,
        };
        self.record(&question, Event::Asked, None, None);
        Ok(question)
    }

    fn waiting(&self, question: &Question, number: u64) -> Waiting {
        Waiting {
            approvals: self.clone(),
            number,
            id: question.id.clone(),
            progress: question.progress.subscribe(),
        }
    }

    /// A person's answer, by the question's id.
    ///
    /// # Errors
    /// In words for a person: no such question, or it has been answered.
    pub fn answer(&self, id: &str, answer: Answer, way: Way) -> std::result::Result<(), String> {
        let mut state = self.lock();
        self.purge(&mut state);
        let open = |question: &Question| question.id == id && question.is_open();
        let Some(at) = state.questions.iter().position(open) else {
            return Err(format!("there is no open question {id}; it may have expired."));
        };
        let allowed = |question: &Question| question.matter.ways.contains(&way);
        if answer != Answer::No && !state.questions.get(at).is_some_and(allowed) {
            return Err(format!("the policy does not let {id} be approved by {}.", way.word()));
        }
        let now = Life::new(&self.0.clock, NO_HOLDS);
        match answer {
            Answer::No => {
                let question = state.questions.remove(at);
                self.record(&question, Event::No, Some(way), None);
                question.progress.send_modify(|progress| progress.0 = Stage::Over);
                let no = No::to(question.matter, now);
                // What was said no to stays so under whatever other questions there are.
                state.questions.retain(|question| {
                    let covered = no.covers(&question.matter.change());
                    if covered {
                        self.end(question, Event::Expired, Some("a person said no to the same"));
                    }
                    !covered
                });
                state.noes.push(no);
            }
            Answer::Once | Answer::Minutes => {
                let Some(question) = state.questions.get(at) else { return Ok(()) };
                let minutes =
                    answer == Answer::Minutes && question.matter.lasting == Offer::Minutes;
                self.record(question, Event::Yes, Some(way), minutes.then_some("for 15 minutes"));
                if !minutes {
                    question.progress.send_modify(|progress| progress.0 = Stage::Yes(way));
                    return Ok(());
                }
                // The grant is all there is from now on: no yes of its own is left behind.
                let question = state.questions.remove(at);
                question.progress.send_modify(|progress| progress.0 = Stage::Over);
                let life = Life::new(&self.0.clock, MINUTES);
                let Question { id, matter, .. } = question;
                state.grants.push(Grant { id, matter, way, life });
            }
        }
        Ok(())
    }

    /// Ends a question that nobody can be asked.
    pub fn withdraw(&self, id: &str) {
        self.lock().questions.retain(|question| {
            let is_it = question.id == id;
            if is_it {
                self.end(question, Event::Expired, Some("nobody could be asked"));
            }
            !is_it
        });
    }

    /// A code that was typed into a form: whether it is the question's. After three wrong ones none is.
    pub fn try_code(&self, id: &str, typed: &str) -> Tried {
        let mut state = self.lock();
        self.purge(&mut state);
        let Some(question) = state.questions.iter_mut().find(|question| question.id == id) else {
            return Tried::NoMore;
        };
        if question.tries >= MOST_TRIES {
            return Tried::NoMore;
        }
        if question.code.is(typed) {
            return Tried::Right;
        }
        question.tries += 1;
        if question.tries < MOST_TRIES { Tried::Wrong } else { Tried::NoMore }
    }

    /// The code that a question's form shows; none once it was typed wrongly too often.
    pub fn code(&self, id: &str) -> Option<String> {
        let state = self.lock();
        let question = state.questions.iter().find(|question| question.id == id)?;
        (question.tries < MOST_TRIES).then(|| question.code.shown().to_owned())
    }

    /// The questions that wait for an answer.
    pub fn pending(&self) -> Vec<Pending> {
        let mut state = self.lock();
        self.purge(&mut state);
        state.questions.iter().filter(|question| question.is_open()).map(Question::shown).collect()
    }

    /// One of them.
    pub fn pending_one(&self, id: &str) -> Option<Pending> {
        self.pending().into_iter().find(|pending| pending.id == id)
    }

    /// The grants that hold.
    pub fn granted(&self) -> Vec<Granted> {
        let mut state = self.lock();
        self.purge(&mut state);
        state.grants.iter().map(Grant::shown).collect()
    }

    /// Ends all grants. Returns how many there were.
    pub fn revoke(&self) -> usize {
        let mut state = self.lock();
        self.purge(&mut state);
        let grants = std::mem::take(&mut state.grants);
        for grant in &grants {
            let (id, matter) = (grant.id.as_str(), &grant.matter);
            let happened =
                Happened { event: Event::Revoked, id, matter, way: Some(grant.way), note: None };
            (self.0.record)(happened);
        }
        grants.len()
    }

    /// What `aws-mcp approve` sees and does.
    pub fn desk(&self) -> Desk {
        let (pending, grants, answer, revoke) =
            (self.clone(), self.clone(), self.clone(), self.clone());
        Desk {
            pending: Box::new(move || pending.pending()),
            grants: Box::new(move || grants.granted().iter().map(Granted::grant).collect()),
            answer: Box::new(move |id, said| {
                let said = match said {
                    Said::Yes => Answer::Once,
                    Said::No => Answer::No,
                };
                answer.answer(id, said, Way::Terminal)
            }),
            revoke: Box::new(move || revoke.revoke()),
        }
    }

    /// Refuses what a person has said no to, whether or not they would be asked about this call.
    ///
    /// # Errors
    /// `denied_by_policy` while a No holds.
    pub fn refuse(&self, change: &Change<'_>) -> Result<()> {
        let mut state = self.lock();
        self.purge(&mut state);
        self.refuse_no(&state, change)
    }

    fn refuse_no(&self, state: &State, change: &Change<'_>) -> Result<()> {
        match state.noes.iter().find(|no| no.covers(change)) {
            None => Ok(()),
            Some(no) => Err(Error::new(
                Kind::DeniedByPolicy,
                format!(
                    "a person said no to {}; it is not asked again before {}.",
                    change.what(),
                    rfc3339(no.life.end())
                ),
                "Do not try it in another way. Ask the person what they want instead.",
            )),
        }
    }

    /// Takes out what has expired, and says so on record.
    fn purge(&self, state: &mut State) {
        let clock = &self.0.clock;
        state.questions.retain(|question| {
            let over = question.life.is_over(clock);
            if over {
                self.end(question, Event::Expired, None);
            }
            !over
        });
        state.noes.retain(|no| !no.life.is_surely_over(clock));
        state.grants.retain(|grant| {
            let over = grant.life.is_over(clock);
            if over {
                let (id, matter) = (grant.id.as_str(), &grant.matter);
                let way = Some(grant.way);
                let note = Some("the 15 minutes are over");
                (self.0.record)(Happened { event: Event::Expired, id, matter, way, note });
            }
            !over
        });
    }

    /// What nobody looks at expires too: its dialog must go.
    fn purge_later(&self, waiting: &Waiting) {
        let (approvals, id) = (Arc::downgrade(&self.0), waiting.id.clone());
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        runtime.spawn(async move {
            loop {
                let left = {
                    let Some(approvals) = approvals.upgrade().map(Self) else { return };
                    let mut state = approvals.lock();
                    approvals.purge(&mut state);
                    let Some(question) = state.questions.iter().find(|one| one.id == id) else {
                        return;
                    };
                    question.life.left(&approvals.0.clock)
                };
                tokio::time::sleep(left.max(Duration::from_secs(1))).await;
            }
        });
    }

    fn end(&self, question: &Question, event: Event, note: Option<&'static str>) {
        self.record(question, event, None, note);
        question.progress.send_modify(|progress| progress.0 = Stage::Over);
    }

    fn record(
        &self,
        question: &Question,
        event: Event,
        way: Option<Way>,
        note: Option<&'static str>,
    ) {
        (self.0.record)(Happened { event, id: &question.id, matter: &question.matter, way, note });
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a typed code was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tried {
    Right,
    Wrong,
    /// Too often: no form approves this question any more.
    NoMore,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut state = self.approvals.lock();
        if let Some(question) = state.questions.iter_mut().find(|one| one.id == self.id) {
            question.leader.take_if(|(number, _)| *number == self.number);
        }
    }
}

fn lost() -> Error {
    Error::internal("a question was lost.")
}

#[cfg(test)]
mod tests;
