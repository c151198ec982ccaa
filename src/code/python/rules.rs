//! Which name gives which ability.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::model::code::Ability;

/// Names that count wherever they stand, called or handed on.
const EXACT: &[(Ability, &str)] = &[
    (
        Ability::Process,
        "subprocess.run subprocess.call subprocess.check_call subprocess.check_output \
         subprocess.Popen os.posix_spawn os.posix_spawnp os.startfile os.execl os.execle \
         os.execlp os.execlpe os.execv os.execve os.execvp os.execvpe os.spawnl os.spawnle \
         os.spawnlp os.spawnlpe os.spawnv os.spawnve os.spawnvp os.spawnvpe pty.spawn pty.fork \
         os.forkpty asyncio.create_subprocess_exec anyio.run_process anyio.open_process \
         trio.run_process trio.lowlevel.open_process _posixsubprocess.fork_exec \
         _winapi.CreateProcess pexpect.spawn pexpect.run psutil.Popen win32api.ShellExecute \
         ctypes.windll.shell32.ShellExecuteW",
    ),
    (
        Ability::Shell,
        "os.system os.popen subprocess.getoutput subprocess.getstatusoutput commands.getoutput \
         commands.getstatusoutput asyncio.create_subprocess_shell popen2.popen2 os.popen2 \
         os.popen3 platform.popen",
    ),
    (
        Ability::Network,
        "socket.socket socket.create_connection socket.create_server socket.SocketType \
         socket.fromfd asyncio.open_connection asyncio.open_unix_connection asyncio.start_server \
         anyio.connect_tcp anyio.create_tcp_listener anyio.create_udp_socket \
         anyio.create_connected_udp_socket http.client.HTTPConnection http.client.HTTPSConnection \
         httplib.HTTPConnection httplib.HTTPSConnection urllib.request.urlopen \
         urllib.request.urlretrieve urllib.request.build_opener urllib.request.URLopener \
         urllib.request.FancyURLopener urllib.urlopen urllib.urlretrieve requests.get \
         requests.post requests.put requests.patch requests.delete requests.head requests.options \
         requests.request requests.Session requests.session httpx.get httpx.post httpx.put \
         httpx.patch httpx.delete httpx.head httpx.options httpx.request httpx.stream \
         httpx.Client httpx.AsyncClient httpx.HTTPTransport httpx.AsyncHTTPTransport \
         aiohttp.ClientSession aiohttp.request urllib3.PoolManager urllib3.ProxyManager \
         urllib3.HTTPConnectionPool urllib3.HTTPSConnectionPool urllib3.request \
         urllib3.connection_from_url smtplib.SMTP smtplib.SMTP_SSL smtplib.LMTP ftplib.FTP \
         ftplib.FTP_TLS telnetlib.Telnet imaplib.IMAP4 imaplib.IMAP4_SSL poplib.POP3 \
         poplib.POP3_SSL nntplib.NNTP paramiko.SSHClient paramiko.Transport grpc.insecure_channel \
         grpc.secure_channel grpc.aio.insecure_channel grpc.aio.secure_channel \
         xmlrpc.client.ServerProxy xmlrpc.client.Server websockets.connect websocket.WebSocketApp \
         websocket.create_connection websocket.WebSocket http.server.HTTPServer \
         http.server.ThreadingHTTPServer socketserver.TCPServer socketserver.UDPServer \
         socketserver.ThreadingTCPServer socketserver.ThreadingUDPServer uvicorn.run \
         uvicorn.Server webbrowser.open webbrowser.open_new webbrowser.open_new_tab",
    ),
    (
        Ability::Dns,
        "socket.getaddrinfo socket.gethostbyname socket.gethostbyname_ex socket.gethostbyaddr \
         socket.getnameinfo dns.resolver.resolve dns.resolver.query dns.resolver.Resolver \
         dns.asyncresolver.resolve dns.asyncresolver.Resolver dns.query.udp dns.query.tcp \
         dns.query.https aiodns.DNSResolver anyio.getaddrinfo",
    ),
    (
        Ability::FileWrite,
        "pathlib.Path.write_text pathlib.Path.write_bytes pathlib.Path.unlink pathlib.Path.rename \
         pathlib.Path.replace pathlib.Path.chmod pathlib.Path.rmdir pathlib.Path.symlink_to \
         pathlib.Path.hardlink_to pathlib.Path.touch anyio.Path.write_text anyio.Path.write_bytes \
         anyio.Path.unlink anyio.Path.rename shutil.copy shutil.copy2 shutil.copyfile \
         shutil.copytree shutil.move shutil.rmtree shutil.unpack_archive shutil.make_archive \
         os.remove os.unlink os.rename os.renames os.replace os.chmod os.lchmod os.chown os.rmdir \
         os.removedirs os.truncate os.symlink os.link os.O_WRONLY os.O_RDWR os.O_CREAT \
         os.O_APPEND os.O_TRUNC os.sendfile os.copy_file_range shelve.open dbm.open \
         send2trash.send2trash",
    ),
    (
        Ability::Encode,
        "base64.b64encode base64.standard_b64encode base64.urlsafe_b64encode base64.b32encode \
         base64.b16encode base64.b85encode base64.a85encode base64.encodebytes base64.encode \
         base64.b64decode base64.standard_b64decode base64.urlsafe_b64decode base64.b32decode \
         base64.b16decode base64.b85decode base64.a85decode base64.decodebytes base64.decode \
         binascii.hexlify binascii.unhexlify binascii.a2b_base64 binascii.b2a_base64 \
         binascii.b2a_hex binascii.a2b_hex codecs.encode codecs.decode zlib.compress \
         zlib.compressobj zlib.decompress gzip.compress bz2.compress lzma.compress \
         gzip.decompress bz2.decompress lzma.decompress cryptography.fernet.Fernet \
         cryptography.hazmat.primitives.ciphers.Cipher \
         cryptography.hazmat.primitives.ciphers.aead.AESGCM Crypto.Cipher.AES.new \
         Crypto.Cipher.PKCS1_OAEP.new Cryptodome.Cipher.AES.new nacl.secret.SecretBox \
         nacl.public.SealedBox rsa.encrypt",
    ),
    (
        Ability::Eval,
        "eval exec compile execfile marshal.loads marshal.load pickle.loads pickle.load \
         pickle.Unpickler code.interact code.InteractiveInterpreter code.InteractiveConsole \
         runpy.run_path runpy.run_module importlib.util.spec_from_loader \
         importlib.util.spec_from_file_location importlib.machinery.SourceFileLoader \
         importlib.machinery.SourcelessFileLoader imp.load_source imp.load_module \
         imp.load_compiled imp.new_module zipimport.zipimporter site.addsitedir timeit.timeit \
         codeop.compile_command jsonpickle.decode yaml.unsafe_load yaml.UnsafeLoader joblib.load \
         pydoc.locate",
    ),
    (
        Ability::Native,
        "ctypes.CDLL ctypes.PyDLL ctypes.WinDLL ctypes.OleDLL ctypes.cdll ctypes.windll \
         ctypes.oledll ctypes.pydll ctypes.pythonapi ctypes.CFUNCTYPE ctypes.WINFUNCTYPE \
         ctypes.PYFUNCTYPE ctypes.LibraryLoader ctypes.util.find_library ctypes.memmove \
         ctypes.string_at ctypes.wintypes.windll cffi.FFI _ctypes.dlopen \
         _cffi_backend.load_library importlib.machinery.ExtensionFileLoader imp.load_dynamic \
         _imp.create_dynamic mmap.PROT_EXEC",
    ),
    (
        Ability::Clipboard,
        "pyperclip.paste pyperclip.copy pyperclip.waitForPaste pyperclip.waitForNewPaste \
         clipboard.paste clipboard.copy win32clipboard.OpenClipboard \
         win32clipboard.GetClipboardData tkinter.Tk.clipboard_get tkinter.Tk.clipboard_append \
         pandas.read_clipboard PIL.ImageGrab.grabclipboard klembord.get_text \
         klembord.get_with_rich_text",
    ),
    (
        Ability::Screen,
        "mss.mss mss.MSS PIL.ImageGrab.grab pyautogui.screenshot pyscreenshot.grab dxcam.create \
         pynput.keyboard.Listener pynput.mouse.Listener pynput.keyboard.GlobalHotKeys \
         pynput.keyboard.Controller keyboard.on_press keyboard.hook keyboard.record \
         keyboard.on_release keyboard.read_key keyboard.read_event pyxhook.HookManager \
         pyHook.HookManager cv2.VideoCapture sounddevice.rec sounddevice.InputStream \
         pyaudio.PyAudio",
    ),
    (
        Ability::ChildInterpreter,
        "pip.main pip._internal.main pip._internal.cli.main.main pip._internal.main.main \
         ensurepip.bootstrap venv.create venv.EnvBuilder virtualenv.cli_run easy_install.main \
         setuptools.command.easy_install.main",
    ),
    (Ability::Publish, "twine.commands.upload.upload twine.cli.dispatch"),
];

