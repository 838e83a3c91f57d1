//! What a look at AWS told about a change, before a person is asked: made by the tool, which knows
//! what it is going to touch.

/// What a tool saw, by reads alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// The present state that the change depends on, in our words: another one is another question.
    pub now: Vec<String>,
    /// What will cost money, or cannot be taken back.
    pub warning: Option<String>,
    /// What EC2 says to the same request with `DryRun`.
    pub dry_run: Option<DryRun>,
    /// Texts that others wrote, with what each is: `("Name tag", "web-1")`.
    pub from_aws: Vec<(&'static str, String)>,
    pub need: Need,
}

/// Whether anything would be changed at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Need {
    #[default]
    Change,
    /// It is so already, or cannot be done: the tool says so without changing anything.
    Nothing,
}

/// EC2's verdict on a request that was not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DryRun {
    WouldSucceed,
    /// With AWS's code.
    WouldFail(String),
    /// It could not be asked.
    Unknown,
}
