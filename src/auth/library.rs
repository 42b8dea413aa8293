//! The calls of GSSAPI (RFC 2744) in MIT's library, and the memory that they give out.
//!
//! Invariants:
//! - Each handle is made by the library, belongs to one value here, is given back once when that is dropped, and is
//!   never copied. It may move between threads; two threads never use one at a time (`&mut`, or one owner).
//! - Bytes that the library gives out are copied and released before a call returns.
#![allow(unsafe_code, reason = "calls into a library of C; each has its reason")]

use std::ffi::c_void;
use std::ptr::{NonNull, null, null_mut};
use std::sync::OnceLock;

use libloading::{Library as Loaded, Symbol};

use crate::error::{Code, Error, Result};

/// The name under which distributions have it.
const NAME: &str = "libgssapi_krb5.so.2";

/// The context is not complete yet: the server's answer is needed.
const CONTINUE_NEEDED: u32 = 1;
/// Initiate only.
const INITIATE: i32 = 1;
/// Mutual authentication, replay and sequence detection, confidentiality, integrity.
const FLAGS: u32 = 0x2 | 0x4 | 0x8 | 0x10 | 0x20;
const GSS_CODE: i32 = 1;
const MECHANISM_CODE: i32 = 2;

/// `gss_buffer_desc`.
#[repr(C)]
struct Buffer {
    length: usize,
    value: *mut c_void,
}

/// `gss_OID_desc`.
#[repr(C)]
struct Oid {
    length: u32,
    elements: *const c_void,
}

/// `gss_OID_set_desc`.
#[repr(C)]
struct OidSet {
    count: usize,
    elements: *const Oid,
}

/// `gss_key_value_element_desc`.
#[repr(C)]
struct KeyValue {
    key: *const std::ffi::c_char,
    value: *const std::ffi::c_char,
}

/// `gss_key_value_set_desc`.
#[repr(C)]
struct KeyValues {
    count: u32,
    elements: *const KeyValue,
}

// SAFETY: the constants below point to constant bytes and are never written.
unsafe impl Sync for Oid {}

static KERBEROS: Oid = Oid { length: 9, elements: b"\x2a\x86\x48\x86\xf7\x12\x01\x02\x02".as_ptr().cast() };
/// SPNEGO (RFC 4178): Kerberos, agreed on as web servers do.
static NEGOTIATE: Oid = Oid { length: 6, elements: b"\x2b\x06\x01\x05\x05\x02".as_ptr().cast() };
/// A service on a host: `HTTP@host`; the library finds the realm.
static SERVICE: Oid = Oid { length: 10, elements: b"\x2a\x86\x48\x86\xf7\x12\x01\x02\x01\x04".as_ptr().cast() };
/// A principal: `alice@REALM`.
static PRINCIPAL: Oid = Oid { length: 10, elements: b"\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\x01".as_ptr().cast() };

type Handle = *mut c_void;

/// How one logs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mechanism {
    /// Kerberos itself.
    Kerberos,
    /// Kerberos within SPNEGO, as over HTTP.
    Negotiate,
}

impl Mechanism {
    fn oid(self) -> &'static Oid {
        match self {
            Mechanism::Kerberos => &KERBEROS,
            Mechanism::Negotiate => &NEGOTIATE,
        }
    }
}

/// The library's functions. Each is loaded by its name with the type that RFC 2744 (and MIT's gssapi_ext.h, for
/// `gss_acquire_cred_from`) gives it.
struct Functions {
    import_name: unsafe extern "C" fn(*mut u32, *const Buffer, *const Oid, *mut Handle) -> u32,
    display_name: unsafe extern "C" fn(*mut u32, Handle, *mut Buffer, *mut *const Oid) -> u32,
    release_name: unsafe extern "C" fn(*mut u32, *mut Handle) -> u32,
    acquire_from: unsafe extern "C" fn(
        *mut u32,
        Handle,
        u32,
        *const OidSet,
        i32,
        *const KeyValues,
        *mut Handle,
        *mut *mut OidSet,
        *mut u32,
    ) -> u32,
    inquire: unsafe extern "C" fn(*mut u32, Handle, *mut Handle, *mut u32, *mut i32, *mut *mut OidSet) -> u32,
    release_credential: unsafe extern "C" fn(*mut u32, *mut Handle) -> u32,
    initiate: unsafe extern "C" fn(
        *mut u32,
        Handle,
        *mut Handle,
        Handle,
        *const Oid,
        u32,
        u32,
        *const c_void,
        *const Buffer,
        *mut *const Oid,
        *mut Buffer,
        *mut u32,
        *mut u32,
    ) -> u32,
    delete_context: unsafe extern "C" fn(*mut u32, *mut Handle, *mut Buffer) -> u32,
    wrap: unsafe extern "C" fn(*mut u32, Handle, i32, u32, *const Buffer, *mut i32, *mut Buffer) -> u32,
    unwrap: unsafe extern "C" fn(*mut u32, Handle, *const Buffer, *mut Buffer, *mut i32, *mut u32) -> u32,
    release_buffer: unsafe extern "C" fn(*mut u32, *mut Buffer) -> u32,
    display_status: unsafe extern "C" fn(*mut u32, u32, i32, *const Oid, *mut u32, *mut Buffer) -> u32,
    /// Keeps the functions' code in memory.
    _loaded: Loaded,
}

