//! A question's dialog: shown in the background, one at a time, and kept away for a while from whoever
//! sent two of them away.

use std::time::Duration;

use super::time::Life;
use super::{Answer, Approvals, NO_HOLDS, Stage, Window};
use crate::config::Way;
use crate::gate::dialog::{self, Offer};

const MINUTES_ARE_FOR: &str = "15 minutes allows this operation on any resource of this account and \
    region, with these credentials.";

impl Approvals {
    /// Shows a question's dialog in the background, once, as soon as no other is on the screen. It
    /// stays until it is answered, or the question is over.
    pub fn show(&self, id: &str) {
        let state = self.lock();
        let Some(question) = state.questions.iter().find(|question| question.id == id) else {
            return;
        };
        let mut asked = false;
        question.progress.send_if_modified(|(_, window)| {
            asked = *window == Window::None;
            if asked {
                *window = Window::Coming;
            }
            asked
        });
        if !asked {
            return;
        }
        let (approvals, id) = (self.clone(), question.id.clone());
        let offer = question.matter.lasting;
        let text = match offer {
            Offer::OnceOnly => question.matter.summary.clone(),
            Offer::Minutes => format!("{}\n\n{MINUTES_ARE_FOR}", question.matter.summary),
        };
        let (mut progress, life) = (question.progress.subscribe(), question.life);
        tokio::spawn(async move {
            let over = async {
                let open = |(stage, _): &(Stage, Window)| *stage != Stage::Open;
                let _ = progress.wait_for(open).await;
            };
            tokio::select! {
                () = approvals.on_the_screen(&id, &text, offer, life) => {}
                () = over => {}
            }
        });
    }

    async fn on_the_screen(&self, id: &str, text: &str, offer: Offer, life: Life) {
        let _screen = self.0.screen.lock().await;
        let left = life.left(&self.0.clock);
        let said = match &self.0.dialog {
            Some(dialog) if self.dialogs_are_welcome() && !left.is_zero() => {
                dialog.show(text, offer, left).await
            }
            Some(_) | None => dialog::Answer::Failed(String::new()),
        };
        let answer = match said {
            dialog::Answer::No => Some(Answer::No),
            dialog::Answer::Once => Some(Answer::Once),
            dialog::Answer::Minutes => Some(Answer::Minutes),
            dialog::Answer::Closed => None,
            dialog::Answer::Failed(why) => {
                tracing::warn!(why, "no dialog could be shown");
                self.window_gone(id);
                return;
            }
        };
        if !matches!(answer, Some(Answer::Once | Answer::Minutes)) {
            self.lock().sent_away.push(self.0.clock.elapsed());
        }
        match answer {
            Some(answer) => {
                let _ = self.answer(id, answer, Way::Dialog);
            }
            None => self.window_gone(id),
        }
    }

    fn window_gone(&self, id: &str) {
        let state = self.lock();
        if let Some(question) = state.questions.iter().find(|question| question.id == id) {
            question.progress.send_modify(|(_, window)| *window = Window::Gone);
        }
    }

    /// Whether a dialog can be shown here, and was not sent away twice lately.
    pub fn dialogs_are_welcome(&self) -> bool {
        let now = self.0.clock.elapsed();
        let mut state = self.lock();
        state.sent_away.retain(|at| now.saturating_sub(*at) < NO_HOLDS * 2);
        let lately =
            |at: Option<&Duration>, within| at.is_some_and(|at| now.saturating_sub(*at) < within);
        let mut latest = state.sent_away.iter().rev();
        let (last, before) = (latest.next().copied(), latest.next().copied());
        let two = match (last, before) {
            (Some(last), Some(before)) => last.saturating_sub(before) < NO_HOLDS,
            _ => false,
        };
        self.0.dialog.is_some() && !(two && lately(last.as_ref(), NO_HOLDS))
    }
}
