//! HTTP: requests to calls, calls to behaviour, results to answers.
//!
//! A request goes through the steps of SRV-1 in their order: framing ([`connection`]), route and syntax
//! ([`call`]), who asks and whether they may ([`crate::access`]), the body's limits ([`body`]), the work.

pub(crate) mod answer;
mod blobs;
pub(crate) mod body;
pub(crate) mod call;
mod conditional;
pub(crate) mod connection;
mod framing;
mod listings;
mod manifests;
mod operating;
pub(crate) mod query;
pub(crate) mod render;
mod search;
pub(crate) mod service;
mod uploads;
