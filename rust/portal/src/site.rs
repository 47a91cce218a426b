//! What the portal shows of the settings.

use crate::home::Home;
use crate::host::Own;
use crate::lang::Language;

/// The portal's face: who it is, where, in which languages.
#[derive(Clone, Debug)]
pub struct Site {
    /// The community's name (untrusted text; templates escape it).
    pub community: String,
    /// Languages in the community's order, never empty.
    pub languages: Vec<&'static Language>,
    /// Own address and names.
    pub own: Own,
    /// The name that people are told to type.
    pub short_name: String,
    /// Who may use the internet.
    pub access: config::Access,
    /// When the internet is on; empty: always.
    pub schedule: Vec<String>,
    /// The community's part of the first page.
    pub home: Home,
    /// Is there a picture? A word that changes with it, for its address.
    pub picture: Option<String>,
    /// What could not be used of hotspot.toml.
    pub problems: Vec<config::Problem>,
    /// The rescue system runs: the portal is one page that says what to do.
    pub rescue: bool,
}

impl Site {
    /// From the settings of record.
    pub fn new(settings: &config::Settings, problems: Vec<config::Problem>) -> Self {
        let mut languages: Vec<_> = settings.community.languages.iter().filter_map(|code| Language::named(code)).collect();
        if languages.is_empty() {
            languages.push(Language::english());
        }
        let device = format!("{}.local", settings.device.name).to_ascii_lowercase();
        let mut names = vec!["p2p.local".to_owned(), device.clone()];
        names.extend(settings.lan.names.iter().filter_map(|name| crate::host::normal(name)));
        Self {
            community: settings.community.name.clone(),
            languages,
            own: Own { address: settings.lan.range.own(), names },
            short_name: device,
            access: settings.internet.access,
            schedule: settings.internet.schedule.clone(),
            home: Home::default(),
            picture: None,
            problems,
            rescue: false,
        }
    }
}

impl Default for Site {
    fn default() -> Self {
        Self::new(&config::Settings::default(), Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_give_names_and_languages() {
        let mut settings = config::Settings::default();
        settings.device.name = "aldeia".into();
        settings.lan.names = vec!["Biblioteca.Example".into()];
        settings.community.languages = vec!["pt".into(), "xx".into(), "en".into()];
        let site = Site::new(&settings, Vec::new());
        assert_eq!(site.own.names, ["p2p.local", "aldeia.local", "biblioteca.example"]);
        assert_eq!(site.languages.iter().map(|l| l.code).collect::<Vec<_>>(), ["pt", "en"]);
        assert_eq!(site.own.address.to_string(), "10.42.0.1");
    }
}
