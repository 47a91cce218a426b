//! The whole core, request to response.

use std::net::Ipv4Addr;

use super::*;

const NEW: Client = Client { ip: Ipv4Addr::new(10, 42, 0, 7), continued: false, last_place: false };
const CONTINUED: Client = Client { continued: true, ..NEW };
const PORTAL: &str = "http://10.42.0.1/";
const SUCCESS: &str = "<HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Success</BODY></HTML>";
const CANONICAL: &str = "<meta http-equiv=\"refresh\" content=\"0;url=https://support.mozilla.org/kb/captive-portal\"/>";

fn send(site: &Site, request: &Request) -> Response {
    match answer(site, &Surroundings::default(), request) {
        Answer::Send(response) | Answer::Continue(response) => response,
        other => panic!("{other:?}"),
    }
}

fn get(host: &str, target: &str, client: Client) -> Response {
    send(&Site::default(), &Request::get(host, target, client))
}

/// What a row's probe hears: before (`Page` is `None`) and after Continue.
struct Case(&'static str, &'static str, Option<u16>, u16, &'static str);

/// Every row of the probe table as phones ask it. 302 before and 204 after unless the row says otherwise.
#[rustfmt::skip]
const CASES: &[Case] = &[
    Case("connectivitycheck.gstatic.com", "/generate_204", Some(302), 204, ""),
    Case("www.google.com", "/gen_204", Some(302), 204, ""),
    Case("www.google.com", "/generate_204", Some(302), 204, ""),
    Case("play.googleapis.com", "/generate_204", Some(302), 204, ""),
    Case("connectivitycheck.grapheneos.network", "/generate_204", Some(302), 204, ""),
    Case("grapheneos.online", "/gen_204", Some(302), 204, ""),
    Case("connectivitycheck.platform.hicloud.com", "/generate_204", Some(302), 204, ""),
    Case("connectivity.samsung.com.cn", "/generate_204", Some(302), 204, ""),
    Case("connect.rom.miui.com", "/generate_204", Some(302), 204, ""),
    Case("wifi.vivo.com.cn", "/generate_204", Some(302), 204, ""),
    Case("conn1.oppomobile.com", "/generate_204", Some(302), 204, ""),
    Case("a-maker-of-tomorrow.example", "/generate_204", Some(302), 204, ""),
    Case("198.51.100.1", "/gen_204?x=y", Some(302), 204, ""),
    Case("safebrowsing.google.com", "/generate_204", Some(302), 204, ""),
    Case("www.googleapis.com", "/generate_204", Some(302), 204, ""),
    Case("captive.apple.com", "/hotspot-detect.html", None, 200, SUCCESS),
    Case("captive.apple.com", "/", None, 200, SUCCESS),
    Case("captive.apple.com", "/any/other?path", None, 200, SUCCESS),
    Case("CAPTIVE.Apple.com.:80", "/hotspot-detect.html", None, 200, SUCCESS),
    Case("www.apple.com", "/library/test/success.html", None, 200, SUCCESS),
    Case("www.thinkdifferent.us", "/hotspot-detect.html", None, 200, SUCCESS),
    Case("www.msftconnecttest.com", "/connecttest.txt", Some(302), 200, "Microsoft Connect Test"),
    Case("www.msftncsi.com", "/ncsi.txt", Some(302), 200, "Microsoft NCSI"),
    Case("nmcheck.gnome.org", "/check_network_status.txt", Some(302), 200, "NetworkManager is online"),
    Case("connectivity-check.ubuntu.com", "/", Some(302), 200, "NetworkManager is online"),
    Case("network-test.debian.org", "/nm", Some(302), 200, "NetworkManager is online"),
    Case("fedoraproject.org", "/static/hotspot.txt", Some(302), 200, "NetworkManager is online"),
    Case("detectportal.firefox.com", "/canonical.html", Some(302), 200, CANONICAL),
    Case("detectportal.firefox.com", "/success.txt?ipv4", Some(302), 200, "success\n"),
    Case("spectrum.s3.amazonaws.com", "/kindle-wifi/wifistub.html", Some(302), 200, "<html><head><title>Kindle Reachability Probe Page</title></head><body>81ce4465-7167-4dcb-835b-dcc9e44c112a</body></html>"),
    Case("spectrum.s3.amazonaws.com", "/kindle-wifi/wifistub-eink.html", Some(302), 200, "<html><head><title>Kindle Reachability Probe Page</title></head><body>81ce4465-7167-4dcb-835b-dcc9e44c112a</body></html>"),
];

#[test]
fn every_probe_is_captive_then_continued() {
    for Case(host, target, before, status, body) in CASES {
        let name = format!("{host}{target}");
        let captive = get(host, target, NEW);
        match before {
            Some(status) => assert_eq!((captive.status, captive.header("location")), (*status, Some(PORTAL)), "{name}"),
            None => {
                assert_eq!(captive.status, 200, "{name}");
                assert!(captive.body.contains("action=\"http://10.42.0.1/continue\"") && !captive.body.contains("Success"), "{name}");
            }
        }
        let online = get(host, target, CONTINUED);
        assert_eq!((online.status, online.body.as_ref()), (*status, *body), "{name}");
        for response in [captive, online] {
            assert_eq!((response.header("cache-control"), response.header("connection")), (Some("no-store"), Some("close")), "{name}");
        }
    }
}

#[test]
fn every_row_of_the_table_is_reached() {
    for (n, row) in probes::TABLE.iter().enumerate() {
        let host = row.hosts.iter().find(|h| **h != "*").unwrap_or(&"any.example");
        let path = row.paths.iter().find(|p| **p != "*").unwrap_or(&"/");
        let found = probes::find(Some(host), path, "").map(|r| r.client);
        assert_eq!(found, Some(row.client), "row {n}");
    }
}

#[test]
fn network_managers_header_and_windows_browser() {
    assert_eq!(get("nmcheck.gnome.org", "/", CONTINUED).header("x-networkmanager-status"), Some("online"));
    for client in [NEW, CONTINUED] {
        let response = get("www.msftconnecttest.com", "/redirect", client);
        assert_eq!((response.status, response.header("location")), (302, Some(PORTAL)));
    }
}

#[test]
fn apples_agent_gets_the_page_wherever_it_asks() {
    let mut request = Request::get("www.airport.us", "/", NEW);
    request.user_agent = "CaptiveNetworkSupport-355.200.27 wispr";
    assert!(send(&Site::default(), &request).body.contains("On iPhone"));
    request.client = CONTINUED;
    assert_eq!(send(&Site::default(), &request).body, SUCCESS);
    request.host = Some("10.42.0.1".into());
    assert!(send(&Site::default(), &request).body.contains("You are connected"), "at home it is a browser like others");
}

#[test]
fn strangers_hosts_lead_to_the_portal_and_nowhere_else() {
    for host in ["example.org", "198.51.100.1", "10.42.0.2", "p2p.local.evil.example", "", "a b", "evil.example\"><script>", "[::1]"] {
        for target in [
            "/",
            "/continue",
            "/?url=http://evil.example/",
            "//evil.example/",
            "/%0d%0aLocation:%20http://evil.example/",
            "/files/x",
            "/admin/",
            "/healthz",
        ] {
            for client in [NEW, CONTINUED] {
                let response = get(host, target, client);
                assert_eq!((response.status, response.header("location")), (302, Some(PORTAL)), "{host} {target}");
                assert!(!format!("{response:?}").contains("evil"), "{host} {target}");
            }
        }
    }
}

#[test]
fn other_methods_are_captured_too() {
    let mut request = Request::get("example.org", "/generate_204", NEW);
    for method in [Method::Head, Method::Post, Method::Other] {
        request.method = method;
        assert_eq!(send(&Site::default(), &request).status, 302);
    }
    let mut request = Request::get("p2p.local", "/", NEW);
    request.method = Method::Other;
    assert_eq!(send(&Site::default(), &request).status, 405);
}

#[test]
fn continue_marks_and_goes_back_relatively() {
    let site = Site::default();
    for host in ["10.42.0.1", "p2p.local", "localhost:8080"] {
        let mut request = Request::get(host, "/continue?lang=pt", NEW);
        request.method = Method::Post;
        match answer(&site, &Surroundings::default(), &request) {
            Answer::Continue(response) => assert_eq!((response.status, response.header("location")), (303, Some("/?lang=pt"))),
            other => panic!("{other:?}"),
        }
        request.method = Method::Get;
        assert!(matches!(answer(&site, &Surroundings::default(), &request), Answer::Send(r) if r.status == 303), "a GET marks nobody");
        request.query = "lang=//evil.example";
        assert_eq!(send(&site, &request).header("location"), Some("/"));
    }
}

#[test]
fn a_hostile_community_name_is_only_text() {
    let mut settings = config::Settings::default();
    settings.community.name = "</title><script>alert(1)</script>\" onload=\"x' & {{ 7 }}".into();
    let site = Site::new(&settings, Vec::new());
    let entry = files::Entry { name: "\"><img src=x onerror=alert(1)>.txt".into(), size: 1 };
    let problem = config::Problem { line: 1, key: "<b>".into(), reason: "<script>".into() };
    let around = Surroundings { files: std::slice::from_ref(&entry), ..Default::default() };
    let site = Site { problems: vec![problem], ..site };
    for path in ["/", "/files/", "/admin/", "/nothing"] {
        let body = match answer(&site, &around, &Request::get("p2p.local", path, NEW)) {
            Answer::Send(response) => response.body,
            other => panic!("{other:?}"),
        };
        for bad in ["<script>", "<img", "onload=\"", "<b>:"] {
            assert!(!body.contains(bad), "{bad} on {path}");
        }
    }
}

#[test]
fn the_rescue_system_says_what_to_do_in_every_language() {
    let site = Site { rescue: true, ..Site::default() };
    for (code, word) in
        [("en", "needs a repair"), ("pt", "precisa de conserto"), ("es", "necesita una reparación"), ("fr", "besoin d&#39;une réparation")]
    {
        let mut request = Request::get("p2p.local", "/", NEW);
        request.accept_language = code;
        let page = send(&site, &request);
        for part in [word, "p2p-hotspot.update", "action=\"/continue\"", &format!("lang=\"{code}\"")] {
            assert!(page.body.contains(part), "{code}: {part} in {}", page.body);
        }
        assert_eq!(page.header("refresh"), Some("10"));
        assert!(needs(&site, &request).updates && !needs(&Site::default(), &request).updates);
    }
    let apple = Request::get("captive.apple.com", "/hotspot-detect.html", NEW);
    assert!(send(&site, &apple).body.contains("needs a repair"), "where the phone's own window opens");
    let updates = (serde_json::json!({"state": "writing", "progress": 0.43}), serde_json::Value::Null);
    let around = Surroundings { updates: Some(&updates), ..Default::default() };
    match answer(&site, &around, &Request::get("p2p.local", "/", CONTINUED)) {
        Answer::Send(page) => assert!(page.body.contains("43 %") && !page.body.contains("<form")),
        other => panic!("{other:?}"),
    }
}

#[test]
fn pages_speak_the_visitors_language_and_links_keep_it() {
    let site = Site::default();
    let mut request = Request::get("p2p.local", "/", NEW);
    request.accept_language = "fr-CH, fr;q=0.9, en;q=0.8";
    let page = send(&site, &request);
    assert!(page.body.contains("<html lang=\"fr\" dir=\"ltr\">") && page.body.contains("action=\"/continue\""));
    assert_eq!(page.header("content-language"), Some("fr"));
    request.query = "lang=es";
    assert!(send(&site, &request).body.contains("action=\"/continue?lang=es\""));
    let mut settings = config::Settings::default();
    settings.community.languages = vec!["pt".into()];
    let page = send(&Site::new(&settings, Vec::new()), &request);
    assert!(page.body.contains("lang=\"pt\"") && !page.body.contains("?lang="), "one language: no switch");
}

#[test]
fn each_kind_of_phone_reads_its_own_words() {
    let mut request = Request::get("p2p.local", "/", NEW);
    for (agent, yes, no) in [
        ("Android 14", "Use this network as is", "Use Without Internet"),
        ("iPhone", "Use Without Internet", "Use this network as is"),
        ("X11; Linux", "On this device", "On Android"),
    ] {
        request.user_agent = agent;
        let body = send(&Site::default(), &request).body;
        assert!(body.contains(yes) && !body.contains(no), "{agent}");
    }
}

#[test]
fn the_last_phone_sees_that_the_box_is_full_until_it_continues() {
    let around = Surroundings { phone_limit: Some(8), ..Default::default() };
    let page = |client| match answer(&Site::default(), &around, &Request::get("captive.apple.com", "/", client)) {
        Answer::Send(response) => response.body,
        other => panic!("{other:?}"),
    };
    let last = Client { last_place: true, ..NEW };
    assert!(page(last).contains("The box is full") && page(last).contains("8 phones at a time") && page(last).contains("/continue\""));
    assert!(!page(NEW).contains("The box is full"));
}

#[test]
fn the_first_page_fits_whatever_lies_in_the_folder() {
    let files: Vec<_> = (0..500).map(|n| files::Entry { name: format!("{n}{}", "\"é".repeat(80)), size: 1 << 40 }).collect();
    let around = Surroundings { files: &files, ..Default::default() };
    let mut settings = config::Settings::default();
    settings.community.name = "\"".repeat(80);
    for agent in ["Android", "iPhone", ""] {
        let mut request = Request::get("captive.apple.com", "/?lang=fr", Client { last_place: true, ..NEW });
        request.user_agent = agent;
        let Answer::Send(page) = answer(&Site::new(&settings, Vec::new()), &around, &request) else { panic!() };
        assert!(page.body.len() < 49_000, "{} bytes", page.body.len());
        assert!(page.body.contains("500"), "the rest is one link away");
    }
}

#[test]
fn pages_ask_no_other_host_and_run_nothing() {
    for path in ["/", "/files/", "/nothing"] {
        let page = get("p2p.local", path, NEW);
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("script-src") && policy.contains("'sha256-"));
        assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
        for bad in ["<script", "src=", "@import", "url(", "https://"] {
            assert!(!page.body.contains(bad), "{bad} on {path}");
        }
        for address in page.body.split("http://").skip(1) {
            assert!(address.starts_with("10.42.0.1") || address.starts_with("p2p.local"), "{address:.40}");
        }
        assert!(page.body.contains("<main") && page.body.contains("<html lang="));
    }
}

