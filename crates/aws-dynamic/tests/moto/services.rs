//! What single services are known to answer, whoever asks.

use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use serde_json::{Value, json};

use super::emulator::Moto;

#[test]
fn queries_of_sts_iam_and_ec2() {
    let moto = Moto::start();
    let identity = moto.call("sts", "GetCallerIdentity", Value::Null);
    assert_eq!(identity["Account"], "123456789012");

    moto.call(
        "iam",
        "CreateUser",
        json!({"UserName": "ann", "Tags": [{"Key": "k", "Value": "v"}]}),
    );
    let users = moto.call("iam", "ListUsers", Value::Null);
    assert_eq!(users["Users"][0]["UserName"], "ann");
    assert_eq!(users["IsTruncated"], false);
    let error = moto.try_call("iam", "GetUser", json!({"UserName": "bob"})).unwrap_err();
    assert_eq!(error.code(), Some("NoSuchEntity"));
    assert_eq!(error.service_error().unwrap().status, 404);

    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]});
    let put = json!({"UserName": "ann", "PolicyName": "p", "PolicyDocument": policy.to_string()});
    moto.call("iam", "PutUserPolicy", put);
    let got = moto.call("iam", "GetUserPolicy", json!({"UserName": "ann", "PolicyName": "p"}));
    assert_eq!(got["PolicyDocument"], policy);

    let images = moto.call("ec2", "DescribeImages", json!({"Owners": ["amazon"]}));
    let run = json!({"ImageId": images["Images"][0]["ImageId"], "MinCount": 2, "MaxCount": 2,
        "TagSpecifications": [{"ResourceType": "instance",
            "Tags": [{"Key": "Name", "Value": "a & <b>"}]}]});
    let run = moto.call("ec2", "RunInstances", run);
    assert_eq!(run["Instances"].as_array().unwrap().len(), 2);
    let filter = json!({"Filters": [{"Name": "tag:Name", "Values": ["a & <b>"]}]});
    let found = moto.call("ec2", "DescribeInstances", filter);
    let instances = &found["Reservations"][0]["Instances"];
    assert_eq!(instances.as_array().unwrap().len(), 2);
    assert_eq!(instances[0]["Tags"], json!([{"Key": "Name", "Value": "a & <b>"}]));
    assert_eq!(instances[0]["State"], json!({"Code": 16, "Name": "running"}));
    let wrong = json!({"InstanceIds": ["i-00000000000000000"]});
    let error = moto.try_call("ec2", "DescribeInstances", wrong).unwrap_err();
    assert_eq!(error.code(), Some("InvalidInstanceID.NotFound"));
}

#[test]
fn buckets_and_objects_of_s3() {
    let moto = Moto::start();
    moto.call("s3", "CreateBucket", json!({"Bucket": "bucket"}));
    let west = json!({"Bucket": "west", "CreateBucketConfiguration":
        {"LocationConstraint": "eu-west-1"}});
    moto.call("s3", "CreateBucket", west);
    let location = moto.call("s3", "GetBucketLocation", json!({"Bucket": "west"}));
    assert_eq!(location, json!({"LocationConstraint": "eu-west-1"}));
    let buckets = moto.call("s3", "ListBuckets", Value::Null);
    assert_eq!(buckets["Buckets"][1]["Name"], "west");

    let keys = ["a b", "a+b", "dir/sub/é", "x/../y", "%25", "q?x=1&y#z", "bucket/bucket"];
    for key in keys {
        let body = aws_smithy_types::base64::encode(key);
        let put = json!({"Bucket": "bucket", "Key": key, "Body": body, "ContentType": "text/x",
            "Metadata": {"one": "1"}});
        let put = moto.call("s3", "PutObject", put);
        assert!(put["ETag"].is_string());
        let got = moto.call("s3", "GetObject", json!({"Bucket": "bucket", "Key": key}));
        assert_eq!(got["Body"], body, "{key}");
        assert_eq!(got["ContentType"], "text/x");
        assert_eq!(got["Metadata"], json!({"one": "1"}));
    }
    let listed = moto.call("s3", "ListObjectsV2", json!({"Bucket": "bucket", "MaxKeys": 50}));
    let mut listed: Vec<&str> = listed["Contents"]
        .as_array()
        .unwrap()
        .iter()
        .map(|object| object["Key"].as_str().unwrap())
        .collect();
    listed.sort_unstable();
    let mut keys = keys.to_vec();
    keys.sort_unstable();
    assert_eq!(listed, keys);

    let error = moto.try_call("s3", "GetObject", json!({"Bucket": "bucket", "Key": "none"}));
    let error = error.unwrap_err();
    assert_eq!((error.code(), error.service_error().unwrap().status), (Some("NoSuchKey"), 404));
    let error = moto.try_call("s3", "HeadObject", json!({"Bucket": "bucket", "Key": "none"}));
    assert_eq!(error.unwrap_err().code(), Some("NotFound"));
    let delete =
        json!({"Bucket": "bucket", "Delete": {"Objects": [{"Key": "a b"}, {"Key": "%25"}]}});
    let deleted = moto.call("s3", "DeleteObjects", delete);
    assert_eq!(deleted["Deleted"].as_array().unwrap().len(), 2);
}

