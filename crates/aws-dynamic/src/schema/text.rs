//! Texts as people would write them, by the name of what they are for.

use crate::model::{Member, Shape};

/// What a name that ends so is likely to hold, the more particular first. Names without anything but
/// letters and digits, all small.
const TYPICAL: &[(&str, &[&str])] = &[
    ("rolearn", &["arn:aws:iam::123456789012:role/example"]),
    ("policyarn", &["arn:aws:iam::123456789012:policy/example"]),
    ("userarn", &["arn:aws:iam::123456789012:user/example"]),
    ("topicarn", &["arn:aws:sns:us-east-1:123456789012:example"]),
    ("queuearn", &["arn:aws:sqs:us-east-1:123456789012:example"]),
    ("bucketarn", &["arn:aws:s3:::amzn-s3-demo-bucket"]),
    ("keyarn", &["arn:aws:kms:us-east-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef"]),
    ("lambdaarn", &["arn:aws:lambda:us-east-1:123456789012:function:example"]),
    ("functionarn", &["arn:aws:lambda:us-east-1:123456789012:function:example"]),
    ("secretarn", &["arn:aws:secretsmanager:us-east-1:123456789012:secret:example-a1b2c3"]),
    (
        "certificatearn",
        &["arn:aws:acm:us-east-1:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef"],
    ),
    ("loggrouparn", &["arn:aws:logs:us-east-1:123456789012:log-group:example"]),
    ("instancearn", &["arn:aws:ec2:us-east-1:123456789012:instance/i-0123456789abcdef0"]),
    ("accountid", &["123456789012"]),
    ("accountids", &["123456789012"]),
    ("account", &["123456789012"]),
    ("ownerid", &["123456789012"]),
    ("instanceid", &["i-0123456789abcdef0"]),
    ("taggableresourceid", &["i-0123456789abcdef0"]),
    ("vpcid", &["vpc-0123456789abcdef0"]),
    ("subnetid", &["subnet-0123456789abcdef0"]),
    ("securitygroupid", &["sg-0123456789abcdef0"]),
    ("groupid", &["sg-0123456789abcdef0"]),
    ("imageid", &["ami-0123456789abcdef0"]),
    ("volumeid", &["vol-0123456789abcdef0"]),
    ("snapshotid", &["snap-0123456789abcdef0"]),
    ("networkinterfaceid", &["eni-0123456789abcdef0"]),
    ("allocationid", &["eipalloc-0123456789abcdef0"]),
    ("associationid", &["eipassoc-0123456789abcdef0"]),
    ("internetgatewayid", &["igw-0123456789abcdef0"]),
    ("natgatewayid", &["nat-0123456789abcdef0"]),
    ("transitgatewayid", &["tgw-0123456789abcdef0"]),
    ("transitgatewayattachmentid", &["tgw-attach-0123456789abcdef0"]),
    ("transitgatewayroutetableid", &["tgw-rtb-0123456789abcdef0"]),
    ("vpcpeeringconnectionid", &["pcx-0123456789abcdef0"]),
    ("vpcendpointid", &["vpce-0123456789abcdef0"]),
    ("routetableid", &["rtb-0123456789abcdef0"]),
    ("networkaclid", &["acl-0123456789abcdef0"]),
    ("dhcpoptionsid", &["dopt-0123456789abcdef0"]),
    ("launchtemplateid", &["lt-0123456789abcdef0"]),
    ("customergatewayid", &["cgw-0123456789abcdef0"]),
    ("vpngatewayid", &["vgw-0123456789abcdef0"]),
    ("vpnconnectionid", &["vpn-0123456789abcdef0"]),
    ("filesystemid", &["fs-0123456789abcdef0"]),
    ("accesspointid", &["fsap-0123456789abcdef0"]),
    ("hostedzoneid", &["Z0123456789ABCDEFGHIJ"]),
    ("distributionid", &["E0123456789ABC"]),
    ("userpoolid", &["us-east-1_Example12"]),
    ("identitypoolid", &["us-east-1:01234567-89ab-cdef-0123-456789abcdef"]),
    ("organizationalunitid", &["ou-ab12-c3d4e5f6"]),
    ("rootid", &["r-ab12"]),
    ("organizationid", &["o-a1b2c3d4e5"]),
    ("keyid", &["01234567-89ab-cdef-0123-456789abcdef"]),
    ("instancetype", &["t3.micro"]),
    ("availabilityzone", &["us-east-1a"]),
    ("zoneid", &["use1-az1"]),
    ("region", &["us-east-1"]),
    ("regionname", &["us-east-1"]),
    ("emailaddress", &["user@example.com"]),
    ("email", &["user@example.com"]),
    ("phonenumber", &["+12065550100"]),
    ("queueurl", &["https://sqs.us-east-1.amazonaws.com/123456789012/example"]),
    ("s3uri", &["s3://amzn-s3-demo-bucket/example/"]),
    ("url", &["https://example.com/"]),
    ("uri", &["https://example.com/", "s3://amzn-s3-demo-bucket/example/"]),
    ("endpoint", &["https://example.com/", "example.com"]),
    ("domainname", &["example.com", "example"]),
    ("hostname", &["example.com"]),
    ("domain", &["example.com", "example"]),
    ("dnsname", &["example.com"]),
    ("ipaddress", &["192.0.2.1"]),
    ("publicip", &["192.0.2.1"]),
    ("ip", &["192.0.2.1"]),
    ("cidr", &["10.0.0.0/16"]),
    ("cidrblock", &["10.0.0.0/16"]),
    ("cidrip", &["10.0.0.0/16"]),
    ("ipv6cidrblock", &["2001:db8::/56"]),
    ("bucketname", &["amzn-s3-demo-bucket"]),
    ("bucket", &["amzn-s3-demo-bucket"]),
    ("policydocument", &[POLICY]),
    ("policy", &[POLICY, "example"]),
    ("schedule", &["rate(1 day)", "cron(0 12 * * ? *)"]),
    ("scheduleexpression", &["rate(1 day)", "cron(0 12 * * ? *)"]),
    ("timezone", &["UTC", "America/New_York"]),
    ("languagecode", &["en-US", "en"]),
    ("localeid", &["en_US"]),
    ("currencycode", &["USD"]),
    ("countrycode", &["US"]),
    ("contenttype", &["application/json", "text/plain"]),
    ("modelid", &["anthropic.claude-3-haiku-20240307-v1:0"]),
    ("querystring", &["SELECT 1"]),
    ("sql", &["SELECT 1"]),
    ("loggroupname", &["/example/log-group"]),
    ("namespace", &["example", "Example/Namespace"]),
    ("description", &["An example"]),
    ("password", &["Example-Passw0rd"]),
    ("version", &["1", "1.0", "1.0.0", "$LATEST"]),
    ("date", &["2026-01-31"]),
    ("year", &["2026"]),
    ("path", &["/example", "/"]),
    ("prefix", &["example", "example/"]),
    ("name", &["example", "Example"]),
    ("arn", &[]),
    ("id", &[]),
];

