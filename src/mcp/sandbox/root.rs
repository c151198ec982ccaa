//! The small root a server sees: the system's programs and libraries, its own tree, three folders
//! to write in. Nothing else of the machine exists in it.

use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Component, Path, PathBuf};

use rustix::fs::StatVfsMountFlags;
use rustix::mount::{
    MountFlags, MountPropagationFlags, UnmountFlags, mount, mount_bind, mount_bind_recursive, mount_change, mount_remount, unmount,
};

use super::Spec;

/// System folders, read-only. Links among them are made again as links.
pub(super) const SYSTEM: [&str; 9] = [
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/nix/store",
    "/gnu/store",
];
/// What programs look up in `/etc` to start at all. No private keys, no names of people.
const ETC_FILES: [&str; 9] = [
    "ld.so.cache",
    "ld.so.conf",
    "nsswitch.conf",
    "protocols",
    "services",
    "mime.types",
    "ssl/openssl.cnf",
    "ca-certificates.conf",
    "ssl/cert.pem",
];
const ETC_FOLDERS: [&str; 7] = [
    "alternatives",
    "ld.so.conf.d",
    "ssl/certs",
    "ca-certificates",
    "pki/tls/certs",
    "pki/ca-trust",
    "crypto-policies",
];
const ETC_NETWORK: [&str; 2] = ["hosts", "resolv.conf"];
const DEVICES: [&str; 5] = ["null", "zero", "full", "random", "urandom"];
const PASSWD: &str = "root:x:0:0:root:/root:/bin/sh\nmcp:x:1000:1000:mcp:/mcp/home:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n";
const GROUP: &str = "root:x:0:\nmcp:x:1000:\nnogroup:x:65534:\n";
const HOSTS: &str = "127.0.0.1 localhost mcp\n::1 localhost\n";

/// What kept the root from being built: the step, and the system's answer.
#[derive(Debug, thiserror::Error)]
#[error("{step}: {source}")]
pub(super) struct RootError {
    step: String,
    source: io::Error,
}

trait Step<T> {
    fn step(self, step: impl FnOnce() -> String) -> Result<T, RootError>;
}

impl<T, E: Into<io::Error>> Step<T> for Result<T, E> {
    fn step(self, step: impl FnOnce() -> String) -> Result<T, RootError> {
        self.map_err(|error| RootError {
            step: step(),
            source: error.into(),
        })
    }
}

/// Builds the root and moves into it. The process must have its own mount and pid namespaces.
pub(super) fn build_and_enter(spec: &Spec) -> Result<(), RootError> {
    let root = Root(&spec.root);
    mount_change("/", MountPropagationFlags::REC | MountPropagationFlags::PRIVATE).step(|| "make the mounts private".into())?;
    mount(
        "mcp-pin",
        root.0,
        "tmpfs",
        MountFlags::NOSUID | MountFlags::NODEV,
        c"mode=755,size=16m",
    )
    .step(|| "mount the root".into())?;
    root.system()?;
    root.etc(spec.network)?;
    root.devices()?;
    root.writable(spec)?;
    for mapped in &spec.read {
        if !SYSTEM.iter().any(|system| mapped.inside.starts_with(system)) {
            root.bind(&mapped.outside, &mapped.inside)?;
        }
    }
    root.seal(spec)?;
    // Only now: a process file system may be mounted only where one is already visible.
    let proc = root.at("/proc");
    fs::create_dir_all(&proc).ok();
    Root::proc(&proc)?;
    Root::remount(root.0, MountFlags::RDONLY)?;
    root.enter()
}

struct Root<'a>(&'a Path);

