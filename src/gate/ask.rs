//! Brings a question to a person, by the best way that is open: a dialog of this machine's desktop, a
//! form of the MCP client, a terminal. Nothing that the model can see approves anything: the dialog's
//! buttons are the person's, a form wants the code that only the form shows.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use super::Gate;
use super::approval::matter::{Digest, Matter};
use super::approval::{Answer, Stage, Tried, Waiting, Window};
use super::policies::Asking;
use crate::config::Way;
use crate::error::{Error, Kind, Result};

/// How the person behind a call can be reached through whoever makes it.
#[derive(Clone, Default)]
pub enum Person {
    /// Not at all: only by this machine's own ways.
    #[default]
    Elsewhere,
    /// By forms that are answered while the call waits.
    Forms(Forms),
    /// By a form that is the call's answer; what came back with this call.
    Returned(Option<Returned>),
    /// At the terminal that the call comes from, and nowhere else.
    Here(Terminal),
}

/// Shows a form with this text, and waits for it.
pub type Forms = Arc<dyn Fn(String) -> Pin<Box<dyn Future<Output = Filled> + Send>> + Send + Sync>;

/// Shows a summary and asks for a code that only the terminal shows.
pub type Terminal =
    Arc<dyn Fn(String) -> Pin<Box<dyn Future<Output = Typed> + Send>> + Send + Sync>;

/// What became of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filled {
    /// It was accepted with this in its one field.
    Code(String),
    /// Declined, cancelled, accepted without anything, or not shown: some clients do so by themselves.
    Nothing,
}

/// A form that came back with a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Returned {
    /// What went out with it.
    pub state: Option<String>,
    pub filled: Filled,
}

/// What was typed at a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Typed {
    Yes,
    No,
    /// Nothing that decides, or there is no terminal: why.
    Nothing(String),
}

/// A form that is the call's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormAsked {
    pub message: String,
    /// Comes back with the form; signed, bound to the question.
    pub state: String,
}

/// A question that nobody answered yet, as the model is told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovalRequired {
    pub id: String,
    pub summary: String,
    pub expires_at: String,
    pub how: String,
}

/// How waiting ended.
pub(super) enum Waited {
    /// The question has changed: look again.
    Answered,
    NotYet(ApprovalRequired),
    Form(FormAsked),
}

/// One question, and everything that waiting for it takes.
pub(super) struct Asks<'a> {
    pub gate: &'a Arc<Gate>,
    pub asking: &'a Asking,
    pub person: &'a Person,
    pub matter: &'a Matter,
    /// Arguments that make the next call the same as this one, where it said a time like `-1h`.
    pub resolved: Option<&'a str>,
    /// When waiting ends, by the monotonic clock.
    pub until: Duration,
    pub progress: &'a (dyn Fn(String) + Send + Sync),
}

/// How often whoever waits is told so.
const TICK: Duration = Duration::from_secs(5);

