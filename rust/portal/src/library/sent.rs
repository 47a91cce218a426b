//! How a file of a book is sent: what a browser may do with it.

use content::manifest::Entry;

use super::How;
use crate::files::{self, Head, Part};

/// A page of somebody's web site: an origin of its own that can reach nothing of the portal's.
const SANDBOX: &str = "sandbox allow-scripts allow-popups allow-modals allow-downloads; default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; form-action 'none'; frame-ancestors 'none'";
/// What a browser shows by itself.
const PLAIN: &str = "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'";

/// The validator of a file: its address says what it is.
pub fn etag(entry: &Entry) -> String {
    format!("\"{}\"", entry.cid)
}

/// Status and headers for a part of a book's file.
pub fn head(entry: &Entry, part: &Part, how: How) -> Head {
    let kind = files::kind(&entry.path);
    let mut head = files::head(&entry.path, part, etag(entry), entry.size);
    if head.response.status >= 400 {
        return head;
    }
    head.response
        .headers
        .retain(|(name, _)| !matches!(*name, "content-type" | "content-security-policy" | "content-disposition" | "cache-control"));
    // The address has the bundle's own in it: what is behind it never changes.
    let mut response = head.response.with("cache-control", "public, max-age=31536000, immutable");
    if response.status != 304 {
        // A type that a browser shows by itself goes by our table, whatever its publisher says; all else runs in the sandbox.
        let (mime, policy) = match kind.attachment {
            false => (kind.mime.to_owned(), PLAIN),
            true if entry.mime.is_empty() => (kind.mime.to_owned(), SANDBOX),
            true => (entry.mime.clone(), SANDBOX),
        };
        response = response.with("content-type", mime).with("content-security-policy", policy);
        // The sandbox's own origin must be able to load its fonts and modules.
        response = response.with("access-control-allow-origin", "*").with("referrer-policy", "no-referrer");
        if how == How::Save {
            response = response.with("content-disposition", "attachment");
        }
    }
    head.response = response;
    head
}
