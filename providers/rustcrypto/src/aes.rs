//! AES for 32-bit processors.

use aes::cipher::inout::InOut;
use aes::cipher::{
    Block, BlockCipherEncBackend, BlockCipherEncClosure, BlockCipherEncrypt, BlockSizeUser, Key, KeyInit, KeySizeUser,
    ParBlocks, ParBlocksSizeUser,
};

/// A block cipher that encrypts a single block as one of as many as it takes at once.
///
/// In software, `aes` has an implementation for a block and another for two, which takes about as many instructions.
/// Without the former, an image has 1.1 kB less.
pub(crate) struct Batched<C>(C);

impl<C: KeySizeUser> KeySizeUser for Batched<C> {
    type KeySize = C::KeySize;
}

impl<C: KeyInit> KeyInit for Batched<C> {
    fn new(key: &Key<Self>) -> Self {
        Self(C::new(key))
    }
}

impl<C: BlockSizeUser> BlockSizeUser for Batched<C> {
    type BlockSize = C::BlockSize;
}

impl<C: BlockCipherEncrypt> BlockCipherEncrypt for Batched<C> {
    #[inline]
    fn encrypt_with_backend(&self, f: impl BlockCipherEncClosure<BlockSize = Self::BlockSize>) {
        self.0.encrypt_with_backend(Closure(f));
    }
}

/// What is to be done with the backend.
struct Closure<F>(F);

impl<F: BlockSizeUser> BlockSizeUser for Closure<F> {
    type BlockSize = F::BlockSize;
}

impl<F: BlockCipherEncClosure> BlockCipherEncClosure for Closure<F> {
    #[inline(always)]
    fn call<B: BlockCipherEncBackend<BlockSize = Self::BlockSize>>(self, backend: &B) {
        self.0.call(&Backend(backend));
    }
}

struct Backend<'a, B>(&'a B);

impl<B: BlockSizeUser> BlockSizeUser for Backend<'_, B> {
    type BlockSize = B::BlockSize;
}

impl<B: ParBlocksSizeUser> ParBlocksSizeUser for Backend<'_, B> {
    type ParBlocksSize = B::ParBlocksSize;
}

impl<B: BlockCipherEncBackend> BlockCipherEncBackend for Backend<'_, B> {
    #[inline(always)]
    fn encrypt_block(&self, mut block: InOut<'_, '_, Block<Self>>) {
        let mut blocks = ParBlocks::<B>::default();
        let mut blocks = InOut::from(&mut blocks);
        *blocks.get(0).get_out() = block.clone_in();
        self.encrypt_par_blocks(blocks.reborrow());
        *block.get_out() = blocks.get(0).clone_in();
    }

    #[inline(never)]
    fn encrypt_par_blocks(&self, blocks: InOut<'_, '_, ParBlocks<Self>>) {
        self.0.encrypt_par_blocks(blocks);
    }
}
