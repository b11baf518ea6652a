// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/storage/lockedfile.h"

#include <QFile>
#include <QFileInfo>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace msgsrv {

namespace {

constexpr int openFlags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
constexpr mode_t ownerOnly = 0600;

tl::unexpected<QString> failed(const QString &path, const char *what, int error)
{
    return tl::unexpected(QStringLiteral("%1 %2: %3")
                              .arg(path, QLatin1String(what), QString::fromLocal8Bit(std::strerror(error))));
}

/// A regular file that only its owner can read; its descriptor.
tl::expected<int, QString> openOwn(const QString &path)
{
    const int descriptor = ::open(QFile::encodeName(path).constData(), openFlags, ownerOnly);
    if (descriptor < 0)
        return failed(path, "cannot be opened for writing", errno);
    struct stat facts = {};
    const bool known = ::fstat(descriptor, &facts) == 0;
    const int error = errno;
    if (!known || !S_ISREG(facts.st_mode)) {
        ::close(descriptor);
        if (!known)
            return failed(path, "cannot be looked at", error);
        return tl::unexpected(QStringLiteral("%1 is no file").arg(path));
    }
    if ((facts.st_mode & 07777) != ownerOnly && ::fchmod(descriptor, ownerOnly) != 0) {
        const int reason = errno;
        ::close(descriptor);
        return failed(path, "cannot be kept from others (mode 0600)", reason);
    }
    return descriptor;
}

} // namespace

LockedFile::~LockedFile()
{
    if (m_descriptor >= 0)
        ::close(m_descriptor);
}

LockedFile::LockedFile(LockedFile &&other) noexcept
    : m_descriptor(std::exchange(other.m_descriptor, -1))
{ }

LockedFile &LockedFile::operator=(LockedFile &&other) noexcept
{
    std::swap(m_descriptor, other.m_descriptor);
    return *this;
}

tl::expected<LockedFile, QString> LockedFile::open(const QString &path)
{
    if (QFileInfo(path).isDir())
        return tl::unexpected(QStringLiteral("%1 is a folder; name a file").arg(path));
    const auto lock = openOwn(path + QStringLiteral("-lock"));
    if (!lock)
        return tl::unexpected(lock.error());
    LockedFile file(*lock);
    if (::flock(*lock, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK)
            return tl::unexpected(QStringLiteral("%1 is in use by another process").arg(path));
        return failed(path, "cannot be locked", errno);
    }
    // Closed before SQLite opens the file: to close any descriptor of it later would end SQLite's locks.
    const auto own = openOwn(path);
    if (!own)
        return tl::unexpected(own.error());
    ::close(*own);
    return file;
}

} // namespace msgsrv
