//! Bars as SVG: with a title for a screen reader, and the numbers in the bars' own titles. Colours are the style sheet's.

use std::fmt::Write;

/// One bar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bar {
    /// What it is of; a short text of our own.
    pub label: String,
    /// How much.
    pub value: u64,
}

/// Width of the drawing, in its own units.
const WIDTH: u64 = 600;
/// Height of the tallest bar.
const HEIGHT: u64 = 120;
/// Labels that fit below.
const LABELS: usize = 8;

/// The chart; `title` is said to who cannot see it.
pub fn bars(title: &str, bars: &[Bar]) -> String {
    let most = bars.iter().map(|b| b.value).max().unwrap_or(0).max(1);
    let count = bars.len().max(1) as u64;
    let step = WIDTH / count;
    let every = bars.len().div_ceil(LABELS).max(1);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart\" viewBox=\"0 0 {WIDTH} {}\" role=\"img\" aria-label=\"{}\">",
        HEIGHT + 42,
        escape(title)
    );
    let _ = write!(out, "<text x=\"0\" y=\"12\">{most}</text><path d=\"M0 16h{WIDTH}M0 {}h{WIDTH}\"/>", HEIGHT + 17);
    for (i, bar) in bars.iter().enumerate() {
        let (x, height) = (i as u64 * step, (u128::from(bar.value) * u128::from(HEIGHT)).div_ceil(u128::from(most)));
        let y = u128::from(HEIGHT + 17) - height;
        let label = escape(&bar.label);
        let _ = write!(
            out,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{height}\"><title>{label}: {}</title></rect>",
            step.saturating_sub(2).max(1),
            bar.value
        );
        if i % every == 0 {
            let _ = write!(out, "<text x=\"{x}\" y=\"{}\">{label}</text>", HEIGHT + 36);
        }
    }
    out.push_str("</svg>");
    out
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tallest_bar_is_the_most_and_texts_are_harmless() {
        let two = [Bar { label: "<a>".into(), value: 10 }, Bar { label: "b".into(), value: 5 }];
        let svg = bars("Phones \"a day\" & more", &two);
        assert!(svg.contains("aria-label=\"Phones &quot;a day&quot; &amp; more\""));
        assert!(svg.contains("height=\"120\"><title>&lt;a&gt;: 10</title>") && svg.contains("height=\"60\"><title>b: 5</title>"));
        assert!(!svg.contains("<a>"));
    }

    #[test]
    fn nothing_and_very_much_can_be_drawn() {
        assert!(bars("x", &[]).ends_with("</svg>"));
        assert!(bars("x", &[Bar { label: "y".into(), value: 0 }]).contains("height=\"0\""));
        assert!(bars("x", &vec![Bar { label: "y".into(), value: u64::MAX }; 400]).len() < 60_000);
    }
}
