//! The blocks of a PEM text that are wanted, without what people and programs write around them.

/// Every certificate.
pub fn certificates(text: &str) -> String {
    blocks(text, |label| label == "CERTIFICATE", usize::MAX)
}

/// The first private key.
pub fn key(text: &str) -> String {
    blocks(text, |label| label.ends_with("PRIVATE KEY"), 1)
}

/// Is this key under a password?
pub fn is_locked(key: &str) -> bool {
    key.contains("ENCRYPTED")
}

fn blocks(text: &str, wanted: impl Fn(&str) -> bool, mut left: usize) -> String {
    let (mut out, mut inside) = (String::new(), None);
    for line in text.trim_start_matches('\u{feff}').lines().map(str::trim) {
        if inside.is_none() {
            inside = line.strip_prefix("-----BEGIN ").and_then(|rest| rest.strip_suffix("-----")).filter(|l| left > 0 && wanted(l));
            if inside.is_none() {
                continue;
            }
        }
        out.push_str(line);
        out.push('\n');
        if inside.is_some_and(|label| line.strip_prefix("-----END ").and_then(|rest| rest.strip_suffix("-----")) == Some(label)) {
            inside = None;
            left -= 1;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_around_is_left_out() {
        let text = "\u{feff}subject=x\r\n-----BEGIN CERTIFICATE-----\r\n  AAAA \r\n-----END CERTIFICATE-----\r\n-----BEGIN EC PARAMETERS-----\nB\n-----END EC PARAMETERS-----\n-----BEGIN EC PRIVATE KEY-----\nCC\n-----END EC PRIVATE KEY-----\n-----BEGIN PRIVATE KEY-----\nDD\n-----END PRIVATE KEY-----\n-----BEGIN CERTIFICATE-----\nEE\n-----END CERTIFICATE-----";
        assert_eq!(
            certificates(text),
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\nEE\n-----END CERTIFICATE-----\n"
        );
        assert_eq!(key(text), "-----BEGIN EC PRIVATE KEY-----\nCC\n-----END EC PRIVATE KEY-----\n");
        assert_eq!(certificates("hello"), "");
    }
}
