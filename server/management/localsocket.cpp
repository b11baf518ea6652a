// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/management/localsocket.h"

#include <QFile>

#include <cerrno>
#include <cstring>
#include <grp.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace msgsrv::management {

namespace {

constexpr int backlog = 64;

QString sentence(const QString &path, const QString &what)
{
    return QStringLiteral("The management socket %1 %2.").arg(path, what);
}

QString reason(int error)
{
    return QString::fromLocal8Bit(std::strerror(error));
}

int newSocket()
{
    return ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

const sockaddr *plain(const sockaddr_un &address)
{
    return reinterpret_cast<const sockaddr *>(&address); // the sockets API wants it
}

bool isListenedAt(const sockaddr_un &address)
{
    const int probe = newSocket();
    if (probe < 0)
        return true;
    const bool refused = ::connect(probe, plain(address), sizeof address) != 0 && errno == ECONNREFUSED;
    ::close(probe);
    return !refused;
}

/// An error is the end of a sentence.
tl::expected<void, QString> makeRoom(const QByteArray &path, const sockaddr_un &address)
{
    struct stat facts = {};
    if (::lstat(path.constData(), &facts) != 0) {
        if (errno == ENOENT)
            return {};
        return tl::make_unexpected(QStringLiteral("cannot be looked at: %1").arg(reason(errno)));
    }
    if (!S_ISSOCK(facts.st_mode))
        return tl::make_unexpected(QStringLiteral("is a file of another kind; remove it"));
    if (isListenedAt(address))
        return tl::make_unexpected(QStringLiteral("belongs to a server that is running"));
    if (::unlink(path.constData()) != 0 && errno != ENOENT)
        return tl::make_unexpected(
            QStringLiteral("is left over and cannot be removed: %1").arg(reason(errno)));
    return {};
}

tl::expected<void, QString> giveTo(const QByteArray &path, const QString &group)
{
    const ::group *entry = ::getgrnam(group.toLocal8Bit().constData());
    if (!entry)
        return tl::make_unexpected(
            QStringLiteral("cannot be given to the group %1: there is none").arg(group));
    if (::chown(path.constData(), uid_t(-1), entry->gr_gid) != 0 || ::chmod(path.constData(), 0660) != 0)
        return tl::make_unexpected(
            QStringLiteral("cannot be given to the group %1: %2").arg(group, reason(errno)));
    return {};
}

} // namespace

std::optional<PeerCredentials> credentialsOf(int descriptor)
{
    ucred found = {};
    socklen_t size = sizeof found;
    if (::getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &found, &size) != 0)
        return {};
    return PeerCredentials{found.uid, found.gid, found.pid};
}

bool isMember(const PeerCredentials &peer, const QString &group)
{
    const ::group *entry = ::getgrnam(group.toLocal8Bit().constData());
    if (!entry)
        return false;
    const gid_t wanted = entry->gr_gid;
    if (peer.group == wanted)
        return true;
    const ::passwd *user = ::getpwuid(peer.user);
    if (!user)
        return false;
    int count = 64;
    std::vector<gid_t> groups(std::size_t(count), 0);
    const std::string name = user->pw_name;
    const gid_t own = user->pw_gid;
    while (::getgrouplist(name.c_str(), own, groups.data(), &count) < 0 && groups.size() < 65'536) {
        count = int(groups.size()) * 2;
        groups.resize(std::size_t(count));
    }
    groups.resize(std::size_t(std::max(count, 0)));
    return std::find(groups.begin(), groups.end(), wanted) != groups.end();
}

LocalSocket::LocalSocket(LocalSocket &&other) noexcept
    : m_path(std::exchange(other.m_path, {}))
    , m_descriptor(std::exchange(other.m_descriptor, -1))
    , m_device(other.m_device)
    , m_inode(other.m_inode)
{ }

LocalSocket &LocalSocket::operator=(LocalSocket &&other) noexcept
{
    std::swap(m_path, other.m_path);
    std::swap(m_descriptor, other.m_descriptor);
    std::swap(m_device, other.m_device);
    std::swap(m_inode, other.m_inode);
    return *this;
}

LocalSocket::~LocalSocket()
{
    if (m_descriptor >= 0)
        ::close(m_descriptor);
    removeFile();
}

void LocalSocket::removeFile()
{
    if (m_path.isEmpty())
        return;
    const QByteArray name = QFile::encodeName(m_path);
    struct stat facts = {};
    if (::lstat(name.constData(), &facts) == 0 && facts.st_dev == m_device && facts.st_ino == m_inode)
        ::unlink(name.constData());
}

tl::expected<LocalSocket, QString> LocalSocket::open(const QString &path, const QString &group)
{
    const auto fail = [&path](const QString &what) { return tl::make_unexpected(sentence(path, what)); };
    const QByteArray name = QFile::encodeName(path);
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    if (name.isEmpty() || std::size_t(name.size()) >= sizeof address.sun_path)
        return fail(QStringLiteral("has a path of more than %1 bytes").arg(sizeof address.sun_path - 1));
    std::memcpy(address.sun_path, name.constData(), std::size_t(name.size()));
    if (const auto room = makeRoom(name, address); !room)
        return fail(room.error());

    LocalSocket opened;
    opened.m_descriptor = newSocket();
    if (opened.m_descriptor < 0)
        return fail(QStringLiteral("cannot be made: %1").arg(reason(errno)));
    // The file's mode is that of the socket, so it is never open to others, not even for a moment.
    if (::fchmod(opened.m_descriptor, 0600) != 0
        || ::bind(opened.m_descriptor, plain(address), sizeof address) != 0)
        return fail(QStringLiteral("cannot be made: %1").arg(reason(errno)));
    struct stat facts = {};
    if (::lstat(name.constData(), &facts) == 0) {
        opened.m_path = path;
        opened.m_device = facts.st_dev;
        opened.m_inode = facts.st_ino;
    }
    if (!group.isEmpty()) {
        if (const auto given = giveTo(name, group); !given)
            return fail(given.error());
    }
    if (::listen(opened.m_descriptor, backlog) != 0)
        return fail(QStringLiteral("cannot be listened at: %1").arg(reason(errno)));
    return opened;
}

int LocalSocket::takeDescriptor()
{
    return std::exchange(m_descriptor, -1);
}

} // namespace msgsrv::management
