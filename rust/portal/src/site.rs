//! What the portal shows of the settings.

use std::net::SocketAddrV4;

use config::Target;

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
    /// Names of local services: those that lead to a page are own names too, those of other machines are not.
    pub services: Vec<config::Service>,
    /// The community's own domain, for HTTPS; empty: none. It is an own name too.
    pub domain: String,
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
        names.extend(Some(&settings.lan.domain).filter(|domain| !domain.is_empty()).cloned());
        let services = settings.lan.services();
        names.extend(services.iter().filter(|s| matches!(s.target, Target::Page(_))).map(|s| s.name.clone()));
        Self {
            community: settings.community.name.clone(),
            languages,
            own: Own { address: settings.lan.range.own(), names },
            services,
            domain: settings.lan.domain.clone(),
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

impl Site {
    /// The machine that is to be asked what is asked of this host, if it is not the portal's to answer.
    pub fn machine(&self, host: Option<&str>) -> Option<SocketAddrV4> {
        match &self.services.iter().find(|s| host == Some(s.name.as_str()))?.target {
            Target::Machine(machine) if !self.own.is(host?) => Some(*machine),
            _ => None,
        }
    }

    /// The page that this host's first page is.
    pub(crate) fn page(&self, host: Option<&str>) -> Option<&str> {
        match &self.services.iter().find(|s| host == Some(s.name.as_str()))?.target {
            Target::Page(path) if path != "/" => Some(path),
            _ => None,
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
        assert!(!site.own.is(""), "no domain is no name");
        settings.lan.domain = "hotspot.vila.org".into();
        assert!(Site::new(&settings, Vec::new()).own.is("hotspot.vila.org"));
        settings.lan.services = ["wiki.p2p = /library/", "maps.p2p = http://10.42.0.9:8080", "loop.p2p = http://10.42.0.1", "nonsense"]
            .map(Into::into)
            .to_vec();
        let site = Site::new(&settings, Vec::new());
        assert_eq!(site.machine(Some("maps.p2p")), Some("10.42.0.9:8080".parse().unwrap()));
        assert_eq!((site.page(Some("wiki.p2p")), site.machine(Some("wiki.p2p"))), (Some("/library/"), None));
        assert!(
            site.own.is("wiki.p2p") && !site.own.is("maps.p2p") && site.machine(Some("loop.p2p")).is_none() && site.machine(None).is_none()
        );
        // A name that is the portal's own stays the portal's.
        settings.lan.names = vec!["maps.p2p".into()];
        assert_eq!(Site::new(&settings, Vec::new()).machine(Some("maps.p2p")), None);
    }
}
