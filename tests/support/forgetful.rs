//! A disk that forgets: a file system of our own, mounted through FUSE, that goes back to what was synced when the power
//! is cut, and that can be full or unable to sync.

use std::{
    ffi::OsStr,
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use fuser::{
    BackgroundSession, BsdFileFlags, Config, Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags, Generation,
    INodeNo, LockOwner, MountOption, OpenFlags, RenameFlags, ReplyAttr, ReplyCreate, ReplyData, ReplyDirectory,
    ReplyEmpty, ReplyEntry, ReplyOpen, ReplyWrite, Request, TimeOrNow, WriteFlags,
};
use tempfile::TempDir;

use super::{
    Chance,
    platter::{Fault, File, Folder, Node, Platter, ROOT},
};

/// The kernel asks again each time: after a cut the names lead elsewhere.
const NEVER_KNOWN: Duration = Duration::ZERO;

/// A mounted disk. Let whoever uses it end before it is dropped: declare it first.
pub struct ForgetfulDisk {
    device: Device,
    session: Option<BackgroundSession>,
    place: TempDir,
}

#[derive(Clone, Default)]
struct Device {
    platter: Arc<Mutex<Platter>>,
    syncs: Arc<AtomicUsize>,
    /// How long a sync takes, in microseconds.
    sync_micros: Arc<AtomicU64>,
}

impl ForgetfulDisk {
    /// An empty disk, mounted.
    pub fn mounted() -> ForgetfulDisk {
        let place = tempfile::Builder::new().prefix("forgetful-").tempdir().expect("a temporary directory");
        let device = Device::default();
        let mut config = Config::default();
        config.mount_options = vec![MountOption::FSName("forgetful".to_owned()), MountOption::NoAtime];
        // While one sync takes its time, others read and write.
        config.n_threads = Some(4);
        let session = fuser::spawn_mount(device.clone(), place.path(), &config).unwrap_or_else(|error| {
            panic!(
                "the tests of power cuts and full disks mount a file system of their own, which needs /dev/fuse and \
                 either root or fusermount3 (Debian's package fuse3); mounting failed: {error}"
            )
        });
        ForgetfulDisk { device, session: Some(session), place }
    }

    /// Where it is mounted.
    pub fn path(&self) -> &str {
        self.place.path().to_str().expect("a temporary path is plain text")
    }

    /// The power is cut: every file and folder goes back to its last sync. Kill whoever uses it first. With `luck`, any
    /// part of what was written since may have reached the disk, as on a real one.
    pub fn loses_power(&self, luck: Option<&mut Chance>) {
        self.device.platter().cut(luck);
    }

    /// Whether writes that grow a file fail (ENOSPC).
    pub fn is_full(&self, full: bool) {
        self.device.platter().full = full;
    }

    /// Whether syncs fail (EIO) and lose what they should have kept.
    pub fn fails_to_sync(&self, broken: bool) {
        self.device.platter().broken = broken;
    }

    /// From now on every sync takes this long, as on a disk that is not made of memory.
    pub fn syncs_in(&self, time: Duration) {
        self.device.sync_micros.store(time.as_micros() as u64, Ordering::SeqCst);
    }

    /// How often something was synced so far.
    pub fn syncs(&self) -> usize {
        self.device.syncs.load(Ordering::SeqCst)
    }

    /// Copies the files of the uppermost folder into a real one, to be looked at without touching the disk.
    pub fn copies_to(&self, target: &Path) {
        let mut platter = self.device.platter();
        let names = platter.folder(ROOT).expect("the uppermost folder").names.clone();
        for (name, number) in names {
            if let Ok(file) = platter.file(number) {
                std::fs::write(target.join(name), &file.data).expect("a copy is written");
            }
        }
    }
}

impl Drop for ForgetfulDisk {
    fn drop(&mut self) {
        if let Some(Err(error)) = self.session.take().map(BackgroundSession::umount_and_join) {
            eprintln!("{} stays mounted: {error}", self.path());
        }
    }
}

impl Device {
    fn platter(&self) -> MutexGuard<'_, Platter> {
        self.platter.lock().expect("no panic while the platter is held")
    }

    fn syncs(&self, number: INodeNo, reply: ReplyEmpty) {
        std::thread::sleep(Duration::from_micros(self.sync_micros.load(Ordering::SeqCst)));
        self.syncs.fetch_add(1, Ordering::SeqCst);
        // An own statement: the lock must not be held while the answer is sent.
        let synced = self.platter().sync(number.0);
        answer(reply, synced);
    }

    fn adds(&self, folder: INodeNo, name: &OsStr, node: Node) -> Result<FileAttr, Fault> {
        let mut platter = self.platter();
        let number = platter.add(folder.0, name, node)?;
        attributes(number, platter.node(number)?)
    }
}

fn attributes(number: u64, node: &Node) -> Result<FileAttr, Fault> {
    let (kind, perm, size) = match node {
        Node::File(file) => (FileType::RegularFile, 0o644, file.data.len() as u64),
        Node::Folder(_) => (FileType::Directory, 0o755, 0),
    };
    let (time, owner) = (SystemTime::UNIX_EPOCH, owner());
    Ok(FileAttr {
        ino: INodeNo(number),
        size,
        blocks: size.div_ceil(512),
        atime: time,
        mtime: time,
        ctime: time,
        crtime: time,
        kind,
        perm,
        nlink: 1,
        uid: owner.0,
        gid: owner.1,
        rdev: 0,
        blksize: 4096,
        flags: 0,
    })
}

/// Whose files these are: whoever runs the tests.
fn owner() -> (u32, u32) {
    use std::os::unix::fs::MetadataExt;
    let me = std::fs::metadata("/proc/self");
    me.map_or((0, 0), |me| (me.uid(), me.gid()))
}