/// Names that count where they are called: elsewhere they only tell what kind a thing is.
const CALLED: &[&str] = &["types.FunctionType", "types.CodeType", "types.LambdaType"];

/// Modules of which every call counts (and what else stands under them).
const UNDER: &[(&str, Ability)] = &[
    ("requests.", Ability::Network),
    ("httpx.", Ability::Network),
    ("aiohttp.", Ability::Network),
    ("urllib3.", Ability::Network),
    ("socket.socket.", Ability::Network),
    ("ssl.", Ability::Network),
    ("http.client.", Ability::Network),
    ("websockets.", Ability::Network),
    ("smtplib.", Ability::Network),
    ("ftplib.", Ability::Network),
    ("telnetlib.", Ability::Network),
    ("paramiko.", Ability::Network),
    ("grpc.", Ability::Network),
    ("xmlrpc.", Ability::Network),
    ("pycurl.", Ability::Network),
    ("curl_cffi.", Ability::Network),
    ("cloudscraper.", Ability::Network),
    ("boto3.", Ability::Network),
    ("botocore.", Ability::Network),
    ("pyperclip.", Ability::Clipboard),
    ("win32clipboard.", Ability::Clipboard),
    ("mss.", Ability::Screen),
    ("pyautogui.", Ability::Screen),
    ("cffi.", Ability::Native),
    ("ctypes.windll.", Ability::Native),
    ("ctypes.cdll.", Ability::Native),
];

