//! How each system asks "is there internet?", and what it hears: one table, one row a client, so that a report from
//! the field is a one-line fix. Sources are in `docs/portal.md`.

use std::net::Ipv4Addr;

use crate::response::Response;

/// What a client hears before its owner tapped Continue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Captive {
    /// 302 to the portal.
    Redirect,
    /// 200 with the portal page itself.
    Page,
}

/// What it hears afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Continued {
    /// 204 without a body.
    NoContent,
    /// 200 with exactly this body, of this type.
    Body(&'static str, &'static str),
    /// 302 to the portal still: a person's browser asks here, not a probe.
    Redirect,
}

/// One client's probe.
#[derive(Debug)]
pub struct Row {
    /// Whose it is, for people.
    pub client: &'static str,
    /// Hosts; `*` is any, none or a broken one too.
    pub hosts: &'static [&'static str],
    /// Paths; `*` is any.
    pub paths: &'static [&'static str],
    /// A word in the User-Agent that also selects the row, whatever host and path; empty for none.
    pub agent: &'static str,
    /// The answer before Continue.
    pub captive: Captive,
    /// The answer after it.
    pub continued: Continued,
}

const HTML: &str = "text/html; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";

/// NetworkManager reads the header first and the body else; each distribution has its own host.
pub const NETWORK_MANAGER_HEADER: (&str, &str) = ("x-networkmanager-status", "online");

/// The table; the first row that fits answers.
#[rustfmt::skip]
pub static TABLE: &[Row] = &[
    Row { client: "Apple", hosts: &["captive.apple.com"], paths: &["*"], agent: "CaptiveNetworkSupport", captive: Captive::Page,
          continued: Continued::Body(HTML, "<HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Success</BODY></HTML>") },
    Row { client: "Apple, older", hosts: &["*"], paths: &["/hotspot-detect.html", "/library/test/success.html"], agent: "", captive: Captive::Page,
          continued: Continued::Body(HTML, "<HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Success</BODY></HTML>") },
    Row { client: "Android", hosts: &["connectivitycheck.gstatic.com", "connectivitycheck.android.com", "www.google.com", "play.googleapis.com", "clients3.google.com", "www.gstatic.com"],
          paths: &["/generate_204", "/gen_204"], agent: "", captive: Captive::Redirect, continued: Continued::NoContent },
    Row { client: "GrapheneOS", hosts: &["connectivitycheck.grapheneos.network", "grapheneos.online"],
          paths: &["/generate_204", "/gen_204"], agent: "", captive: Captive::Redirect, continued: Continued::NoContent },
    Row { client: "ChromeOS", hosts: &["safebrowsing.google.com", "www.googleapis.com"],
          paths: &["/generate_204"], agent: "", captive: Captive::Redirect, continued: Continued::NoContent },
    Row { client: "Huawei", hosts: &["connectivitycheck.platform.hicloud.com"], paths: &["*"], agent: "", captive: Captive::Redirect, continued: Continued::NoContent },
    Row { client: "Samsung in China", hosts: &["connectivity.samsung.com.cn"], paths: &["*"], agent: "", captive: Captive::Redirect, continued: Continued::NoContent },
    Row { client: "Xiaomi", hosts: &["connect.rom.miui.com"], paths: &["*"], agent: "", captive: Captive::Redirect, continued: Continued::NoContent },
    Row { client: "Vivo", hosts: &["wifi.vivo.com.cn"], paths: &["*"], agent: "", captive: Captive::Redirect, continued: Continued::NoContent },
    Row { client: "Oppo", hosts: &["conn1.oppomobile.com", "conn2.oppomobile.com"], paths: &["*"], agent: "", captive: Captive::Redirect, continued: Continued::NoContent },
    // Makers keep inventing hosts; the path is what they share.
    Row { client: "Android, any maker", hosts: &["*"], paths: &["/generate_204", "/gen_204"], agent: "", captive: Captive::Redirect, continued: Continued::NoContent },
    Row { client: "Windows", hosts: &["www.msftconnecttest.com", "ipv6.msftconnecttest.com"], paths: &["/connecttest.txt"], agent: "", captive: Captive::Redirect,
          continued: Continued::Body(TEXT, "Microsoft Connect Test") },
    Row { client: "Windows' browser", hosts: &["www.msftconnecttest.com"], paths: &["/redirect"], agent: "", captive: Captive::Redirect, continued: Continued::Redirect },
    Row { client: "Windows, older", hosts: &["www.msftncsi.com", "ipv6.msftncsi.com"], paths: &["/ncsi.txt"], agent: "", captive: Captive::Redirect,
          continued: Continued::Body(TEXT, "Microsoft NCSI") },
    Row { client: "NetworkManager", hosts: &["nmcheck.gnome.org", "connectivity-check.ubuntu.com", "network-test.debian.org", "ping.archlinux.org", "conncheck.opensuse.org", "ping.manjaro.org", "networkcheck.kde.org"],
          paths: &["*"], agent: "", captive: Captive::Redirect, continued: Continued::Body(TEXT, "NetworkManager is online") },
    Row { client: "NetworkManager on Fedora", hosts: &["fedoraproject.org"], paths: &["/static/hotspot.txt"], agent: "", captive: Captive::Redirect,
          continued: Continued::Body(TEXT, "NetworkManager is online") },
    Row { client: "Firefox", hosts: &["detectportal.firefox.com"], paths: &["/canonical.html"], agent: "", captive: Captive::Redirect,
          continued: Continued::Body(HTML, "<meta http-equiv=\"refresh\" content=\"0;url=https://support.mozilla.org/kb/captive-portal\"/>") },
    Row { client: "Firefox, older", hosts: &["detectportal.firefox.com"], paths: &["/success.txt"], agent: "", captive: Captive::Redirect,
          continued: Continued::Body(TEXT, "success\n") },
    Row { client: "Kindle", hosts: &["spectrum.s3.amazonaws.com"], paths: &["/kindle-wifi/wifistub.html", "/kindle-wifi/wifistub-eink.html"], agent: "", captive: Captive::Redirect,
          continued: Continued::Body(HTML, "<html><head><title>Kindle Reachability Probe Page</title></head><body>81ce4465-7167-4dcb-835b-dcc9e44c112a</body></html>") },
];