#[test]
fn the_owners_page_runs_our_files_and_nothing_else() {
    let page = get("p2p.local", "/admin/", NEW);
    let policy = page.header("content-security-policy").unwrap();
    assert!(
        policy.starts_with("default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self' 'unsafe-inline' 'sha256-"),
        "{policy}"
    );
    assert!(page.body.contains("<noscript>"));
    for script in page.body.split("<script").skip(1) {
        let source = script.strip_prefix(" src=\"/admin/").and_then(|rest| rest.split('"').next());
        let Some(source) = source else {
            assert!(script.starts_with(" type=\"application/json\" id=\"words\">{"), "{script:.60}");
            continue;
        };
        let asset = get("p2p.local", &format!("/admin/{source}"), NEW);
        assert_eq!((asset.status, asset.header("content-type")), (200, Some("text/javascript; charset=utf-8")), "{source}");
        let mut again = Request::get("p2p.local", "/admin/page.js", NEW);
        let etag = get("p2p.local", "/admin/page.js", NEW).header("etag").unwrap().to_owned();
        again.conditions.if_none_match = &etag;
        assert_eq!(send(&Site::default(), &again).status, 304);
    }
    assert_eq!(get("p2p.local", "/admin/nothing.js", NEW).status, 404);
    for language in &lang::LANGUAGES {
        let words: serde_json::Value = serde_json::from_str(&language.owner_words()).unwrap();
        assert_eq!(words["o-save"].as_str().unwrap(), language.say(lang::Key::OSave));
        assert!(words["o-step"].as_str().unwrap().contains("{n}"));
    }
}

