//! The kernel's command line, by which the boot script tells what it chose.

/// The value of `name=value`; the last one counts.
pub fn word<'a>(words: &'a str, name: &str) -> Option<&'a str> {
    words.split_whitespace().rev().find_map(|w| w.strip_prefix(name)?.strip_prefix('='))
}

/// The value of `name=value` on this kernel's command line.
pub fn read(name: &str) -> Option<String> {
    let words = std::fs::read_to_string("/proc/cmdline").ok()?;
    word(&words, name).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_command_line() {
        let words = "root=x hotspot.slot=a hotspot.dev=mmc panic=10 hotspot.slot=b\n";
        assert_eq!(word(words, "hotspot.slot"), Some("b"));
        assert_eq!(word(words, "hotspot.dev"), Some("mmc"));
        assert_eq!(word(words, "hotspot"), None);
    }
}
