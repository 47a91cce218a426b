//! Which code the ACT LED shows, and how it blinks. Codes 2 to 5 are the original P2P Hotspot's.

/// What is known about the box.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The Wi-Fi network is open.
    pub ap_up: bool,
    /// No radio can be an access point.
    pub no_radio: bool,
    /// A radio is there and the network could not be opened several times.
    pub ap_failed: bool,
    /// A second radio is there.
    pub second_radio: bool,
    /// The owner wants the internet: a Wi-Fi uplink is set, or visitors may use it.
    pub wants_internet: bool,
    /// A cable is in the uplink's port: somebody wants the internet, too.
    pub cable: bool,
    /// The internet answers.
    pub internet: bool,
    /// A Wi-Fi uplink is set.
    pub uplink_set: bool,
    /// What must survive a power cut does not.
    pub data_broken: bool,
    /// hotspot.toml has something that could not be used.
    pub settings_problem: bool,
    /// An update is being written, is ready or is on trial.
    pub updating: bool,
    /// An update was refused just now.
    pub update_refused: bool,
}

/// A code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Code {
    /// Slow, even blinking: the box is starting.
    #[default]
    Starting,
    /// On: the network is open.
    Well,
    /// 2 blinks: no radio that can be an access point.
    NoRadio,
    /// 3 blinks: no second radio, and Ethernet has no internet.
    NoSecondRadio,
    /// 4 blinks: a second radio is there, and no Wi-Fi network for the uplink is set.
    NoCredentials,
    /// 5 blinks: everything is set and there is no internet.
    NoInternet,
    /// 6 blinks: `/data` is broken.
    DataBroken,
    /// 7 blinks: hotspot.toml has a problem.
    SettingsProblem,
    /// 8 blinks: the radio is there but the network does not open.
    ApFailed,
    /// 9 blinks: an update was refused.
    UpdateRefused,
    /// Fast, even blinking: an update is on its way; leave the power on.
    Updating,
}

/// The most urgent code: first what keeps visitors out, then what loses data, then what the owner asked for.
pub fn code(f: &Facts) -> Code {
    // A box that is meant to be offline says nothing of it.
    let offline = (f.wants_internet || f.cable) && !f.internet;
    match () {
        // Somebody stands before the box with a stick: that comes first.
        () if f.updating => Code::Updating,
        () if f.update_refused => Code::UpdateRefused,
        () if f.no_radio => Code::NoRadio,
        () if f.ap_failed => Code::ApFailed,
        () if !f.ap_up => Code::Starting,
        () if f.data_broken => Code::DataBroken,
        () if f.settings_problem => Code::SettingsProblem,
        () if offline && !f.second_radio => Code::NoSecondRadio,
        () if offline && !f.uplink_set => Code::NoCredentials,
        () if offline => Code::NoInternet,
        () => Code::Well,
    }
}

impl Code {
    /// As `GET /status` shows it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Well => "well",
            Self::NoRadio => "2 no-radio",
            Self::NoSecondRadio => "3 no-second-radio",
            Self::NoCredentials => "4 no-wifi-credentials",
            Self::NoInternet => "5 no-internet",
            Self::DataBroken => "6 data-broken",
            Self::SettingsProblem => "7 settings-problem",
            Self::ApFailed => "8 access-point-failed",
            Self::UpdateRefused => "9 update-refused",
            Self::Updating => "updating",
        }
    }

    /// How often it blinks before the pause; 0 for the three that do not count.
    pub fn blinks(self) -> u32 {
        match self {
            Self::Starting | Self::Well | Self::Updating => 0,
            Self::NoRadio => 2,
            Self::NoSecondRadio => 3,
            Self::NoCredentials => 4,
            Self::NoInternet => 5,
            Self::DataBroken => 6,
            Self::SettingsProblem => 7,
            Self::ApFailed => 8,
            Self::UpdateRefused => 9,
        }
    }

    /// On or off, and for how many milliseconds, over and over.
    pub fn pattern(self) -> Vec<(bool, u32)> {
        match self {
            Self::Starting => vec![(true, 1000), (false, 1000)],
            Self::Well => vec![(true, 60_000)],
            Self::Updating => vec![(true, 100), (false, 100)],
            _ => {
                let mut steps: Vec<_> = (0..self.blinks()).flat_map(|_| [(true, 250), (false, 250)]).collect();
                if let Some(last) = steps.last_mut() {
                    last.1 = 2000;
                }
                steps
            }
        }
    }
}

/// A pattern as the kernel's `pattern` trigger takes it (`leds-trigger-pattern`): brightness and milliseconds, each
/// twice with no time between, since it would fade from one to the next.
pub fn kernel_pattern(steps: &[(bool, u32)], brightest: u32) -> String {
    let level = |on: bool| if on { brightest } else { 0 };
    let words: Vec<String> = steps.iter().map(|&(on, ms)| format!("{0} {ms} {0} 0", level(on))).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_urgent_is_shown() {
        let well = Facts { ap_up: true, ..Facts::default() };
        for (facts, shown) in [
            (Facts::default(), Code::Starting),
            (well, Code::Well),
            (Facts { no_radio: true, data_broken: true, ..Facts::default() }, Code::NoRadio),
            (Facts { ap_failed: true, ..Facts::default() }, Code::ApFailed),
            (Facts { data_broken: true, settings_problem: true, ..well }, Code::DataBroken),
            (Facts { settings_problem: true, wants_internet: true, ..well }, Code::SettingsProblem),
            (Facts { wants_internet: true, ..well }, Code::NoSecondRadio),
            (Facts { wants_internet: true, second_radio: true, ..well }, Code::NoCredentials),
            (Facts { wants_internet: true, second_radio: true, uplink_set: true, ..well }, Code::NoInternet),
            (Facts { updating: true, no_radio: true, update_refused: true, ..well }, Code::Updating),
            (Facts { update_refused: true, data_broken: true, ..well }, Code::UpdateRefused),
            (Facts { cable: true, ..well }, Code::NoSecondRadio),
            (Facts { wants_internet: true, internet: true, ..well }, Code::Well),
        ] {
            assert_eq!(code(&facts), shown, "{facts:?}");
        }
    }

    #[test]
    fn patterns() {
        assert_eq!(Code::NoRadio.pattern(), [(true, 250), (false, 250), (true, 250), (false, 2000)]);
        assert_eq!(kernel_pattern(&Code::NoRadio.pattern()[..2], 255), "255 250 255 0 0 250 0 0");
        let codes = [
            Code::NoRadio,
            Code::NoSecondRadio,
            Code::NoCredentials,
            Code::NoInternet,
            Code::DataBroken,
            Code::SettingsProblem,
            Code::ApFailed,
            Code::UpdateRefused,
        ];
        for (code, blinks) in codes.into_iter().zip(2..) {
            assert_eq!((code.blinks(), code.name().starts_with(&blinks.to_string())), (blinks, true));
            assert_eq!(code.pattern().iter().filter(|(on, _)| *on).count(), blinks as usize);
        }
    }
}
