//! The traits of Smithy models that are not taken over, and why. Any other trait that the importer
//! does not read stops it, or is noted, as its caller chose.

const TEXT: &str = "documentation text, which is no fact";
const EDITING: &str = "for those who write or check models: nothing of it is sent";
const RESOURCES: &str = "how operations make up resources: nothing of it is sent";
const IAM: &str = "what policies can say of it: effects and actions come from IAM's own data";
const CFN: &str = "CloudFormation's view of the service: nothing of it is sent";
const TESTS: &str = "test cases";
const RULES: &str = "said by the endpoint rules too";

/// Each trait that is left out, with the reason.
pub const LEFT_OUT: &[(&str, &str)] = &[
    ("smithy.api#documentation", TEXT),
    ("smithy.api#externalDocumentation", TEXT),
    ("smithy.api#examples", TEXT),
    ("smithy.api#since", TEXT),
    ("smithy.api#recommended", TEXT),
    ("smithy.api#suppress", EDITING),
    ("smithy.api#tags", EDITING),
    ("smithy.api#internal", EDITING),
    ("smithy.api#private", EDITING),
    ("smithy.api#unstable", EDITING),
    ("smithy.api#trait", EDITING),
    ("smithy.api#mixin", EDITING),
    ("smithy.api#idRef", EDITING),
    ("smithy.api#addedDefault", EDITING),
    ("smithy.api#input", "that a structure is one operation's alone"),
    ("smithy.api#output", "that a structure is one operation's alone"),
    ("smithy.api#uniqueItems", "the service says so itself, and comparing is its own rule"),
    ("smithy.api#cors", "for browsers"),
    ("smithy.api#property", RESOURCES),
    ("smithy.api#notProperty", RESOURCES),
    ("smithy.api#nestedProperties", RESOURCES),
    ("smithy.api#noReplace", RESOURCES),
    ("smithy.api#references", RESOURCES),
    ("smithy.api#resourceIdentifier", RESOURCES),
    ("aws.api#arn", RESOURCES),
    ("aws.api#arnReference", RESOURCES),
    ("aws.api#taggable", RESOURCES),
    ("aws.api#tagEnabled", RESOURCES),
    ("aws.api#controlPlane", EDITING),
    ("aws.api#dataPlane", EDITING),
    ("aws.api#data", "the class of the data, not whether it is secret"),
    (
        "aws.api#clientEndpointDiscoveryId",
        "what to cache an endpoint by: it is cached for each call's",
    ),
    ("aws.auth#cognitoUserPools", "of API Gateway's own APIs, none of AWS's services"),
    ("aws.customizations#s3UnwrappedXmlOutput", "of one operation, among the special cases"),
    ("aws.endpoints#dualStackOnlyEndpoints", RULES),
    ("aws.endpoints#rulesBasedEndpoints", RULES),
    ("aws.endpoints#standardPartitionalEndpoints", RULES),
    ("aws.endpoints#standardRegionalEndpoints", RULES),
    ("aws.iam#actionName", IAM),
    ("aws.iam#actionPermissionDescription", IAM),
    ("aws.iam#conditionKeyValue", IAM),
    ("aws.iam#conditionKeys", IAM),
    ("aws.iam#defineConditionKeys", IAM),
    ("aws.iam#disableConditionKeyInference", IAM),
    ("aws.iam#iamAction", IAM),
    ("aws.iam#iamResource", IAM),
    ("aws.iam#requiredActions", IAM),
    ("aws.iam#serviceResolvedConditionKeys", IAM),
    ("aws.iam#supportedPrincipalTypes", IAM),
    ("aws.cloudformation#cfnAdditionalIdentifier", CFN),
    ("aws.cloudformation#cfnDefaultValue", CFN),
    ("aws.cloudformation#cfnExcludeProperty", CFN),
    ("aws.cloudformation#cfnMutability", CFN),
    ("aws.cloudformation#cfnName", CFN),
    ("aws.cloudformation#cfnResource", CFN),
    ("smithy.test#httpMalformedRequestTests", TESTS),
    ("smithy.test#httpRequestTests", TESTS),
    ("smithy.test#httpResponseTests", TESTS),
    ("smithy.test#smokeTests", TESTS),
    ("smithy.openapi#specificationExtension", EDITING),
];