#[test]
fn json_services() {
    let moto = Moto::start();
    let table = json!({"TableName": "table", "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}]});
    moto.call("dynamodb", "CreateTable", table);
    let item = json!({"id": {"S": "1"}, "n": {"N": "1.5"}, "b": {"B": "YWI="},
        "m": {"M": {"l": {"L": [{"BOOL": true}, {"NULL": true}]}}}});
    moto.call("dynamodb", "PutItem", json!({"TableName": "table", "Item": item}));
    let key = json!({"TableName": "table", "Key": {"id": {"S": "1"}}});
    assert_eq!(moto.call("dynamodb", "GetItem", key)["Item"], item);

    let queue = moto.call("sqs", "CreateQueue", json!({"QueueName": "queue"}));
    let url = &queue["QueueUrl"];
    let message = json!({"QueueUrl": url, "MessageBody": "hello"});
    moto.call("sqs", "SendMessage", message);
    let received = moto.call("sqs", "ReceiveMessage", json!({"QueueUrl": url}));
    assert_eq!(received["Messages"][0]["Body"], "hello");
    let none = json!({"QueueName": "none"});
    let error = moto.try_call("sqs", "GetQueueUrl", none).unwrap_err();
    assert_eq!(error.code(), Some("AWS.SimpleQueueService.NonExistentQueue"));

    let parameter = json!({"Name": "/a/b", "Value": "v", "Type": "String"});
    moto.call("ssm", "PutParameter", parameter);
    let parameter = moto.call("ssm", "GetParameter", json!({"Name": "/a/b"}));
    assert_eq!(parameter["Parameter"]["Value"], "v");

    let key = moto.call("kms", "CreateKey", json!({"Description": "d"}));
    let id = &key["KeyMetadata"]["KeyId"];
    let sealed = moto.call("kms", "Encrypt", json!({"KeyId": id, "Plaintext": "c2VjcmV0"}));
    let opened = json!({"CiphertextBlob": sealed["CiphertextBlob"]});
    assert_eq!(moto.call("kms", "Decrypt", opened)["Plaintext"], "c2VjcmV0");

    moto.call("logs", "CreateLogGroup", json!({"logGroupName": "group"}));
    let groups = moto.call("logs", "DescribeLogGroups", json!({"logGroupNamePrefix": "gr"}));
    assert_eq!(groups["logGroups"][0]["logGroupName"], "group");

    let created = moto.call("ecs", "CreateCluster", json!({"clusterName": "cluster"}));
    assert_eq!(created["cluster"]["clusterName"], "cluster");
}

#[test]
fn rest_services() {
    let moto = Moto::start();
    assert_eq!(moto.call("lambda", "ListFunctions", Value::Null)["Functions"], json!([]));
    let error = moto.try_call("lambda", "GetFunction", json!({"FunctionName": "none"}));
    assert_eq!(error.unwrap_err().code(), Some("ResourceNotFoundException"));

    let zone = json!({"Name": "example.com", "CallerReference": "1"});
    let zone = moto.call("route53", "CreateHostedZone", zone);
    let id = &zone["HostedZone"]["Id"];
    assert!(id.as_str().unwrap().starts_with("/hostedzone/"));
    let zone = moto.call("route53", "GetHostedZone", json!({"Id": id}));
    assert_eq!(zone["HostedZone"]["Name"], "example.com.");

    let api = moto.call("apigateway", "CreateRestApi", json!({"name": "api"}));
    let apis = moto.call("apigateway", "GetRestApis", Value::Null);
    assert_eq!(apis["items"][0]["id"], api["id"]);

    moto.call("glacier", "CreateVault", json!({"vaultName": "vault"}));
    let vaults = moto.call("glacier", "ListVaults", Value::Null);
    assert_eq!(vaults["VaultList"][0]["VaultName"], "vault");
}
