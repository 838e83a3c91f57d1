//! The columns of a packed service: one row of this table for each fact there is about a service, an
//! operation, a shape, a member, a waiter. Writer, reader and views all go by it, and its order is
//! that of the packed bytes: a change here is a change of the format's version.

use super::terms::*;

/// What the rows of a column are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Table {
    /// One row.
    Service,
    /// Sorted by name.
    Operations,
    /// Sorted by name.
    Shapes,
    /// The members of the first shape, in their order, those of the second, and so on. A list has
    /// one member, a map two.
    Members,
    /// Sorted by name.
    Waiters,
    /// Those of the first waiter, in their order, and so on.
    Acceptors,
}

impl Table {
    pub const ALL: [Self; 6] = [
        Self::Service,
        Self::Operations,
        Self::Shapes,
        Self::Members,
        Self::Waiters,
        Self::Acceptors,
    ];
}

/// What a column has for a row. Each may come several times for a row, where the fact is a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// That it is so.
    Flag,
    /// A number, below a limit.
    Number(Limit),
    Text,
    /// Text that is a JSON value.
    Json,
}

/// What a column's numbers are below, so that they can be used without a further look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    None,
    Of(usize),
    RowsOf(Table),
}

/// Where a table's rows are those of another's, the column has how many for each row; together they
/// are all rows of the other.
pub(crate) const PARTS: [(Column, Table); 2] =
    [(Column::MemberCount, Table::Members), (Column::AcceptorCount, Table::Acceptors)];

/// The columns that have one value for each row.
pub(crate) const FULL: [Column; 17] = [
    Column::ServiceId,
    Column::ApiVersion,
    Column::EndpointPrefix,
    Column::Signature,
    Column::OperationName,
    Column::ShapeName,
    Column::ShapeKind,
    Column::Target,
    Column::WaiterName,
    Column::WaiterOperation,
    Column::Delay,
    Column::MaxAttempts,
    Column::AcceptorCount,
    Column::AcceptorMatcher,
    Column::AcceptorState,
    Column::Expected,
    Column::FullName,
];

macro_rules! columns {
    ($($name:ident = $table:ident, $form:expr;)+) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Column { $($name,)+ }

        impl Column {
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            pub const fn table(self) -> Table {
                match self { $(Self::$name => Table::$table,)+ }
            }

            pub const fn form(self) -> Form {
                match self { $(Self::$name => $form,)+ }
            }
        }
    };
}

use Form::{Flag, Json, Text};

const NUMBER: Form = Form::Number(Limit::None);
const SHAPE: Form = Form::Number(Limit::RowsOf(Table::Shapes));

const fn term(count: usize) -> Form {
    Form::Number(Limit::Of(count))
}

