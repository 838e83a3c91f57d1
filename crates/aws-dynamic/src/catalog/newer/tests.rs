use crate::import::facts::{Checksum, Operation};

/// An operation of which nothing but its name is known.
pub(super) fn operation(name: &str) -> Operation {
    Operation {
        wire_name: name.to_owned(),
        http_method: "POST".to_owned(),
        http_uri: "/".to_owned(),
        http_status: None,
        input: None,
        output: None,
        errors: Vec::new(),
        is_readonly: false,
        is_idempotent: false,
        is_deprecated: false,
        auth: Vec::new(),
        auth_type: None,
        is_payload_unsigned: false,
        checksum: Checksum::default(),
        host_prefix: None,
        endpoint_discovery: None,
        is_endpoint_operation: false,
        compression: Vec::new(),
        static_context: Vec::new(),
        operation_context: Vec::new(),
        paginator: None,
    }
}
