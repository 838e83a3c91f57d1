//! The road of one call through the runtime: the same parts as under a generated client, in the same
//! order, configured from the same `SdkConfig`.

use std::error::Error as StdError;

use aws_runtime::auth::sigv4::{SCHEME_ID as SIGV4, SigV4AuthScheme};
use aws_runtime::auth::sigv4a::{SCHEME_ID as SIGV4A, SigV4aAuthScheme};
use aws_runtime::invocation_id::InvocationIdInterceptor;
use aws_runtime::recursion_detection::RecursionDetectionInterceptor;
use aws_runtime::request_info::RequestInfoInterceptor;
use aws_runtime::retries::classifiers::{AwsErrorCodeClassifier, TRANSIENT_ERRORS};
use aws_runtime::service_clock_skew::{ServiceClockSkewClassifier, ServiceClockSkewInterceptor};
use aws_runtime::user_agent::{ApiMetadata, UserAgentInterceptor};
use aws_smithy_runtime::client::auth::http::BearerAuthScheme;
use aws_smithy_runtime::client::auth::no_auth::{NO_AUTH_SCHEME_ID, NoAuthRuntimePluginV2};
use aws_smithy_runtime::client::defaults::{DefaultPluginParams, default_plugins};
use aws_smithy_runtime::client::http::connection_poisoning::ConnectionPoisoningInterceptor;
use aws_smithy_runtime::client::orchestrator::endpoints::StaticUriEndpointResolver;
use aws_smithy_runtime::client::orchestrator::{StopPoint, invoke_with_stop_point};
use aws_smithy_runtime::client::retries::classifiers::{
    HttpStatusCodeClassifier, ModeledAsRetryableClassifier, TransientErrorClassifier,
};
use aws_smithy_runtime::client::stalled_stream_protection::StalledStreamProtectionInterceptor;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::auth::http::HTTP_BEARER_AUTH_SCHEME_ID;
use aws_smithy_runtime_api::client::auth::static_resolver::StaticAuthSchemeOptionResolver;
use aws_smithy_runtime_api::client::auth::{
    AuthSchemeId, AuthSchemeOptionResolverParams, SharedAuthScheme, SharedAuthSchemeOptionResolver,
};
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::endpoint::{EndpointResolverParams, SharedEndpointResolver};
use aws_smithy_runtime_api::client::interceptors::SharedInterceptor;
use aws_smithy_runtime_api::client::interceptors::context::{Input, InterceptorContext};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, Metadata, SensitiveOutput};
use aws_smithy_runtime_api::client::retries::classifiers::{
    ClassifyRetry, RetryAction, SharedRetryClassifier,
};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_runtime_api::client::runtime_plugin::{RuntimePlugins, StaticRuntimePlugin};
use aws_smithy_runtime_api::client::ser_de::{
    SerializeRequest, SharedRequestSerializer, SharedResponseDeserializer,
};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::{ConfigBag, Layer};
use aws_types::SdkConfig;
use http_body_util::LengthLimitError;

use super::Client;
use super::codec::OperationCodec;
use super::destination::Destination;
use super::error::{CallError, Refusal};
use super::special;
use super::trailer::Trailers;
use crate::auth::Authorization;
use crate::model::Operation;
use crate::protocol::Compression;

/// The name of the retries that presigning never comes to.
const PRESIGNED: &str = "aws-dynamic presigned";

/// The runtime's plugins for one call.
pub(super) fn plugins(
    client: &Client,
    codec: OperationCodec,
    destination: &Destination,
    authorization: Authorization,
) -> RuntimePlugins {
    let operation = codec.operation;
    let partition = match client.config.region() {
        Some(region) => format!("{}-{region}", operation.service().name()),
        None => operation.service().name().to_owned(),
    };
    let version = client.config.behavior_version().unwrap_or_else(BehaviorVersion::latest);
    let defaults = DefaultPluginParams::new()
        .with_retry_partition_name(partition)
        .with_behavior_version(version)
        .with_is_aws_sdk(true);
    let mut components = components(client, operation);
    let mut layer = layer(client, operation);
    let scheme = authorize(&mut layer, authorization);
    aim(&mut components, destination, scheme);
    layer.store_put(SharedRequestSerializer::new(codec.clone()));
    layer.store_put(SharedResponseDeserializer::new(codec));
    let plugin =
        StaticRuntimePlugin::new().with_config(layer.freeze()).with_runtime_components(components);
    RuntimePlugins::new()
        .with_client_plugins(default_plugins(defaults))
        .with_client_plugin(NoAuthRuntimePluginV2::new())
        .with_client_plugin(plugin)
}

