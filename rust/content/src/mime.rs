//! Types of files, by the end of their names.

#[rustfmt::skip]
const TYPES: &[(&str, &str)] = &[
    ("aac", "audio/aac"), ("apk", "application/vnd.android.package-archive"), ("avif", "image/avif"), ("bmp", "image/bmp"),
    ("css", "text/css; charset=utf-8"), ("csv", "text/csv; charset=utf-8"), ("epub", "application/epub+zip"), ("flac", "audio/flac"),
    ("gif", "image/gif"), ("gz", "application/gzip"), ("htm", "text/html; charset=utf-8"), ("html", "text/html; charset=utf-8"),
    ("ico", "image/x-icon"), ("jpeg", "image/jpeg"), ("jpg", "image/jpeg"), ("js", "text/javascript; charset=utf-8"),
    ("json", "application/json"), ("log", "text/plain; charset=utf-8"), ("m4a", "audio/mp4"), ("m4v", "video/mp4"),
    ("md", "text/plain; charset=utf-8"), ("mjs", "text/javascript; charset=utf-8"), ("mkv", "video/x-matroska"), ("mov", "video/quicktime"),
    ("mp3", "audio/mpeg"), ("mp4", "video/mp4"), ("oga", "audio/ogg"), ("ogg", "audio/ogg"), ("ogv", "video/ogg"), ("opus", "audio/ogg"),
    ("otf", "font/otf"), ("pdf", "application/pdf"), ("pmtiles", "application/vnd.pmtiles"), ("png", "image/png"), ("srt", "application/x-subrip"),
    ("svg", "image/svg+xml"), ("ttf", "font/ttf"), ("txt", "text/plain; charset=utf-8"), ("vtt", "text/vtt; charset=utf-8"),
    ("wasm", "application/wasm"), ("wav", "audio/wav"), ("webm", "video/webm"), ("webp", "image/webp"), ("woff", "font/woff"),
    ("woff2", "font/woff2"), ("xhtml", "application/xhtml+xml"), ("xml", "application/xml"), ("zim", "application/x-zim"),
    ("zip", "application/zip"), ("3gp", "video/3gpp"),
];

/// The type of a file of this name.
pub fn of(path: &str) -> &'static str {
    let ending = path.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map(|(_, e)| e.to_ascii_lowercase()).unwrap_or_default();
    TYPES.iter().find(|(e, _)| *e == ending).map_or("application/octet-stream", |(_, mime)| mime)
}
