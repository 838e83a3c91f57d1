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

const REFUSED: &[&str] = &["refused"];
const BODY: &[&str] = &["body"];

pub const DIFFERENCES: &[Difference] = &[
    Difference {
        of: &["account-access-runtime:", "codecatalyst:"],
        parts: REFUSED,
        has: "earer",
        reason: "bearer tokens are not supported",
    },
    Difference {
        of: &[
            "cloudfront-keyvaluestore:",
            "events:PutEvents",
            "sesv2:SendBulkEmail",
            "sesv2:SendEmail",
        ],
        parts: REFUSED,
        has: "sigv4a",
        reason: "signature version 4a is not supported",
    },
    Difference {
        of: &["importexport:", "sdb:"],
        parts: REFUSED,
        has: "authorised by v2",
        reason: "signature version 2 is not supported",
    },
    Difference {
        of: &[
            "bedrock-agent-runtime:AgenticRetrieveStream",
            "bedrock-agent-runtime:InvokeAgent",
            "bedrock-agent-runtime:InvokeFlow",
            "bedrock-agent-runtime:InvokeInlineAgent",
            "bedrock-agent-runtime:OptimizePrompt",
            "bedrock-agent-runtime:RetrieveAndGenerateStream",
            "bedrock-agentcore:InvokeAgentRuntimeCommand",
            "bedrock-agentcore:InvokeCodeInterpreter",
            "bedrock-agentcore:InvokeHarness",
            "bedrock-runtime:ConverseStream",
            "bedrock-runtime:InvokeModelWithResponseStream",
            "devops-agent:SendMessage",
            "healthlake:UpdateProfileWithAgent",
            "iotsitewise:InvokeAssistant",
            "kinesis:SubscribeToShard",
            "lambda:InvokeWithResponseStream",
            "logs:GetLogObject",
            "logs:StartLiveTail",
            "s3:SelectObjectContent",
            "sagemaker-runtime:InvokeEndpointWithResponseStream",
        ],
        parts: REFUSED,
        has: "stream of events",
        reason: "streams of events are not supported, in answers neither",
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
        parts: REFUSED,
        has: "asks DescribeEndpoints first",
        reason: "endpoints that must be asked for are not supported",
    },
    Difference {
        of: &["ec2:CopySnapshot"],
        parts: REFUSED,
        has: "presigns another request first",
        reason: "presigned URLs in copies are not made",
    },
    Difference {
        of: &["glacier:UploadArchive", "glacier:UploadMultipartPart"],
        parts: REFUSED,
        has: "tree hash",
        reason: "tree hashes are not supported",
    },
    Difference {
        of: &["machinelearning:Predict"],
        parts: REFUSED,
        has: "endpoint is a member",
        reason: "an endpoint is never taken from an input",
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
        of: &["s3:GetObject", "s3:GetObjectAnnotation"],
        parts: &["header x-amz-checksum-mode"],
        has: "ENABLED",
        reason: "checksums of answers are not asked for, because they are not checked",
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