const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::amzn-s3-demo-bucket/*"}]}"#;

/// What fits many names.
const ANY: &[&str] = &[
    "example",
    "Example",
    "example-1",
    "EXAMPLE",
    UUID,
    "0123456789abcdef0",
    "123456789012",
    "1",
    "1.0",
    "us-east-1",
    "example/example",
    "example:example",
    "arn:aws:iam::123456789012:role/example",
    "a",
];

const UUID: &str = "01234567-89ab-cdef-0123-456789abcdef";

/// Texts that a value may be, the likeliest first.
pub(super) fn likely(service: &str, shape: Shape<'_>, member: &str) -> Vec<String> {
    let mut texts: Vec<String> = Vec::new();
    for name in [member, shape.name()] {
        let name = plain(name);
        for name in [name.as_str(), name.strip_suffix('s').unwrap_or(&name)] {
            let ends = |(end, _): &&(&str, _)| name.ends_with(end);
            let typical = TYPICAL.iter().filter(ends).max_by_key(|(end, _)| end.len());
            let Some((end, values)) = typical else { continue };
            texts.extend(values.iter().map(|text| (*text).to_owned()));
            let kind = name.strip_suffix(end).filter(|kind| !kind.is_empty()).unwrap_or("example");
            match *end {
                "arn" => arns(service, kind, &mut texts),
                "id" => ids(kind, &mut texts),
                _ => {}
            }
        }
    }
    texts.extend(ANY.iter().map(|text| (*text).to_owned()));
    texts
}

/// The name by which a value is looked for: that of its member, or of the list or map around it.
pub(super) fn name_of<'a>(member: Member<'a>, around: &'a str) -> &'a str {
    if member.name().is_empty() { around } else { member.name() }
}

fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

fn arns(service: &str, kind: &str, texts: &mut Vec<String>) {
    let head = format!("arn:aws:{service}:us-east-1:123456789012:");
    for tail in ["example", "0123456789abcdef0", UUID] {
        texts.push(format!("{head}{kind}/{tail}"));
        texts.push(format!("{head}{kind}:{tail}"));
    }
    texts.push(format!("{head}example"));
    texts.push(format!("arn:aws:{service}::123456789012:{kind}/example"));
    texts.push(format!("arn:aws:{service}:::{kind}/example"));
}

fn ids(kind: &str, texts: &mut Vec<String>) {
    texts.push(format!("{kind}-0123456789abcdef0"));
    let first = kind.get(..1).unwrap_or_default();
    texts.push(format!("{first}-0123456789abcdef0"));
}