/// What the library says of a call that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Status {
    pub(super) major: u32,
    pub(super) minor: u32,
    pub(super) text: String,
}

/// A call failed, or there is no library.
pub(super) enum Failed {
    Said(Status),
    NoLibrary(String),
}

fn functions() -> Result<&'static Functions, Failed> {
    static LOADED: OnceLock<Result<Functions, String>> = OnceLock::new();
    let loaded = LOADED.get_or_init(|| load().map_err(|error| error.to_string()));
    loaded.as_ref().map_err(|error| Failed::NoLibrary(error.clone()))
}

fn load() -> Result<Functions, libloading::Error> {
    /// One function by its name.
    ///
    /// SAFETY: the caller names a function of the library and its type.
    unsafe fn find<T: Copy>(library: &Loaded, name: &[u8]) -> Result<T, libloading::Error> {
        // SAFETY: as the caller says.
        let symbol: Symbol<'_, T> = unsafe { library.get(name)? };
        Ok(*symbol)
    }
    // SAFETY: loading MIT's library runs its initialisers, which only set up its own tables; each name is looked up
    // with the type that its header gives it; `_loaded` keeps the library as long as the functions.
    unsafe {
        let library = Loaded::new(NAME)?;
        Ok(Functions {
            import_name: find(&library, b"gss_import_name\0")?,
            display_name: find(&library, b"gss_display_name\0")?,
            release_name: find(&library, b"gss_release_name\0")?,
            acquire_from: find(&library, b"gss_acquire_cred_from\0")?,
            inquire: find(&library, b"gss_inquire_cred\0")?,
            release_credential: find(&library, b"gss_release_cred\0")?,
            initiate: find(&library, b"gss_init_sec_context\0")?,
            delete_context: find(&library, b"gss_delete_sec_context\0")?,
            wrap: find(&library, b"gss_wrap\0")?,
            unwrap: find(&library, b"gss_unwrap\0")?,
            release_buffer: find(&library, b"gss_release_buffer\0")?,
            display_status: find(&library, b"gss_display_status\0")?,
            _loaded: library,
        })
    }
}

impl Buffer {
    fn empty() -> Buffer {
        Buffer { length: 0, value: null_mut() }
    }

    /// The bytes for a call that only reads them.
    fn of(bytes: &[u8]) -> Buffer {
        Buffer { length: bytes.len(), value: bytes.as_ptr().cast_mut().cast() }
    }
}

impl Functions {
    /// Copies what the library gave out, and gives it back.
    fn take(&self, mut buffer: Buffer) -> Vec<u8> {
        let bytes = match NonNull::new(buffer.value.cast::<u8>()) {
            // SAFETY: the library filled `length` bytes at `value`, which are its own until they are released below.
            Some(value) if buffer.length > 0 => unsafe {
                std::slice::from_raw_parts(value.as_ptr(), buffer.length).to_vec()
            },
            _ => Vec::new(),
        };
        let mut minor = 0;
        // SAFETY: the buffer is one that the library filled or left empty; it is released once.
        unsafe { (self.release_buffer)(&mut minor, &mut buffer) };
        bytes
    }

    /// The status of a call: an error in the upper half of the major one.
    fn check(&self, major: u32, minor: u32) -> Result<(), Failed> {
        if major >> 16 == 0 {
            return Ok(());
        }
        let mut texts = vec![self.status_text(major, GSS_CODE)];
        if minor != 0 {
            texts.push(self.status_text(minor, MECHANISM_CODE));
        }
        texts.retain(|text| !text.is_empty());
        Err(Failed::Said(Status { major, minor, text: texts.join(": ") }))
    }

