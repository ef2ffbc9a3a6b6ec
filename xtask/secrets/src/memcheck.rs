//! Requests to valgrind's memcheck (its manual, 3.1 and 4.6), for x86-64: instructions that do nothing but under
//! valgrind.

use core::arch::asm;

const RUNNING_ON_VALGRIND: usize = 0x1001;
const MAKE_MEM_UNDEFINED: usize = TOOL_BASE + 1;
const MAKE_MEM_DEFINED: usize = TOOL_BASE + 2;
/// The requests of the tool "MC".
const TOOL_BASE: usize = 0x4d43_0000;

fn request(request: usize, address: usize, len: usize) -> usize {
    let arguments: [usize; 6] = [request, address, len, 0, 0, 0];
    let mut result = 0;
    // SAFETY: the rotations add up to 128 bits, and registers are exchanged with themselves. Valgrind reads the
    // arguments, changes what it knows of the memory, and writes the result.
    unsafe {
        asm!(
            "rol rdi, 3", "rol rdi, 13", "rol rdi, 61", "rol rdi, 51", "xchg rbx, rbx",
            in("rax") &raw const arguments,
            inout("rdx") result,
            inout("rdi") 0usize => _,
        );
    }
    result
}

pub fn is_running() -> bool {
    request(RUNNING_ON_VALGRIND, 0, 0) > 0
}

/// From here on a secret.
pub fn classify(bytes: &mut [u8]) {
    request(MAKE_MEM_UNDEFINED, bytes.as_mut_ptr() as usize, bytes.len());
}

/// Known to everybody from here on.
pub fn declassify(bytes: &mut [u8]) {
    request(MAKE_MEM_DEFINED, bytes.as_mut_ptr() as usize, bytes.len());
}
