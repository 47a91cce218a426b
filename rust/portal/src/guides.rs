//! Guides for visitors: a picture and a few steps each. They are part of the program, since a new box has no content yet;
//! a bundle can take the place of each.

mod replaced;

use config::Access;

use crate::lang::{Key, Language};

pub(crate) use replaced::found;
pub use replaced::{Replacement, Step};

/// One guide.
#[derive(Debug)]
pub struct Guide {
    /// Its place: `/guide/<name>`.
    pub name: &'static str,
    /// Its title.
    pub title: Key,
    /// What its picture shows, for who cannot see it.
    pub alt: Key,
    /// The drawing inside a 300 × 120 SVG; classes of the style sheet give the colours.
    drawing: &'static str,
    /// Its steps; those of the internet depend on the owner's rule.
    steps: &'static [Key],
    /// The portal's address belongs to the first step.
    pub with_address: bool,
}

/// All of them.
pub static GUIDES: [Guide; 4] = [
    Guide {
        name: "stay",
        title: Key::GuideStay,
        alt: Key::GuideStayPicture,
        drawing: concat!(
            r#"<rect class="scard" x="30" y="10" width="64" height="100" rx="10"/><path class="wave" d="M42 46q20-16 40 0M50 56q12-9 24 0"/><circle class="dot" cx="62" cy="66" r="4"/>"#,
            r#"<path class="wave" d="M120 60h44m-12-10l12 10l-12 10"/><rect class="scard" x="190" y="10" width="64" height="100" rx="10"/>"#,
            r#"<path class="sgrey" d="M206 72v-10M216 72v-18M226 72v-26M236 72v-34"/><path class="wave" d="M200 30l46 56"/>"#
        ),
        steps: &[Key::GuideStay1, Key::GuideStay2, Key::GuideStay3],
        with_address: false,
    },
    Guide {
        name: "find",
        title: Key::GuideFind,
        alt: Key::GuideFindPicture,
        drawing: concat!(
            r#"<rect class="scard" x="20" y="10" width="260" height="100" rx="10"/><rect class="sbar" x="32" y="20" width="236" height="26" rx="13"/>"#,
            r#"<text class="stext" x="46" y="38" direction="ltr">10.42.0.1</text><rect class="smark" x="28" y="16" width="244" height="34" rx="16"/>"#,
            r#"<rect class="sline" x="40" y="66" width="150" height="10" rx="5"/><rect class="sline" x="40" y="86" width="200" height="10" rx="5"/>"#
        ),
        steps: &[Key::GuideFind1, Key::GuideFind2, Key::GuideFind3],
        with_address: true,
    },
    Guide {
        name: "app",
        title: Key::GuideApp,
        alt: Key::GuideAppPicture,
        drawing: concat!(
            r#"<path class="scard" d="M30 20h38l16 16v64h-54z"/><text class="stext" x="57" y="76" text-anchor="middle" direction="ltr">.apk</text><path class="wave" d="M100 60h50m-14-12l14 12l-14 12"/>"#,
            r#"<rect class="scard" x="176" y="8" width="66" height="104" rx="10"/><rect class="near" x="190" y="46" width="38" height="22" rx="11"/><circle class="scard" cx="217" cy="57" r="8"/>"#
        ),
        steps: &[Key::GuideApp1, Key::GuideApp2, Key::GuideApp3, Key::GuideApp4],
        with_address: false,
    },
    Guide {
        name: "internet",
        title: Key::GuideInternet,
        alt: Key::GuideInternetPicture,
        drawing: concat!(
            r#"<rect class="scard" x="24" y="20" width="48" height="80" rx="8"/><path class="sgrey" d="M84 60h34M182 60h34"/><rect class="near" x="122" y="40" width="56" height="40" rx="6"/>"#,
            r#"<rect class="scard" x="140" y="56" width="20" height="16" rx="3"/><path class="slock" d="M144 56v-5a6 6 0 0 1 12 0v5"/>"#,
            r#"<circle class="sgrey" cx="250" cy="60" r="30"/><path class="sgrey" d="M220 60h60M250 30c-22 20-22 40 0 60M250 30c22 20 22 40 0 60"/>"#
        ),
        steps: &[],
        with_address: false,
    },
];

impl Guide {
    /// The guide at that place.
    pub fn named(name: &str) -> Option<&'static Self> {
        GUIDES.iter().find(|g| g.name == name)
    }

    /// The guide that a bundle of this name replaces: `guide-find` for `find`.
    pub fn replaced_by(bundle: &str) -> Option<&'static Self> {
        bundle.strip_prefix("guide-").and_then(Self::named)
    }

    /// Its steps, under the owner's rule for the internet.
    pub fn steps(&self, lang: &Language, access: Access) -> Vec<Step> {
        let internet = [match access {
            Access::Blocked => Key::GuideInternetBlocked,
            Access::Open => Key::GuideInternetOpen,
            Access::Voucher => Key::GuideInternetVoucher,
            Access::Password => Key::GuideInternetPassword,
        }];
        let keys = if self.name == "internet" { &internet } else { self.steps };
        let step = |(n, key): (usize, &Key)| Step { text: lang.say(*key), address: self.with_address && n == 0, ..Step::default() };
        keys.iter().enumerate().map(step).collect()
    }

    /// The text of a bundle that says the same: what a community begins with.
    pub fn text(&self, lang: &Language) -> String {
        // Vouchers need the most words of a community's own.
        let line =
            |step: Step| format!("\n{}{}\n", step.text, if step.address { format!(" {}", replaced::ADDRESS) } else { String::new() });
        let steps = self.steps(lang, Access::Voucher).into_iter().map(line);
        format!("{}\n{}", lang.say(self.title), steps.collect::<String>())
    }

    /// Its picture; `alt` is escaped here.
    pub fn picture(&self, alt: &str) -> String {
        let alt = alt.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;");
        format!(
            r#"<svg class="shot" viewBox="0 0 300 120" role="img" aria-label="{alt}"><rect class="sback" width="300" height="120"/>{}</svg>"#,
            self.drawing
        )
    }
}

#[cfg(test)]
mod tests;
