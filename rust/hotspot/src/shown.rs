//! What a person typed or a stick or the air brought, fit for a terminal and a page.

/// Characters that are shown at most.
const MOST: usize = 200;

/// In one line, with a sign in place of what would move the cursor or turn the direction of what stands beside it.
pub fn shown(text: &str) -> String {
    text.chars().take(MOST).map(|c| if c.is_control() || turns(c) { '\u{fffd}' } else { c }).collect()
}

/// Overrides, embeddings and isolates of direction.
fn turns(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_hidden_gets_through() {
        assert_eq!(shown("a\0b\n\u{1b}[2J\u{202e}gpj.exe"), "a\u{fffd}b\u{fffd}\u{fffd}[2J\u{fffd}gpj.exe");
        assert_eq!(shown("<b>Água 水 مكتبة 💣"), "<b>Água 水 مكتبة 💣");
        assert_eq!(shown(&"é".repeat(5000)).chars().count(), MOST);
    }
}
