//! What contentd answers on its socket: ARCHITECTURE.md lists it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::Sender;

use content::Cid;
use content::key::Publisher;
use serde_json::{Value, json};

use super::view::Shared;
use super::worker::Job;
use crate::ipc::Request;

/// Answers; hands work to the worker.
pub struct Service {
    shared: Arc<Shared>,
    jobs: Sender<(u64, Job)>,
    next: AtomicU64,
}

type Answer = (u16, Value);

impl Service {
    /// Over the worker's queue.
    pub fn new(shared: Arc<Shared>, jobs: Sender<(u64, Job)>) -> Self {
        Self { shared, jobs, next: AtomicU64::new(1) }
    }

    /// One request.
    pub fn answer(&self, request: &Request) -> Answer {
        let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
        match (request.method.as_str(), path) {
            ("GET", "/status") => (200, self.shared.status()),
            ("GET", "/log") => (200, json!({"v": 1, "log": self.shared.state().log})),
            ("GET", "/publishers") => (200, self.publishers()),
            ("GET", "/job") => self.ended(query),
            ("POST", "/publisher") => self.judge(&request.body),
            ("POST", "/pin") => self.pin(&request.body),
            ("POST", "/take") => self.with_text(&request.body, "id", |id| Ok(Job::Take(id))),
            ("POST", "/decline") => match request.body["id"].as_str() {
                Some(id) if self.shared.view().answered(id) => (200, json!({"v": 1})),
                _ => refuse(404, "nothing waits under that name"),
            },
            ("POST", "/import") => self.with_text(&request.body, "path", |path| Ok(Job::Import(path.into()))),
            ("POST", "/remove") => self.with_text(&request.body, "root", |root| Ok(Job::Remove(root.parse().map_err(|_| "no root")?))),
            ("POST", "/export") => self.export(&request.body),
            ("POST", "/put") => self.put(&request.body),
            ("POST", "/follow") => self.queue(Job::Follow),
            ("POST", "/scrub") => self.queue(Job::Scrub),
            _ => refuse(404, "there is no such thing"),
        }
    }

    fn queue(&self, job: Job) -> Answer {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        match self.jobs.send((number, job)) {
            Ok(()) => (202, json!({"v": 1, "job": number})),
            Err(_) => refuse(503, "contentd is ending"),
        }
    }

    fn with_text(&self, body: &Value, key: &str, job: impl Fn(String) -> Result<Job, &'static str>) -> Answer {
        let Some(text) = body[key].as_str() else { return refuse(400, &format!("\"{key}\" is missing")) };
        match job(text.to_owned()) {
            Ok(job) => self.queue(job),
            Err(why) => refuse(400, why),
        }
    }

    fn ended(&self, query: &str) -> Answer {
        let number = query.strip_prefix("n=").and_then(|n| n.parse().ok()).unwrap_or(0);
        let body = match self.shared.result(number) {
            None => json!({"v": 1, "state": "working"}),
            Some(Ok(text)) => json!({"v": 1, "state": "done", "text": text}),
            Some(Err(why)) => json!({"v": 1, "state": "failed", "text": why}),
        };
        (200, body)
    }

    fn publishers(&self) -> Value {
        let state = self.shared.state();
        let names = |set: &std::collections::BTreeSet<Publisher>| set.iter().map(ToString::to_string).collect::<Vec<_>>();
        json!({"v": 1, "trusted": names(&state.policy.trusted), "refused": names(&state.policy.refused)})
    }

    /// `{publisher, word: "trust" | "refuse" | "forget"}`
    fn judge(&self, body: &Value) -> Answer {
        let Some(publisher) = body["publisher"].as_str().and_then(|text| text.parse::<Publisher>().ok()) else {
            return refuse(400, "\"publisher\" wants a fingerprint (k51…)");
        };
        let mut state = self.shared.state();
        let policy = &mut state.policy;
        policy.trusted.remove(&publisher);
        policy.refused.remove(&publisher);
        match body["word"].as_str() {
            Some("trust") => policy.trusted.insert(publisher),
            Some("refuse") => policy.refused.insert(publisher),
            Some("forget") => true,
            _ => return refuse(400, "\"word\" is trust, refuse or forget"),
        };
        state.save();
        drop(state);
        let name = publisher.to_string();
        self.shared.view().waiting.retain(|w| w.publisher != name);
        self.queue(Job::Again)
    }

    /// `{root, pinned: bool}`
    fn pin(&self, body: &Value) -> Answer {
        let (Some(root), Some(pinned)) = (body["root"].as_str().and_then(|r| r.parse::<Cid>().ok()), body["pinned"].as_bool()) else {
            return refuse(400, "\"root\" and \"pinned\" are wanted");
        };
        let root = root.to_string();
        let mut state = self.shared.state();
        state.pinned.retain(|other| *other != root);
        if pinned {
            state.pinned.push(root.clone());
        }
        state.save();
        drop(state);
        for bundle in &mut self.shared.view().bundles {
            if bundle["root"] == root.as_str() {
                bundle["pinned"] = pinned.into();
            }
        }
        (200, json!({"v": 1}))
    }

    /// `{roots: [..], to: folder}`
    fn export(&self, body: &Value) -> Answer {
        let roots: Option<Vec<Cid>> = body["roots"].as_array().and_then(|list| list.iter().map(|r| r.as_str()?.parse().ok()).collect());
        match (roots, body["to"].as_str()) {
            (Some(roots), Some(to)) if !roots.is_empty() => self.queue(Job::Export(roots, PathBuf::from(to))),
            _ => refuse(400, "\"roots\" and \"to\" are wanted"),
        }
    }

    /// `{to: folder, name, text}`
    fn put(&self, body: &Value) -> Answer {
        let plain = |name: &&str| !name.starts_with('.') && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
        match (body["to"].as_str(), body["name"].as_str().filter(plain), body["text"].as_str()) {
            (Some(to), Some(name), Some(text)) if (1..=80).contains(&name.len()) => {
                self.queue(Job::Put(to.into(), name.into(), text.into()))
            }
            _ => refuse(400, "\"to\", a plain \"name\" and \"text\" are wanted"),
        }
    }
}

fn refuse(status: u16, why: &str) -> Answer {
    (status, json!({"v": 1, "error": why}))
}
