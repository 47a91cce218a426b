//! `hotspot bundle make`.

use std::fs::File;
use std::io::{BufRead, IsTerminal, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use content::envelope::Envelope;
use content::key::Secret;
use content::make::{self, Folder};
use content::{Cid, Codec, Manifest, car, time};
use serde::Deserialize;

use super::progress::Progress;
use super::{Failure, Outcome, about, inspect, print, shown};

/// How long the IPNS record holds, in seconds: a village may see no newer one for years.
const VALID: u64 = 10 * 365 * 86_400;

/// `bundle.toml`, and the options that come before it.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Description {
    title: String,
    name: String,
    description: String,
    languages: Vec<String>,
    license: String,
    cover: String,
}

#[derive(Debug, Default)]
struct Options {
    folder: PathBuf,
    out: PathBuf,
    said: Description,
    key: Option<PathBuf>,
    seq: Option<u64>,
    json: bool,
}

fn options(mut args: lexopt::Parser) -> Result<Options, Failure> {
    use lexopt::prelude::*;
    let mut o = Options::default();
    while let Some(arg) = args.next()? {
        match arg {
            Short('o') | Long("output") => o.out = args.value()?.into(),
            Long("title") => o.said.title = args.value()?.string()?,
            Long("name") => o.said.name = args.value()?.string()?,
            Long("description") => o.said.description = args.value()?.string()?,
            Long("lang" | "languages") => o.said.languages.extend(args.value()?.string()?.split(',').map(|code| code.trim().to_owned())),
            Long("license") => o.said.license = args.value()?.string()?,
            Long("cover") => o.said.cover = args.value()?.string()?,
            Long("key") => o.key = Some(args.value()?.into()),
            Long("seq") => o.seq = Some(args.value()?.parse()?),
            Long("json") => o.json = true,
            Value(path) if o.folder.as_os_str().is_empty() => o.folder = path.into(),
            other => return Err(other.unexpected().into()),
        }
    }
    if o.folder.as_os_str().is_empty() || o.out.as_os_str().is_empty() {
        return Err(Failure::Usage("hotspot bundle make wants a folder and -o NAME.car".into()));
    }
    Ok(o)
}

pub fn run(args: lexopt::Parser) -> Outcome {
    let options = options(args)?;
    let described = describe(&options)?;
    let folder = Folder::look(&options.folder).map_err(|e| Failure::Failed(e.to_string()))?;
    if folder.files() == 0 {
        return Err(about(&options.folder, &"there is no file in it"));
    }
    if folder.hidden > 0 {
        eprintln!("{} names that start with a dot are left out", folder.hidden);
    }
    let secret = secret(options.key.as_deref(), &options.out)?;
    let before = before(&options.out, &secret);
    let progress = Progress::new("hashed", folder.bytes());
    let hashed = make::hash(folder, &|done| progress.at(done)).map_err(|e| Failure::Failed(e.to_string()))?;
    drop(progress);
    let created = now();
    let manifest = Manifest {
        publisher: secret.publisher(),
        seq: options.seq.unwrap_or_else(|| before.as_ref().map_or(1, |(_, seq)| seq + 1)),
        created,
        prev: before.map(|(cid, _)| cid),
        title: described.title,
        content: hashed.content,
        total_bytes: hashed.total_bytes,
        block_count: hashed.block_count,
        entries: hashed.entries.clone(),
        name: described.name,
        description: described.description,
        languages: described.languages,
        license: described.license,
        cover: described.cover,
    };
    let block = manifest.to_block();
    if block.len() > car::MAX_BLOCK {
        return Err(about(&options.folder, &"its list of files is over 2 MiB (about 15,000 files): make two bundles of it"));
    }
    // What is written must be what every box takes.
    Manifest::read(&block).map_err(|e| about(&options.folder, &e))?;
    let envelope = Envelope::sign(&manifest, &block, &secret, &time::write(created + VALID)).to_block();
    write(&options.out, &hashed, &envelope, &block)?;
    let (root, manifest_cid) = (Cid::of(Codec::DagCbor, &envelope), Cid::of(Codec::DagCbor, &block));
    if options.json {
        return print(&format!("{}\n", inspect::to_json(root, manifest_cid, &manifest)));
    }
    print(&format!(
        "{}: \"{}\", release {}, {} files, {} bytes\nroot      {root}\npublisher {}\n",
        options.out.display(),
        shown(&manifest.title),
        manifest.seq,
        manifest.entries.len(),
        manifest.files_bytes(),
        manifest.publisher
    ))
}

