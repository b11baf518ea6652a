// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>

#include <tl/expected.hpp>

namespace msgsrv {

/// A file that this process alone may use, by an advisory lock on a second file beside it (`NAME-lock`,
/// flock(2)), which ends with the process however that ends. The file itself stays free for SQLite's own
/// locks, so a backup can be made while it is in use.
class LockedFile
{
public:
    LockedFile() = default;
    ~LockedFile();
    LockedFile(LockedFile &&other) noexcept;
    LockedFile &operator=(LockedFile &&other) noexcept;

    /// Makes @p path when it is missing, sees to its mode 0600, and takes the lock. The error is one clause
    /// that begins with the path.
    [[nodiscard]] static tl::expected<LockedFile, QString> open(const QString &path);

    [[nodiscard]] bool isLocked() const { return m_descriptor >= 0; }

private:
    explicit LockedFile(int descriptor)
        : m_descriptor(descriptor)
    { }

    int m_descriptor = -1; // of the second file
};

} // namespace msgsrv
