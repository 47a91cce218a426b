//! Statistics for the owner: countd's days as charts and as a table for a spreadsheet, with the titles that contentd knows.

use std::collections::BTreeMap;

use counts::{Bar, Day, bars};
use portal::lang::Key;
use serde_json::{Value, json};

use super::api::{language, pass_on};
use super::sticks;
use crate::countd::day_of;

/// Days of the charts.
const SHOWN: usize = 30;
/// Bundles of the list of what is read most.
const MOST_READ: usize = 10;

fn days(n: usize) -> Result<Vec<Day>, (u16, Value)> {
    let (status, body) = pass_on("countd", &format!("/days?n={n}"), None);
    if status != 200 {
        return Err((status, body));
    }
    Ok(body["days"].as_array().into_iter().flatten().filter_map(day_of).collect())
}

fn titles() -> BTreeMap<String, String> {
    let (_, status) = pass_on("contentd", "/status", None);
    let bundles = status["bundles"].as_array().into_iter().flatten();
    bundles.filter_map(|b| Some((b["root"].as_str()?.to_owned(), b["title"].as_str()?.to_owned()))).collect()
}

/// `GET /stats?lang=xx`: charts of the last days, and what was read most in them.
pub fn charts(query: &str) -> (u16, Value) {
    let lang = language(query);
    let days = match days(SHOWN) {
        Ok(days) => days,
        Err(no) => return no,
    };
    let titles = titles();
    let by_day = |value: fn(&Day) -> u64| {
        days.iter().map(|d| Bar { label: d.date.get(5..).unwrap_or("?").to_owned(), value: value(d) }).collect::<Vec<_>>()
    };
    let hours: Vec<Bar> =
        (0..24).map(|h| Bar { label: format!("{h:02}"), value: days.iter().map(|d| u64::from(d.hours[h])).sum() }).collect();
    let chart = |key: Key, data: &[Bar]| json!({"title": lang.say(key), "svg": bars(&lang.say(key), data)});
    let charts = [
        chart(Key::StatsPhones, &by_day(|d| d.phones.into())),
        chart(Key::StatsHours, &hours),
        chart(Key::StatsServed, &by_day(|d| d.served / 1_000_000)),
        chart(Key::StatsInternet, &by_day(|d| (d.internet.0 + d.internet.1) / 1_000_000)),
        chart(Key::StatsUp, &by_day(|d| u64::from(d.minutes) / 60)),
    ];
    let mut reads: BTreeMap<&str, u64> = BTreeMap::new();
    for (root, n) in days.iter().flat_map(|d| &d.reads) {
        *reads.entry(root).or_default() += u64::from(*n);
    }
    let mut reads: Vec<(&str, u64)> = reads.into_iter().collect();
    reads.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    let most: Vec<Value> =
        reads.iter().take(MOST_READ).map(|(root, n)| json!({"title": titles.get(*root).map_or(*root, |t| t), "times": n})).collect();
    let today = days.last().map(|d| json!({"date": d.date, "phones": d.phones}));
    (200, json!({"charts": charts, "most": most, "today": today}))
}

/// `GET /stats/csv`: every day that is kept.
pub fn csv() -> (u16, Value) {
    match days(usize::MAX) {
        Ok(days) => (200, json!({"csv": table(&days)})),
        Err(no) => no,
    }
}

fn table(days: &[Day]) -> String {
    let titles = titles();
    counts::csv(days, |root| titles.get(root).cloned())
}

/// `POST /stats/stick {stick}`: the same table onto a stick. Answers with contentd's `{job}`.
pub fn onto_stick(body: &Value) -> (u16, Value) {
    sticks::with(body, |to| match days(usize::MAX) {
        Ok(days) => {
            let name = format!("statistics-{}.csv", days.last().map_or("days", |day| &day.date));
            pass_on("contentd", "/put", Some(&json!({"to": to, "name": name, "text": table(&days)})))
        }
        Err(no) => no,
    })
}