fn write(out: &Path, hashed: &make::Hashed, envelope: &[u8], block: &[u8]) -> Outcome {
    let mut part = out.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    let file = File::create(&part).map_err(|e| about(&part, &e))?;
    let progress = Progress::new("written", hashed.total_bytes);
    let written = hashed.write(envelope, block, file, &|done| progress.at(done)).map_err(|e| Failure::Failed(e.to_string()));
    drop(progress);
    written.and_then(|()| std::fs::rename(&part, out).map_err(|e| about(out, &e))).inspect_err(|_| {
        let _ = std::fs::remove_file(&part);
    })
}

/// Seconds since 1970; `SOURCE_DATE_EPOCH` makes a bundle that can be made again, bit for bit.
fn now() -> u64 {
    let fixed = std::env::var("SOURCE_DATE_EPOCH").ok().and_then(|text| text.parse().ok());
    fixed.unwrap_or_else(crate::clockd::shown)
}

/// The release that stands there already, if it is by the same key: its manifest and sequence.
fn before(out: &Path, secret: &Secret) -> Option<(Cid, u64)> {
    let (_, cid, manifest) = inspect::front(out).ok()?;
    (manifest.publisher == secret.publisher()).then_some((cid, manifest.seq))
}

/// Options, then `bundle.toml`, then a question at a terminal, then a plain default.
fn describe(options: &Options) -> Result<Description, Failure> {
    let path = options.folder.join(make::DESCRIPTION);
    let mut found = match std::fs::read_to_string(&path) {
        Ok(text) => toml::from_str::<Description>(&text).map_err(|e| about(&path, &e.to_string().replace('\n', " ")))?,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Description::default(),
        Err(e) => return Err(about(&path, &e)),
    };
    let said = &options.said;
    for (to, from) in [
        (&mut found.title, &said.title),
        (&mut found.name, &said.name),
        (&mut found.description, &said.description),
        (&mut found.license, &said.license),
        (&mut found.cover, &said.cover),
    ] {
        if !from.is_empty() {
            to.clone_from(from);
        }
    }
    if !said.languages.is_empty() {
        found.languages.clone_from(&said.languages);
    }
    let folder = options.folder.canonicalize().map_err(|e| about(&options.folder, &e))?;
    let plain = folder.file_name().map_or("Bundle".into(), |name| name.to_string_lossy().into_owned());
    let ask = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    let question = |text: &str, default: &str| -> String {
        if !ask {
            return default.to_owned();
        }
        eprint!("{text} [{default}]: ");
        let mut line = String::new();
        let _ = std::io::stdin().lock().read_line(&mut line);
        if line.trim().is_empty() { default.to_owned() } else { line.trim().to_owned() }
    };
    if found.title.trim().is_empty() {
        found.title = question("Title", &plain);
    }
    if found.languages.is_empty() {
        let answer = question("Languages, such as pt,en", "");
        found.languages = answer.split(',').map(str::trim).filter(|code| !code.is_empty()).map(str::to_owned).collect();
    }
    if found.license.is_empty() {
        found.license = question("License, such as CC-BY-4.0", "");
    }
    if found.cover.is_empty() {
        let named = |ending: &&str| folder.join(format!("cover.{ending}")).is_file();
        found.cover = ["jpg", "png", "webp", "svg"].iter().find(|e| named(e)).map(|e| format!("cover.{e}")).unwrap_or_default();
    }
    Ok(found)
}

/// The key that is named, else this computer's, made when there is none.
fn secret(named: Option<&Path>, out: &Path) -> Result<Secret, Failure> {
    let path = named.map_or_else(|| default_key(out), Path::to_owned);
    match std::fs::read_to_string(&path) {
        Ok(text) => {
            let secret =
                Secret::from_file(&text).ok_or_else(|| about(&path, &"it is no publisher's key (one line of 64 hexadecimal digits)"))?;
            if named.is_none() {
                eprintln!("signed with the key in {}", path.display());
            }
            Ok(secret)
        }
        Err(e) if e.kind() == std::io::ErrorKind::NotFound && named.is_none() => {
            let secret = new_key(&path).map_err(|e| about(&path, &e))?;
            eprintln!("made a publisher's key: {} (keep a copy; who has it can publish in your name)", path.display());
            Ok(secret)
        }
        Err(e) => Err(about(&path, &e)),
    }
}

fn new_key(path: &Path) -> std::io::Result<Secret> {
    let mut seed = [0; 32];
    File::open("/dev/urandom")?.read_exact(&mut seed)?;
    let secret = Secret::from_seed(&seed);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(secret.to_file().as_bytes())?;
    file.sync_all()?;
    Ok(secret)
}

/// In the person's settings folder; where there is none, beside the bundle.
fn default_key(out: &Path) -> PathBuf {
    let folder = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    match folder("XDG_CONFIG_HOME").or_else(|| folder("HOME").map(|home| home.join(".config"))) {
        Some(config) => config.join("hotspot/publisher.key"),
        None => out.with_file_name("publisher.key"),
    }
}
