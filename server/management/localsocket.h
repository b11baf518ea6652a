// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>

#include <tl/expected.hpp>

#include <optional>
#include <sys/types.h>

namespace msgsrv::management {

/// Whose process is at the other end of a local socket (SO_PEERCRED).
struct PeerCredentials
{
    uid_t user = 0;
    gid_t group = 0;
    pid_t process = 0;
};
[[nodiscard]] std::optional<PeerCredentials> credentialsOf(int descriptor);

/// True when @p user is a member of @p group, be it the user's own group or one of the further ones.
[[nodiscard]] bool isMember(const PeerCredentials &peer, const QString &group);

/// A listening local socket and its file. Movable; the file is removed with the object, unless another file
/// has taken its place.
class LocalSocket
{
public:
    LocalSocket() = default;
    LocalSocket(LocalSocket &&other) noexcept;
    LocalSocket &operator=(LocalSocket &&other) noexcept;
    ~LocalSocket();

    /// Listens at @p path, with mode 0600, or 0660 for @p group when it is not empty. A socket file that
    /// nobody listens at any more is replaced. The error is one sentence. Blocks on the file system; for the
    /// start.
    [[nodiscard]] static tl::expected<LocalSocket, QString> open(const QString &path, const QString &group);

    [[nodiscard]] const QString &path() const { return m_path; }
    /// Gives the descriptor away; the file stays with this object.
    [[nodiscard]] int takeDescriptor();

private:
    void removeFile();

    QString m_path;
    int m_descriptor = -1;
    dev_t m_device = 0;
    ino_t m_inode = 0;
};

} // namespace msgsrv::management
