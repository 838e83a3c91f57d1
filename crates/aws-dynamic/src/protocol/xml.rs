//! restXml, awsQuery and ec2Query for the codecs' runtime. Requests are the published protocols': EC2's
//! names and flat lists stand in the schemas. Answers are read by `element`.
//!
//! https://smithy.io/2.0/aws/protocols/aws-query-protocol.html, aws-ec2-query-protocol.html and
//! aws-restxml-protocol.html

use aws_smithy_query::protocol::AwsQueryProtocol;
use aws_smithy_runtime_api::http::{Request, Response};
use aws_smithy_schema::http_protocol::{http_error_deserializer, http_output_deserializer};
use aws_smithy_schema::protocol::{ClientProtocolInner, apply_http_endpoint};
use aws_smithy_schema::serde::{SerdeError, SerializableStruct, ShapeDeserializer};
use aws_smithy_schema::{Schema, ShapeId, shape_id};
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::endpoint::Endpoint;
use aws_smithy_xml::protocol::aws_rest_xml::AwsRestXmlProtocol;

use super::element::{Element, Envelope};
use super::failure;

/// A protocol whose answers are XML.
#[derive(Debug)]
pub(super) struct XmlProtocol {
    id: ShapeId<'static>,
    requests: Requests,
}

#[derive(Debug)]
enum Requests {
    Rest(AwsRestXmlProtocol),
    Query(AwsQueryProtocol, Envelope),
}

impl XmlProtocol {
    pub fn rest() -> Self {
        let requests = Requests::Rest(AwsRestXmlProtocol::new());
        Self { id: shape_id!("aws.protocols", "restXml"), requests }
    }

    pub fn query() -> Self {
        let requests = Requests::Query(AwsQueryProtocol::new(), Envelope::Result);
        Self { id: shape_id!("aws.protocols", "awsQuery"), requests }
    }

    pub fn ec2() -> Self {
        let requests = Requests::Query(AwsQueryProtocol::new(), Envelope::Root);
        Self { id: shape_id!("aws.protocols", "ec2Query"), requests }
    }
}

impl ClientProtocolInner for XmlProtocol {
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
        match &self.requests {
            Requests::Rest(inner) => inner.serialize_request(input, schema, endpoint, config),
            Requests::Query(inner, _) => inner.serialize_request(input, schema, endpoint, config),
        }
    }

    fn deserialize_response<'a>(
        &self,
        response: &'a Response,
        schema: &Schema<'_>,
        config: &'a ConfigBag,
    ) -> Result<Box<dyn ShapeDeserializer + 'a>, SerdeError> {
        let body = response.body().bytes().unwrap_or_default();
        Ok(match self.requests {
            Requests::Rest(_) => {
                let body = Element::body(body, Envelope::Root);
                http_output_deserializer(body, response, schema, config)
            }
            Requests::Query(_, envelope) => Box::new(Element::body(body, envelope)),
        })
    }

    fn deserialize_error_response<'a>(
        &self,
        response: &'a Response,
        config: &'a ConfigBag,
    ) -> Result<Box<dyn ShapeDeserializer + 'a>, SerdeError> {
        let body = response.body().bytes().unwrap_or_default();
        let error = Element::body(failure::xml_error(body).unwrap_or_default(), Envelope::Root);
        Ok(match self.requests {
            Requests::Rest(_) => http_error_deserializer(error, response, config),
            Requests::Query(..) => Box::new(error),
        })
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
