//! Writes the guides of the program as folders that `hotspot bundle make` takes: what a community begins with.   guides FOLDER

use portal::guides::GUIDES;
use portal::lang::{LANGUAGES, Language};

fn main() -> std::io::Result<()> {
    let Some(out) = std::env::args_os().nth(1).map(std::path::PathBuf::from) else {
        eprintln!("Say where: cargo run -p portal --example guides -- examples/guides");
        std::process::exit(2);
    };
    let codes = LANGUAGES.iter().map(|l| format!("{:?}", l.code)).collect::<Vec<_>>().join(", ");
    for guide in &GUIDES {
        let folder = out.join(guide.name);
        std::fs::create_dir_all(&folder)?;
        for language in &LANGUAGES {
            std::fs::write(folder.join(format!("{}.txt", language.code)), guide.text(language))?;
        }
        let title = Language::english().say(guide.title);
        let about = format!(
            "# The name says which guide of the portal this takes the place of.\nname = \"guide-{}\"\ntitle = \"Guide: {title}\"\nlanguages = [{codes}]\nlicense = \"MIT OR Apache-2.0\"\n",
            guide.name
        );
        std::fs::write(folder.join("bundle.toml"), about)?;
    }
    Ok(())
}
