//! Log lines on stderr, `<level> target: text`, which the supervisor collects; one line a record, always.

use std::io::Write;
use std::sync::OnceLock;

type Sink = Box<dyn Fn(&str) + Send + Sync>;

/// Where lines go instead of stderr.
static SINK: OnceLock<Sink> = OnceLock::new();

struct Lines;

impl log::Log for Lines {
    fn enabled(&self, _: &log::Metadata) -> bool {
        true
    }

    fn log(&self, record: &log::Record) {
        // Netlink and HTTP crates are chatty below warnings; ours speak from info up.
        let ours = record.target().starts_with("hotspot");
        if !ours && record.level() > log::Level::Warn {
            return;
        }
        let mut line = format!("<{}>{}", syslog_level(record.level()), single_line(&record.args().to_string()));
        if line.len() > MAX_LINE {
            let cut = (0..=MAX_LINE).rev().find(|&i| line.is_char_boundary(i)).unwrap_or(0);
            line.truncate(cut);
        }
        if let Some(sink) = SINK.get() {
            return sink(&line);
        }
        line.push('\n');
        // A closed log must not stop a daemon.
        let _ = std::io::stderr().lock().write_all(line.as_bytes());
    }

    fn flush(&self) {}
}

/// Longest log line, in bytes.
const MAX_LINE: usize = 1000;

/// The syslog severity (RFC 5424, 6.2.1).
fn syslog_level(level: log::Level) -> u8 {
    match level {
        log::Level::Error => 3,
        log::Level::Warn => 4,
        log::Level::Info => 6,
        log::Level::Debug | log::Level::Trace => 7,
    }
}

/// Text from the air can hold newlines and control characters: they are escaped, so that nobody forges a line.
fn single_line(text: &str) -> String {
    text.chars().flat_map(|c| if c.is_control() { c.escape_default().collect::<Vec<_>>() } else { vec![c] }).collect()
}

/// Sends `log` records to stderr; `HOTSPOT_LOG=debug` shows more.
pub fn init() {
    static LOGGER: Lines = Lines;
    let level = if std::env::var("HOTSPOT_LOG").is_ok_and(|v| v == "debug") { log::LevelFilter::Debug } else { log::LevelFilter::Info };
    if log::set_logger(&LOGGER).is_ok() {
        log::set_max_level(level);
    }
}

/// Sends `log` records, without line ends, to `sink`.
pub fn init_to(sink: impl Fn(&str) + Send + Sync + 'static) {
    let _ = SINK.set(Box::new(sink));
    init();
}

#[cfg(test)]
mod tests {
    use super::single_line;

    #[test]
    fn a_name_from_the_air_cannot_forge_a_line() {
        assert_eq!(single_line("a\nb\u{1b}[2J"), "a\\nb\\u{1b}[2J");
    }
}