/// What a call under one of [`UNDER`] must be named to talk.
const TALKS: &[&str] = &[
    "get",
    "post",
    "put",
    "patch",
    "delete",
    "head",
    "options",
    "request",
    "stream",
    "send",
    "sendall",
    "sendto",
    "sendmsg",
    "sendfile",
    "connect",
    "connect_ex",
    "recv",
    "bind",
    "listen",
    "ws_connect",
    "urlopen",
    "open",
    "sendmail",
    "send_message",
    "storbinary",
    "storlines",
    "retrbinary",
    "retrlines",
    "login",
    "exec_command",
    "open_sftp",
    "invoke_shell",
    "putrequest",
    "wrap_socket",
    "serve",
    "unix_connect",
    "client",
    "resource",
    "session",
    "perform",
    "insecure_channel",
    "secure_channel",
    "server",
    "run_app",
    "create_connection",
    "get_server_certificate",
    "create_scraper",
];

/// Methods whose names alone tell what they do, whatever they are called on.
const METHODS: &[(&str, Ability, &str)] = &[
    ("write_text", Ability::FileWrite, "Path.write_text"),
    ("write_bytes", Ability::FileWrite, "Path.write_bytes"),
    ("unlink", Ability::FileWrite, "Path.unlink"),
    ("create_subprocess_exec", Ability::Process, "asyncio.create_subprocess_exec"),
    ("create_subprocess_shell", Ability::Shell, "asyncio.create_subprocess_shell"),
    ("subprocess_exec", Ability::Process, "loop.subprocess_exec"),
    ("subprocess_shell", Ability::Shell, "loop.subprocess_shell"),
    ("check_output", Ability::Process, "subprocess.check_output"),
    ("exec_command", Ability::Shell, "paramiko.exec_command"),
    ("clipboard_get", Ability::Clipboard, "tkinter.clipboard_get"),
    ("getaddrinfo", Ability::Dns, "socket.getaddrinfo"),
    ("system", Ability::Shell, "os.system"),
    ("popen", Ability::Shell, "os.popen"),
    ("exec_module", Ability::Eval, "loader.exec_module"),
    ("load_module", Ability::Eval, "loader.load_module"),
];

