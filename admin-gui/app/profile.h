// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "admin-gui/client/connection.h"
#include "admin-gui/client/sshwire.h"
#include "admin-gui/client/tlsaccess.h"

#include <QColor>
#include <QString>

#include <vector>

class QSettings;

namespace msgsrv::console {

/// How a server is reached, under a name. There is no secret in it: a token is in a file, or asked for.
struct Profile
{
    enum class Kind { Local, Tls, Ssh };

    QString name{};
    QString socket{}; ///< of Local: path; empty: where a daemon on this machine puts it
    QColor color{}; ///< of the strip above the pages; invalid: none
    bool readOnly = false; ///< actions are not even sent
    Kind kind = Kind::Local;
    TlsAccess tls{}; ///< of Tls
    SshAccess ssh{}; ///< of Ssh

    [[nodiscard]] QString socketPath() const;
    /// Where it leads, for people.
    [[nodiscard]] QString destination() const;
    /// What is missing or wrong, one sentence; empty: nothing.
    [[nodiscard]] QString problem() const;
    /// It has neither a token file nor a certificate.
    [[nodiscard]] bool wantsToken() const;

    /// What a connection opens; the profile has to be without problem().
    [[nodiscard]] Connection::WireFactory wires() const;
    /// What it logs in with; @p token is what was asked for. The error is one sentence.
    [[nodiscard]] tl::expected<QJsonObject, QString> login(const QString &token) const;

    bool operator==(const Profile &other) const = default;
};

/// All profiles; there is always at least one.
[[nodiscard]] std::vector<Profile> loadProfiles(QSettings &settings);
void saveProfiles(QSettings &settings, const std::vector<Profile> &profiles);

} // namespace msgsrv::console