impl Asks<'_> {
    /// Goes through the ways that policy leaves, the best first.
    ///
    /// # Errors
    /// `denied_by_policy` where no way is open.
    pub async fn wait(&self, waiting: &mut Waiting) -> Result<Waited> {
        if let Person::Here(terminal) = self.person {
            return self.here(waiting, terminal).await;
        }
        let mut unanswered = Unanswered::Nothing;
        for way in &self.asking.ways {
            match way {
                Way::Dialog if self.gate.approvals.dialogs_are_welcome() => {
                    self.gate.approvals.show(&waiting.id);
                    match self.dialog(waiting).await {
                        Dialog::Answered => return Ok(Waited::Answered),
                        Dialog::Open => {
                            unanswered = Unanswered::Dialog;
                            break;
                        }
                        Dialog::Gone => {}
                    }
                }
                Way::Form => match self.person {
                    Person::Forms(forms) => match self.form(waiting, forms).await {
                        Form::Answered => return Ok(Waited::Answered),
                        Form::TimeIsOver => unanswered = Unanswered::Form,
                        Form::NextWay => {}
                    },
                    Person::Returned(returned) => {
                        if let Some(waited) = self.returned(waiting, returned.as_ref()) {
                            return Ok(waited);
                        }
                    }
                    Person::Elsewhere | Person::Here(_) => {}
                },
                Way::Dialog | Way::Terminal => {}
            }
        }
        self.not_yet(waiting, unanswered)
    }

    /// Waits for the dialog, with a word now and then.
    async fn dialog(&self, waiting: &mut Waiting) -> Dialog {
        let mut said = false;
        loop {
            let (stage, window) = *waiting.progress.borrow_and_update();
            match (stage, window) {
                (Stage::Yes(_) | Stage::Over, _) => return Dialog::Answered,
                (Stage::Open, Window::Gone) => return Dialog::Gone,
                (Stage::Open, Window::None | Window::Coming) => {}
            }
            let left = self.left();
            if left.is_zero() {
                return Dialog::Open;
            }
            if !said {
                self.say("a dialog on this machine's screen asks the person");
                said = true;
            }
            tokio::select! {
                changed = waiting.progress.changed() => if changed.is_err() {
                    return Dialog::Answered;
                },
                () = tokio::time::sleep(left.min(TICK)) => {
                    self.say("waiting for the person's answer to the dialog");
                }
            }
        }
    }

    /// Shows forms until one has the code, is sent away, or the time is over.
    async fn form(&self, waiting: &mut Waiting, forms: &Forms) -> Form {
        loop {
            let Some(message) = self.form_message(&waiting.id) else { return Form::NextWay };
            if self.left().is_zero() {
                return Form::TimeIsOver;
            }
            let mut form = forms(message);
            let filled = loop {
                tokio::select! {
                    filled = &mut form => break filled,
                    changed = waiting.progress.changed() => {
                        let stage = waiting.progress.borrow().0;
                        if changed.is_err() || stage != Stage::Open {
                            return Form::Answered;
                        }
                    }
                    () = tokio::time::sleep(self.left().min(TICK)) => {
                        if self.left().is_zero() {
                            return Form::TimeIsOver;
                        }
                        self.say("waiting for the person to fill in the form");
                    }
                }
            };
            match filled {
                Filled::Nothing => return Form::NextWay,
                Filled::Code(code) => match self.gate.approvals.try_code(&waiting.id, &code) {
                    Tried::Right => {
                        // What goes wrong shows when the call looks again.
                        let _ = self.gate.approvals.answer(&waiting.id, Answer::Once, Way::Form);
                        return Form::Answered;
                    }
                    Tried::Wrong => {}
                    Tried::NoMore => return Form::NextWay,
                },
            }
        }
    }

    /// A form that is the call's own answer, or what came back of it. None: the next way.
    fn returned(&self, waiting: &Waiting, returned: Option<&Returned>) -> Option<Waited> {
        let state = state(self.gate, &waiting.id, &self.matter.digest);
        // One that belongs to another question says nothing of this one.
        let mine = returned.filter(|returned| returned.state.as_ref() == Some(&state));
        match mine.map(|returned| &returned.filled) {
            Some(Filled::Nothing) => return None,
            Some(Filled::Code(code)) => match self.gate.approvals.try_code(&waiting.id, code) {
                Tried::Right => {
                    let _ = self.gate.approvals.answer(&waiting.id, Answer::Once, Way::Form);
                    return Some(Waited::Answered);
                }
                Tried::Wrong => {}
                Tried::NoMore => return None,
            },
            None => {}
        }
        let message = self.form_message(&waiting.id)?;
        Some(Waited::Form(FormAsked { message, state }))
    }

    /// The text of a form, with the code in it.
    fn form_message(&self, id: &str) -> Option<String> {
        let code = self.gate.approvals.code(id)?;
        Some(format!(
            "{}\n\nTo allow this once, type the code {code}. Anything else allows nothing.",
            self.matter.summary
        ))
    }

    /// Asks at the terminal that the call comes from.
    async fn here(&self, waiting: &mut Waiting, terminal: &Terminal) -> Result<Waited> {
        if !self.asking.ways.contains(&Way::Terminal) {
            return Err(self.no_way("the policy has no terminal among its ways of asking"));
        }
        let typed = tokio::time::timeout(self.left(), terminal(self.matter.summary.clone()));
        let answer = match typed.await {
            Ok(Typed::Yes) => Answer::Once,
            Ok(Typed::No) => Answer::No,
            Ok(Typed::Nothing(why)) => return Err(self.no_way(&why)),
            Err(_) => return Err(self.no_way("nobody answered in time")),
        };
        let _ = self.gate.approvals.answer(&waiting.id, answer, Way::Terminal);
        Ok(Waited::Answered)
    }

    /// What is said where the answer has not come: how it can still be given.
    fn not_yet(&self, waiting: &Waiting, unanswered: Unanswered) -> Result<Waited> {
        if waiting.progress.borrow().0 != Stage::Open {
            return Ok(Waited::Answered);
        }
        let Some(pending) = self.gate.approvals.pending_one(&waiting.id) else {
            return Ok(Waited::Answered);
        };
        let terminal = self.asking.ways.contains(&Way::Terminal).then(|| self.gate.listen());
        let command = format!("`aws-mcp approve {}` in a terminal of their own.", pending.id);
        let how = match (unanswered, terminal) {
            (Unanswered::Dialog, Some(Ok(()))) => {
                format!("{ON_THE_SCREEN} Or they can run {command}")
            }
            (Unanswered::Dialog, Some(Err(_)) | None) => ON_THE_SCREEN.to_owned(),
            (Unanswered::Form | Unanswered::Nothing, Some(Ok(()))) => {
                format!("Ask the person to run {command}")
            }
            (Unanswered::Form, Some(Err(_)) | None) => {
                "The form was not filled in in time; it is shown again with the next call."
                    .to_owned()
            }
            (Unanswered::Nothing, Some(Err(why))) => {
                return Err(self.no_way(&format!("no terminal can reach this server: {why}")));
            }
            (Unanswered::Nothing, None) => {
                return Err(self.no_way(
                    "none of the ways to them that are allowed here (a dialog on a desktop, a form of the client) is open",
                ));
            }
        };
        let again = match self.resolved {
            None => "Then make this very call again.".to_owned(),
            Some(resolved) => format!("Then make this very call again, with {resolved}."),
        };
        Ok(Waited::NotYet(ApprovalRequired {
            id: pending.id,
            summary: self.matter.told.clone(),
            expires_at: pending.expires_at,
            how: format!("{how} {again}"),
        }))
    }

    fn left(&self) -> Duration {
        self.until.saturating_sub(self.gate.clock.elapsed())
    }

    fn no_way(&self, why: &str) -> Error {
        Error::new(
            Kind::DeniedByPolicy,
            format!(
                "{} needs a person's approval, and nobody can be asked: {why}.",
                self.matter.change().what()
            ),
            "Tell the person what you wanted to do and why. They can be asked by a dialog on their desktop, a \
             form of their client or a terminal of their own; the documentation on approval tells them how \
             to open such a way. Do not try it in another way.",
        )
    }

    fn say(&self, what: &str) {
        (self.progress)(format!("{}: {what}", self.matter.tool));
    }
}

/// What was waited for in vain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unanswered {
    Nothing,
    /// It is on the screen still.
    Dialog,
    Form,
}

const ON_THE_SCREEN: &str = "The person can answer the dialog on this machine's screen.";

enum Dialog {
    Answered,
    /// On the screen still.
    Open,
    Gone,
}

enum Form {
    Answered,
    TimeIsOver,
    NextWay,
}

/// What goes out with a form: the question's id, signed together with what it is about.
fn state(gate: &Gate, id: &str, digest: &Digest) -> String {
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{id}.{}", gate.sign(&format!("form:{id}:{digest}")))
}
