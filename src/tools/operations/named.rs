//! The operation that a call's arguments name. It is found before anything is judged, because policy
//! judges it and not the tool.

use aws_dynamic::catalog::{Operation, Service};
use aws_dynamic::client::{CallError, accepted};
use aws_dynamic::model;
use aws_dynamic::schema::{Streams, facts};
use aws_dynamic::validate::{Coercion, Valid};
use serde_json::{Map, Value};

use super::name;
use super::options::Options;
use super::payload::payload;
use crate::error::{Error, Result, aws};
use crate::gate::{Effect, Named, Operations};

/// An operation with what it is to be called with.
pub(super) struct Chosen {
    pub service: &'static Service,
    pub operation: &'static Operation,
    pub model: model::Operation<'static>,
    /// An object, or null for none.
    pub payload: Value,
}

impl Chosen {
    /// What `service`, `operation` and `payload` name, in any of their spellings.
    pub fn of(arguments: &Map<String, Value>) -> Result<Self> {
        let (service, operation) = (text(arguments, "service")?, text(arguments, "operation")?);
        let service = name::service(service)?;
        let (operation, model) = name::operation(service, operation)?;
        Ok(Self { service, operation, model, payload: payload(arguments.get("payload"))? })
    }

    /// `ec2:StartInstances`
    pub fn name(&self) -> String {
        format!("{}:{}", self.service.name(), self.operation.name())
    }

    /// Both names, as the catalog has them.
    pub fn names(&self) -> (&'static str, &'static str) {
        (self.service.name(), self.operation.name())
    }

    /// Whether what it answers is a stream of events, which is collected.
    pub fn answers_in_events(&self) -> bool {
        facts(self.model).output_stream == Streams::Events
    }

    /// The payload as it would be sent.
    pub fn accepted(&self) -> Result<Valid, CallError> {
        accepted(self.model, &self.payload, Coercion::On)
    }

    /// What a call of it does, with just these arguments.
    ///
    /// # Errors
    /// `validation_error` with everything that is wrong with the payload: nobody is asked about what
    /// cannot be sent.
    pub fn does(&self) -> Result<Named> {
        let valid = self.accepted().map_err(|error| aws::uncalled(&self.name(), error))?;
        Ok(self.does_with(valid.input))
    }

    /// The same of an input that was accepted.
    pub fn does_with(&self, input: Map<String, Value>) -> Named {
        Named {
            effect: self.operation.effect_with(&Value::Object(input)),
            operations: Operations::one(self.service, self.operation),
        }
    }
}

/// `aws_read`: what only reads, with these arguments.
pub(super) fn reads(arguments: &Map<String, Value>) -> Result<Named> {
    let (chosen, options) = (Chosen::of(arguments)?, Options::of(arguments)?);
    let named = chosen.does()?;
    match named.effect {
        Effect::Read => options.check(&chosen, named.effect).map(|()| named),
        Effect::Write | Effect::Destructive | Effect::Grant | Effect::Secret | Effect::Unknown => {
            Err(Error::invalid(
                format!(
                    "{} does not only read: its effect with these arguments is {}. Nothing was called.",
                    chosen.name(),
                    named.effect.word()
                ),
                "Call it by aws_execute, where policy and a person decide.",
            ))
        }
    }
}

fn text<'a>(arguments: &'a Map<String, Value>, name: &str) -> Result<&'a str> {
    arguments.get(name).and_then(Value::as_str).ok_or_else(|| {
        Error::invalid(
            format!("{name} must be a text."),
            "Name service and operation as aws_search_operations shows them.",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn chosen(service: &str, operation: &str, payload: Value) -> Result<Chosen> {
        let arguments = json!({"service": service, "operation": operation, "payload": payload});
        Chosen::of(arguments.as_object().unwrap())
    }

    #[test]
    fn names_are_found_in_any_spelling() {
        let check = |service: &str, operation: &str, expected: &str| {
            assert_eq!(chosen(service, operation, Value::Null).unwrap().name(), expected);
        };
        check("ec2", "StartInstances", "ec2:StartInstances");
        check("EC2", "start-instances", "ec2:StartInstances");
        check("EC2", "start_instances", "ec2:StartInstances");
        check("cost explorer", "get-cost-and-usage", "ce:GetCostAndUsage");
    }

    #[test]
    fn what_is_not_there_is_told_with_the_nearest() {
        let said = |service: &str, operation: &str| {
            chosen(service, operation, Value::Null).err().unwrap().message
        };
        assert!(said("ec", "x").contains("Did you mean"), "{}", said("ec", "x"));
        let operation = said("ec2", "StartInstance");
        assert!(operation.contains("StartInstances"), "{operation}");
        assert!(said("nothing of the kind", "x").starts_with("no service is called"));
    }

    #[test]
    fn the_effect_is_that_of_the_arguments() {
        let check = |service: &str, operation: &str, payload: Value, expected: Effect| {
            let does = chosen(service, operation, payload).unwrap().does().unwrap();
            assert_eq!(does.effect, expected, "{service}:{operation}");
        };
        let attribute = |name: &str| json!({"InstanceId": "i-1", "Attribute": name});
        check("ec2", "DescribeInstanceAttribute", attribute("userData"), Effect::Secret);
        check("ec2", "DescribeInstanceAttribute", attribute("instanceType"), Effect::Read);
        check("ec2", "StartInstances", json!({"InstanceIds": "i-1"}), Effect::Write);
        check("s3", "DeleteBucket", json!({"Bucket": "bbb"}), Effect::Destructive);
    }

    #[test]
    fn only_reads_are_reads() {
        let check = |service: &str, operation: &str, payload: Value, expected: bool| {
            let arguments = json!({"service": service, "operation": operation, "payload": payload});
            let named = reads(arguments.as_object().unwrap());
            assert_eq!(named.is_ok(), expected, "{service}:{operation} {payload}");
        };
        check("ec2", "DescribeInstances", Value::Null, true);
        check("ssm", "GetParameter", json!({"Name": "a"}), true);
        check("ssm", "GetParameter", json!({"Name": "a", "WithDecryption": true}), false);
        // Coerced as it would be sent.
        check("ssm", "GetParameter", json!({"Name": "a", "WithDecryption": "true"}), false);
        check("ec2", "StartInstances", json!({"InstanceIds": ["i-1"]}), false);
        check("secretsmanager", "GetSecretValue", json!({"SecretId": "a"}), false);
        check("iam", "CreateAccessKey", json!({}), false);
        // What cannot be sent is no read either.
        check("ssm", "GetParameter", json!({"Nam": "a"}), false);
    }

    #[test]
    fn a_service_that_says_where_it_is_is_asked() {
        let does = chosen("timestream-query", "Query", json!({"QueryString": "SELECT 1"})).unwrap();
        let operations = does.does().unwrap().operations;
        assert_eq!(operations.needed, ["timestream-query:Query"]);
        assert_eq!(operations.parts, ["timestream-query:DescribeEndpoints"]);
    }
}
