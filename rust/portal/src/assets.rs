//! The owner's page's scripts and style: part of the program, kept by browsers while their validator holds.

use crate::files::Conditions;
use crate::response::Response;

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// Is there such a file?
pub fn is(name: &str) -> bool {
    ASSETS.iter().any(|(known, ..)| *known == name)
}

/// The file, or that the browser has it already.
pub fn answer(name: &str, conditions: Conditions) -> Response {
    let Some((_, text, etag)) = ASSETS.iter().find(|(known, ..)| *known == name) else { return Response::text(404, "not here\n") };
    let kind = if name.ends_with(".css") { "text/css; charset=utf-8" } else { "text/javascript; charset=utf-8" };
    let response = if conditions.if_none_match.contains(etag) { Response::new(304, "") } else { Response::new(200, *text) };
    response.with("content-type", kind).with("etag", *etag).with("cache-control", "no-cache").with("x-content-type-options", "nosniff")
}