#[test]
fn the_owners_doors_are_for_post_and_at_home_only() {
    let mut request = Request::get("p2p.local", "/admin/api/login", NEW);
    assert_eq!(send(&Site::default(), &request).status, 404);
    request.method = Method::Post;
    assert!(matches!(answer(&Site::default(), &Surroundings::default(), &request), Answer::Owner(Door::Login)));
    request.host = Some("example.org".into());
    assert_eq!(send(&Site::default(), &request).status, 302);
}

#[test]
fn files_are_named_safely_or_not_at_all() {
    let ask = |target| answer(&Site::default(), &Surroundings::default(), &Request::get("p2p.local", target, NEW));
    assert!(matches!(ask("/files/a%20b/c.mp3?lang=pt"), Answer::File(name) if name == "a b/c.mp3"));
    for target in ["/files/../secret", "/files/%2e%2e/secret", "/files//etc/passwd", "/files/.hidden"] {
        assert!(matches!(ask(target), Answer::Send(r) if r.status == 404), "{target}");
    }
    assert!(matches!(ask("/healthz"), Answer::Health));
    assert!(matches!(ask("/metrics"), Answer::Metrics));
}

#[test]
fn guides_are_whole_in_every_language_and_follow_the_owners_rule() {
    for guide in &guides::GUIDES {
        for language in ["en", "pt", "es", "fr"] {
            let page = get("p2p.local", &format!("/guide/{}?lang={language}", guide.name), NEW);
            assert_eq!((page.status, page.header("content-language")), (200, Some(language)), "{}", guide.name);
            assert!(page.body.contains("role=\"img\" aria-label=\"") && page.body.contains(&format!("/guide/{}?lang=pt", guide.name)));
        }
        assert!(get("p2p.local", "/", NEW).body.contains(&format!("href=\"/guide/{}\"", guide.name)));
    }
    assert_eq!(get("p2p.local", "/guide/other", NEW).status, 404);
    assert!(get("captive.apple.com", "/", NEW).body.contains("href=\"http://10.42.0.1/guide/stay\""), "links of a captured page lead home");
}