static TABLE: LazyLock<HashMap<&'static str, Ability>> = LazyLock::new(|| {
    EXACT
        .iter()
        .flat_map(|(ability, names)| names.split_whitespace().map(move |name| (name, *ability)))
        .collect()
});

/// The ability that a name gives by standing there.
pub(super) fn named(path: &str) -> Option<Ability> {
    TABLE.get(path).copied()
}

/// The ability that a call gives.
pub(super) fn called(path: &str) -> Option<Ability> {
    if path.ends_with("()") {
        return None;
    }
    if CALLED.contains(&path) {
        return Some(Ability::Eval);
    }
    named(path).or_else(|| {
        let (_, ability) = UNDER.iter().find(|(module, _)| path.starts_with(module))?;
        let (owner, last) = path.rsplit_once('.')?;
        (*ability != Ability::Network || (TALKS.contains(&last) && !is_passive(owner))).then_some(*ability)
    })
}

/// What only carries what was said: `response.headers.get`.
fn is_passive(owner: &str) -> bool {
    let mut parts = owner.split('.').skip_while(|part| !is_class(part));
    let Some(class) = parts.next() else {
        return false;
    };
    let class = class.trim_end_matches("()");
    ["Response", "Request", "Headers", "Cookies", "URL", "Params", "Timeout", "Config"]
        .iter()
        .any(|word| class.ends_with(word))
        || parts.next().is_some()
}

fn is_class(part: &str) -> bool {
    part.starts_with(|c: char| c.is_ascii_uppercase())
}

/// The ability of a method on something unknown, with the name to report.
pub(super) fn method(name: &str) -> Option<(Ability, &'static str)> {
    METHODS
        .iter()
        .find(|(own, _, _)| *own == name)
        .map(|(_, ability, by)| (*ability, *by))
}

/// Names of Python's own that run code or find things by a text.
pub(super) fn is_own(name: &str) -> bool {
    matches!(
        name,
        "eval" | "exec" | "compile" | "open" | "getattr" | "globals" | "locals" | "vars" | "__import__" | "__builtins__" | "execfile"
    )
}

/// Modules of which nothing should be chosen by a text that is made at run time, and that nobody hands on.
pub(super) fn is_loaded(path: &str) -> bool {
    matches!(path, "os" | "subprocess" | "builtins" | "socket" | "ctypes" | "importlib" | "pty")
}

/// The environment as a whole.
pub(super) fn is_environment(path: &str) -> bool {
    matches!(path, "os.environ" | "os.environb" | "os.environ._data" | "os.environb._data")
}

/// What a call gives back, where it is something to follow: an instance is its class and `()`.
pub(super) fn result(path: &str) -> Option<String> {
    let last = path.rsplit_once('.').map_or(path, |(_, last)| last);
    let class = match path {
        _ if path.ends_with("()") => return None,
        "pathlib.PosixPath" | "pathlib.WindowsPath" | "pathlib.Path.home" | "pathlib.Path.cwd" => "pathlib.Path",
        "requests.session" => "requests.Session",
        "socket.create_connection" | "socket.create_server" | "socket.fromfd" | "socket.socket" => "socket.socket",
        "mss.mss" => "mss.MSS",
        "boto3.client" | "boto3.resource" => path,
        _ if path.starts_with("pathlib.Path.") && gives_path(last) => "pathlib.Path",
        _ if is_class(last) => path,
        _ => return None,
    };
    Some(format!("{class}()"))
}

fn gives_path(method: &str) -> bool {
    matches!(
        method,
        "resolve" | "expanduser" | "absolute" | "joinpath" | "relative_to" | "rename" | "replace"
    ) || method.starts_with("with_")
}
