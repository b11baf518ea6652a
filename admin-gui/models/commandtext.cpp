// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/models/commandtext.h"

#include <QJsonDocument>
#include <QJsonObject>
#include <QRegularExpression>

namespace msgsrv::console::command {

namespace {

QString option(const char *name, const QString &value)
{
    return value.isEmpty() ? QString()
                           : QLatin1String(" --") + QLatin1String(name) + QLatin1Char('=') + quoted(value);
}

} // namespace

QString quoted(const QString &word)
{
    static const QRegularExpression plain(QStringLiteral("\\A[A-Za-z0-9_./:=@%+,-]+\\z"));
    if (plain.match(word).hasMatch())
        return word;
    QString text = word;
    return QLatin1Char('\'') + text.replace(QLatin1Char('\''), QLatin1String("'\\''")) + QLatin1Char('\'');
}

QString table(const QString &name, const QString &filter, const QString &sort)
{
    return QLatin1String("messagingctl ") + name + option("filter", filter) + option("sort", sort);
}

QString closeSession(const QString &id, const QString &reason)
{
    return QLatin1String("messagingctl close ") + quoted(id) + option("reason", reason);
}

QString purgeQueue(const QString &id, const QString &reason)
{
    return QLatin1String("messagingctl purge ") + quoted(id) + option("reason", reason);
}

QString peekQueue(const QString &id)
{
    return QLatin1String("messagingctl peek ") + quoted(id);
}

QString flow(const QString &filter)
{
    return QLatin1String("messagingctl flow") + option("filter", filter);
}

QString logTail(const QString &level, const QString &pattern)
{
    return QLatin1String("messagingctl log") + option("level", level) + option("pattern", pattern);
}

QString series(const QString &name, int seconds)
{
    const QJsonObject params{{QLatin1String("name"), name}, {QLatin1String("seconds"), seconds}};
    return QLatin1String("messagingctl raw series.get ")
        + quoted(QString::fromUtf8(QJsonDocument(params).toJson(QJsonDocument::Compact)));
}

QString status()
{
    return QStringLiteral("messagingctl status");
}

} // namespace msgsrv::console::command
