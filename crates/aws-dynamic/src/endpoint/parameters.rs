//! What rules are told: facts about the client, which AWS names built-ins, and what an operation's
//! model or input adds by name.

use std::borrow::Cow;

/// Facts about a client that rules ask for (Smithy, "Rules engine parameters", built-ins).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BuiltIn {
    /// `AWS::Region`, a text.
    Region,
    /// `AWS::UseFIPS`.
    UseFips,
    /// `AWS::UseDualStack`.
    UseDualStack,
    /// `SDK::Endpoint`: the URL to which the user's own configuration sends requests instead.
    Endpoint,
    /// `AWS::Auth::AccountId`, a text.
    AccountId,
    /// `AWS::Auth::AccountIdEndpointMode`: `preferred`, `required` or `disabled`.
    AccountIdEndpointMode,
    /// `AWS::S3::Accelerate`.
    S3Accelerate,
    /// `AWS::S3::DisableMultiRegionAccessPoints`.
    S3DisableMultiRegionAccessPoints,
    /// `AWS::S3::ForcePathStyle`.
    S3ForcePathStyle,
    /// `AWS::S3::UseArnRegion`.
    S3UseArnRegion,
    /// `AWS::S3::UseGlobalEndpoint`.
    S3UseGlobalEndpoint,
    /// `AWS::S3Control::UseArnRegion`.
    S3ControlUseArnRegion,
    /// `AWS::STS::UseGlobalEndpoint`.
    StsUseGlobalEndpoint,
}

/// What a parameter is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    Bool,
    /// A list of texts.
    List,
}

/// A parameter's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Argument<'a> {
    Text(&'a str),
    Bool(bool),
    List(&'a [&'a str]),
}

/// A parameter that the rules of a service have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter<'r> {
    pub(super) name: Cow<'r, str>,
    pub(super) kind: Kind,
    pub(super) required: bool,
    pub(super) built_in: Option<BuiltIn>,
    pub(super) default: Option<Default<'r>>,
}

/// A default value. No rules have a default list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Default<'r> {
    Text(Cow<'r, str>),
    Bool(bool),
}

/// The values of one request. A value that the rules do not ask for is passed over, so that a client
/// can hand over all it knows.
#[derive(Clone, Debug, Default)]
pub struct Parameters<'a> {
    built_ins: Vec<(BuiltIn, Argument<'a>)>,
    named: Vec<(&'a str, Argument<'a>)>,
}

impl BuiltIn {
    /// All of them, in the order in which they are packed.
    pub const ALL: [Self; 13] = [
        Self::Region,
        Self::UseFips,
        Self::UseDualStack,
        Self::Endpoint,
        Self::AccountId,
        Self::AccountIdEndpointMode,
        Self::S3Accelerate,
        Self::S3DisableMultiRegionAccessPoints,
        Self::S3ForcePathStyle,
        Self::S3UseArnRegion,
        Self::S3UseGlobalEndpoint,
        Self::S3ControlUseArnRegion,
        Self::StsUseGlobalEndpoint,
    ];

    /// AWS's name of it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Region => "AWS::Region",
            Self::UseFips => "AWS::UseFIPS",
            Self::UseDualStack => "AWS::UseDualStack",
            Self::Endpoint => "SDK::Endpoint",
            Self::AccountId => "AWS::Auth::AccountId",
            Self::AccountIdEndpointMode => "AWS::Auth::AccountIdEndpointMode",
            Self::S3Accelerate => "AWS::S3::Accelerate",
            Self::S3DisableMultiRegionAccessPoints => "AWS::S3::DisableMultiRegionAccessPoints",
            Self::S3ForcePathStyle => "AWS::S3::ForcePathStyle",
            Self::S3UseArnRegion => "AWS::S3::UseArnRegion",
            Self::S3UseGlobalEndpoint => "AWS::S3::UseGlobalEndpoint",
            Self::S3ControlUseArnRegion => "AWS::S3Control::UseArnRegion",
            Self::StsUseGlobalEndpoint => "AWS::STS::UseGlobalEndpoint",
        }
    }
}

impl Kind {
    pub(super) const ALL: [Self; 3] = [Self::Text, Self::Bool, Self::List];

    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Bool => "true or false",
            Self::List => "a list of texts",
        }
    }
}

impl Argument<'_> {
    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Text(_) => Kind::Text,
            Self::Bool(_) => Kind::Bool,
            Self::List(_) => Kind::List,
        }
    }
}

impl<'a> From<&'a str> for Argument<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Argument<'_> {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl<'a> From<&'a [&'a str]> for Argument<'a> {
    fn from(list: &'a [&'a str]) -> Self {
        Self::List(list)
    }
}

impl Parameter<'_> {
    /// Its name, as context parameters use it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What its value must be.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether nothing resolves without it.
    pub fn is_required(&self) -> bool {
        self.required
    }

    /// The fact about the client that it is taken from where nothing names it.
    pub fn built_in(&self) -> Option<BuiltIn> {
        self.built_in
    }

    /// Its value where nothing else gives it one.
    pub fn default(&self) -> Option<Argument<'_>> {
        Some(match self.default.as_ref()? {
            Default::Text(text) => Argument::Text(text),
            Default::Bool(value) => Argument::Bool(*value),
        })
    }
}

impl<'a> Parameters<'a> {
    /// Tells a fact about the client. What is told last counts.
    pub fn built_in(mut self, fact: BuiltIn, value: impl Into<Argument<'a>>) -> Self {
        self.built_ins.push((fact, value.into()));
        self
    }

    /// Gives a parameter by its name (static, operation's, member's and client's context parameters,
    /// the weakest first). It counts more than a fact about the client; what is given last counts.
    pub fn named(mut self, name: &'a str, value: impl Into<Argument<'a>>) -> Self {
        self.named.push((name, value.into()));
        self
    }

    /// The value of a parameter, without its default.
    pub(super) fn of(&self, parameter: &Parameter<'_>) -> Option<Argument<'a>> {
        let named = self.named.iter().rev().find(|(name, _)| *name == parameter.name);
        named.map(|(_, value)| *value).or_else(|| {
            let fact = parameter.built_in?;
            self.built_ins.iter().rev().find(|(of, _)| *of == fact).map(|(_, value)| *value)
        })
    }
}
