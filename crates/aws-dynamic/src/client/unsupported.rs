//! What of an operation cannot be called, told before anybody tries.

use aws_types::SdkConfig;
use aws_types::region::Region;
use serde_json::{Map, Value};

use super::destination::Destination;
use super::settings::EndpointSettings;
use super::special;
use crate::auth::{Authorization, Held, known};
use crate::model::Operation;
use crate::protocol::Exchange;

/// A bucket of S3 Express, by its name; any will do.
const DIRECTORY_BUCKET: &str = "bucket--use1-az4--x-s3";

/// Why an operation cannot be called at all.
pub fn unsupported(operation: Operation<'static>) -> Option<String> {
    if let Err(unsupported) = Exchange::of(operation) {
        return Some(unsupported.to_string());
    }
    if let Err(why) = special::refuse(operation) {
        return Some(why.to_owned());
    }
    known(operation).err().map(|why| why.to_string())
}

/// Which calls of an operation cannot be made, and why, where all others can.
pub fn unsupported_in_part(operation: Operation<'static>) -> Option<String> {
    let why = in_a_directory_bucket(operation)?;
    Some(format!("not for directory buckets (their names end in --x-s3): {why}"))
}

/// Why a call of S3 cannot be made where the bucket is one of S3 Express.
fn in_a_directory_bucket(operation: Operation<'static>) -> Option<String> {
    if !special::is_bucket_in_rules(operation) {
        return None;
    }
    operation.input()?.member("Bucket")?;
    let region = "us-east-1";
    let config = SdkConfig::builder().region(Region::from_static(region)).build();
    let members = Map::from_iter([("Bucket".to_owned(), Value::from(DIRECTORY_BUCKET))]);
    let destination =
        Destination::of(&config, &EndpointSettings::default(), operation, &members).ok()?;
    let way = Authorization::of(operation, &destination.endpoint, Some(region), Held::Credentials);
    way.err().map(|why| why.to_string())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::catalog::Models;

    #[test]
    fn what_cannot_be_called_is_told() {
        let check = |service: &str, operation: &str, expected: Option<&str>| {
            let service = Models::get().unwrap().service(service).unwrap().unwrap();
            let told = unsupported(service.operation(operation).unwrap());
            let is_as_expected = match (&told, expected) {
                (None, None) => true,
                (Some(told), Some(expected)) => told.contains(expected),
                (None, Some(_)) | (Some(_), None) => false,
            };
            assert!(is_as_expected, "{operation}: {told:?}");
        };
        check("ec2", "RunInstances", None);
        check("s3", "ListBuckets", None);
        check("s3", "PutObject", None);
        check("s3", "CreateSession", None);
        check("sdb", "ListDomains", Some("signature version 2"));
        check("lexv2-runtime", "StartConversation", Some("stream of events"));
        check("logs", "StartLiveTail", None);
        check("sso", "ListAccounts", None);
    }

    #[test]
    fn few_operations_cannot_be_called_at_all() {
        let models = Models::get().unwrap();
        let services = || models.names().map(|name| models.service(name).unwrap().unwrap());
        let count = |told: fn(Operation<'static>) -> Option<String>| {
            services().flat_map(|service| service.operations().filter_map(told)).count()
        };
        assert_eq!((count(unsupported), count(unsupported_in_part)), (21, 38));
    }
}
