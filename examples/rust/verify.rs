// verify.rs — libocc from Rust, without a crate: the least that a binding needs, and owners that free what they hold.
//
//   rustc --edition 2021 verify.rs -L "$(pkg-config --variable=libdir occ)" -o verify_rs && ./verify_rs a.proof.json
//
// Exit code: 0 all valid, 1 some are not, 2 something could not be read or done.
use std::ffi::{c_char, c_int, c_void, CStr};
use std::io::{self, Read};
use std::{env, fs, mem, process, ptr};

#[repr(C)]
struct Input {
    size: usize,
    proof: *const u8,
    proof_len: usize,
    policy: *const u8,
    policy_len: usize,
    digest: *const u8,
}

#[link(name = "occ")]
extern "C" {
    fn occ_verifier_new(options: *const c_void, ret_verifier: *mut *mut c_void) -> c_int;
    fn occ_verifier_free(verifier: *mut c_void);
    fn occ_verify(verifier: *const c_void, input: *const Input, ret_report: *mut *mut c_void) -> c_int;
    fn occ_report_reason(report: *const c_void) -> *const c_char;
    fn occ_report_free(report: *mut c_void);
    fn occ_code_text(code: c_int) -> *const c_char;
}

const PROOF_REFUSED: c_int = 100; // codes from here on say that a proof is not valid
const MAX_LEN: u64 = 4 << 20; // the library reads no longer proof

/// What the library's texts are: UTF-8, ended by a zero byte, good until their owner is freed. So they are copied.
unsafe fn text_of(text: *const c_char) -> String {
    CStr::from_ptr(text).to_string_lossy().into_owned()
}

pub struct Verifier(*mut c_void);
unsafe impl Send for Verifier {}
unsafe impl Sync for Verifier {} // any number of threads may use one verifier at once

impl Drop for Verifier {
    fn drop(&mut self) {
        unsafe { occ_verifier_free(self.0) }
    }
}

pub enum Verdict {
    Valid,
    Refused(String),
}

impl Verifier {
    pub fn new() -> Result<Verifier, String> {
        let mut verifier = ptr::null_mut();
        match unsafe { occ_verifier_new(ptr::null(), &mut verifier) } {
            0 => Ok(Verifier(verifier)),
            code => Err(unsafe { text_of(occ_code_text(code)) }),
        }
    }

    /// An error: proof or policy is malformed, or the verification could not be done.
    pub fn verify(&self, proof: &[u8], policy: Option<&[u8]>, digest: Option<&[u8; 32]>) -> Result<Verdict, String> {
        let input = Input {
            size: mem::size_of::<Input>(),
            proof: proof.as_ptr(),
            proof_len: proof.len(),
            policy: policy.map_or(ptr::null(), |text| text.as_ptr()),
            policy_len: policy.map_or(0, |text| text.len()),
            digest: digest.map_or(ptr::null(), |bytes| bytes.as_ptr()),
        };
        let mut report = ptr::null_mut();
        unsafe {
            let code = occ_verify(self.0, &input, &mut report);
            let reason = text_of(if report.is_null() { occ_code_text(code) } else { occ_report_reason(report) });
            occ_report_free(report);
            match code {
                0 => Ok(Verdict::Valid),
                PROOF_REFUSED.. => Ok(Verdict::Refused(reason)),
                _ => Err(reason),
            }
        }
    }
}

/// At most a byte more than MAX_LEN, which the library then refuses: whatever the file is, it does not fill the memory.
fn read_file(path: &str) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    fs::File::open(path)?.take(MAX_LEN + 1).read_to_end(&mut text)?;
    Ok(text)
}

fn verify_file(verifier: &Verifier, path: &str) -> Result<Verdict, String> {
    let proof = read_file(path).map_err(|error| error.to_string())?;
    verifier.verify(&proof, None, None)
}

fn main() {
    let paths: Vec<String> = env::args().skip(1).collect();
    let mut status = if paths.is_empty() { 2 } else { 0 };
    match Verifier::new() {
        Err(text) => {
            eprintln!("verify_rs: {text}");
            status = 2;
        }
        Ok(verifier) => {
            for path in &paths {
                match verify_file(&verifier, path) {
                    Ok(Verdict::Valid) => println!("{path}: valid"),
                    Ok(Verdict::Refused(reason)) => {
                        println!("{path}: {reason}");
                        status = status.max(1);
                    }
                    Err(text) => {
                        println!("{path}: {text}");
                        status = 2;
                    }
                }
            }
        }
    }
    process::exit(status);
}
