// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QColor>
#include <QString>

#include <vector>

class QSettings;

namespace msgsrv::console {

/// How a server is reached, under a name. There is no secret in it.
struct Profile
{
    QString name;
    QString socket; ///< path; empty: where the daemon of this user puts it
    QColor color; ///< of the strip above the pages; invalid: none
    bool readOnly = false; ///< actions are not even sent

    [[nodiscard]] QString socketPath() const;
    bool operator==(const Profile &other) const = default;
};

/// The socket of a daemon on this machine: the first that exists of this user's and the system service's.
[[nodiscard]] QString defaultSocket();

/// All profiles; there is always at least one.
[[nodiscard]] std::vector<Profile> loadProfiles(QSettings &settings);
void saveProfiles(QSettings &settings, const std::vector<Profile> &profiles);

} // namespace msgsrv::console