/// Which request bodies the configuration wants compressed.
pub(super) fn compression(config: &SdkConfig) -> Compression {
    let least = config.request_min_compression_size_bytes();
    match (config.disable_request_compression(), least.map(usize::try_from)) {
        (Some(true), _) => Compression::Off,
        (Some(false) | None, Some(Ok(least))) => Compression::From(least),
        (Some(false) | None, Some(Err(_)) | None) => Compression::default(),
    }
}

/// A URL with a signature in it, of a path and a query; nothing is sent, and no interceptor sees it.
pub(super) async fn presigned(
    client: &Client,
    operation: Operation<'static>,
    destination: &Destination,
    authorization: Authorization,
    uri: String,
) -> Result<String, CallError> {
    let version = client.config.behavior_version().unwrap_or_else(BehaviorVersion::latest);
    let mut components = identities(client);
    let mut layer = layer(client, operation);
    let scheme = authorize(&mut layer, authorization);
    aim(&mut components, destination, scheme);
    layer.store_put(SharedRequestSerializer::new(Get(uri)));
    let plugin =
        StaticRuntimePlugin::new().with_config(layer.freeze()).with_runtime_components(components);
    let defaults = DefaultPluginParams::new()
        .with_retry_partition_name(PRESIGNED)
        .with_behavior_version(version)
        .with_is_aws_sdk(true);
    let plugins = RuntimePlugins::new()
        .with_client_plugins(default_plugins(defaults))
        .with_client_plugin(plugin);
    let (service, name) = (operation.service().id(), operation.name());
    let stop = StopPoint::BeforeTransmit;
    let made = invoke_with_stop_point(service, name, Input::erase(()), &plugins, stop).await;
    let made = made.map_err(|error| client.failed(error))?;
    let request = made.request().ok_or(CallError::Special("the URL was lost"))?;
    Ok(request.uri().to_owned())
}

/// Whether an error comes from an answer that was cut off at the client's limit.
pub(super) fn is_too_large(error: &(dyn StdError + 'static)) -> bool {
    cause::<LengthLimitError>(error).is_some()
}

/// The first of an error and its causes that is of a type.
pub(super) fn cause<'e, E: StdError + 'static>(
    error: &'e (dyn StdError + 'static),
) -> Option<&'e E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

fn layer(client: &Client, operation: Operation<'static>) -> Layer {
    let (config, service) = (&client.config, operation.service());
    let mut layer = Layer::new("aws-dynamic");
    layer.store_put(Metadata::new(operation.name(), service.id()));
    layer.store_put(ApiMetadata::new(service.name(), env!("CARGO_PKG_VERSION")));
    layer.store_put(EndpointResolverParams::new(()));
    layer.store_put(AuthSchemeOptionResolverParams::new(()));
    layer.store_put(SensitiveOutput);
    layer.store_or_unset(config.app_name().cloned());
    layer.store_or_unset(config.region().cloned());
    if let Some(retries) = config.retry_config() {
        layer.store_put(retries.clone());
    }
    if let Some(limits) = config.timeout_config() {
        layer.store_put(limits.clone());
    }
    if let Some(stalled) = config.stalled_stream_protection() {
        layer.store_put(stalled);
    }
    layer
}

/// Stores what to sign for; the scheme that does.
fn authorize(layer: &mut Layer, authorization: Authorization) -> AuthSchemeId {
    match authorization {
        Authorization::None => NO_AUTH_SCHEME_ID,
        Authorization::Bearer => HTTP_BEARER_AUTH_SCHEME_ID,
        Authorization::SigV4(config) => {
            // Nothing else may say what to sign for: the signer would prefer it.
            layer.store_put(*config);
            SIGV4
        }
        Authorization::SigV4a(config) => {
            // This signer would prefer the client's region.
            layer.store_or_unset(config.region_set.clone());
            layer.store_put(*config);
            SIGV4A
        }
    }
}

