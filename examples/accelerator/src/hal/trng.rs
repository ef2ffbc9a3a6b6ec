//! A true random number generator: a word at a time, or a fault.

/// The generator.
pub struct Trng {
    source: Box<dyn FnMut() -> Option<u32>>,
    /// How many words it gave.
    pub words: u64,
}

impl Trng {
    /// A generator with this noise.
    pub fn new(source: impl FnMut() -> Option<u32> + 'static) -> Self {
        Self { source: Box::new(source), words: 0 }
    }

    /// A word, or `None` if the noise fails its health test.
    pub fn read(&mut self) -> Option<u32> {
        self.words += 1;
        (self.source)()
    }
}

impl Default for Trng {
    fn default() -> Self {
        Self::new(|| getrandom::u32().ok())
    }
}