/// The row for a captured request.
pub fn find(host: Option<&str>, path: &str, user_agent: &str) -> Option<&'static Row> {
    let fits = |patterns: &[&str], text: Option<&str>| patterns.iter().any(|&p| p == "*" || Some(p) == text);
    TABLE
        .iter()
        .find(|row| (!row.agent.is_empty() && user_agent.contains(row.agent)) || (fits(row.hosts, host) && fits(row.paths, Some(path))))
}

/// 302 to the portal by its address: the one redirect that strangers' hosts get; nothing of the request is in it.
pub fn redirect(address: Ipv4Addr) -> Response {
    never_kept(
        Response::new(302, format!("<!doctype html><title>Portal</title><a href=\"http://{address}/\">http://{address}/</a>\n"))
            .with("location", format!("http://{address}/"))
            .with("content-type", HTML),
    )
}

/// What a probe hears once its client has continued.
pub fn online(row: &Row, address: Ipv4Addr) -> Response {
    match row.continued {
        Continued::NoContent => never_kept(Response::new(204, "")),
        Continued::Redirect => redirect(address),
        Continued::Body(kind, body) => {
            let response = never_kept(Response::new(200, body).with("content-type", kind));
            if row.client.starts_with("NetworkManager") {
                response.with(NETWORK_MANAGER_HEADER.0, NETWORK_MANAGER_HEADER.1)
            } else {
                response
            }
        }
    }
}

/// A probe's answer is never stored, and its connection never reused.
pub fn never_kept(response: Response) -> Response {
    response.with("cache-control", "no-store").with("connection", "close")
}
