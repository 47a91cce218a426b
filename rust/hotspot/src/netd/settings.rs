//! The settings of record, as the settings program wrote them.

use std::net::SocketAddrV4;

use config::{Secrets, Service, Settings, Target};

/// A larger file is not ours.
const MAX: u64 = 1 << 20;

/// Reads `settings.json` and the internet's password; none yet, or what cannot be read, is the defaults.
pub fn load() -> Settings {
    let secrets: Secrets = read("secrets.json");
    let settings: Settings = read("settings.json");
    settings.with_secrets(&Secrets { internet_password: secrets.internet_password, ..Secrets::default() })
}

fn read<T: Default + serde::de::DeserializeOwned>(name: &str) -> T {
    let path = crate::ipc::run_dir().join(name);
    let text = match std::fs::metadata(&path)
        .and_then(|m| if m.len() > MAX { Err(std::io::Error::other("too large")) } else { std::fs::read(&path) })
    {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return T::default(),
        Err(error) => {
            log::warn!("{}: {error}; using the defaults", path.display());
            return T::default();
        }
    };
    serde_json::from_slice(&text).unwrap_or_else(|error| {
        log::warn!("{}: {error}; using the defaults", path.display());
        T::default()
    })
}

/// Machines on the visitors' side that the portal asks in their place.
pub fn machines(settings: &Settings) -> Vec<SocketAddrV4> {
    let machine = |service: Service| match service.target {
        Target::Machine(machine) => Some(machine),
        Target::Page(_) => None,
    };
    settings.lan.services().into_iter().filter_map(machine).filter(|m| settings.lan.range.contains(*m.ip())).collect()
}

/// The zone that DNS and mDNS answer from.
pub fn zone(settings: &Settings) -> lan::dns::Zone {
    let local = format!("{}.local", settings.device.name);
    let names = [local.as_str(), settings.device.name.as_str()].into_iter().chain(settings.lan.names.iter().map(String::as_str));
    let services = settings.lan.services();
    let names = names.chain(services.iter().map(|service| service.name.as_str()));
    let names = names.chain(Some(settings.lan.domain.as_str()).filter(|domain| !domain.is_empty()));
    lan::dns::Zone::new(settings.lan.range, config::CAPTURE_ADDRESS, names)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_communitys_domain_is_an_own_name_and_no_domain_is_none() {
        let mut settings = config::Settings::default();
        let none = super::zone(&settings).own_names().len();
        settings.lan.domain = "hotspot.vila.org".into();
        let names = super::zone(&settings).own_names().to_vec();
        assert!(names.len() == none + 1 && names.contains(&b"\x07hotspot\x04vila\x03org\0".to_vec()), "{names:?}");
    }
}
