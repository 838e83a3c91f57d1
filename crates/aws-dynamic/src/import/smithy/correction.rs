//! What AWS's Smithy models do not say, and every SDK knows by hand. Each stands here with its reason,
//! and is what botocore's models have.

use crate::import::facts::Service;
use crate::model::terms::{AuthScheme, AuthType, BodyHash, SignatureVersion};

pub(super) fn apply(service: &mut Service) {
    match service.id.as_str() {
        // Paths are signed as they are, and bodies by their hash in a header.
        "S3" => {
            service.signature_version = SignatureVersion::S3;
            service.body_hash = Some(BodyHash::Md5);
        }
        "S3 Control" => service.signature_version = SignatureVersion::S3V4,
        // Bodies have a tree hash, which no trait says.
        "Glacier" => service.body_hash = Some(BodyHash::Sha256),
        // These are how one gets credentials in the first place.
        "STS" => {
            for name in ["AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"] {
                if let Some(operation) = service.operations.get_mut(name) {
                    operation.auth = vec![AuthScheme::None];
                    operation.auth_type = Some(AuthType::None);
                }
            }
        }
        _ => {}
    }
}
