//! The interrupts of the board: 32 lines, none of which is used.

/// What the linker puts behind the vectors of the processor.
// SAFETY: the name and the section are those in which cortex-m-rt wants them; each is a function that takes nothing.
#[used]
#[unsafe(no_mangle)]
#[unsafe(link_section = ".vector_table.interrupts")]
static __INTERRUPTS: [unsafe extern "C" fn(); 32] = [unused; 32];

unsafe extern "C" fn unused() {
    crate::host::exit(false);
}
