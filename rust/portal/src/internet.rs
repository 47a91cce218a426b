//! `/internet`: what this phone may use of the internet, and where a voucher or the password is typed. No script, no cookie: a form.

use askama::Template;
use config::Access;
use serde_json::Value;

use crate::lang::{Key, Language};
use crate::pages::{Frame, STYLE, html};
use crate::request::Request;
use crate::response::Response;
use crate::site::Site;

/// Longest text that is passed on, in characters: more than any password or voucher has.
const MAX_TYPED: usize = 200;

/// What netd said of something typed (`POST /gate/enter`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entered {
    /// It is right.
    Welcome,
    /// It is not.
    Wrong,
    /// A voucher with nothing left.
    UsedUp,
    /// Too many wrong ones: wait so many seconds.
    Wait(u64),
    /// Nothing is asked for, or netd does not answer.
    NotNow,
}

impl Entered {
    /// From netd's answer.
    pub fn of(answer: Option<&Value>) -> Self {
        let Some(answer) = answer else { return Self::NotNow };
        match answer["entered"].as_str() {
            Some("welcome") => Self::Welcome,
            Some("wrong") => Self::Wrong,
            Some("used-up") => Self::UsedUp,
            Some("wait") => Self::Wait(answer["wait_s"].as_u64().unwrap_or(20)),
            _ => Self::NotNow,
        }
    }
}

/// What was typed into the form: `application/x-www-form-urlencoded`; `None` if there is no such field or it is no text.
pub fn typed(body: &[u8]) -> Option<String> {
    let body = std::str::from_utf8(body).ok()?;
    let value = body.split('&').find_map(|pair| pair.strip_prefix("code="))?.replace('+', " ");
    let text = percent_encoding::percent_decode_str(&value).decode_utf8().ok()?;
    let text = text.trim();
    (text.chars().count() <= MAX_TYPED).then(|| text.to_owned())
}

/// What people read of their phone's way out; the first page shows it too.
pub(crate) struct Way {
    /// One sentence: how it is.
    pub state: String,
    /// What is left, or when it is on.
    pub more: String,
    /// The form's field: its label and hint; `None`: there is nothing to type.
    pub field: Option<(String, String)>,
    /// The field holds a voucher: the keyboard shows capitals.
    pub voucher: bool,
    /// Somebody else may be using this phone's address.
    pub cloned: bool,
    /// The phone is let through.
    pub open: bool,
}

impl Way {
    /// From netd's `GET /gate/phone`. `None`: the owner wants no internet for visitors.
    pub fn new(lang: &'static Language, site: &Site, phone: Option<&Value>) -> Option<Self> {
        if site.access == Access::Blocked {
            return None;
        }
        let null = Value::Null;
        let phone = phone.unwrap_or(&null);
        let is = |name: &str| phone[name] == Value::Bool(true);
        let (open, may) = (is("open"), is("may"));
        let voucher = site.access == Access::Voucher;
        let left = left(lang, &phone["left"], [Key::NetLeftHours, Key::NetLeftDays, Key::NetLeftBytes]);
        let (state, more) = match () {
            () if !is("online") => (lang.say(Key::NetOffline), left),
            () if !is("on_time") => (lang.say(Key::NetOff), lang.with(Key::NetTimes, "times", site.schedule.join(", "))),
            () if open => (lang.say(Key::NetOpen), left),
            () => (lang.say(if voucher { Key::NetNeedsVoucher } else { Key::NetNeedsPassword }), String::new()),
        };
        let field = match site.access {
            // Who is in may add another, or say again who they are.
            Access::Voucher => Some((lang.say(Key::NetVoucher), lang.say(Key::NetVoucherHint))),
            Access::Password if !may => Some((lang.say(Key::NetPassword), String::new())),
            _ => None,
        };
        Some(Self { state, more, field, voucher, cloned: is("cloned"), open })
    }
}

/// What a voucher has left, in these words for hours, days and bytes.
pub(crate) fn left(lang: &Language, left: &Value, [in_hours, in_days, in_bytes]: [Key; 3]) -> String {
    let Some(units) = left["units"].as_u64() else { return String::new() };
    let (days, hours, minutes) = (units / 86_400, units / 3600, units.div_ceil(60) % 60);
    match left["kind"].as_str() {
        Some("megabytes") => lang.with(in_bytes, "size", lang.size(units)),
        Some("days") if days > 0 => lang.fill(in_days, &[("days", &days), ("hours", &(units / 3600 % 24))]),
        Some("days" | "hours") => lang.fill(in_hours, &[("hours", &hours), ("minutes", &minutes)]),
        _ => String::new(),
    }
}

#[derive(Template)]
#[template(path = "internet.html")]
struct Page<'a> {
    f: Frame<'a>,
    way: Option<Way>,
    said: String,
    value: String,
}

