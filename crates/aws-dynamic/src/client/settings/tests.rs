#![allow(clippy::unwrap_used, clippy::panic)]

use aws_types::region::Region;
use aws_types::sdk_config::Builder;
use aws_types::service_config::LoadServiceConfig;
use serde_json::{Value, json};

use super::super::Client;
use super::super::tests::stub::config;
use super::*;

const OBJECT: &str = "my-bucket/k";

fn at(builder: Builder, settings: EndpointSettings, call: (&str, &str, Value)) -> String {
    let client = Client::new(&builder.build()).with_endpoint_settings(settings);
    match client.prepare(call.0, call.1, &call.2) {
        Ok(prepared) => {
            let region = prepared.authorization.signing_region().unwrap_or("-");
            format!("{} {region}", prepared.url)
        }
        Err(error) => error.to_string(),
    }
}

fn get(bucket: &str) -> (&'static str, &'static str, Value) {
    ("s3", "GetObject", json!({"Bucket": bucket, "Key": "k"}))
}

#[test]
fn at_an_endpoint_of_the_users_own_buckets_are_in_the_path() {
    let own = |url: &str| config().endpoint_url(url);
    let path = |force: Option<bool>| EndpointSettings {
        s3_force_path_style: force,
        ..EndpointSettings::default()
    };
    let check = |is: String, expected: &str| assert_eq!(is, format!("{expected} eu-west-1"));
    for base in ["http://localhost:4566", "http://minio.internal:9000/base", "https://a.b.c"] {
        check(at(own(base), path(None), get("my-bucket")), &format!("{base}/{OBJECT}"));
        let list = ("s3", "ListBuckets", json!({}));
        check(at(own(base), path(None), list), &format!("{base}/"));
    }
    let stack = "http://stack:9000/base";
    check(at(own(stack), path(Some(true)), get("my-bucket")), &format!("{stack}/{OBJECT}"));
    let hosts = path(Some(false));
    check(at(own(stack), hosts.clone(), get("my-bucket")), "http://my-bucket.stack:9000/base/k");
    // Who asks for its region cannot know what to sign for.
    let location = || ("s3", "GetBucketLocation", json!({"Bucket": "my-bucket"}));
    check(at(own(stack), hosts, location()), &format!("{stack}/my-bucket/?location"));
    let point = get("arn:aws:s3:eu-west-1:123456789012:accesspoint/ap");
    check(at(own(stack), path(None), point), "http://ap-123456789012.stack:9000/base/k");
    let s3 = "https://s3.eu-west-1.amazonaws.com";
    check(at(config(), path(Some(true)), get("my-bucket")), &format!("{s3}/{OBJECT}"));
}

#[test]
fn what_no_configuration_says_the_maker_of_the_client_does() {
    let check = |settings: EndpointSettings, call, region: &'static str, expected: &str| {
        assert_eq!(at(config().region(Region::new(region)), settings, call), expected);
    };
    let plain = EndpointSettings::default;
    let accelerated = EndpointSettings { s3_accelerate: Some(true), ..plain() };
    let fast = "https://my-bucket.s3-accelerate.amazonaws.com/k eu-west-1";
    check(accelerated, get("my-bucket"), "eu-west-1", fast);
    let global = EndpointSettings { s3_use_global_endpoint: Some(true), ..plain() };
    let host = "https://my-bucket.s3.amazonaws.com/k us-east-1";
    check(global, get("my-bucket"), "us-east-1", host);
    let elsewhere = || get("arn:aws:s3:us-west-2:123456789012:accesspoint/ap");
    let there = "https://ap-123456789012.s3-accesspoint.us-west-2.amazonaws.com/k us-west-2";
    check(plain(), elsewhere(), "eu-west-1", there);
    let here = EndpointSettings { s3_use_arn_region: Some(false), ..plain() };
    let other = "Invalid configuration: region from ARN `us-west-2` does not match client region \
                 `eu-west-1` and UseArnRegion is `false`";
    check(here, elsewhere(), "eu-west-1", other);
    let none = EndpointSettings { s3_disable_multi_region_access_points: Some(true), ..plain() };
    let everywhere = get("arn:aws:s3::123456789012:accesspoint:mfzwi23gnjvgw.mrap");
    let off = "Invalid configuration: Multi-Region Access Point ARNs are disabled.";
    check(none, everywhere, "eu-west-1", off);
    let outpost = "arn:aws:s3-outposts:us-west-2:123456789012:outpost/op-1/accesspoint/ap";
    let outpost = json!({"AccountId": "123456789012", "Name": outpost});
    let here = EndpointSettings { s3control_use_arn_region: Some(false), ..plain() };
    check(here, ("s3control", "GetAccessPoint", outpost), "eu-west-1", other);
    let global = EndpointSettings { sts_use_global_endpoint: Some(true), ..plain() };
    let identity = ("sts", "GetCallerIdentity", json!({}));
    check(global, identity, "eu-west-1", "https://sts.amazonaws.com/ us-east-1");
    let known = EndpointSettings { account_id: Some("123456789012".to_owned()), ..plain() };
    let tables = ("dynamodb", "ListTables", json!({}));
    let host = "https://123456789012.ddb.eu-west-1.amazonaws.com/ eu-west-1";
    check(known, tables, "eu-west-1", host);
}

/// What stands in a user's files for S3.
#[derive(Debug)]
struct File(&'static str, &'static str);

impl LoadServiceConfig for File {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        let is_asked = key.profile() == self.0 && key.service_id().starts_with("S3");
        is_asked.then(|| self.1.to_owned())
    }
}

#[test]
fn files_say_some_of_it_and_the_maker_more() {
    let check = |file, settings, call, expected: &str| {
        let is = at(config().service_config(file), settings, call);
        assert!(is.contains(expected), "{is}: {expected}");
    };
    let plain = EndpointSettings::default;
    let elsewhere = || get("arn:aws:s3:us-west-2:123456789012:accesspoint/ap");
    let region = |text| File("s3_use_arn_region", text);
    check(region("False"), plain(), elsewhere(), "UseArnRegion is `false`");
    check(region("true"), plain(), elsewhere(), "us-west-2");
    check(region("no"), plain(), elsewhere(), NO_FLAG);
    let told = EndpointSettings { s3_use_arn_region: Some(true), ..plain() };
    check(region("false"), told, elsewhere(), ".us-west-2.");
    let outpost = "arn:aws:s3-outposts:us-west-2:123456789012:outpost/op-1/accesspoint/ap";
    let outpost = json!({"AccountId": "123456789012", "Name": outpost});
    let control = ("s3control", "GetAccessPoint", outpost);
    check(region("false"), plain(), control, "UseArnRegion is `false`");
    let everywhere = get("arn:aws:s3::123456789012:accesspoint:mfzwi23gnjvgw.mrap");
    let off = File("s3_disable_multiregion_access_points", "true");
    check(off, plain(), everywhere, "are disabled");
    // Other services are not asked for.
    check(region("no"), plain(), ("sts", "GetCallerIdentity", json!({})), "https://sts.");
}

#[test]
fn a_region_with_fips_in_its_name_is_the_region_with_fips() {
    let check = |region: &'static str, expected: &str| {
        let config = config().region(Region::new(region));
        let call = ("ec2", "DescribeVpcs", Value::Null);
        assert_eq!(at(config, EndpointSettings::default(), call), expected);
    };
    let fips = "https://ec2-fips.us-east-1.amazonaws.com/ us-east-1";
    check("fips-us-east-1", fips);
    check("us-east-1-fips", fips);
    check("", "the region is empty");
    check("fips-", "the region is empty");
}