#[test]
fn the_shell_is_told_what_a_request_needs() {
    let site = Site::default();
    let of = |host, target| needs(&site, &Request::get(host, target, NEW));
    assert_eq!(
        of("captive.apple.com", "/"),
        Needs { identity: true, place: true, library: true, files: true, status: false, updates: false, way: false, captured: true }
    );
    assert_eq!(
        of("www.google.com", "/gen_204"),
        Needs { identity: false, place: false, library: false, files: false, status: false, updates: false, way: false, captured: true }
    );
    assert_eq!(
        of("p2p.local", "/admin/update"),
        Needs { identity: false, place: false, library: false, files: false, status: false, updates: true, way: false, captured: false }
    );
    assert_eq!(
        of("p2p.local", "/admin/"),
        Needs { identity: false, place: false, library: false, files: false, status: true, updates: false, way: false, captured: false }
    );
}

#[test]
fn settings_problems_are_on_the_admin_side() {
    let problem = config::Problem { line: 12, key: "wifi.ssid".into(), reason: "40 bytes, at most 32".into() };
    let site = Site { problems: vec![problem], ..Site::default() };
    for lang in ["en", "pt", "es", "fr"] {
        let target = format!("/admin/?lang={lang}");
        let Answer::Send(page) = answer(&site, &Surroundings::default(), &Request::get("p2p.local", &target, NEW)) else { panic!() };
        for part in ["12", "wifi.ssid", "40 bytes, at most 32"] {
            assert!(page.body.contains(part), "{part} in {lang}");
        }
    }
}
