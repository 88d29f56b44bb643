//! What a forgetful disk holds: for every file and folder what it is now, and what it was when it was last synced.
//!
//! As strict as POSIX lets a disk be: the bytes of a file are durable once the file was synced, its name once the folder
//! was; folders are named by folders. A sync that fails loses what it should have kept, and the next one knows nothing
//! of it (as Linux does).

use std::{
    collections::{BTreeMap, HashMap},
    ffi::{OsStr, OsString},
    ops::Range,
};

use super::Chance;

/// Number of the uppermost folder.
pub const ROOT: u64 = 1;
/// What a disk writes at once.
const SECTOR: usize = 512;

/// Why the disk does not do what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    Missing,
    Exists,
    NoFolder,
    NotEmpty,
    Full,
    Broken,
}

#[derive(Default)]
pub struct File {
    pub data: Vec<u8>,
    /// As of the last sync.
    kept: Vec<u8>,
    /// Where `data` may differ from `kept`.
    unsynced: Vec<Range<usize>>,
}

#[derive(Default)]
pub struct Folder {
    pub names: BTreeMap<OsString, u64>,
    /// As of the last sync.
    kept: BTreeMap<OsString, u64>,
}

pub enum Node {
    File(File),
    Folder(Folder),
}

/// All files and folders, by number. Numbers are never used twice: after a cut everything has a new one, so whatever a
/// dead process still had in its cache comes too late.
pub struct Platter {
    nodes: HashMap<u64, Node>,
    last: u64,
    /// Nothing may grow and nothing may be added.
    pub full: bool,
    /// Syncs fail.
    pub broken: bool,
}

impl File {
    fn resize(&mut self, size: usize) {
        let old = self.data.len();
        self.data.resize(size, 0);
        if size > old {
            self.unsynced.push(old..size);
        }
    }

    fn sync(&mut self) {
        self.kept.resize(self.data.len(), 0);
        for range in self.unsynced.drain(..) {
            let range = range.start.min(self.data.len())..range.end.min(self.data.len());
            self.kept[range.clone()].copy_from_slice(&self.data[range]);
        }
    }

    /// The file after a power cut; with `luck`, any sector of what was not synced may have reached the disk all the same.
    fn after_cut(mut self, luck: Option<&mut Chance>) -> File {
        if let Some(chance) = luck {
            let sectors =
                self.unsynced.iter().flat_map(|range| range.clone().step_by(SECTOR).map(move |at| (at, range)));
            for (at, range) in sectors.filter(|_| chance.once_in(2)) {
                let end = (at + SECTOR).min(range.end).min(self.data.len());
                if at < end {
                    self.kept.resize(self.kept.len().max(end), 0);
                    self.kept[at..end].copy_from_slice(&self.data[at..end]);
                }
            }
        }
        File { data: self.kept.clone(), kept: self.kept, unsynced: Vec::new() }
    }
}

impl Default for Platter {
    fn default() -> Platter {
        let nodes = HashMap::from([(ROOT, Node::Folder(Folder::default()))]);
        Platter { nodes, last: ROOT, full: false, broken: false }
    }
}

impl Platter {
    pub fn node(&self, number: u64) -> Result<&Node, Fault> {
        self.nodes.get(&number).ok_or(Fault::Missing)
    }

    pub fn file(&mut self, number: u64) -> Result<&mut File, Fault> {
        match self.nodes.get_mut(&number) {
            Some(Node::File(file)) => Ok(file),
            _ => Err(Fault::Missing),
        }
    }

    pub fn folder(&mut self, number: u64) -> Result<&mut Folder, Fault> {
        match self.nodes.get_mut(&number) {
            Some(Node::Folder(folder)) => Ok(folder),
            Some(_) => Err(Fault::NoFolder),
            None => Err(Fault::Missing),
        }
    }

    pub fn find(&mut self, folder: u64, name: &OsStr) -> Result<u64, Fault> {
        self.folder(folder)?.names.get(name).copied().ok_or(Fault::Missing)
    }

    /// Puts a new node into a folder, and says its number.
    pub fn add(&mut self, folder: u64, name: &OsStr, node: Node) -> Result<u64, Fault> {
        if self.full {
            return Err(Fault::Full);
        }
        if self.find(folder, name).is_ok() {
            return Err(Fault::Exists);
        }
        self.last += 1;
        let number = self.last;
        self.nodes.insert(number, node);
        self.folder(folder)?.names.insert(name.to_owned(), number);
        Ok(number)
    }

    /// Takes a name away. What it named stays: somebody may have it open, and a cut may bring the name back.
    pub fn remove(&mut self, folder: u64, name: &OsStr) -> Result<(), Fault> {
        let number = self.find(folder, name)?;
        match self.node(number)? {
            Node::Folder(inner) if !inner.names.is_empty() => return Err(Fault::NotEmpty),
            _ => self.folder(folder)?.names.remove(name),
        };
        Ok(())
    }

    pub fn rename(&mut self, from: (u64, &OsStr), to: (u64, &OsStr)) -> Result<(), Fault> {
        let number = self.find(from.0, from.1)?;
        self.folder(to.0)?.names.insert(to.1.to_owned(), number);
        self.folder(from.0)?.names.remove(from.1);
        Ok(())
    }

    pub fn write(&mut self, number: u64, at: usize, bytes: &[u8]) -> Result<(), Fault> {
        let (full, end, file) = (self.full, at + bytes.len(), self.file(number)?);
        if end > file.data.len() {
            if full {
                return Err(Fault::Full);
            }
            file.resize(end);
        }
        file.data[at..end].copy_from_slice(bytes);
        file.unsynced.push(at..end);
        Ok(())
    }

    pub fn resize(&mut self, number: u64, size: usize) -> Result<(), Fault> {
        let (full, file) = (self.full, self.file(number)?);
        if full && size > file.data.len() {
            return Err(Fault::Full);
        }
        file.resize(size);
        Ok(())
    }

    pub fn sync(&mut self, number: u64) -> Result<(), Fault> {
        let broken = self.broken;
        match self.nodes.get_mut(&number).ok_or(Fault::Missing)? {
            Node::File(file) if broken => file.unsynced.clear(),
            Node::File(file) => file.sync(),
            Node::Folder(folder) if !broken => folder.kept.clone_from(&folder.names),
            Node::Folder(_) => {}
        }
        if broken { Err(Fault::Broken) } else { Ok(()) }
    }

    /// The power is cut and comes back: what was not synced is gone, or with `luck` partly there.
    pub fn cut(&mut self, mut luck: Option<&mut Chance>) {
        let mut old = std::mem::take(&mut self.nodes);
        self.revive(&mut old, ROOT, ROOT, &mut luck);
    }

    fn revive(&mut self, old: &mut HashMap<u64, Node>, number: u64, new: u64, luck: &mut Option<&mut Chance>) {
        let node = match old.remove(&number) {
            None => return,
            Some(Node::File(file)) => Node::File(file.after_cut(luck.as_deref_mut())),
            Some(Node::Folder(folder)) => {
                let mut names = BTreeMap::new();
                for (name, inner) in folder.kept.into_iter().filter(|(_, inner)| *inner != number) {
                    self.last += 1;
                    let fresh = self.last;
                    self.revive(old, inner, fresh, luck);
                    names.insert(name, fresh);
                }
                names.retain(|_, fresh| self.nodes.contains_key(fresh));
                Node::Folder(Folder { kept: names.clone(), names })
            }
        };
        self.nodes.insert(new, node);
    }
}
