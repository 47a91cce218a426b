//! The ACT LED. The kernel's `pattern` trigger blinks by itself where the supervisor could set it up; else we do.

use std::path::{Path, PathBuf};
use std::time::Duration;

use radio::led::{Code, kernel_pattern};

/// Names of the activity LED: mainline's, and older ones.
const NAMES: [&str; 3] = ["ACT", "led0", "PWR"];

/// The LED and what it shows.
pub struct Led {
    path: Option<PathBuf>,
    shown: Option<Code>,
    task: Option<tokio::task::JoinHandle<()>>,
}

impl Led {
    /// Finds the LED; a box without one is fine.
    pub fn find() -> Self {
        let path = NAMES[..2].iter().map(|name| Path::new("/sys/class/leds").join(name)).find(|path| path.exists());
        if path.is_none() {
            log::info!("no ACT LED here");
        }
        Self { path, shown: None, task: None }
    }

    /// Shows a code, if it is not shown already.
    pub fn show(&mut self, code: Code) {
        if self.shown == Some(code) {
            return;
        }
        log::info!("LED: {}", code.name());
        self.shown = Some(code);
        if let Some(task) = self.task.take() {
            task.abort();
        }
        let Some(path) = self.path.clone() else { return };
        let brightest = std::fs::read_to_string(path.join("max_brightness")).ok().and_then(|t| t.trim().parse().ok()).unwrap_or(1);
        if by_kernel(&path, code, brightest).is_err() {
            self.task = Some(tokio::spawn(by_hand(path.join("brightness"), code, brightest)));
        }
    }

    /// The name of the code that is shown.
    pub fn name(&self) -> &'static str {
        self.shown.unwrap_or_default().name()
    }
}

fn by_kernel(path: &Path, code: Code, brightest: u32) -> std::io::Result<()> {
    // Played once, the light stays on without another timer.
    let repeat = if code == Code::Well { "1" } else { "-1" };
    std::fs::write(path.join("repeat"), repeat)?;
    std::fs::write(path.join("pattern"), kernel_pattern(&code.pattern(), brightest))
}

async fn by_hand(path: PathBuf, code: Code, brightest: u32) {
    loop {
        for (on, ms) in code.pattern() {
            let level = if on { brightest } else { 0 };
            if let Err(e) = std::fs::write(&path, level.to_string()) {
                log::info!("{}: {e}; the LED shows nothing", path.display());
                return;
            }
            if code == Code::Well {
                return;
            }
            tokio::time::sleep(Duration::from_millis(ms.into())).await;
        }
    }
}
