//! The template, and what people get wrong.

use super::*;

fn one_problem(file: &str) -> (Settings, Problem) {
    let reading = read(file.as_bytes());
    assert_eq!(reading.problems.len(), 1, "{file}: {:?}", reading.problems);
    (reading.settings, reading.problems[0].clone())
}

#[test]
fn the_template_is_the_defaults() {
    let reading = read(TEMPLATE.as_bytes());
    assert_eq!(reading, Reading::default());
}

#[test]
fn every_line_of_the_template_may_be_uncommented() {
    let mut all = String::new();
    for (i, line) in TEMPLATE.lines().enumerate() {
        let uncommented = match line.strip_prefix('#') {
            Some(rest) if rest.starts_with(|c: char| c.is_ascii_lowercase()) && rest.contains(" = ") => {
                let file: Vec<&str> = TEMPLATE.lines().enumerate().map(|(j, l)| if i == j { rest } else { l }).collect();
                assert_eq!(read(file.join("\n").as_bytes()), Reading::default(), "{rest}");
                rest
            }
            _ => line,
        };
        all.push_str(uncommented);
        all.push('\n');
    }
    let document = Document::parse(all.as_bytes());
    assert_eq!(read_document(&document), Reading::default());
    let in_template: Vec<&str> = document.entries.iter().map(|e| e.key.as_str()).collect();
    let known: Vec<&str> = keys::KEYS.iter().map(|k| k.name).collect();
    assert_eq!(in_template, known, "the template has every key, in the order of the table");
    for (key, value) in values_of(&Settings::default()) {
        assert_eq!(document.get(key), Some(&value), "{key}: the template shows the default");
    }
}

#[test]
fn every_field_has_a_key() {
    let json = serde_json::to_value(Settings::default()).unwrap();
    let mut fields: Vec<String> = Vec::new();
    for (section, value) in json.as_object().unwrap() {
        match value.as_object() {
            Some(inner) => fields.extend(inner.keys().map(|k| format!("{section}.{k}"))),
            None => fields.push(section.clone()),
        }
    }
    let mut known: Vec<&str> = keys::KEYS.iter().map(|k| k.name).collect();
    fields.sort();
    known.sort_unstable();
    assert_eq!(fields, known);
    assert_eq!(serde_json::from_value::<Settings>(json).unwrap(), Settings::default());
    assert_eq!(serde_json::from_str::<Settings>("{}").unwrap(), Settings::default());
}

#[test]
fn a_windows_file_is_read() {
    let file = format!("\u{feff}{}", TEMPLATE.replace('\n', "\r\n").replace("#ssid = \"P2P Hotspot\"", "ssid = \"Água Viva\""));
    let reading = read(file.as_bytes());
    assert_eq!((reading.settings.wifi.ssid.as_str(), reading.problems.len()), ("Água Viva", 0));
    let utf16: Vec<u8> = file.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(read(&utf16), reading);
}

#[test]
fn an_old_encoding_costs_its_line() {
    let reading = read(b"# caf\xe9\n[community]\nname = \"Caf\xe9\"\n[wifi]\nssid = \"Cafe\"\n");
    assert_eq!((reading.problems.len(), reading.problems[0].line), (1, 3));
    assert_eq!(reading.settings.wifi.ssid, "Cafe");
}

#[test]
fn a_wrong_value_keeps_the_rest() {
    let (settings, problem) = one_problem("[community]\nname = \"Vila\"\n[wifi]\npassword = \"seven77\"\nssid = \"Vila\"\n");
    assert_eq!((settings.community.name.as_str(), settings.wifi.ssid.as_str(), settings.wifi.password.as_str()), ("Vila", "Vila", ""));
    assert_eq!((problem.line, problem.key.as_str()), (4, "wifi.password"));
    assert!(problem.reason.contains("this one has 7") && !problem.reason.contains("seven77"), "{}", problem.reason);
}

#[test]
fn an_emoji_name_of_40_bytes_is_told_its_size() {
    let (settings, problem) = one_problem(&format!("[wifi]\nssid = \"{}\"\n", "🐝".repeat(10)));
    assert_eq!(settings.wifi.ssid, "P2P Hotspot");
    assert!(problem.reason.contains("40 bytes"), "{}", problem.reason);
    assert_eq!(read(format!("[wifi]\nssid = \"{}\"", "🐝".repeat(8)).as_bytes()).settings.wifi.ssid.len(), 32);
}

