// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "admin-gui/app/profile.h"

#include <QHash>
#include <QString>

#include <vector>

class QSettings;

namespace msgsrv::console {

class MainWindow;

/// Connects to one profile after the other, as the user chooses. Tokens that were asked for are kept until
/// the end of the program, in memory.
class Profiles
{
public:
    /// All of them outlive this object. @p readOnly: whatever the profiles say.
    Profiles(Connection &connection, MainWindow &window, QSettings &settings, bool readOnly);

    /// Shows the connection manager.
    void choose();
    /// The profile that was connected to last.
    void openLast();
    void open(Profile profile);

private:
    /// Asks for the token of @p profile unless it is known; empty: the user did not give it.
    [[nodiscard]] QString tokenFor(const Profile &profile);

    Connection &m_connection;
    MainWindow &m_window;
    QSettings &m_settings;
    std::vector<Profile> m_profiles;
    int m_current;
    bool m_readOnly;
    QHash<QString, QString> m_tokens; ///< by server
};

} // namespace msgsrv::console
