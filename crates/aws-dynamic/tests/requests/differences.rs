//! Where our requests are not botocore's, each with the reason. Whatever stands here differs: an entry
//! with an operation that does not differ any more fails the test.

/// A difference.
#[derive(Debug)]
pub struct Difference {
    /// `service:Operation`, or `service:` for any of a service.
    pub of: &'static [&'static str],
    /// The parts that differ, as the comparison names them.
    parts: &'static [&'static str],
    /// What stands in one of the two values.
    has: &'static str,
    pub reason: &'static str,
}

impl Difference {
    /// What of `of` a difference is covered by.
    pub fn covers(&self, name: &str, part: &str, what: &str) -> Option<&'static str> {
        let is_of = |of: &&&str| **of == name || (of.ends_with(':') && name.starts_with(**of));
        let is_it = self.parts.contains(&part) && what.contains(self.has);
        self.of.iter().find(is_of).copied().filter(|_| is_it)
    }
}

/// A kind of body, as `Content-Type` names it, which botocore names otherwise or not at all. AWS's protocol
/// cases want ours; what runs them in botocore takes these headers out of what they expect, or adds to
/// it (`tests/unit/test_protocols.py`).
pub struct Kind {
    pub ours: &'static str,
    pub theirs: Option<&'static str>,
    pub reason: &'static str,
}

pub const KINDS: &[Kind] = &[
    Kind {
        ours: "application/x-www-form-urlencoded",
        theirs: Some("application/x-www-form-urlencoded; charset=utf-8"),
        reason: "a form, which is ASCII, has no charset: 61 protocol cases of query and ec2",
    },
    Kind {
        ours: "application/xml",
        theirs: None,
        reason: "XML is called so: 45 protocol cases of rest-xml",
    },
    Kind {
        ours: "application/octet-stream",
        theirs: None,
        reason: "bytes of rest-json are called so: the protocol case RestJsonHttpPayloadTraitsWithBlob",
    },
    Kind {
        ours: "text/plain",
        theirs: None,
        reason: "a text that is the body is called so: 4 protocol cases of rest-json and rest-xml",
    },
];

const REFUSED: &[&str] = &["refused"];
const SENT: &[&str] = &["sent"];
const BODY: &[&str] = &["body"];

pub const DIFFERENCES: &[Difference] = &[
    Difference {
        of: &["importexport:", "sdb:"],
        parts: REFUSED,
        has: "signature version 2",
        reason: "signature version 2 is not supported",
    },
    Difference {
        of: &["signin:CreateOAuth2TokenWithTokenExchange"],
        parts: &["signature"],
        has: "noAuth",
        reason: "the model says that it is not signed; in botocore the endpoint's rules, which name \
                 how to sign, count more",
    },
    Difference {
        of: &["timestream-query:", "timestream-write:"],
        parts: SENT,
        has: "asks DescribeEndpoints first",
        reason: "a request is prepared for the host of the rules, without asking the service for another",
    },
    Difference {
        of: &["ec2:CopySnapshot"],
        parts: SENT,
        has: "presigns another request first",
        reason: "the URL in a copy needs credentials, so that a call makes it, and prepare does not",
    },
    Difference {
        of: &["glacier:UploadArchive", "glacier:UploadMultipartPart"],
        parts: &["header x-amz-content-sha256"],
        has: "ours null",
        reason: "the hash of the body is the signer's to add",
    },
    Difference {
        of: &["machinelearning:Predict"],
        parts: REFUSED,
        has: "PredictEndpoint",
        reason: "an endpoint in an input must be a host of the service; botocore sends to any",
    },
    Difference {
        of: &["s3:PutObject", "s3:PutObjectAnnotation", "s3:UploadPart"],
        parts: &[
            "body",
            "header content-encoding",
            "header transfer-encoding",
            "header x-amz-checksum-crc32",
            "header x-amz-decoded-content-length",
            "header x-amz-trailer",
        ],
        has: "",
        reason: "botocore sends what may be a stream in chunks with the checksum behind them; here the \
                 body is in memory, and the checksum in a header",
    },
    Difference {
        of: &["s3:ListObjects", "s3:ListObjectsV2", "s3:ListObjectVersions"],
        parts: &["query"],
        has: "encoding-type",
        reason: "botocore asks for keys in escapes and undoes them; here keys come as they are",
    },
    Difference {
        of: &["s3:GetBucketLocation"],
        parts: &["path"],
        has: "\"/abc123/\"",
        reason: "a bucket's own path has a slash behind it, which S3 takes for the same",
    },
    Difference {
        of: &["entityresolution:BatchDeleteUniqueId", "s3:GetObjectAttributes"],
        parts: &["header uniqueids", "header x-amz-object-attributes"],
        has: "ours \"\"",
        reason: "an empty list in a header is an empty header, as Smithy's protocol cases have it; \
                 botocore leaves it out",
    },
    Difference {
        of: &["geo-maps:GetStaticMap"],
        parts: &["query"],
        has: "10.0",
        reason: "a whole number has no fraction, whatever its type",
    },
    Difference {
        of: &["cloudfront:CreateResponseHeadersPolicy", "cloudfront:UpdateResponseHeadersPolicy"],
        parts: BODY,
        has: "50.0",
        reason: "a whole number has no fraction, whatever its type",
    },
    Difference {
        of: &[
            "cloudfront:DeleteRealtimeLogConfig",
            "cloudfront:GetRealtimeLogConfig",
            "cloudfront:ListConnectionFunctions",
            "cloudfront:ListConnectionGroups",
            "cloudfront:ListDistributionTenants",
            "cloudfront:ListDistributionTenantsByCustomization",
            "cloudfront:ListDistributionsByRealtimeLogConfig",
            "cloudfront:ListTrustStores",
            "cloudfront:UpdateAnycastIpList",
            "cloudfront:UpdateConnectionGroup",
            "cloudfront:UpdateDistributionTenant",
            "cloudfront:UpdateRealtimeLogConfig",
            "route53:ChangeTagsForResource",
            "route53:UpdateHealthCheck",
            "route53:UpdateHostedZoneComment",
            "route53:UpdateHostedZoneFeatures",
            "s3control:CreateAccessGrantsInstance",
        ],
        parts: BODY,
        has: "theirs \"\"",
        reason: "an input of which nothing is in the body is an empty element, as the codec of AWS's \
                 own clients writes it; botocore sends no body",
    },
    Difference {
        of: &[
            "autoscaling:StartInstanceRefresh",
            "cloudformation:BatchDescribeTypeConfigurations",
            "ec2:RequestSpotFleet",
            "elb:RemoveTags",
        ],
        parts: BODY,
        has: ",\"\"]",
        reason: "a list of structures without a member is written as an empty list, by the codec of \
                 AWS's own clients; botocore writes nothing",
    },
];
