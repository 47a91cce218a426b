//! Whether a release on trial has proved itself. Pure: the facts come in, a verdict comes out.

use std::time::Duration;

/// All must hold for so long without a break.
const SETTLE: Duration = Duration::from_secs(20);
/// Counted from the start of the box.
pub const DEADLINE: Duration = Duration::from_secs(300);

/// A daemon that was started again so often is beyond waiting for.
const HOPELESS: u64 = 6;

/// What was seen, each by asking who must know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The access point's state as radiod tells it.
    pub radio: String,
    /// The release before had an access point.
    pub had_radio: bool,
    /// netd's name server answered.
    pub dns: bool,
    /// What netd complains of, when its rules do not stand.
    pub lan: Option<String>,
    /// The portal answered with 200.
    pub portal: bool,
    /// Why a file in `/data` could not be written and read back.
    pub data: Option<String>,
    /// Each daemon: its name, whether it is up, how often it was started again.
    pub daemons: Vec<(String, bool, u64)>,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Look again.
    Wait,
    /// It is kept.
    Healthy,
    /// It is not, for this reason.
    Deadline(String),
}

/// What is wrong, if anything, in words.
pub fn wrong(facts: &Facts) -> Option<String> {
    let beacons = facts.radio == "up" || (facts.radio == "no-radio" && !facts.had_radio);
    let down: Vec<&str> = facts.daemons.iter().filter(|(_, up, _)| !up).map(|(name, ..)| name.as_str()).collect();
    match () {
        () if facts.daemons.is_empty() => Some("the supervisor does not answer".into()),
        () if !down.is_empty() => Some(format!("{} does not run", down.join(", "))),
        () if !facts.portal => Some("the portal does not answer".into()),
        () if facts.lan.is_some() => facts.lan.as_ref().map(|why| format!("visitors are not kept apart: {why}")),
        () if !facts.dns => Some("the name server does not answer".into()),
        () if !beacons && facts.radio == "no-radio" => Some("the radio is gone".into()),
        () if !beacons => Some("the access point is not up".into()),
        () => facts.data.as_ref().map(|why| format!("the storage cannot be written: {why}")),
    }
}

/// The gate: fed with facts every few seconds.
#[derive(Clone, Debug, Default)]
pub struct Gate {
    since: Option<Duration>,
    restarts: Vec<(String, u64)>,
    /// What was wrong when it was fed last.
    pub wrong: Option<String>,
}

impl Gate {
    /// One look; `now` since the start of the box.
    pub fn look(&mut self, facts: &Facts, now: Duration) -> Verdict {
        let restarts: Vec<(String, u64)> = facts.daemons.iter().map(|(name, _, n)| (name.clone(), *n)).collect();
        let again = |(name, n): &(String, u64)| self.restarts.iter().any(|(known, before)| known == name && n > before);
        let hopeless = facts.daemons.iter().find(|(_, _, n)| *n >= HOPELESS);
        let failing = restarts.iter().find(|r| again(r)).map(|(name, _)| format!("{name} keeps ending"));
        self.restarts = restarts;
        self.wrong = failing.or_else(|| wrong(facts));
        match &self.wrong {
            None => {
                let since = *self.since.get_or_insert(now);
                if now.saturating_sub(since) >= SETTLE { Verdict::Healthy } else { Verdict::Wait }
            }
            Some(why) => {
                self.since = None;
                if now >= DEADLINE || hopeless.is_some() { Verdict::Deadline(why.clone()) } else { Verdict::Wait }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn well() -> Facts {
        Facts {
            radio: "up".into(),
            had_radio: true,
            dns: true,
            lan: None,
            portal: true,
            data: None,
            daemons: vec![("netd".into(), true, 0), ("portald".into(), true, 1)],
        }
    }

    const fn s(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn each_thing_that_can_be_wrong() {
        assert_eq!(wrong(&well()), None);
        let no = |facts: Facts, why: &str| assert_eq!(wrong(&facts).as_deref(), Some(why));
        no(Facts::default(), "the supervisor does not answer");
        no(Facts { daemons: vec![("netd".into(), false, 0)], ..well() }, "netd does not run");
        no(Facts { portal: false, ..well() }, "the portal does not answer");
        no(Facts { dns: false, ..well() }, "the name server does not answer");
        no(Facts { lan: Some("nft is gone".into()), ..well() }, "visitors are not kept apart: nft is gone");
        no(Facts { radio: "no-radio".into(), ..well() }, "the radio is gone");
        no(Facts { radio: "starting".into(), ..well() }, "the access point is not up");
        no(Facts { data: Some("it is full".into()), ..well() }, "the storage cannot be written: it is full");
        assert_eq!(wrong(&Facts { radio: "no-radio".into(), had_radio: false, ..well() }), None, "a box on a cable alone");
    }

    #[test]
    fn well_for_a_while_without_a_break() {
        let mut gate = Gate::default();
        assert_eq!(gate.look(&well(), s(30)), Verdict::Wait);
        assert_eq!(gate.look(&Facts { dns: false, ..well() }, s(40)), Verdict::Wait);
        assert_eq!(gate.look(&well(), s(45)), Verdict::Wait);
        assert_eq!(gate.look(&well(), s(64)), Verdict::Wait);
        assert_eq!(gate.look(&well(), s(65)), Verdict::Healthy);
    }

    #[test]
    fn a_daemon_that_is_started_again_breaks_it() {
        let mut gate = Gate::default();
        let again = |n| Facts { daemons: vec![("netd".into(), true, n)], ..well() };
        for n in 0..6 {
            assert_eq!(gate.look(&again(n), s(5 * n)), Verdict::Wait, "{n}");
        }
        assert_eq!(gate.look(&again(6), s(40)), Verdict::Deadline("netd keeps ending".into()), "and it is not waited for for ever");
        let mut gate = Gate::default();
        let down = Facts { portal: false, ..well() };
        assert_eq!(gate.look(&down, s(299)), Verdict::Wait);
        assert_eq!(gate.look(&down, s(300)), Verdict::Deadline("the portal does not answer".into()));
        // Who is well at the deadline gets its time.
        let mut late = Gate::default();
        late.look(&well(), s(299));
        assert_eq!(late.look(&well(), s(310)), Verdict::Wait);
        assert_eq!(late.look(&well(), s(319)), Verdict::Healthy);
    }
}
