// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "shared/management/protocol.h"

#include <QJsonObject>
#include <QString>
#include <QStringList>

namespace msgsrv::console {

/// What the server says of itself in its greeting.
struct ServerFacts
{
    QString name;
    QString version;
    QString boot; ///< changes with each start of the daemon
    int major = 0;
    int minor = 0;
    QStringList features;
    QStringList authentication;
    int rows = management::usual::rows; ///< of one view, at most
    int credit = management::usual::credit; ///< of one subscription, at most

    /// Members that are missing or of a wrong type stay empty.
    [[nodiscard]] static ServerFacts fromJson(const QJsonObject &hello);
};

/// What a login gave.
struct LoginFacts
{
    QString role;
    QString user;
    QStringList may; ///< methods that may be called

    [[nodiscard]] static LoginFacts fromJson(const QJsonObject &result);
};

} // namespace msgsrv::console
