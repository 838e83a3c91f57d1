//! The facts of a service, taken out of its views again: what newer models are merged into.

use super::{Member, Operation, Service, Shape, Waiter};
use crate::import::facts;

/// All facts of a service. What is written from them is the block that the service was decoded from.
pub(crate) fn of(service: &Service) -> facts::Service {
    facts::Service {
        name: service.name().to_owned(),
        id: service.id().to_owned(),
        full_name: service.full_name().to_owned(),
        abbreviation: service.abbreviation().map(str::to_owned),
        api_version: service.api_version().to_owned(),
        endpoint_prefix: service.endpoint_prefix().to_owned(),
        signing_name: service.modelled_signing_name().map(str::to_owned),
        global_endpoint: service.global_endpoint().map(str::to_owned),
        target_prefix: service.target_prefix().map(str::to_owned),
        json_version: service.json_version().map(str::to_owned),
        xml_namespace: service.xml_namespace().map(str::to_owned),
        protocols: service.protocols().collect(),
        signature_version: service.signature_version(),
        auth: service.auth().collect(),
        http2: service.http2(),
        body_hash: service.body_hash(),
        is_query_compatible: service.is_query_compatible(),
        is_deprecated: service.is_deprecated(),
        client_context: service
            .client_context()
            .map(|(name, kind)| (name.to_owned(), kind))
            .collect(),
        operations: service.operations().map(|o| (o.name().to_owned(), operation(o))).collect(),
        shapes: service.shapes().map(|s| (s.name().to_owned(), shape(s))).collect(),
        waiters: service.waiters().map(|w| (w.name().to_owned(), waiter(w))).collect(),
    }
}

fn operation(operation: Operation<'_>) -> facts::Operation {
    let checksum = operation.checksum();
    facts::Operation {
        wire_name: operation.wire_name().to_owned(),
        http_method: operation.http_method().to_owned(),
        http_uri: operation.http_uri().to_owned(),
        http_status: operation.http_status(),
        input: operation.input().map(|input| facts::Input {
            shape: input.name().to_owned(),
            location_name: operation.input_location_name().map(str::to_owned),
            xml_namespace: operation.input_xml_namespace().map(str::to_owned),
        }),
        output: operation.output().map(|output| facts::Output {
            shape: output.name().to_owned(),
            wrapper: operation.output_wrapper().map(str::to_owned),
        }),
        errors: operation.errors().map(|error| error.name().to_owned()).collect(),
        is_readonly: operation.is_readonly(),
        is_idempotent: operation.is_idempotent(),
        is_deprecated: operation.is_deprecated(),
        auth: operation.auth().collect(),
        auth_type: operation.auth_type(),
        is_payload_unsigned: operation.is_payload_unsigned(),
        checksum: facts::Checksum {
            algorithm_member: checksum.algorithm_member().map(str::to_owned),
            is_request_required: checksum.is_request_required(),
            mode_member: checksum.mode_member().map(str::to_owned),
            response_algorithms: owned(checksum.response_algorithms()),
            is_required: checksum.is_required(),
        },
        host_prefix: operation.host_prefix().map(str::to_owned),
        endpoint_discovery: operation.endpoint_discovery(),
        is_endpoint_operation: operation.is_endpoint_operation(),
        compression: owned(operation.compression()),
        static_context: operation
            .static_context()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
        operation_context: operation
            .operation_context()
            .map(|(name, path)| (name.to_owned(), path.to_owned()))
            .collect(),
        paginator: operation.paginator().map(|paginator| facts::Paginator {
            input_tokens: owned(paginator.input_tokens()),
            output_tokens: owned(paginator.output_tokens()),
            result_keys: owned(paginator.result_keys()),
            limit_key: paginator.limit_key().map(str::to_owned),
            more_results: paginator.more_results().map(str::to_owned),
            non_aggregate_keys: owned(paginator.non_aggregate_keys()),
        }),
    }
}

fn shape(shape: Shape<'_>) -> facts::Shape {
    let unnamed = [shape.element(), shape.key(), shape.value()];
    let error = shape.error();
    facts::Shape {
        kind: shape.kind(),
        members: shape.members().chain(unnamed.into_iter().flatten()).map(member).collect(),
        min: shape.min(),
        max: shape.max(),
        pattern: shape.pattern().map(str::to_owned),
        enum_values: owned(shape.enum_values()),
        is_sparse: shape.is_sparse(),
        is_sensitive: shape.is_sensitive(),
        is_boxed: shape.is_boxed(),
        is_streaming: shape.is_streaming(),
        requires_length: shape.requires_length(),
        is_event_stream: shape.is_event_stream(),
        is_event: shape.is_event(),
        is_flattened: shape.is_flattened(),
        is_wrapper: shape.is_wrapper(),
        is_deprecated: shape.is_deprecated(),
        location_name: shape.location_name().map(str::to_owned),
        xml_namespace: shape.xml_namespace().map(str::to_owned),
        xml_prefix: shape.xml_prefix().map(str::to_owned),
        xml_order: owned(shape.xml_order()),
        timestamp_format: shape.timestamp_format(),
        payload: shape.payload().map(str::to_owned),
        is_exception: shape.is_exception(),
        is_fault: shape.is_fault(),
        error: facts::ErrorTrait {
            code: error.code().map(str::to_owned),
            status: error.status(),
            is_sender_fault: error.is_sender_fault(),
        },
        throttling: shape.throttling(),
    }
}

fn member(member: Member<'_>) -> facts::Member {
    facts::Member {
        name: member.name().to_owned(),
        target: member.shape().name().to_owned(),
        is_required: member.is_required(),
        location: member.location(),
        location_name: member.location_name().map(str::to_owned),
        query_name: member.query_name().map(str::to_owned),
        is_boxed: member.is_boxed(),
        is_idempotency_token: member.is_idempotency_token(),
        is_host_label: member.is_host_label(),
        context_parameter: member.context_parameter().map(str::to_owned),
        is_deprecated: member.is_deprecated(),
        is_streaming: member.is_streaming(),
        is_event_header: member.is_event_header(),
        is_event_payload: member.is_event_payload(),
        is_json_value: member.is_json_value(),
        is_flattened: member.is_flattened(),
        is_xml_attribute: member.is_xml_attribute(),
        xml_namespace: member.xml_namespace().map(str::to_owned),
        timestamp_format: member.timestamp_format(),
        enum_values: owned(member.enum_values()),
    }
}

fn waiter(waiter: Waiter<'_>) -> facts::Waiter {
    // Both were packed from numbers of 32 bits.
    let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    facts::Waiter {
        operation: waiter.operation().name().to_owned(),
        delay: number(waiter.delay()),
        max_attempts: number(waiter.max_attempts()),
        acceptors: waiter
            .acceptors()
            .map(|acceptor| facts::Acceptor {
                matcher: acceptor.matcher(),
                state: acceptor.state(),
                argument: acceptor.argument().map(str::to_owned),
                expected: acceptor.expected(),
            })
            .collect(),
    }
}

fn owned<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<String> {
    texts.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Models;
    use crate::model::write;

    #[test]
    fn what_is_written_from_the_facts_of_every_service_is_what_was_read() {
        let models = Models::embedded().unwrap();
        for name in models.names() {
            let service = models.service(name).unwrap().unwrap();
            let [numbers, texts] = write::encode(&of(service)).unwrap();
            let (is, expected) = models.payload(name).unwrap();
            assert!(is == numbers.len() && expected == [numbers, texts].concat(), "{name}");
        }
    }
}
