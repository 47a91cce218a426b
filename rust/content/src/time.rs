//! Times in UTC as text (RFC 3339) and as seconds since 1970.

/// Days from 1970-01-01 to a date of the Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> i64 {
    // Years start in March, so that the leap day is the last.
    let (y, m) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    y * 365 + y.div_euclid(4) - y.div_euclid(100) + y.div_euclid(400) + (m * 153 + 2) / 5 + day - 1 - 719_468
}

/// Seconds since 1970; fractions are dropped, only `Z` is understood.
pub fn read(text: &str) -> Option<u64> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let numbers = |text: &str, separator: char| -> Option<[i64; 3]> {
        let mut parts = text.split(separator).map(|part| part.parse::<u32>().ok().map(i64::from));
        let found = [parts.next()??, parts.next()??, parts.next()??];
        parts.next().is_none().then_some(found)
    };
    let [year, month, day] = numbers(date, '-')?;
    let [hour, minute, second] = numbers(time.split('.').next()?, ':')?;
    let legal =
        (1970..10_000).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second < 61;
    legal.then(|| u64::try_from(days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second).ok())?
}

/// A date and time for people and records.
pub fn write(seconds: u64) -> String {
    let (all_days, rest) = (i64::try_from(seconds / 86_400).unwrap_or(0), seconds % 86_400);
    let mut year = 1970 + all_days / 366;
    while days(year + 1, 1, 1) <= all_days {
        year += 1;
    }
    let month = (1..=12).rev().find(|&month| days(year, month, 1) <= all_days).unwrap_or(1);
    let day = all_days - days(year, month, 1) + 1;
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", rest / 3600, rest / 60 % 60, rest % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2000-02-29T12:34:56Z", 951_827_696),
            ("2026-11-30T23:59:59Z", 1_796_083_199),
            ("2100-03-01T00:00:00Z", 4_107_542_400),
        ] {
            assert_eq!(read(text), Some(seconds));
            assert_eq!(write(seconds), text);
        }
        assert_eq!(read("2033-05-18T03:33:20.000000000Z"), Some(2_000_000_000));
        for bad in ["", "2020-01-01", "2020-13-01T00:00:00Z", "2020-01-01T00:00:00+01:00", "-1-1-1T0:0:0Z", "2020-01-01T00:00Z"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