columns! {
    ServiceId = Service, Text;
    FullName = Service, Text;
    Abbreviation = Service, Text;
    ApiVersion = Service, Text;
    EndpointPrefix = Service, Text;
    SigningName = Service, Text;
    GlobalEndpoint = Service, Text;
    TargetPrefix = Service, Text;
    JsonVersion = Service, Text;
    ServiceXmlNamespace = Service, Text;
    Protocols = Service, term(Protocol::ALL.len());
    Signature = Service, term(SignatureVersion::ALL.len());
    ServiceAuth = Service, term(AuthScheme::ALL.len());
    ServiceHttp2 = Service, term(Http2::ALL.len());
    ServiceBodyHash = Service, term(BodyHash::ALL.len());
    QueryCompatible = Service, Flag;
    ServiceDeprecated = Service, Flag;
    ClientContextName = Service, Text;
    ClientContextType = Service, term(ContextType::ALL.len());

    OperationName = Operations, Text;
    WireName = Operations, Text;
    HttpMethod = Operations, Text;
    HttpUri = Operations, Text;
    HttpStatus = Operations, NUMBER;
    Input = Operations, SHAPE;
    InputLocationName = Operations, Text;
    InputXmlNamespace = Operations, Text;
    Output = Operations, SHAPE;
    OutputWrapper = Operations, Text;
    Errors = Operations, SHAPE;
    Readonly = Operations, Flag;
    Idempotent = Operations, Flag;
    OperationDeprecated = Operations, Flag;
    OperationAuth = Operations, term(AuthScheme::ALL.len());
    OperationAuthType = Operations, term(AuthType::ALL.len());
    UnsignedPayload = Operations, Flag;
    ChecksumAlgorithmMember = Operations, Text;
    ChecksumRequestRequired = Operations, NUMBER;
    ChecksumModeMember = Operations, Text;
    ChecksumResponseAlgorithms = Operations, Text;
    ChecksumRequired = Operations, Flag;
    HostPrefix = Operations, Text;
    Discovery = Operations, term(EndpointDiscovery::ALL.len());
    DiscoveryOperation = Operations, Flag;
    Compression = Operations, Text;
    StaticContextName = Operations, Text;
    StaticContextValue = Operations, Json;
    OperationContextName = Operations, Text;
    OperationContextPath = Operations, Text;
    PageInput = Operations, Text;
    PageOutput = Operations, Text;
    PageResult = Operations, Text;
    PageLimit = Operations, Text;
    PageMore = Operations, Text;
    PageNonAggregate = Operations, Text;

    ShapeName = Shapes, Text;
    ShapeKind = Shapes, term(Kind::ALL.len());
    MemberCount = Shapes, NUMBER;
    Min = Shapes, Json;
    Max = Shapes, Json;
    Pattern = Shapes, Text;
    EnumValues = Shapes, Text;
    Sparse = Shapes, Flag;
    Sensitive = Shapes, Flag;
    ShapeBox = Shapes, Flag;
    ShapeStreaming = Shapes, Flag;
    RequiresLength = Shapes, Flag;
    EventStream = Shapes, Flag;
    Event = Shapes, Flag;
    ShapeFlattened = Shapes, Flag;
    Wrapper = Shapes, Flag;
    ShapeDeprecated = Shapes, Flag;
    ShapeLocationName = Shapes, Text;
    ShapeXmlNamespace = Shapes, Text;
    ShapeXmlPrefix = Shapes, Text;
    XmlOrder = Shapes, Text;
    ShapeTimestampFormat = Shapes, term(TimestampFormat::ALL.len());
    Payload = Shapes, Text;
    Exception = Shapes, Flag;
    Fault = Shapes, Flag;
    ErrorCode = Shapes, Text;
    ErrorStatus = Shapes, NUMBER;
    SenderFault = Shapes, Flag;
    Throttling = Shapes, NUMBER;

    MemberName = Members, Text;
    Target = Members, SHAPE;
    Required = Members, Flag;
    MemberLocation = Members, term(Location::ALL.len());
    MemberLocationName = Members, Text;
    QueryName = Members, Text;
    MemberBox = Members, Flag;
    IdempotencyToken = Members, Flag;
    HostLabel = Members, Flag;
    ContextParameter = Members, Text;
    MemberDeprecated = Members, Flag;
    MemberStreaming = Members, Flag;
    EventHeader = Members, Flag;
    EventPayload = Members, Flag;
    JsonValue = Members, Flag;
    MemberFlattened = Members, Flag;
    XmlAttribute = Members, Flag;
    MemberXmlNamespace = Members, Text;
    MemberTimestampFormat = Members, term(TimestampFormat::ALL.len());
    MemberEnumValues = Members, Text;

    WaiterName = Waiters, Text;
    WaiterOperation = Waiters, Form::Number(Limit::RowsOf(Table::Operations));
    Delay = Waiters, NUMBER;
    MaxAttempts = Waiters, NUMBER;
    AcceptorCount = Waiters, NUMBER;

    AcceptorMatcher = Acceptors, term(Matcher::ALL.len());
    AcceptorState = Acceptors, term(State::ALL.len());
    Argument = Acceptors, Text;
    Expected = Acceptors, Json;
}