impl Root<'_> {
    fn at(&self, inside: impl AsRef<Path>) -> PathBuf {
        let below = inside.as_ref().components().filter(|part| matches!(part, Component::Normal(_)));
        self.0.join(below.collect::<PathBuf>())
    }

    fn folder(&self, inside: impl AsRef<Path>) -> Result<PathBuf, RootError> {
        let path = self.at(inside);
        fs::create_dir_all(&path).step(|| format!("make {}", path.display()))?;
        Ok(path)
    }

    fn write(&self, inside: &str, text: impl AsRef<[u8]>) -> Result<(), RootError> {
        let path = self.at(inside);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).step(|| format!("make {}", folder.display()))?;
        }
        fs::write(&path, text).step(|| format!("write {inside}"))
    }

    /// Shows a file or a folder with everything mounted below it. Made read-only by [`Self::seal`].
    fn bind(&self, outside: &Path, inside: &Path) -> Result<(), RootError> {
        let target = self.at(inside);
        if outside.is_dir() {
            fs::create_dir_all(&target).step(|| format!("make {}", target.display()))?;
        } else if !target.exists() {
            if let Some(folder) = target.parent() {
                fs::create_dir_all(folder).step(|| format!("make {}", folder.display()))?;
            }
            fs::File::create(&target).step(|| format!("make {}", target.display()))?;
        }
        mount_bind_recursive(outside, &target).step(|| format!("bind {}", outside.display()))
    }

    fn system(&self) -> Result<(), RootError> {
        for path in SYSTEM.map(Path::new) {
            let Ok(found) = fs::symlink_metadata(path) else { continue };
            if found.is_symlink() {
                let link = fs::read_link(path).step(|| format!("read {}", path.display()))?;
                symlink(link, self.at(path)).step(|| format!("link {}", path.display()))?;
            } else if found.is_dir() {
                self.bind(path, path)?;
            }
        }
        Ok(())
    }

    fn etc(&self, network: bool) -> Result<(), RootError> {
        let etc = Path::new("/etc");
        for name in ETC_FOLDERS {
            let path = etc.join(name);
            if path.is_dir() {
                self.bind(&path, &path)?;
            }
        }
        for name in ETC_FILES.iter().chain(ETC_NETWORK.iter().filter(|_| network)) {
            if let Ok(text) = fs::read(etc.join(name)) {
                self.write(&format!("/etc/{name}"), text)?;
            }
        }
        if !network {
            self.write("/etc/hosts", HOSTS)?;
        }
        self.write("/etc/passwd", PASSWD)?;
        self.write("/etc/group", GROUP)?;
        self.write("/etc/hostname", "mcp\n")
    }

    fn devices(&self) -> Result<(), RootError> {
        let dev = self.folder("/dev")?;
        for name in DEVICES {
            let target = dev.join(name);
            fs::File::create(&target).step(|| format!("make {}", target.display()))?;
            mount_bind(Path::new("/dev").join(name), &target).step(|| format!("bind /dev/{name}"))?;
        }
        for (name, link) in [
            ("fd", "/proc/self/fd"),
            ("stdin", "/proc/self/fd/0"),
            ("stdout", "/proc/self/fd/1"),
            ("stderr", "/proc/self/fd/2"),
        ] {
            symlink(link, dev.join(name)).step(|| format!("link /dev/{name}"))?;
        }
        let shm = self.folder("/dev/shm")?;
        mount(
            "mcp-pin",
            &shm,
            "tmpfs",
            MountFlags::NOSUID | MountFlags::NODEV,
            c"mode=1777,size=64m",
        )
        .step(|| "mount /dev/shm".into())
    }

    fn writable(&self, spec: &Spec) -> Result<(), RootError> {
        for mapped in [&spec.home, &spec.cwd, &spec.tmp] {
            let target = self.folder(&mapped.inside)?;
            mount_bind(&mapped.outside, &target).step(|| format!("bind {}", mapped.outside.display()))?;
        }
        // Programs that ignore TMPDIR.
        let tmp = self.folder("/tmp")?;
        mount(
            "mcp-pin",
            &tmp,
            "tmpfs",
            MountFlags::NOSUID | MountFlags::NODEV,
            c"mode=1777,size=256m",
        )
        .step(|| "mount /tmp".into())?;
        for mapped in &spec.stand_ins {
            let target = self.folder(&mapped.inside)?;
            mount_bind(&mapped.outside, &target).step(|| format!("bind {}", mapped.outside.display()))?;
        }
        fs::set_permissions(&spec.tmp.outside, fs::Permissions::from_mode(0o700)).step(|| "set the mode of the temporary folder".into())
    }

    /// Makes every mount below the root read-only, those that came along with a bound folder too.
    fn seal(&self, spec: &Spec) -> Result<(), RootError> {
        let folders = [&spec.home, &spec.cwd, &spec.tmp].into_iter().chain(&spec.stand_ins);
        let open: Vec<_> = folders.map(|mapped| self.at(&mapped.inside)).collect();
        let table = fs::read("/proc/self/mountinfo").step(|| "read the mounts".into())?;
        let points = table
            .split(|b| *b == b'\n')
            .filter_map(|line| line.split(|b| *b == b' ').nth(4))
            .map(unescape);
        for point in points.filter(|point| point.starts_with(self.0) && point != self.0) {
            let writable = open.contains(&point) || point == self.at("/tmp") || point.starts_with(self.at("/dev"));
            if !writable {
                Self::remount(&point, MountFlags::RDONLY | MountFlags::NODEV)?;
            } else if open.contains(&point) {
                Self::remount(&point, MountFlags::NODEV)?;
            }
        }
        Ok(())
    }

    /// Adds flags to a mount. Those it has must be named again, or the kernel refuses.
    fn remount(point: &Path, flags: MountFlags) -> Result<(), RootError> {
        let found = match rustix::fs::statvfs(point) {
            Ok(found) => found.f_flag,
            // A mount point that even we may not look at is not there for the server either.
            Err(rustix::io::Errno::ACCESS | rustix::io::Errno::NOENT) => return Ok(()),
            Err(error) => return Err(error).step(|| format!("look at {}", point.display())),
        };
        let kept = [
            (StatVfsMountFlags::NOSUID, MountFlags::NOSUID),
            (StatVfsMountFlags::NODEV, MountFlags::NODEV),
            (StatVfsMountFlags::NOEXEC, MountFlags::NOEXEC),
            (StatVfsMountFlags::NOATIME, MountFlags::NOATIME),
            (StatVfsMountFlags::NODIRATIME, MountFlags::NODIRATIME),
            (StatVfsMountFlags::RELATIME, MountFlags::RELATIME),
            (StatVfsMountFlags::RDONLY, MountFlags::RDONLY),
        ];
        let flags = kept
            .iter()
            .filter(|(has, _)| found.contains(*has))
            .fold(flags, |flags, (_, flag)| flags | *flag);
        mount_remount(point, MountFlags::BIND | MountFlags::NOSUID | flags, c"").step(|| format!("make {} read-only", point.display()))
    }

    /// Best effort: some containers forbid it, and servers mostly do without. Where it works, no
    /// further user namespaces can be made inside, which would hand out capabilities again. What
    /// is mounted must then be read-only: the machine's settings in it belong to root, and so does
    /// a server that root probes.
    fn proc(proc: &Path) -> Result<(), RootError> {
        let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
        if mount("proc", proc, "proc", flags, None).is_ok() {
            fs::write(proc.join("sys/user/max_user_namespaces"), "0").ok();
            mount_remount(proc, MountFlags::BIND | MountFlags::RDONLY | flags, c"").step(|| "make /proc read-only".into())?;
        }
        Ok(())
    }

    fn enter(&self) -> Result<(), RootError> {
        rustix::process::chdir(self.0).step(|| "enter the root".into())?;
        rustix::process::pivot_root(".", ".").step(|| "change the root".into())?;
        unmount(".", UnmountFlags::DETACH).step(|| "leave the old root".into())?;
        rustix::process::chdir("/").step(|| "enter the root".into())
    }
}

/// `\040` and the like in the mount table.
fn unescape(field: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStringExt as _;
    let (mut out, mut rest) = (Vec::with_capacity(field.len()), field);
    while let Some((&byte, tail)) = rest.split_first() {
        let octal = |digits: &[u8]| {
            digits
                .iter()
                .try_fold(0_u8, |n, d| d.is_ascii_digit().then(|| n.wrapping_mul(8).wrapping_add(d - b'0')))
        };
        if let (b'\\', Some(value)) = (byte, tail.get(..3).and_then(octal)) {
            out.push(value);
            rest = &tail[3..];
        } else {
            out.push(byte);
            rest = tail;
        }
    }
    std::ffi::OsString::from_vec(out).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mount_points_with_blanks_are_read() {
        assert_eq!(unescape(b"/a\\040b\\134c/\\011d"), Path::new("/a b\\c/\td"));
        assert_eq!(unescape(b"/plain"), Path::new("/plain"));
    }

    #[test]
    fn nothing_is_placed_outside_the_root() {
        assert_eq!(Root(Path::new("/r")).at("/a/../../b"), Path::new("/r/a/b"));
    }
}
