//! Lists the radios and sets the country.

use std::time::Duration;

use radio::machine::Event;
use radio::{Bus, Radio};
use sys::nl80211::Nl80211;
use tokio::time::sleep;

/// All radios, with where they sit.
pub async fn list(nl: Nl80211) -> Event {
    let wiphys = nl.wiphys().await.unwrap_or_else(|e| {
        log::error!("radios cannot be listed: {e}");
        Vec::new()
    });
    let radio = |wiphy: wire::nl80211::Wiphy| {
        let place = sys::wlan::place(&wiphy.name);
        let bus = match place.bus.as_str() {
            "sdio" => Bus::Sdio,
            "usb" => Bus::Usb,
            _ => Bus::Other,
        };
        Radio { wiphy, driver: place.driver, bus, device: place.device }
    };
    Event::Radios(wiphys.into_iter().map(radio).collect())
}

/// Sets the country and waits until its rules hold, 2 s at most.
pub async fn set_country(nl: Nl80211, country: [u8; 2]) -> Event {
    let name = String::from_utf8_lossy(&country).into_owned();
    if nl.country().await.is_ok_and(|now| now == country) {
        return Event::CountrySet(None);
    }
    if let Err(e) = nl.request_country(country).await {
        return Event::CountrySet(Some(format!("country {name} could not be set: {e}; the rules of the whole world hold")));
    }
    for _ in 0..40 {
        if nl.country().await.is_ok_and(|now| now == country) {
            return Event::CountrySet(None);
        }
        sleep(Duration::from_millis(50)).await;
    }
    Event::CountrySet(Some(format!("the regulatory database does not know country {name}; the rules of the whole world hold")))
}
