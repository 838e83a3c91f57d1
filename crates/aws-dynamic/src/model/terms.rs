//! The words that AWS's models choose from: protocols, kinds of shapes, places in a request. Each is
//! an enum, so that no later code meets a word that it has not decided about.

/// An enum of words, each variant with the word that stands in botocore's models.
macro_rules! terms {
    ($($(#[$about:meta])* $name:ident { $($(#[$on:meta])* $variant:ident = $word:literal,)+ })+) => {$(
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$on])* $variant,)+ }

        impl $name {
            pub(crate) const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The word as botocore's models have it.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// What a word of botocore's models names.
            pub fn of_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|term| term.word() == word)
            }
        }
    )+};
}

impl Kind {
    /// Whether its members have names: structures and unions.
    pub fn has_named_members(self) -> bool {
        match self {
            Self::Structure | Self::Union => true,
            Self::Document
            | Self::List
            | Self::Map
            | Self::String
            | Self::Character
            | Self::Boolean
            | Self::Byte
            | Self::Short
            | Self::Integer
            | Self::Long
            | Self::BigInteger
            | Self::Float
            | Self::Double
            | Self::BigDecimal
            | Self::Timestamp
            | Self::Blob => false,
        }
    }
}

terms! {
    /// How a service's inputs and outputs are written. In the order in which botocore, and so this
    /// crate, prefers them where a service offers several.
    Protocol {
        Json = "json",
        RestJson = "rest-json",
        RestXml = "rest-xml",
        RpcV2Cbor = "smithy-rpc-v2-cbor",
        Query = "query",
        Ec2 = "ec2",
    }

    /// How requests to a service were signed before there were lists of schemes.
    SignatureVersion {
        V4 = "v4",
        /// V4 with S3's rules for paths and bodies.
        S3V4 = "s3v4",
        /// V4 for S3 itself.
        S3 = "s3",
        Bearer = "bearer",
        V2 = "v2",
    }

    /// A way to authorise a request.
    AuthScheme {
        SigV4 = "aws.auth#sigv4",
        SigV4a = "aws.auth#sigv4a",
        Bearer = "smithy.api#httpBearerAuth",
        None = "smithy.api#noAuth",
    }

    /// What an operation says about its signature, beside the list of schemes.
    AuthType {
        /// Nothing is signed.
        None = "none",
        /// The body is not part of the signature.
        UnsignedBody = "v4-unsigned-body",
    }

    /// HTTP/2, for services that need or take it.
    Http2 {
        /// For operations with event streams.
        EventStream = "eventstream",
        Optional = "optional",
    }

    /// The hash that a service of old wants over bodies.
    BodyHash {
        Md5 = "md5",
        Sha256 = "sha256",
    }

    /// What kind of value a shape describes.
    Kind {
        Structure = "structure",
        /// A structure of which exactly one member is given.
        Union = "union",
        /// Any JSON value.
        Document = "document",
        List = "list",
        Map = "map",
        String = "string",
        Character = "character",
        Boolean = "boolean",
        Byte = "byte",
        Short = "short",
        Integer = "integer",
        Long = "long",
        BigInteger = "biginteger",
        Float = "float",
        Double = "double",
        BigDecimal = "bigdecimal",
        Timestamp = "timestamp",
        Blob = "blob",
    }

    /// How a time is written.
    TimestampFormat {
        Iso8601 = "iso8601",
        Rfc822 = "rfc822",
        UnixTimestamp = "unixTimestamp",
    }

    /// Where in an HTTP message a member stands, if not in the body.
    Location {
        Header = "header",
        /// All headers with a prefix: a map.
        Headers = "headers",
        /// One parameter, or all of a map.
        QueryString = "querystring",
        Uri = "uri",
        StatusCode = "statusCode",
    }

    /// What a waiter's acceptor looks at.
    Matcher {
        /// A value in the output.
        Path = "path",
        /// All values of a list in the output.
        PathAll = "pathAll",
        /// Any value of a list in the output.
        PathAny = "pathAny",
        /// The HTTP status.
        Status = "status",
        /// An error's code, or whether there was any.
        Error = "error",
    }

    /// What an acceptor decides.
    State {
        Success = "success",
        Failure = "failure",
        Retry = "retry",
    }

    /// What an argument of a client's own settings is.
    ContextType {
        Text = "string",
        Boolean = "boolean",
    }

    /// Whether an operation's endpoint must be asked for first.
    EndpointDiscovery {
        Optional = "optional",
        Required = "required",
    }
}