    fn status_text(&self, status: u32, kind: i32) -> String {
        let (mut minor, mut more, mut buffer) = (0, 0, Buffer::empty());
        // SAFETY: every pointer is to a local of the type that the call takes; the mechanism is a constant.
        let major = unsafe { (self.display_status)(&mut minor, status, kind, &KERBEROS, &mut more, &mut buffer) };
        let text = String::from_utf8_lossy(&self.take(buffer)).into_owned();
        if major >> 16 == 0 { text } else { String::new() }
    }
}

/// The name of a principal: a person or a service.
pub(super) struct Name(Handle);

impl Name {
    /// A principal: `alice@REALM`, `hive/host@REALM`.
    pub(super) fn import(text: &str) -> Result<Name, Failed> {
        Name::of_kind(text, &PRINCIPAL)
    }

    /// A service on a host: `HTTP@host`.
    pub(super) fn service(text: &str) -> Result<Name, Failed> {
        Name::of_kind(text, &SERVICE)
    }

    fn of_kind(text: &str, kind: &'static Oid) -> Result<Name, Failed> {
        let functions = functions()?;
        let (mut minor, mut name) = (0, null_mut());
        let buffer = Buffer::of(text.as_bytes());
        // SAFETY: the buffer's bytes live until the call returns, the kind is a constant, the rest are locals.
        let major = unsafe { (functions.import_name)(&mut minor, &buffer, kind, &mut name) };
        functions.check(major, minor)?;
        Ok(Name(name))
    }

    fn text(&self) -> Result<String, Failed> {
        let functions = functions()?;
        let (mut minor, mut buffer) = (0, Buffer::empty());
        // SAFETY: the name is one of the library's and is not given back before `self` is dropped.
        let major = unsafe { (functions.display_name)(&mut minor, self.0, &mut buffer, null_mut()) };
        let text = String::from_utf8_lossy(&functions.take(buffer)).into_owned();
        functions.check(major, minor).map(|()| text)
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        if let Ok(functions) = functions() {
            let mut minor = 0;
            // SAFETY: the name is the library's, owned here, and given back once.
            unsafe { (functions.release_name)(&mut minor, &mut self.0) };
        }
    }
}

/// The right to act as somebody.
pub(super) struct Credential(Handle);

// SAFETY: MIT's library has no thread of its own in a credential and locks what it shares; a handle may be used by one
// thread after another (MIT krb5, "Thread safety" of its application guide). It has one owner here.
unsafe impl Send for Credential {}

impl Credential {
    /// Of a principal, out of stores like `ccache` and `client_keytab`; without any, the user's own.
    pub(super) fn acquire(
        principal: Option<&Name>,
        stores: &[(&str, String)],
        mechanism: Mechanism,
    ) -> Result<Credential, Failed> {
        let functions = functions()?;
        let texts: Vec<_> = stores
            .iter()
            .filter_map(|(key, value)| {
                Some((std::ffi::CString::new(*key).ok()?, std::ffi::CString::new(value.as_str()).ok()?))
            })
            .collect();
        let elements: Vec<KeyValue> =
            texts.iter().map(|(key, value)| KeyValue { key: key.as_ptr(), value: value.as_ptr() }).collect();
        let values = KeyValues { count: elements.len() as u32, elements: elements.as_ptr() };
        let mechanisms = OidSet { count: 1, elements: mechanism.oid() };
        let (mut minor, mut credential) = (0, null_mut());
        let from = if elements.is_empty() { null() } else { &raw const values };
        let name = principal.map_or(null_mut(), |name| name.0);
        // SAFETY: names, stores and mechanisms live until the call returns and are only read; what is not asked for is
        // null, as the call allows.
        let major = unsafe {
            (functions.acquire_from)(
                &mut minor,
                name,
                u32::MAX,
                &mechanisms,
                INITIATE,
                from,
                &mut credential,
                null_mut(),
                null_mut(),
            )
        };
        functions.check(major, minor)?;
        Ok(Credential(credential))
    }

