//! What the core answers.

use std::borrow::Cow;

/// A whole answer; the shell adds Content-Length and leaves the body out for HEAD.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// Header names (lower case) and values (visible ASCII).
    pub headers: Vec<(&'static str, Cow<'static, str>)>,
    /// The body; empty with 204 and 304.
    pub body: Cow<'static, str>,
}

impl Response {
    /// An answer with no headers yet.
    pub fn new(status: u16, body: impl Into<Cow<'static, str>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into() }
    }

    /// The same with one header more.
    pub fn with(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Plain text.
    pub fn text(status: u16, body: impl Into<Cow<'static, str>>) -> Self {
        Self::new(status, body)
            .with("content-type", "text/plain; charset=utf-8")
            .with("x-content-type-options", "nosniff")
            .with("cache-control", "no-store")
    }

    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| *n == name).map(|(_, value)| value.as_ref())
    }
}
