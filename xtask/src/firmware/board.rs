//! The boards that QEMU emulates, and how their clocks count instructions.

/// A board.
#[derive(Clone)]
pub(super) struct Board {
    /// What QEMU calls it.
    pub(super) name: &'static str,
    pub(super) processor: &'static str,
    pub(super) target: &'static str,
    /// The feature of `examples/firmware`.
    pub(super) feature: &'static str,
    /// A tick of its timer, in nanoseconds of the emulator's clock.
    tick: f64,
    /// Where a program measures what it does while others wait: an instruction takes 2^this ns.
    pub(super) pace: u32,
    /// The same where every instruction counts: more than a tick, so that none is missed.
    pub(super) exact_pace: u32,
}

impl Board {
    /// Instructions between two ticks, where each takes 2^`pace` ns.
    pub(super) fn instructions_per_tick(&self, pace: u32) -> f64 {
        self.tick / f64::from(1_u32 << pace)
    }
}

pub(super) const MICROBIT: Board = Board {
    name: "microbit",
    processor: "Cortex-M0",
    target: "thumbv6m-none-eabi",
    feature: "microbit",
    tick: 62.5,
    pace: 6,
    exact_pace: 7,
};

pub(super) const AN385: Board = Board {
    name: "mps2-an385",
    processor: "Cortex-M3",
    target: "thumbv7m-none-eabi",
    feature: "mps2",
    tick: 40.0,
    pace: 3,
    exact_pace: 7,
};

pub(super) const AN386: Board =
    Board { name: "mps2-an386", processor: "Cortex-M4", target: "thumbv7em-none-eabihf", ..AN385 };

pub(super) const AN505: Board = Board {
    name: "mps2-an505",
    processor: "Cortex-M33",
    target: "thumbv8m.main-none-eabi",
    feature: "an505",
    tick: 50.0,
    pace: 5,
    exact_pace: 7,
};

pub(super) const AST2600: Board = Board {
    name: "ast2600-evb",
    processor: "Cortex-A7",
    target: "armv7a-none-eabi",
    feature: "ast2600",
    tick: 1_000.0,
    pace: 3,
    exact_pace: 10,
};

/// A 32-bit RISC-V without atomic instructions. It counts instructions itself, right at this pace.
pub(super) const VIRT: Board = Board {
    name: "virt",
    processor: "RV32IMC",
    target: "riscv32imc-unknown-none-elf",
    feature: "virt",
    tick: 1.0,
    pace: 0,
    exact_pace: 0,
};

/// The HiFive1, with 16 kB of RAM: its counter is that of [`VIRT`].
pub(super) const SIFIVE_E: Board = Board { name: "sifive_e", feature: "sifive_e", ..VIRT };
