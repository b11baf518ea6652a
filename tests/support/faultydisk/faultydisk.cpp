// SPDX-License-Identifier: GPL-3.0-or-later
//
// A disk that fails on demand, for files with ".sqlite" in their name: loaded in front of the C library
// (LD_PRELOAD, or linked), it takes the calls by which SQLite writes and syncs. The environment variable
// FAULTY_DISK names a file whose lines say what fails from now on; without that file nothing does.
//
//     sync EIO         fsync, fdatasync
//     write ENOSPC     write, pwrite, ftruncate
//     sync stall       waits until the line has gone; FAULTY_DISK.stalled exists meanwhile
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <fcntl.h>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <thread>
#include <unistd.h>

namespace {

enum class Call { Sync, Write };
enum class Fate { Good, NoSpace, Error, Stall };

template <typename Function>
Function *next(const char *name)
{
    return reinterpret_cast<Function *>(::dlsym(RTLD_NEXT, name));
}

bool isWatched(int descriptor)
{
    std::array<char, 4096> path{};
    const std::string link = "/proc/self/fd/" + std::to_string(descriptor);
    const ssize_t size = ::readlink(link.c_str(), path.data(), path.size());
    return size > 0
        && std::string_view(path.data(), std::size_t(size)).find(".sqlite") != std::string_view::npos;
}

Fate fateOf(Call call, const char *control)
{
    const int descriptor = ::open(control, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return Fate::Good;
    std::array<char, 256> text{};
    const ssize_t size = ::read(descriptor, text.data(), text.size());
    ::close(descriptor);
    const std::string_view lines(text.data(), std::size_t(size > 0 ? size : 0));
    const std::string_view name = call == Call::Sync ? "sync " : "write ";
    const std::size_t at = lines.find(name);
    if (at == std::string_view::npos)
        return Fate::Good;
    const std::string_view what = lines.substr(at + name.size());
    if (what.substr(0, 5) == "stall")
        return Fate::Stall;
    return what.substr(0, 6) == "ENOSPC" ? Fate::NoSpace : Fate::Error;
}

/// False: the call is to fail, and errno says why.
bool passes(Call call, int descriptor)
{
    const char *control = std::getenv("FAULTY_DISK");
    if (!control || ::access(control, F_OK) != 0 || !isWatched(descriptor))
        return true;
    Fate fate = fateOf(call, control);
    if (fate == Fate::Stall) {
        const std::string marker = std::string(control) + ".stalled";
        ::close(::open(marker.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
        while ((fate = fateOf(call, control)) == Fate::Stall)
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
        ::unlink(marker.c_str());
    }
    if (fate == Fate::Good)
        return true;
    errno = fate == Fate::NoSpace ? ENOSPC : EIO;
    return false;
}

} // namespace

extern "C" {

int fsync(int descriptor)
{
    static auto *const real = next<int(int)>("fsync");
    return passes(Call::Sync, descriptor) ? real(descriptor) : -1;
}

int fdatasync(int descriptor)
{
    static auto *const real = next<int(int)>("fdatasync");
    return passes(Call::Sync, descriptor) ? real(descriptor) : -1;
}

ssize_t write(int descriptor, const void *bytes, size_t size)
{
    static auto *const real = next<ssize_t(int, const void *, size_t)>("write");
    return passes(Call::Write, descriptor) ? real(descriptor, bytes, size) : -1;
}

ssize_t pwrite(int descriptor, const void *bytes, size_t size, off_t offset)
{
    static auto *const real = next<ssize_t(int, const void *, size_t, off_t)>("pwrite");
    return passes(Call::Write, descriptor) ? real(descriptor, bytes, size, offset) : -1;
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t size, off64_t offset)
{
    static auto *const real = next<ssize_t(int, const void *, size_t, off64_t)>("pwrite64");
    return passes(Call::Write, descriptor) ? real(descriptor, bytes, size, offset) : -1;
}

int ftruncate(int descriptor, off_t size) noexcept
{
    static auto *const real = next<int(int, off_t)>("ftruncate");
    return passes(Call::Write, descriptor) ? real(descriptor, size) : -1;
}

int ftruncate64(int descriptor, off64_t size) noexcept
{
    static auto *const real = next<int(int, off64_t)>("ftruncate64");
    return passes(Call::Write, descriptor) ? real(descriptor, size) : -1;
}

} // extern "C"
