//! What the world knows: countries of the wireless regulatory database, time zones.

/// Countries of wireless-regdb (2026.05.30), two letters each.
const COUNTRIES: &str = "AD AE AF AI AL AM AN AR AS AT AU AW AZ BA BB BD BE BF BG BH BL BM BN BO BR BS BT BW BY BZ CA CF CH CI CL CN CO CR CU CX CY CZ DE DK DM DO DZ EC EE EG ES ET FI FM FO FR GB GD GE GF GH GI GL GP GR GT GU GY HK HN HR HT HU ID IE IL IM IN IR IS IT JM JO JP KE KH KN KP KR KW KY KZ LB LC LI LK LS LT LU LV MA MC MD ME MF MH MK MN MO MP MQ MR MT MU MV MW MX MY NA NG NI NL NO NP NZ OM PA PE PF PG PH PK PL PM PR PT PW PY QA RE RO RS RU RW SA SE SG SI SK SM SN SR SV SX SY TC TD TG TH TN TR TT TW TZ UA UG US UY UZ VA VC VE VI VN VU WF WS YE YT ZA ZW";

/// IANA names (tzdata 2026f) with what each means as a POSIX `TZ` string, so that the box needs no zone files.
const TIMEZONES: &str = include_str!("timezones.txt");

/// Whether radio rules are known for a country, as two upper-case letters.
pub fn knows_country(code: &str) -> bool {
    code.len() == 2 && COUNTRIES.split(' ').any(|c| c == code)
}

/// All countries whose radio rules are known.
pub fn countries() -> impl Iterator<Item = &'static str> {
    COUNTRIES.split(' ')
}

/// The names of all time zones.
pub fn timezones() -> impl Iterator<Item = &'static str> {
    TIMEZONES.lines().filter_map(|line| line.split_once(' ')).map(|(zone, _)| zone)
}

/// The POSIX `TZ` string of an IANA time zone name.
pub fn posix_tz(name: &str) -> Option<&'static str> {
    TIMEZONES.lines().filter_map(|line| line.split_once(' ')).find_map(|(zone, tz)| (zone == name).then_some(tz))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_known_places() {
        assert_eq!(posix_tz("America/Sao_Paulo"), Some("<-03>3"));
        assert_eq!(posix_tz("Europe/Berlin"), Some("CET-1CEST,M3.5.0,M10.5.0/3"));
        assert_eq!(posix_tz("UTC"), Some("UTC0"));
        assert_eq!(posix_tz("Europe/Berln"), None);
        assert!(knows_country("BR") && knows_country("GB"));
        assert!(!knows_country("00") && !knows_country("br") && !knows_country("A ") && !knows_country("UK"));
    }
}
