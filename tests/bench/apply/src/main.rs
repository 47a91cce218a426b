//! `apply BUNDLE ROOT.JSON TARGET [OTHER]`: installs as the updater does; with OTHER (or "-" for none) blocks are reused.
//! Prints one JSON object: bytes fetched and reused, bytes of the documents and the index, of the image, peak memory in KB.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};

use update::{Apply, Bundle, Chain, Checkpoint, Options, Phase, Slots, Source};

/// A mebibyte that `O_DIRECT` takes: the part of a larger vector that starts on a block's boundary.
struct Aligned(Vec<u8>);

const PIECE: usize = 1 << 20;

impl Aligned {
    fn get(&mut self) -> &mut [u8] {
        self.0.resize(PIECE + 4096, 0);
        let skip = self.0.as_ptr().align_offset(4096);
        &mut self.0[skip..skip + PIECE]
    }
}

struct Disk {
    target: File,
    other: Option<File>,
    size: u64,
    buffer: Aligned,
}

fn open(path: &str, write: bool) -> io::Result<File> {
    File::options().read(true).write(write).custom_flags(libc::O_DIRECT).open(path)
}

fn read(file: &File, buffer: &mut Aligned, offset: u64, buf: &mut [u8]) -> io::Result<()> {
    for (piece, at) in buf.chunks_mut(PIECE).zip((offset..).step_by(PIECE)) {
        let aligned = &mut buffer.get()[..piece.len()];
        file.read_exact_at(aligned, at)?;
        piece.copy_from_slice(aligned);
    }
    Ok(())
}

impl Slots for Disk {
    fn size(&self) -> u64 {
        self.size
    }
    fn read(&mut self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        read(&self.target, &mut self.buffer, offset, buf)
    }
    fn write(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        for (piece, at) in bytes.chunks(PIECE).zip((offset..).step_by(PIECE)) {
            let aligned = &mut self.buffer.get()[..piece.len()];
            aligned.copy_from_slice(piece);
            self.target.write_all_at(aligned, at)?;
        }
        Ok(())
    }
    fn read_other(&mut self, offset: u64, buf: &mut [u8]) -> io::Result<bool> {
        let Self { other: Some(other), buffer, .. } = self else { return Ok(false) };
        Ok(read(other, buffer, offset, buf).is_ok())
    }
    fn sync(&mut self) -> io::Result<()> {
        self.target.sync_data()
    }
    fn checkpoint(&mut self) -> Option<Checkpoint> {
        None
    }
    fn set_checkpoint(&mut self, _: Option<Checkpoint>) -> io::Result<()> {
        Ok(())
    }
}

struct Bytes(File, u64);

impl Source for Bytes {
    fn len(&self) -> u64 {
        self.1
    }
    fn read_at(&mut self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        self.0.read_exact_at(buf, offset)
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [bundle, root, target, rest @ ..] = args.as_slice() else { return Err("apply BUNDLE ROOT.JSON TARGET [OTHER]".into()) };
    let file = File::open(bundle)?;
    let length = file.metadata()?.len();
    let bundle = Bundle::open(Bytes(file, length), &Chain::read(&fs::read(root)?)?)?;
    let other = rest.first().filter(|o| *o != "-").map(|o| open(o, false)).transpose()?;
    let image = bundle.manifest().size;
    let slots = Disk { target: open(target, true)?, other, size: 256 << 20, buffer: Aligned(Vec::new()) };
    let chunks: u64 = bundle.index().stored(bundle.index().chunks() - 1).end;
    let mut apply = Apply::new(bundle, slots, Options { reuse: !rest.is_empty(), ..Options::default() });
    let progress = loop {
        let progress = apply.step()?;
        if progress.phase == Phase::Done {
            break progress;
        }
    };
    let status = fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).and_then(|l| l.split_whitespace().next()).unwrap_or("0");
    println!(
        "{{\"fetched\":{},\"reused\":{},\"documents\":{},\"image\":{image},\"peak_kb\":{peak}}}",
        progress.fetched,
        progress.reused,
        length - chunks
    );
    Ok(())
}
