//! A decoder of whatever codec: detected, counted, limited.

use std::io::{self, Read};
use std::sync::Arc;

use super::input::{Input, Watch};
use super::table::{Codec, HEAD_BYTES};
use crate::error::{Error, InflateFault};
use crate::limits::{Limits, RATIO_GRACE_BYTES};

/// Which codecs a stream may be in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accept {
    /// gzip, zstd and none, as layers are.
    Layer,
    /// bzip2 and xz too, as archives that people have may be.
    Archive,
}

/// The inflated bytes of a stream.
pub struct Decoder<'a> {
    codec: Codec,
    inner: Box<dyn Read + Send + 'a>,
    watch: Arc<Watch>,
    out_bytes: u64,
    limits: Limits,
    /// What was wrong before: some codecs would say next that the stream has ended.
    fault: Option<InflateFault>,
}

impl<'a> Decoder<'a> {
    /// Looks at the head of a stream and opens it. The media type has no say (TAR-19).
    ///
    /// # Errors
    /// A stream that fails, is empty, or is in a codec that is not accepted.
    pub fn open(stream: impl Read + Send + 'a, accept: Accept, limits: Limits) -> Result<Decoder<'a>, Error> {
        let mut input = Input::new(Box::new(stream));
        let watch = input.watch();
        let head =
            input.peek(HEAD_BYTES).map_err(|error| Error::Read(watch.take_error().unwrap_or(error)))?;
        if head.is_empty() {
            return Err(Error::Inflate(InflateFault::Empty));
        }
        let codec = Codec::detect(head);
        if accept == Accept::Layer && !codec.row().is_for_layers {
            return Err(Error::Inflate(InflateFault::NotForLayers(codec.name())));
        }
        let inner = (codec.row().decode)(input)?;
        Ok(Decoder { codec, inner, watch, out_bytes: 0, limits, fault: None })
    }

    /// The codec that was found.
    pub fn codec(&self) -> Codec {
        self.codec
    }

    fn count(&mut self, n: usize) -> Result<(), InflateFault> {
        self.out_bytes += n as u64;
        let found = self.out_bytes;
        let max = self.limits.unpacked_bytes;
        if found > max {
            return Err(InflateFault::Limit { limit: "LAYER_UNPACKED_BYTES_MAX", max, found });
        }
        let max = self.limits.ratio;
        let allowed = self.watch.bytes().saturating_mul(max).max(RATIO_GRACE_BYTES);
        if self.codec != Codec::Plain && found > allowed {
            let found = found / self.watch.bytes().max(1);
            return Err(InflateFault::Limit { limit: "RATIO_MAX", max, found });
        }
        Ok(())
    }

    /// Tells the stream's own errors from the codec's.
    fn sort(&self, error: io::Error) -> Result<InflateFault, io::Error> {
        if let Some(below) = self.watch.take_error() {
            return Err(below);
        }
        let codec = self.codec.name();
        Ok(match error.downcast::<InflateFault>() {
            Ok(fault) => fault,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => InflateFault::Truncated(codec),
            Err(error) => InflateFault::Damaged { codec, what: error.to_string() },
        })
    }
}

impl Read for Decoder<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if let Some(fault) = &self.fault {
            return Err(fault.clone().into());
        }
        let outcome = match self.inner.read(out) {
            Ok(n) => self.count(n).map(|()| n),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Err(error),
            Err(error) => Err(self.sort(error)?),
        };
        outcome.map_err(|fault| {
            self.fault = Some(fault.clone());
            fault.into()
        })
    }
}

impl std::fmt::Debug for Decoder<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decoder")
            .field("codec", &self.codec)
            .field("out_bytes", &self.out_bytes)
            .finish_non_exhaustive()
    }
}
