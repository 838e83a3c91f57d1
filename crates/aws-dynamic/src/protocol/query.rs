//! awsQuery and ec2Query for the codecs' runtime. Requests of both are the published serializer's,
//! whose EC2 names and flat lists the schemas have; answers of EC2 have no envelope, and neither
//! needs a body where an operation answers nothing.
//!
//! https://smithy.io/2.0/aws/protocols/aws-query-protocol.html and aws-ec2-query-protocol.html

use aws_smithy_query::protocol::AwsQueryProtocol;
use aws_smithy_runtime_api::http::{Request, Response};
use aws_smithy_schema::codec::Codec;
use aws_smithy_schema::protocol::{ClientProtocolInner, apply_http_endpoint};
use aws_smithy_schema::serde::{SerdeError, SerializableStruct, ShapeDeserializer};
use aws_smithy_schema::{Schema, ShapeId, shape_id};
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::endpoint::Endpoint;
use aws_smithy_xml::codec::XmlCodec;

/// A protocol of the query family.
#[derive(Debug)]
pub(super) struct QueryProtocol {
    envelope: Envelope,
    id: ShapeId<'static>,
    inner: AwsQueryProtocol,
}

/// What stands around an answer.
#[derive(Clone, Copy, Debug)]
enum Envelope {
    /// `<NameResponse><NameResult>`.
    Result,
    /// `<NameResponse>`.
    None,
}

impl QueryProtocol {
    pub fn aws() -> Self {
        let id = shape_id!("aws.protocols", "awsQuery");
        Self { envelope: Envelope::Result, id, inner: AwsQueryProtocol::new() }
    }

    pub fn ec2() -> Self {
        let id = shape_id!("aws.protocols", "ec2Query");
        Self { envelope: Envelope::None, id, inner: AwsQueryProtocol::new() }
    }
}

impl ClientProtocolInner for QueryProtocol {
    type Request = Request;
    type Response = Response;

    fn protocol_id(&self) -> &ShapeId<'static> {
        &self.id
    }

    fn serialize_request(
        &self,
        input: &dyn SerializableStruct,
        schema: &Schema<'_>,
        endpoint: &str,
        config: &ConfigBag,
    ) -> Result<Request, SerdeError> {
        self.inner.serialize_request(input, schema, endpoint, config)
    }

    fn deserialize_response<'a>(
        &self,
        response: &'a Response,
        schema: &Schema<'_>,
        config: &'a ConfigBag,
    ) -> Result<Box<dyn ShapeDeserializer + 'a>, SerdeError> {
        match (response.body().bytes().unwrap_or_default(), self.envelope) {
            (b"", _) => Ok(xml(b"<Empty/>")),
            (body, Envelope::None) => Ok(xml(body)),
            (_, Envelope::Result) => self.inner.deserialize_response(response, schema, config),
        }
    }

    fn deserialize_error_response<'a>(
        &self,
        response: &'a Response,
        _config: &'a ConfigBag,
    ) -> Result<Box<dyn ShapeDeserializer + 'a>, SerdeError> {
        let body = response.body().bytes().unwrap_or_default();
        Ok(xml(super::failure::xml_error(body).unwrap_or(b"<Empty/>")))
    }

    fn update_endpoint(
        &self,
        request: &mut Request,
        endpoint: &Endpoint,
        config: &ConfigBag,
    ) -> Result<(), SerdeError> {
        apply_http_endpoint(request, endpoint, config)
    }
}

fn xml(body: &[u8]) -> Box<dyn ShapeDeserializer + '_> {
    Box::new(XmlCodec::new(Default::default()).create_deserializer(body))
}