fn errno(fault: Fault) -> Errno {
    match fault {
        Fault::Missing => Errno::ENOENT,
        Fault::Exists => Errno::EEXIST,
        Fault::NoFolder => Errno::ENOTDIR,
        Fault::NotEmpty => Errno::ENOTEMPTY,
        Fault::Full => Errno::ENOSPC,
        Fault::Broken => Errno::EIO,
    }
}

fn answer(reply: ReplyEmpty, result: Result<(), Fault>) {
    match result {
        Ok(()) => reply.ok(),
        Err(fault) => reply.error(errno(fault)),
    }
}

fn answer_entry(reply: ReplyEntry, result: Result<FileAttr, Fault>) {
    match result {
        Ok(attributes) => reply.entry(&NEVER_KNOWN, &attributes, Generation(0)),
        Err(fault) => reply.error(errno(fault)),
    }
}

fn answer_attributes(reply: ReplyAttr, result: Result<FileAttr, Fault>) {
    match result {
        Ok(attributes) => reply.attr(&NEVER_KNOWN, &attributes),
        Err(fault) => reply.error(errno(fault)),
    }
}

impl Filesystem for Device {
    fn lookup(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let mut platter = self.platter();
        let found = platter.find(parent.0, name).and_then(|number| attributes(number, platter.node(number)?));
        drop(platter);
        answer_entry(reply, found);
    }

    fn getattr(&self, _: &Request, number: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        let found = self.platter().node(number.0).and_then(|node| attributes(number.0, node));
        answer_attributes(reply, found);
    }

    /// Only the size can be changed; owners, rights and times are taken and forgotten.
    fn setattr(
        &self,
        _: &Request,
        number: INodeNo,
        _mode: Option<u32>,
        _uid: Option<u32>,
        _gid: Option<u32>,
        size: Option<u64>,
        _atime: Option<TimeOrNow>,
        _mtime: Option<TimeOrNow>,
        _ctime: Option<SystemTime>,
        _: Option<FileHandle>,
        _crtime: Option<SystemTime>,
        _chgtime: Option<SystemTime>,
        _bkuptime: Option<SystemTime>,
        _: Option<BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        let mut platter = self.platter();
        let resized = size.map_or(Ok(()), |size| platter.resize(number.0, size as usize));
        let result = resized.and_then(|()| attributes(number.0, platter.node(number.0)?));
        drop(platter);
        answer_attributes(reply, result);
    }

    fn mkdir(&self, _: &Request, parent: INodeNo, name: &OsStr, _: u32, _: u32, reply: ReplyEntry) {
        answer_entry(reply, self.adds(parent, name, Node::Folder(Folder::default())));
    }

    fn create(&self, _: &Request, parent: INodeNo, name: &OsStr, _: u32, _: u32, _: i32, reply: ReplyCreate) {
        match self.adds(parent, name, Node::File(File::default())) {
            Ok(attributes) => {
                let flags = FopenFlags::FOPEN_KEEP_CACHE;
                reply.created(&NEVER_KNOWN, &attributes, Generation(0), FileHandle(0), flags);
            }
            Err(fault) => reply.error(errno(fault)),
        }
    }

    fn unlink(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        let removed = self.platter().remove(parent.0, name);
        answer(reply, removed);
    }

    fn rmdir(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        let removed = self.platter().remove(parent.0, name);
        answer(reply, removed);
    }

    fn rename(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        to: INodeNo,
        new: &OsStr,
        _: RenameFlags,
        reply: ReplyEmpty,
    ) {
        let renamed = self.platter().rename((parent.0, name), (to.0, new));
        answer(reply, renamed);
    }

    /// What is in the kernel's cache stays true, since nobody else writes; SQLite's shared memory is mapped from there.
    fn open(&self, _: &Request, _: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        reply.opened(FileHandle(0), FopenFlags::FOPEN_KEEP_CACHE);
    }

    fn read(
        &self,
        _: &Request,
        number: INodeNo,
        _: FileHandle,
        offset: u64,
        size: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        let mut platter = self.platter();
        match platter.file(number.0) {
            Ok(file) => {
                let begin = (offset as usize).min(file.data.len());
                let end = (begin + size as usize).min(file.data.len());
                reply.data(&file.data[begin..end]);
            }
            Err(fault) => reply.error(errno(fault)),
        }
    }

    fn write(
        &self,
        _: &Request,
        number: INodeNo,
        _: FileHandle,
        offset: u64,
        bytes: &[u8],
        _: WriteFlags,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        let written = self.platter().write(number.0, offset as usize, bytes);
        match written {
            Ok(()) => reply.written(bytes.len() as u32),
            Err(fault) => reply.error(errno(fault)),
        }
    }

    fn flush(&self, _: &Request, _: INodeNo, _: FileHandle, _: LockOwner, reply: ReplyEmpty) {
        reply.ok();
    }

    fn fsync(&self, _: &Request, number: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        self.syncs(number, reply);
    }

    fn fsyncdir(&self, _: &Request, number: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        self.syncs(number, reply);
    }

    fn readdir(&self, _: &Request, number: INodeNo, _: FileHandle, offset: u64, mut reply: ReplyDirectory) {
        let mut platter = self.platter();
        let names = match platter.folder(number.0) {
            Ok(folder) => folder.names.clone(),
            Err(fault) => return reply.error(errno(fault)),
        };
        for (at, (name, inner)) in names.iter().enumerate().skip(offset as usize) {
            let kind = match platter.node(*inner) {
                Ok(Node::Folder(_)) => FileType::Directory,
                _ => FileType::RegularFile,
            };
            if reply.add(INodeNo(*inner), at as u64 + 1, kind, name) {
                break;
            }
        }
        drop(platter);
        reply.ok();
    }
}
