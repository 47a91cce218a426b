//! Raw bytes of a connection → hyper → `portal::Request` → answer → bytes out, as portald does it, over a pipe in memory.
#![no_main]

use std::convert::Infallible;
use std::net::Ipv4Addr;

use bytes::Bytes;
use http_body_util::Full;
use hyper::service::service_fn;
use portal::files::{self, Entry};
use portal::{Answer, Client, Request, Response, Site, Surroundings};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((&flags, bytes)) = data.split_first() else { return };
    RUNTIME.with(|runtime| runtime.block_on(talk(flags, bytes)));
});

thread_local! {
    static RUNTIME: tokio::runtime::Runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    static SITE: Site = Site::default();
}

/// One connection: everything is sent, the sending side closed, and every answer read and looked at.
async fn talk(flags: u8, bytes: &[u8]) {
    let (mut near, far) = tokio::io::duplex(1 << 20);
    near.write_all(bytes).await.unwrap();
    near.shutdown().await.unwrap();
    let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| async move {
        Ok::<_, Infallible>(respond(flags, &request.into_parts().0))
    });
    let _ = hyper::server::conn::http1::Builder::new()
        .max_buf_size(8192)
        .max_headers(64)
        .half_close(true)
        .auto_date_header(false)
        .serve_connection(hyper_util::rt::TokioIo::new(far), service)
        .await;
    let mut out = Vec::new();
    near.read_to_end(&mut out).await.unwrap();
    let text = String::from_utf8(out).unwrap();
    for line in text.split("\r\n") {
        if let Some(to) = line.strip_prefix("location: ") {
            assert!(to == "http://10.42.0.1/" || (to.starts_with('/') && !to.starts_with("//")), "redirects to {to}");
        }
    }
}

fn respond(flags: u8, parts: &http::request::Parts) -> hyper::Response<Full<Bytes>> {
    let client = Client { ip: Ipv4Addr::new(10, 42, 0, 9), continued: flags & 1 != 0, last_place: flags & 2 != 0 };
    let Ok(request) = Request::from_parts(parts, client) else { return out(Response::text(400, "")) };
    let list = [Entry { name: "a \"<b>&.txt".into(), size: 1234 }];
    let around = Surroundings { files: if flags & 4 != 0 { &list } else { &[] }, phone_limit: Some(8), ..Surroundings::default() };
    SITE.with(|site| {
        let _ = portal::needs(site, &request);
        match portal::answer(site, &around, &request) {
            Answer::Send(response) | Answer::Continue(response) => out(response),
            // What the shell answers from elsewhere.
            Answer::Health
            | Answer::Metrics
            | Answer::Entry { .. }
            | Answer::Reading { .. }
            | Answer::Gateway(_)
            | Answer::Picture
            | Answer::Owner(_)
            | Answer::Enter
            | Answer::Machine(_) => out(Response::text(200, "")),
            Answer::File(name) => {
                assert!(files::is_safe(&name), "{name:?}");
                assert_eq!(portal::not_found(site, &request).status, 404);
                let size = u64::from(flags);
                let tag = files::etag(77, size);
                let head = files::head(&name, &files::part(request.conditions, &tag, size), tag, size);
                assert!(head.offset + head.length <= size);
                out(head.response)
            }
        }
    })
}

fn out(response: Response) -> hyper::Response<Full<Bytes>> {
    // The owner's scripts may be larger than a visitor's page.
    let script = response.header("content-type").is_some_and(|t| t.starts_with("text/javascript"));
    assert!(response.body.len() < if script { 100_000 } else { 50_000 });
    let mut builder = hyper::Response::builder().status(response.status);
    for (name, value) in &response.headers {
        builder = builder.header(*name, value.as_ref());
    }
    builder.body(Full::new(Bytes::from(response.body.into_owned()))).unwrap()
}
