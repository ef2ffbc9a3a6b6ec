//! Types that have a provider: AWS-LC where none is named. Without the feature `aws-lc` each names its own.

use saitls::stream::LendProvider;

/// Where a provider is had from, with what tasks need: the provider itself, or a [`Shared`](saitls::Shared) one. Each
/// connection has a copy.
pub trait Provides: LendProvider<Provider: 'static> + Clone + Unpin + 'static {}

impl<L: LendProvider<Provider: 'static> + Clone + Unpin + 'static> Provides for L {}

/// Declares a type with the parameters in brackets, and `L`, where the provider is had from.
macro_rules! provided {
    ($(#[$meta:meta])* pub struct $Name:ident[$($IO:ident)?]($($field:tt)*);) => {
        crate::provided::provided!(@ [$(#[$meta])* pub struct $Name] [$($IO)?] [($($field)*);]);
    };
    ($(#[$meta:meta])* pub $kind:ident $Name:ident[$($IO:ident)?] { $($body:tt)* }) => {
        crate::provided::provided!(@ [$(#[$meta])* pub $kind $Name] [$($IO)?] [{ $($body)* }]);
    };
    (@ [$($head:tt)*] [$($IO:ident)?] [$($body:tt)*]) => {
        #[cfg(feature = "aws-lc")]
        $($head)*<$($IO,)? L: $crate::Provides = saitls_aws_lc::AwsLc> $($body)*
        #[cfg(not(feature = "aws-lc"))]
        $($head)*<$($IO,)? L: $crate::Provides> $($body)*
    };
}
pub(crate) use provided;
