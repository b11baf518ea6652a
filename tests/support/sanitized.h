// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

namespace msgsrv::test {

/// By which a limit on the daemon's memory is multiplied: a sanitizer keeps what was freed for a while, and a
/// shadow of the rest.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr double sanitizedFactor = 200;
#else
constexpr double sanitizedFactor = 1;
#endif

} // namespace msgsrv::test