#[test]
fn wrong_lines_and_what_is_said() {
    for (file, line, key, words) in [
        ("[device]\ncountry = \"XX\"", 2, "device.country", "no radio rules are known for \"XX\""),
        ("[device]\ncountry = \"uk\"", 2, "device.country", "the United Kingdom is GB"),
        ("[device]\ntimezone = \"Mars\"", 2, "device.timezone", "America/Sao_Paulo"),
        ("[device]\nname = \"my box\"", 2, "device.name", "not a name"),
        ("[wifi]\nsid = \"x\"", 2, "wifi.sid", "[wifi] knows ssid, password, channel, band"),
        ("[wifi]\ncountry = \"BR\"", 2, "wifi.country", "did you mean device.country?"),
        ("ssid = \"x\"", 1, "ssid", "did you mean wifi.ssid?"),
        ("[wlan]\nssid2 = \"x\"", 2, "wlan.ssid2", "there is no section [wlan]"),
        ("wifi = 3", 1, "wifi", "wifi is a section"),
        ("[wifi]\nssid = 42", 2, "wifi.ssid", "this is a number, but a text in quotes is wanted; using \"P2P Hotspot\""),
        ("[wifi]\nssid = \"\"", 2, "wifi.ssid", "needs a name"),
        ("[wifi]\nssid = \"a\\nb\"", 2, "wifi.ssid", "line break"),
        ("[wifi]\npassword = \"contraseña\"", 2, "wifi.password", "no accents"),
        ("[wifi]\nchannel = 14", 2, "wifi.channel", "no Wi-Fi channel"),
        ("[wifi]\nband = \"5\"\nchannel = 6", 3, "wifi.channel", "not in the 5 GHz band"),
        ("[wifi]\nband = \"6\"", 2, "wifi.band", "not one of \"2.4\", \"5\""),
        ("[wifi]\nband = true", 2, "wifi.band", "true or false"),
        ("[lan]\nrange = \"198.51.100.0/24\"", 2, "lan.range", "not private"),
        ("[lan]\nnames = \"x.local\"", 2, "lan.names", "a list such as"),
        ("[lan]\nnames = [\"a_b\"]", 2, "lan.names", "not a host name"),
        ("[lan]\nnames = [\"10.0.0.1\"]", 2, "lan.names", "not a host name"),
        ("[lan]\ndomain = \"vila\"", 2, "lan.domain", "not a domain name of your own such as hotspot.vila.org"),
        ("[lan]\ndomain = \"hotspot.local\"", 2, "lan.domain", "not a domain name"),
        ("[lan]\ndomain = \"10.42.0.1\"", 2, "lan.domain", "not a domain name"),
        ("[lan]\ndomain = \"https://vila.org\"", 2, "lan.domain", "not a domain name"),
        ("[lan]\ndomain = \"*.vila.org\"", 2, "lan.domain", "not a domain name"),
        ("[lan]\ndomain = \"são.org\"", 2, "lan.domain", "begins with xn--"),
        ("[lan]\ndomain = [\"vila.org\"]", 2, "lan.domain", "a text in quotes"),
        ("[internet]\naccess = \"password\"", 2, "internet.access", "needs internet.password"),
        ("[internet]\nschedule = [\"mon-fry 08:00-18:00\"]", 2, "internet.schedule", "mon-fri 08:00-18:00"),
        ("[internet]\nspeed = -1", 2, "internet.speed", "not from 0"),
        ("[content]\nsources = [\"ftp://x\"]", 2, "content.sources", "does not start with"),
        ("[community]\nlanguages = []", 2, "community.languages", "at least one"),
        ("version = 2", 1, "version", "version 2"),
        ("[wifi]\nssid = \"a\"\nssid = \"b\"", 3, "", "this line is not used"),
        ("[wifi]\nssid = \"a", 2, "", "this line is not used"),
        ("[wifi]\nssid = Vila Nova", 2, "", "this line is not used"),
        ("[wifi\nssid = \"a\"", 1, "", "this section is not used"),
        ("[admin]\npassword = \"short\"", 2, "admin.password", "8 to 128"),
    ] {
        let (settings, problem) = one_problem(file);
        assert_eq!((problem.line, problem.key.as_str()), (line, key), "{file}: {}", problem.reason);
        assert!(problem.reason.contains(words), "{file}: {}", problem.reason);
        if !file.contains("ssid = \"a\"\nssid") && !file.contains("band = \"5\"") {
            assert_eq!(settings, Settings::default(), "{file}");
        }
    }
}

