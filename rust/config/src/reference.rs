//! The template as a page of the documentation, so that the two never differ.

use crate::TEMPLATE;

/// `docs/settings.md`.
pub fn reference() -> String {
    let mut page = String::from(
        "# hotspot.toml\n\nEvery setting with its default. Made from the template that is on the card \
         (`cargo run -p config --example settings-page > docs/settings.md`); `hotspot settings check FILE` checks a file on any computer.\n",
    );
    let (mut section, mut comment) = (String::new(), String::new());
    // What stands before the first section is for the file's reader.
    for line in TEMPLATE.lines().skip_while(|l| !l.starts_with('[')) {
        if let Some(name) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            // A comment above a section's name is about the whole section.
            let note = if comment.is_empty() { String::new() } else { format!("{}\n\n", std::mem::take(&mut comment)) };
            page.push_str(&format!("\n## {name}\n\n{note}| key | default | meaning |\n|---|---|---|\n"));
            name.clone_into(&mut section);
        } else if let Some(text) = line.strip_prefix("# ") {
            comment.push_str(if comment.is_empty() { "" } else { " " });
            comment.push_str(text);
        } else if let Some((key, default)) = line.strip_prefix('#').and_then(|l| l.split_once(" = ")) {
            page.push_str(&format!("| `{section}.{key}` | `{default}` | {} |\n", comment.replace('|', "\\|").replace('<', "&lt;")));
            comment.clear();
        }
    }
    page
}

/// Sections whose keys are only checked by this release: the template says so above each.
pub fn later() -> Vec<&'static str> {
    let mut note = false;
    let mut sections = Vec::new();
    for line in TEMPLATE.lines() {
        match line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            Some(section) if note => sections.push(section),
            _ => {}
        }
        note = line.starts_with("# Kept for a later release");
    }
    sections
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_is_for_later_is_what_the_template_says() {
        let later = super::later();
        assert!(!later.contains(&"wifi") && !later.contains(&"admin"));
        assert_eq!(later.len(), crate::TEMPLATE.matches("# Kept for a later release").count());
    }
}