    /// Whose it is, and for how many seconds it lasts.
    pub(super) fn describe(&self) -> Result<(String, u32), Failed> {
        let functions = functions()?;
        let (mut minor, mut name, mut lifetime) = (0, null_mut(), 0);
        // SAFETY: the credential is the library's and is not given back before `self` is dropped; what is not asked for
        // is null.
        let major =
            unsafe { (functions.inquire)(&mut minor, self.0, &mut name, &mut lifetime, null_mut(), null_mut()) };
        functions.check(major, minor)?;
        Ok((Name(name).text()?, lifetime))
    }
}

impl Drop for Credential {
    fn drop(&mut self) {
        if let Ok(functions) = functions() {
            let mut minor = 0;
            // SAFETY: the credential is the library's, owned here, and given back once.
            unsafe { (functions.release_credential)(&mut minor, &mut self.0) };
        }
    }
}

/// A security context with one server.
pub(super) struct Context {
    handle: Handle,
    service: Name,
    credential: Credential,
    mechanism: Mechanism,
    complete: bool,
}

// SAFETY: as of `Credential`: one owner, no thread of the library's own; every call below takes `&mut self`, but for
// none. `Sync` is harmless for the same reason: no method takes `&self` into the library.
unsafe impl Send for Context {}
// SAFETY: see above.
unsafe impl Sync for Context {}

impl Context {
    /// A context that is not begun.
    pub(super) fn new(service: Name, credential: Credential, mechanism: Mechanism) -> Context {
        Context { handle: null_mut(), service, credential, mechanism, complete: false }
    }

    pub(super) fn is_complete(&self) -> bool {
        self.complete
    }

    /// The next token for the server, by its last one. May ask a Kerberos server: blocks.
    pub(super) fn step(&mut self, token: Option<&[u8]>) -> Result<Vec<u8>, Failed> {
        let functions = functions()?;
        let (mut minor, mut out) = (0, Buffer::empty());
        let given = token.map(Buffer::of);
        let input = given.as_ref().map_or(null(), |buffer| buffer as *const Buffer);
        // SAFETY: credential, context and name are the library's and owned by `self`; the token's bytes live until the
        // call returns; what is not asked for is null.
        let major = unsafe {
            (functions.initiate)(
                &mut minor,
                self.credential.0,
                &mut self.handle,
                self.service.0,
                self.mechanism.oid(),
                FLAGS,
                0,
                null(),
                input,
                null_mut(),
                &mut out,
                null_mut(),
                null_mut(),
            )
        };
        let token = functions.take(out);
        functions.check(major, minor)?;
        self.complete = major & CONTINUE_NEEDED == 0;
        Ok(token)
    }

    /// Signs a message, and encrypts it if it is to be kept private.
    pub(super) fn wrap(&mut self, message: &[u8], private: bool) -> Result<Vec<u8>, Failed> {
        let functions = functions()?;
        let (mut minor, mut out) = (0, Buffer::empty());
        let input = Buffer::of(message);
        // SAFETY: the context is complete (the library says so if not) and owned by `self`; the message lives until the
        // call returns.
        let major =
            unsafe { (functions.wrap)(&mut minor, self.handle, i32::from(private), 0, &input, null_mut(), &mut out) };
        let wrapped = functions.take(out);
        functions.check(major, minor).map(|()| wrapped)
    }

    /// Checks a message and gives its content; whether it was private.
    pub(super) fn unwrap(&mut self, message: &[u8]) -> Result<(Vec<u8>, bool), Failed> {
        let functions = functions()?;
        let (mut minor, mut private, mut out) = (0, 0, Buffer::empty());
        let input = Buffer::of(message);
        // SAFETY: as in `wrap`.
        let major = unsafe { (functions.unwrap)(&mut minor, self.handle, &input, &mut out, &mut private, null_mut()) };
        let content = functions.take(out);
        functions.check(major, minor).map(|()| (content, private != 0))
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        if let (Ok(functions), false) = (functions(), self.handle.is_null()) {
            let mut minor = 0;
            // SAFETY: the context is the library's, owned here, and deleted once; no token is asked for.
            unsafe { (functions.delete_context)(&mut minor, &mut self.handle, null_mut()) };
        }
    }
}

/// The error where there is no library.
pub(super) fn no_library(why: &str) -> Error {
    Error::new(Code::KerberosLibrary, "Kerberos is not installed on this host")
        .why(why.to_owned())
        .next("install MIT Kerberos' client library (Debian: libgssapi-krb5-2, Red Hat: krb5-libs)")
}
