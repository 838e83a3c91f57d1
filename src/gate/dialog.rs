//! A dialog of this machine's desktop.
#![allow(dead_code)]

use std::time::Duration;

/// Which buttons there are besides No.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    OnceOnly,
    Minutes,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    No,
    Once,
    Minutes,
    Closed,
    Failed(String),
}

pub struct Dialog;

impl Dialog {
    pub async fn show(&self, _text: &str, _offer: Offer, _most: Duration) -> Answer {
        Answer::Failed("none".to_owned())
    }
}
