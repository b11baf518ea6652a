// SPDX-License-Identifier: GPL-3.0-or-later
#include "shared/base/directories.h"

#include <QDir>
#include <QFile>

#include <cerrno>
#include <cstring>
#include <sys/stat.h>
#include <unistd.h>

namespace msgsrv {

namespace {

constexpr auto ownName = "messaging-server";

QString cleanedIfAbsolute(const QString &path)
{
    return path.startsWith(u'/') ? QDir::cleanPath(path) : QString();
}

Directory find(const QProcessEnvironment &environment, const char *systemdVariable, const char *xdgVariable)
{
    const QString managed
        = cleanedIfAbsolute(environment.value(QLatin1String(systemdVariable)).section(u':', 0, 0));
    if (!managed.isEmpty())
        return {managed, true};
    const QString home = cleanedIfAbsolute(environment.value(QLatin1String(xdgVariable)));
    if (!home.isEmpty())
        return {QStringLiteral("%1/%2").arg(home, QLatin1String(ownName)), false};
    QString temporary = cleanedIfAbsolute(environment.value(QStringLiteral("TMPDIR")));
    if (temporary.isEmpty())
        temporary = QStringLiteral("/tmp");
    return {QStringLiteral("%1/%2-%3").arg(temporary, QLatin1String(ownName)).arg(::geteuid()), false};
}

QString reason(int error)
{
    return QString::fromLocal8Bit(std::strerror(error));
}

} // namespace

Directory stateDirectory(const QProcessEnvironment &environment)
{
    return find(environment, "STATE_DIRECTORY", "XDG_STATE_HOME");
}

Directory runtimeDirectory(const QProcessEnvironment &environment)
{
    return find(environment, "RUNTIME_DIRECTORY", "XDG_RUNTIME_DIR");
}

tl::expected<void, QString> prepareDirectory(const Directory &directory)
{
    const QByteArray path = QFile::encodeName(directory.path);
    for (qsizetype slash = path.indexOf('/', 1); slash > 0; slash = path.indexOf('/', slash + 1)) {
        const QByteArray parent = path.first(slash);
        if (::mkdir(parent.constData(), 0700) != 0 && errno != EEXIST && errno != EROFS && errno != EACCES)
            return tl::make_unexpected(QStringLiteral("the folder %1 cannot be made: %2")
                                           .arg(QFile::decodeName(parent), reason(errno)));
    }
    if (::mkdir(path.constData(), 0700) != 0 && errno != EEXIST)
        return tl::make_unexpected(
            QStringLiteral("the folder %1 cannot be made: %2").arg(directory.path, reason(errno)));

    struct stat facts = {};
    if ((directory.managed ? ::stat : ::lstat)(path.constData(), &facts) != 0)
        return tl::make_unexpected(
            QStringLiteral("the folder %1 cannot be looked at: %2").arg(directory.path, reason(errno)));
    if (S_ISLNK(facts.st_mode))
        return tl::make_unexpected(
            QStringLiteral("%1 is a symbolic link, which somebody else may have made; remove it")
                .arg(directory.path));
    if (!S_ISDIR(facts.st_mode))
        return tl::make_unexpected(QStringLiteral("%1 is no folder").arg(directory.path));
    if (directory.managed)
        return {};
    if (facts.st_uid != ::geteuid())
        return tl::make_unexpected(
            QStringLiteral("the folder %1 belongs to the user with the id %2, not to this "
                           "one; remove it or set another place")
                .arg(directory.path)
                .arg(facts.st_uid));
    if ((facts.st_mode & 077) != 0)
        return tl::make_unexpected(
            QStringLiteral("the folder %1 is open to others (mode %2); give it the mode 0700")
                .arg(directory.path, QString::number(facts.st_mode & 07777, 8).rightJustified(4, u'0')));
    return {};
}

} // namespace msgsrv
