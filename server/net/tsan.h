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

// Of the sanitizer's run-time library, which has no header for them.
extern "C" {
void AnnotateIgnoreReadsBegin(const char *file, int line);
void AnnotateIgnoreReadsEnd(const char *file, int line);
void AnnotateIgnoreWritesBegin(const char *file, int line);
void AnnotateIgnoreWritesEnd(const char *file, int line);
}
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

/// While one lives the sanitizer does not look at what this thread reads and writes: for a call of Qt that
/// touches nothing of ours and that guards what it shares with locks of its own.
class TsanPause
{
public:
    TsanPause() { begin(); }
    ~TsanPause() { end(); }
    TsanPause(const TsanPause &) = delete;
    TsanPause &operator=(const TsanPause &) = delete;

private:
    static void begin()
    {
#ifdef MSGSRV_UNDER_TSAN
        AnnotateIgnoreReadsBegin(__FILE__, __LINE__);
        AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
#endif
    }
    static void end()
    {
#ifdef MSGSRV_UNDER_TSAN
        AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
        AnnotateIgnoreReadsEnd(__FILE__, __LINE__);
#endif
    }
};

} // namespace msgsrv
