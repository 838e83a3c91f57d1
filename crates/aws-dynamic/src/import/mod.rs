//! Reading AWS's models as they are published, into plain facts that the catalog can pack.

pub mod botocore;
pub mod facts;
pub mod smithy;
pub mod texts;
