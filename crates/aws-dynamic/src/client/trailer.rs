//! The checksum of a body from a stream, after the body: it is summed while it is sent, in the
//! encoding `aws-chunked` of S3. Over TLS the body's pieces are not signed, as in AWS's own clients;
//! without TLS each is.

use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use aws_runtime::auth::PayloadSigningOverride;
use aws_runtime::content_encoding::{AwsChunkedBody, AwsChunkedBodyOptions, DeferredSigner};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextMut;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::{Error, SdkBody};
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use http_body::{Body, Frame, SizeHint};

use super::digest::{Algorithm, Sum};

/// Says that a request's body is to be followed by its checksum.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trailer(pub Algorithm);

impl Storable for Trailer {
    type Storer = StoreReplace<Self>;
}

/// The length of `x-amz-trailer-signature:` and 64 digits.
const SIGNATURE: u64 = 88;

/// Encodes the bodies of requests that have a `Trailer`, anew for each attempt.
#[derive(Debug)]
pub(super) struct Trailers;

#[dyn_dispatch_hint]
impl Intercept for Trailers {
    fn name(&self) -> &'static str {
        "checksums after bodies"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(Trailer(algorithm)) = cfg.load::<Trailer>().copied() else { return Ok(()) };
        let request = context.request_mut();
        let length = request.body().content_length().ok_or("the body's length is not known")?;
        // `name:value`
        let line = algorithm.header().len() as u64 + 1 + algorithm.text_length();
        let mut options = AwsChunkedBodyOptions::new(length, vec![line]);
        let state = cfg.interceptor_state();
        if request.uri().starts_with("https:") {
            state.store_put(PayloadSigningOverride::StreamingUnsignedPayloadTrailer);
        } else {
            let (signer, sender) = DeferredSigner::new();
            options = options.signed_chunked_encoding(true).with_trailer_len(SIGNATURE);
            state.store_put(signer);
            state.store_put(sender);
            state.store_put(PayloadSigningOverride::StreamingSignedPayloadTrailer);
        }
        let headers = request.headers_mut();
        let encoding = match headers.get("content-encoding") {
            Some(own) => format!("{own},aws-chunked"),
            None => "aws-chunked".to_owned(),
        };
        headers.try_insert("content-encoding", encoding)?;
        headers.try_insert("x-amz-decoded-content-length", length.to_string())?;
        headers.try_insert("x-amz-trailer", algorithm.header())?;
        headers.try_insert("content-length", options.encoded_length().to_string())?;
        state.store_put(options);
        Ok(())
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(Trailer(algorithm)) = cfg.load::<Trailer>().copied() else { return Ok(()) };
        let Some(options) = cfg.load::<AwsChunkedBodyOptions>().cloned() else { return Ok(()) };
        let body = mem::replace(context.request_mut().body_mut(), SdkBody::taken());
        let summed = Summed { body, algorithm, sum: Some(algorithm.sum()) };
        let chunked = AwsChunkedBody::new(summed, options);
        *context.request_mut().body_mut() = match cfg.load::<DeferredSigner>().cloned() {
            Some(signer) => SdkBody::from_body_1_x(chunked.with_signer(signer)),
            None => SdkBody::from_body_1_x(chunked),
        };
        Ok(())
    }
}

/// A body that ends with its sum.
struct Summed {
    body: SdkBody,
    algorithm: Algorithm,
    /// Until it has been told.
    sum: Option<Sum>,
}

impl Summed {
    fn trailers(&mut self) -> Option<Result<Frame<Bytes>, Error>> {
        let text = self.sum.take()?.text();
        let name = HeaderName::from_static(self.algorithm.header());
        let value = match HeaderValue::try_from(text) {
            Ok(value) => value,
            Err(error) => return Some(Err(error.into())),
        };
        let mut trailers = HeaderMap::new();
        trailers.insert(name, value);
        Some(Ok(Frame::trailers(trailers)))
    }
}

impl Body for Summed {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        Poll::Ready(match frame {
            Some(Ok(frame)) => {
                if let (Some(data), Some(sum)) = (frame.data_ref(), &mut self.sum) {
                    sum.add(data);
                }
                Some(Ok(frame))
            }
            Some(Err(error)) => Some(Err(error)),
            None => self.trailers(),
        })
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