#[test]
fn broken_toml_costs_its_lines_only() {
    let reading = read(b"[community]\nname = Vila\n[wifi\nssid = \"lost\"\n[device]\nname = \"casa\"\n= 3\ncountry = \"br\"\n");
    assert_eq!(reading.problems.iter().map(|p| p.line).collect::<Vec<_>>(), [2, 3, 7]);
    assert_eq!((reading.settings.device.name.as_str(), reading.settings.device.country.as_str()), ("casa", "BR"));
    assert_eq!(reading.settings.wifi, Wifi::default());
}

#[test]
fn sane_values_of_each_kind() {
    let reading = read(
        br#"version = 1
[device]
name = "Casa-1"
country = "br"
[wifi]
band = 5
channel = 36
password = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789ABCDEF"
[lan]
range = "192.168.50.0/24"
ports = "LAN"
names = ["Biblioteca.local."]
domain = "Hotspot.Vila.org."
[internet]
access = "password"
password = "sol"
schedule = ["mon-fri 08:00-18:00", "22:00-24:00"]
speed = 2000
"#,
    );
    assert_eq!(reading.problems, []);
    let s = reading.settings;
    assert_eq!((s.device.name.as_str(), s.device.country.as_str(), s.wifi.channel, s.wifi.band), ("casa-1", "BR", Some(36), Band::Ghz5));
    assert_eq!((s.lan.ports, s.lan.names, s.lan.range.own()), (Ports::Lan, vec!["biblioteca.local".to_owned()], [192, 168, 50, 1].into()));
    assert_eq!(s.lan.domain, "hotspot.vila.org");
    assert_eq!((s.internet.access, s.internet.speed), (Access::Password, 2000));
}

#[test]
fn too_large_a_file_is_not_parsed() {
    let (settings, problem) = one_problem(&"#\n".repeat(40_000));
    assert_eq!((settings, problem.line), (Settings::default(), 0));
}

#[test]
fn any_bytes_end_in_settings() {
    for seed in 0..300u32 {
        let mut bytes = TEMPLATE.replace("\n#", "\n").into_bytes();
        let mut x = seed.wrapping_mul(2_654_435_761) | 1;
        for _ in 0..8 {
            x ^= x << 13;
            x ^= x >> 17;
            x ^= x << 5;
            let at = x as usize % bytes.len();
            bytes[at] = x.to_le_bytes()[3];
        }
        let reading = read(&bytes);
        let text = render(&entries_of(&reading.settings));
        assert_eq!(read(text.as_bytes()), Reading { settings: reading.settings, problems: Vec::new() }, "seed {seed}: {text}");
    }
}

#[test]
fn secrets_part_and_come_back() {
    let s = read(b"[wifi]\npassword = \"mate com erva\"\n[admin]\npassword = \"chimarrao\"\n").settings;
    let public = s.without_secrets();
    assert!(!serde_json::to_string(&public).unwrap().contains("erva"));
    assert_eq!(public.with_secrets(&s.secrets()), s);
}

fn merged(record: &str, now: &str, last: &str) -> String {
    let [record, now, last] = [record, now, last].map(|t| Document::parse(t.as_bytes()));
    merge(&record, &now, &last).iter().map(|e| format!("{}={} ", e.key, e.value)).collect()
}

#[test]
fn what_changed_in_the_file_wins() {
    let ssid = |name: &str| format!("[wifi]\nssid = \"{name}\"\n");
    // First boot: the file alone.
    assert_eq!(merged("", &ssid("file"), ""), "wifi.ssid=\"file\" ");
    // The owner's page changed it since; the file was not touched.
    assert_eq!(merged(&ssid("page"), &ssid("file"), &ssid("file")), "wifi.ssid=\"page\" ");
    // The file was edited after that.
    assert_eq!(merged(&ssid("page"), &ssid("newer"), &ssid("file")), "wifi.ssid=\"newer\" ");
    // The line was taken out: back to the default.
    assert_eq!(merged(&ssid("page"), "", &ssid("file")), "");
    // The file is broken in that line: nothing is known, the record stays.
    assert_eq!(merged(&ssid("page"), "[wifi]\nssid = broken\n", &ssid("file")), "wifi.ssid=\"page\" ");
    // Edited to something unusable: its default, and a problem from `read`.
    assert_eq!(merged(&ssid("page"), &ssid(""), &ssid("file")), "");
    // A key that nobody knows is not recorded.
    assert_eq!(merged("", "[wifi]\nfoo = 1\n", ""), "");
}

#[test]
fn the_page_is_the_template() {
    let page = include_str!("../../../docs/settings.md");
    assert_eq!(page, reference(), "run: cargo run -p config --example settings-page > docs/settings.md");
    for (key, _) in values_of(&Settings::default()).iter().skip(1) {
        assert!(page.contains(&format!("| `{key}` |")), "{key}");
    }
}
