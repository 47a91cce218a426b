//! One day in numbers, and its line in a month's file.

use std::collections::BTreeMap;
use std::fmt::Write;

/// Months that are kept. A year of the longest lines there can be is 2 MB.
pub const MONTHS: usize = 36;
/// Bundles that are told apart on one day; the least read of more are left out.
const MAX_READS: usize = 60;
/// Longest line that is read.
const MAX_LINE: usize = 8192;

/// A day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Day {
    /// `2026-11-30` by the box's clock; `undated` while it does not know the date.
    pub date: String,
    /// Different phones.
    pub phones: u32,
    /// Different phones in each hour.
    pub hours: [u32; 24],
    /// Bytes of content that the portal sent.
    pub served: u64,
    /// Bytes from and to the internet, for visitors.
    pub internet: (u64, u64),
    /// Minutes in which the box was on.
    pub minutes: u32,
    /// How often each bundle was opened, by its root.
    pub reads: BTreeMap<String, u32>,
}

impl Day {
    /// A day without anything yet.
    pub fn new(date: &str) -> Self {
        Self { date: date.to_owned(), ..Self::default() }
    }

    /// The month's name, which is its file's.
    pub fn month(&self) -> &str {
        self.date.get(..7).unwrap_or(&self.date)
    }

    /// Its line.
    pub fn line(&self) -> String {
        let hours = self.hours.map(|n| n.to_string()).join(",");
        let mut reads: Vec<_> = self.reads.iter().collect();
        reads.sort_by_key(|(root, n)| (std::cmp::Reverse(**n), (*root).clone()));
        let reads = reads.iter().take(MAX_READS).map(|(root, n)| format!("{root}={n}")).collect::<Vec<_>>().join(",");
        let (down, up) = self.internet;
        format!("{} {} {hours} {} {down} {up} {} {reads}\n", self.date, self.phones, self.served, self.minutes)
    }

    /// From its line; `None` if it makes no sense.
    pub fn of_line(line: &str) -> Option<Self> {
        if line.len() > MAX_LINE {
            return None;
        }
        let mut words = line.split(' ');
        let date = words.next().filter(|d| is_date(d))?;
        let phones = words.next()?.parse().ok()?;
        let mut hours = [0; 24];
        let mut given = words.next()?.split(',');
        for hour in &mut hours {
            *hour = given.next()?.parse().ok()?;
        }
        let mut number = || words.next()?.parse::<u64>().ok();
        let (served, down, up, minutes) = (number()?, number()?, number()?, u32::try_from(number()?).ok()?);
        let reads = words.next().unwrap_or_default().split(',').filter_map(|pair| pair.split_once('='));
        let reads = reads.filter(|(root, _)| is_root(root)).filter_map(|(root, n)| Some((root.to_owned(), n.parse().ok()?)));
        Some(Self { date: date.into(), phones, hours, served, internet: (down, up), minutes, reads: reads.take(MAX_READS).collect() })
    }
}

fn is_date(text: &str) -> bool {
    text == "undated"
        || (text.len() == 10 && text.bytes().enumerate().all(|(i, b)| if i == 4 || i == 7 { b == b'-' } else { b.is_ascii_digit() }))
}

/// A bundle's root as it is written in requests: never a name that people gave.
pub fn is_root(text: &str) -> bool {
    !text.is_empty() && text.len() <= 100 && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// The days of a month's file; lines that make no sense are left out.
pub fn read(text: &str) -> Vec<Day> {
    text.lines().take(40).filter_map(Day::of_line).collect()
}

/// For a spreadsheet (RFC 4180). `title` gives a bundle's title, untrusted text; the line of a bundle that is gone has its root.
pub fn csv(days: &[Day], title: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::from("date,phones,busiest hour,hours up,MB of content,MB from the internet,MB to the internet,most read\r\n");
    for day in days {
        let busiest = (0..24).max_by_key(|h| (day.hours[*h], std::cmp::Reverse(*h))).filter(|h| day.hours[*h] > 0);
        let busiest = busiest.map_or(String::new(), |h| format!("{h:02}:00"));
        let most = day.reads.iter().max_by_key(|(root, n)| (**n, std::cmp::Reverse((*root).clone())));
        let most = most.map_or(String::new(), |(root, n)| format!("{} ({n})", title(root).unwrap_or_else(|| root.clone())));
        let mb = |bytes: u64| format!("{}.{}", bytes / 1_000_000, bytes / 100_000 % 10);
        let (down, up) = day.internet;
        let _ = write!(
            out,
            "{},{},{busiest},{}.{},{},{},{},{}\r\n",
            day.date,
            day.phones,
            day.minutes / 60,
            day.minutes % 60 / 6,
            mb(day.served),
            mb(down),
            mb(up),
            cell(&most)
        );
    }
    out
}

/// A text in quotes; one that a spreadsheet would take for a formula begins with an apostrophe.
fn cell(text: &str) -> String {
    let safe = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() };
    let clean: String = safe.chars().filter(|c| !c.is_control()).collect();
    format!("\"{}\"", clean.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day() -> Day {
        let mut day = Day { phones: 31, served: 7_340_000, internet: (1_000_000, 50_000), minutes: 1434, ..Day::new("2026-11-30") };
        (day.hours[9], day.hours[17]) = (12, 12);
        day.reads.insert("bafyA".into(), 3);
        day.reads.insert("bafyB".into(), 9);
        day
    }

    #[test]
    fn a_line_is_read_as_it_was_written() {
        let text = format!("{}nonsense\n\0\n{}", day().line(), Day::new("undated").line());
        assert_eq!(read(&text), [day(), Day::new("undated")]);
        assert_eq!((day().month(), Day::new("undated").month()), ("2026-11", "undated"));
        for bad in ["", "2026-11-30", "2026-11-3x 1", &day().line().replace(",12,", ",x,"), &"9".repeat(10_000)] {
            assert_eq!(Day::of_line(bad), None, "{bad:.30}");
        }
        assert!(Day::of_line(day().line().replace("bafyA", "../etc").trim()).unwrap().reads.len() == 1);
    }

    #[test]
    fn a_year_at_its_worst_is_small() {
        let mut worst = Day { phones: u32::MAX, hours: [u32::MAX; 24], served: u64::MAX, internet: (u64::MAX, u64::MAX), ..day() };
        worst.reads = (0..200).map(|n| (format!("{n:060}"), u32::MAX)).collect();
        assert!(worst.line().len() * 366 < 5_000_000, "{}", worst.line().len());
        assert_eq!(read(&worst.line())[0].reads.len(), MAX_READS);
    }

    #[test]
    fn a_spreadsheet_gets_texts_and_no_formulas() {
        let csv = csv(&[day()], |root| (root == "bafyB").then(|| "=HYPERLINK(\"x\")\n".to_owned()));
        let line = csv.lines().nth(1).unwrap();
        assert_eq!(line, "2026-11-30,31,09:00,23.9,7.3,1.0,0.0,\"'=HYPERLINK(\"\"x\"\") (9)\"");
    }
}