/// `GET /internet`, and `GET /v/CODE`, which a printed voucher's picture leads to: the code stands in the form, ready to be used.
pub fn page(site: &Site, phone: Option<&Value>, request: &Request) -> Response {
    let code = request.path.get(..3).filter(|p| p.eq_ignore_ascii_case("/v/")).map(|_| &request.path[3..]);
    let value = code.filter(|c| c.len() <= 20 && c.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')).unwrap_or_default();
    answer(site, phone, request, 200, "", value)
}

/// The answer to something typed that did not open the way. (What did, leads back to the page: 303.)
pub fn refused(site: &Site, phone: Option<&Value>, request: &Request, entered: Entered) -> Response {
    let lang = Frame::new(site, request, "/internet").lang;
    let (status, said) = match entered {
        Entered::Wrong if site.access == Access::Password => (403, lang.say(Key::NetWrongPassword)),
        Entered::Wrong => (403, lang.say(Key::NetWrongVoucher)),
        Entered::UsedUp => (403, lang.say(Key::NetUsedUp)),
        Entered::Wait(seconds) => (429, lang.with(Key::NetWait, "n", seconds)),
        Entered::Welcome | Entered::NotNow => (503, lang.say(Key::NetNotNow)),
    };
    answer(site, phone, request, status, &said, "")
}

/// 303 back to the page: what was typed is right.
pub fn welcome(site: &Site, request: &Request) -> Response {
    Response::text(303, "").with("location", format!("/internet{}", crate::pages::kept_language(site, request)))
}

fn answer(site: &Site, phone: Option<&Value>, request: &Request, status: u16, said: &str, value: &str) -> Response {
    let f = Frame::new(site, request, "/internet");
    let page = Page { way: Way::new(f.lang, site, phone), said: said.to_owned(), value: value.to_ascii_uppercase(), f };
    html(status, &page, &site.own, page.f.lang)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn site(access: Access) -> Site {
        Site { access, schedule: vec!["mon-fri 08:00-18:00".into()], ..Site::default() }
    }

    fn way(access: Access, phone: Value) -> Way {
        Way::new(Language::english(), &site(access), Some(&phone)).unwrap()
    }

    #[test]
    fn what_is_typed_is_read_and_nonsense_is_not() {
        assert_eq!(typed(b"lang=pt&code=+ABC-def+ghj%20"), Some("ABC-def ghj".into()));
        assert_eq!(typed("code=p%C3%A3o de queijo&x".as_bytes()), Some("pão de queijo".into()));
        let huge = format!("code={}", "é".repeat(5000));
        for bad in [&b""[..], b"cod=1", b"code=%ff", b"\xff\xfe", huge.as_bytes()] {
            assert_eq!(typed(bad), None);
        }
        assert_eq!(typed(b"code=%00%3Cb%3E"), Some("\0<b>".into()), "netd judges it; it is never shown");
    }

    #[test]
    fn a_phone_is_told_how_it_is() {
        let locked = way(Access::Voucher, json!({"open": false, "may": false, "online": true, "on_time": true}));
        assert!(locked.state.contains("voucher") && locked.field.is_some() && !locked.open);
        let open = way(
            Access::Voucher,
            json!({"open": true, "may": true, "online": true, "on_time": true, "left": {"kind": "hours", "units": 5400}}),
        );
        assert!(open.open && open.more.contains("1 h 30 min"), "{}", open.more);
        let days = way(Access::Voucher, json!({"open": true, "online": true, "on_time": true, "left": {"kind": "days", "units": 90_000}}));
        assert!(days.more.contains("1 d 1 h"), "{}", days.more);
        let bytes =
            way(Access::Voucher, json!({"open": true, "online": true, "on_time": true, "left": {"kind": "megabytes", "units": 7_000_000}}));
        assert!(bytes.more.contains("7 MB"), "{}", bytes.more);
        let off = way(Access::Password, json!({"may": true, "online": true, "on_time": false}));
        assert!(off.more.contains("mon-fri 08:00-18:00") && off.field.is_none());
        assert!(way(Access::Open, json!({"online": false})).field.is_none());
        assert!(Way::new(Language::english(), &site(Access::Blocked), None).is_none());
        assert!(!Way::new(Language::english(), &site(Access::Voucher), None).unwrap().open, "netd is silent");
    }

    #[test]
    fn a_printed_code_stands_in_the_form_and_nothing_else_does() {
        let client = crate::Client { ip: std::net::Ipv4Addr::LOCALHOST, continued: false, last_place: false };
        let body = |path: &'static str| page(&site(Access::Voucher), None, &Request::get("10.42.0.1", path, client)).body.into_owned();
        assert!(body("/V/ABCDEFGHJ").contains("value=\"ABCDEFGHJ\"") && body("/v/abc-def-ghj").contains("value=\"ABC-DEF-GHJ\""));
        for bad in ["/v/%22%3E%3Cscript%3E", "/v/", "/v/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "/internet"] {
            assert!(body(bad).contains("value=\"\""), "{bad}");
        }
    }
}
