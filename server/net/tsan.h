// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#if defined(__has_feature)
#    if __has_feature(thread_sanitizer)
#        define MSGSRV_UNDER_TSAN
#    endif
#endif
#if defined(__SANITIZE_THREAD__)
#    define MSGSRV_UNDER_TSAN
#endif

#ifdef MSGSRV_UNDER_TSAN
#    include <sanitizer/tsan_interface.h>
#endif

namespace msgsrv {

// ThreadSanitizer does not see how Qt's own locks order things, because the library is not instrumented.
// Where we rely on such an order we say so; without the sanitizer these do nothing.

/// What this thread did before happens before what another thread does after tsanAcquire(@p address).
inline void tsanRelease([[maybe_unused]] void *address)
{
#ifdef MSGSRV_UNDER_TSAN
    __tsan_release(address);
#endif
}

inline void tsanAcquire([[maybe_unused]] void *address)
{
#ifdef MSGSRV_UNDER_TSAN
    __tsan_acquire(address);
#endif
}

} // namespace msgsrv