fn aim(components: &mut RuntimeComponentsBuilder, to: &Destination, scheme: AuthSchemeId) {
    let endpoint = StaticUriEndpointResolver::uri(to.url.clone());
    components.set_endpoint_resolver(Some(SharedEndpointResolver::new(endpoint)));
    let scheme = StaticAuthSchemeOptionResolver::new(vec![scheme]);
    let scheme = SharedAuthSchemeOptionResolver::new(scheme);
    components.set_auth_scheme_option_resolver(Some(scheme));
}

fn components(client: &Client, operation: Operation<'_>) -> RuntimeComponentsBuilder {
    let mut components = identities(client);
    let transient = TRANSIENT_ERRORS.iter().copied().chain(special::transient(operation));
    let codes = AwsErrorCodeClassifier::<Refusal>::builder()
        .transient_errors(transient.collect::<Vec<_>>())
        .build();
    let classifiers = [
        SharedRetryClassifier::new(TransientErrorClassifier::<Refusal>::new()),
        SharedRetryClassifier::new(ModeledAsRetryableClassifier::<Refusal>::new()),
        SharedRetryClassifier::new(codes),
        SharedRetryClassifier::new(ServiceClockSkewClassifier::<Refusal>::new()),
        SharedRetryClassifier::new(HttpStatusCodeClassifier::default()),
        SharedRetryClassifier::new(NoSecondTry),
    ];
    for classifier in classifiers.into_iter().chain(client.classifiers.iter().cloned()) {
        components.push_retry_classifier(classifier);
    }
    let interceptors = [
        SharedInterceptor::permanent(StalledStreamProtectionInterceptor::default()),
        SharedInterceptor::permanent(ConnectionPoisoningInterceptor::new()),
        SharedInterceptor::permanent(ServiceClockSkewInterceptor::new()),
        SharedInterceptor::permanent(RequestInfoInterceptor::new()),
        SharedInterceptor::permanent(UserAgentInterceptor::new()),
        SharedInterceptor::permanent(InvocationIdInterceptor::new()),
        SharedInterceptor::permanent(RecursionDetectionInterceptor::new()),
        SharedInterceptor::permanent(Trailers),
    ];
    for interceptor in interceptors.into_iter().chain(client.interceptors.iter().cloned()) {
        components.push_interceptor(interceptor);
    }
    components
}

/// Whatever requests are authorised with, and what all else rests on.
fn identities(client: &Client) -> RuntimeComponentsBuilder {
    let config = &client.config;
    let mut components = RuntimeComponentsBuilder::new("aws-dynamic");
    components.set_http_client(config.http_client());
    components.set_time_source(config.time_source());
    components.set_sleep_impl(config.sleep_impl());
    components.set_identity_cache(Some(client.identities.clone()));
    components.push_auth_scheme(SharedAuthScheme::new(SigV4AuthScheme::new()));
    components.push_auth_scheme(SharedAuthScheme::new(SigV4aAuthScheme::new()));
    components.push_auth_scheme(SharedAuthScheme::new(BearerAuthScheme::new()));
    if let Some(credentials) = &client.credentials {
        components.set_identity_resolver(SIGV4, credentials.clone());
        components.set_identity_resolver(SIGV4A, credentials.clone());
    }
    if let Some(token) = &client.bearer {
        components.set_identity_resolver(HTTP_BEARER_AUTH_SCHEME_ID, token.clone());
    }
    components
}

/// A request for a URL alone.
#[derive(Debug)]
struct Get(String);

impl SerializeRequest for Get {
    fn serialize_input(&self, _: Input, _: &mut ConfigBag) -> Result<HttpRequest, BoxError> {
        let mut request = HttpRequest::new(SdkBody::empty());
        request.set_method("GET")?;
        request.set_uri(self.0.as_str())?;
        Ok(request)
    }
}

/// An answer that is too large, or that cannot be read, stays so, and the operation is done.
#[derive(Debug)]
struct NoSecondTry;

impl ClassifyRetry for NoSecondTry {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        match context.output_or_error() {
            Some(Err(error)) if is_too_large(error) || is_unreadable(error) => {
                RetryAction::RetryForbidden
            }
            Some(_) | None => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "an answer that stays what it is"
    }
}

fn is_unreadable(error: &(dyn StdError + 'static)) -> bool {
    error.source().is_some_and(|source| source.is::<crate::protocol::Problem>())
}

#[cfg(test)]
mod tests;
