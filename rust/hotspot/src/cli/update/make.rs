//! `hotspot update make`.

use std::fs::{self, File};
use std::io::{BufWriter, Cursor, Read};
use std::path::{Path, PathBuf};

use serde_json::json;
use update::{Block, Draft};

use crate::cli::keys::{chain, release_keys};
use crate::cli::progress::Progress;
use crate::cli::{Failure, Outcome, print};

/// What was asked for; what is not given comes from the image's header.
#[derive(Default)]
struct Wanted {
    image: Option<PathBuf>,
    out: Option<PathBuf>,
    keys: Option<PathBuf>,
    seq: Option<u64>,
    built: Option<u64>,
    commit: Option<String>,
    boards: Option<String>,
    min: u64,
    back: u64,
    data: Option<(u32, u32)>,
    json: bool,
}

pub fn run(mut args: lexopt::Parser) -> Outcome {
    use lexopt::prelude::*;
    let mut w = Wanted::default();
    while let Some(arg) = args.next()? {
        match arg {
            Short('o') => w.out = Some(args.value()?.into()),
            Long("keys") => w.keys = Some(args.value()?.into()),
            Long("seq") => w.seq = Some(args.value()?.parse()?),
            Long("built") => w.built = Some(args.value()?.parse()?),
            Long("commit") => w.commit = Some(args.value()?.string()?),
            Long("boards") => w.boards = Some(args.value()?.string()?),
            Long("min") => w.min = args.value()?.parse()?,
            Long("back") => w.back = args.value()?.parse()?,
            Long("data") => w.data = Some(args.value()?.parse_with(versions)?),
            Long("json") => w.json = true,
            Value(image) if w.image.is_none() => w.image = Some(image.into()),
            other => return Err(other.unexpected().into()),
        }
    }
    let (Some(image), Some(out), Some(keys)) = (&w.image, &w.out, &w.keys) else {
        return Err(Failure::Usage("hotspot update make wants an image, -o FILE and --keys FOLDER".into()));
    };
    Ok(build(&w, image, out, keys)?)
}

/// `FROM-TO` or one number.
fn versions(text: &str) -> Result<(u32, u32), String> {
    let (from, to) = text.split_once('-').unwrap_or((text, text));
    let number = |t: &str| t.parse().map_err(|_| format!("\"{t}\" is no data version"));
    Ok((number(from)?, number(to)?))
}

fn build(w: &Wanted, image: &Path, out: &Path, keys: &Path) -> Result<(), String> {
    let (chain, signers) = (chain(&keys.join("root.json"))?, release_keys(keys)?);
    let releases = &chain.newest().releases;
    // Keys that were withdrawn may still lie in the folder: they do not sign.
    let signers: Vec<_> = signers.into_iter().filter(|k| releases.contains(&k.public())).collect();
    let of_image = |e: std::io::Error| format!("{}: {e}", image.display());
    let mut file = File::open(image).map_err(of_image)?;
    let size = file.metadata().map_err(of_image)?.len();
    let mut header = vec![0; 4096];
    file.read_exact(&mut header).map_err(of_image)?;
    let mut block = Block::decode(&header).map_err(|e| format!("{}: {e}: it is no slot's image", image.display()))?;
    if let Some(seq) = w.seq.filter(|seq| block.hex("s_seq") != Ok(*seq)) {
        // The box reads its own release there.
        block.set_hex("s_seq", seq);
        header = block.encode(header.len()).map_err(|e| format!("{}: {e}", image.display()))?;
    }
    let (data_from, data_to) = w.data.unwrap_or((update::DATA_FROM, update::DATA_TO));
    let own = || update::BOARDS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let hex = |name| block.hex(name).map_err(|e| format!("{}: {e}", image.display()));
    let draft = Draft {
        boards: w.boards.as_ref().map_or_else(own, |list| list.split(',').map(str::to_owned).collect()),
        seq: hex("s_seq")?,
        built: w.built.map_or_else(|| hex("s_built"), Ok)?,
        commit: w.commit.clone().or_else(|| block.get("s_commit").map(str::to_owned)).unwrap_or_default(),
        min: w.min,
        back: w.back,
        data_from,
        data_to,
    };
    let of_out = |e: std::io::Error| format!("{}: {e}", out.display());
    let (new, scratch) = (out.with_extension("new"), out.with_extension("chunks"));
    let mut chunks = File::options().read(true).write(true).create(true).truncate(true).open(&scratch).map_err(of_out)?;
    // It needs no name: it goes with this program.
    fs::remove_file(&scratch).map_err(of_out)?;
    let mut writer = BufWriter::new(File::create(&new).map_err(of_out)?);
    let mut progress = Progress::new("making the update");
    let mut show = |done| progress.show(done, size);
    let made = update::make(&mut Cursor::new(header).chain(file), draft, &chain, &signers, &mut chunks, &mut writer, &mut show);
    drop(progress);
    let made = made.inspect_err(|_| drop(fs::remove_file(&new))).map_err(of_out)?;
    writer.into_inner().map_err(|e| of_out(e.into_error())).and_then(|f| f.sync_all().map_err(of_out))?;
    fs::rename(&new, out).map_err(of_out)?;
    let m = &made.manifest;
    let text = if w.json {
        format!("{}\n", json!({"v": 1, "file": out, "id": made.id, "size": made.size, "manifest": m}))
    } else {
        format!("{}: release {} for {}, {:.1} MB\n", out.display(), m.seq, m.boards.join(", "), made.size as f64 / 1e6)
    };
    print(&text).map_err(|e| match e {
        Failure::Failed(why) | Failure::Usage(why) => why,
    })
}
