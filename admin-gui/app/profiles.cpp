// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/app/profiles.h"

#include "admin-gui/app/connectiondialog.h"
#include "admin-gui/app/mainwindow.h"

#include <QInputDialog>
#include <QSettings>
#include <QStatusBar>

#include <algorithm>

namespace msgsrv::console {

Profiles::Profiles(Connection &connection, MainWindow &window, QSettings &settings, bool readOnly)
    : m_connection(connection)
    , m_window(window)
    , m_settings(settings)
    , m_profiles(loadProfiles(settings))
    , m_current(std::clamp(settings.value(QStringLiteral("profile"), 0).toInt(), 0,
                           static_cast<int>(m_profiles.size()) - 1))
    , m_readOnly(readOnly)
{
    // A token that was refused is not tried again by itself.
    QObject::connect(&connection, &Connection::stateChanged, &window, [this](LinkState state) {
        if (state == LinkState::Disconnected && !m_connection.why().isEmpty())
            m_tokens.clear();
    });
}

void Profiles::choose()
{
    ConnectionDialog dialog(m_profiles, m_current, &m_window);
    if (dialog.exec() != QDialog::Accepted)
        return;
    m_profiles = dialog.profiles();
    m_current = dialog.current();
    saveProfiles(m_settings, m_profiles);
    m_settings.setValue(QStringLiteral("profile"), m_current);
    openLast();
}

void Profiles::openLast()
{
    open(m_profiles[static_cast<std::size_t>(m_current)]);
}

QString Profiles::tokenFor(const Profile &profile)
{
    QString &token = m_tokens[profile.tls.address()];
    if (token.isEmpty())
        token = QInputDialog::getText(&m_window, MainWindow::tr("Token"),
                                      MainWindow::tr("Token for %1:").arg(profile.destination()),
                                      QLineEdit::Password)
                    .trimmed();
    return token;
}

void Profiles::open(Profile profile)
{
    profile.readOnly = profile.readOnly || m_readOnly;
    m_window.showProfile(profile);
    m_connection.setReadOnly(profile.readOnly);
    const auto login = profile.login(profile.wantsToken() ? tokenFor(profile) : QString());
    if (!login) {
        m_connection.close();
        m_window.statusBar()->showMessage(login.error());
        return;
    }
    m_connection.open(profile.wires(), *login);
}

} // namespace msgsrv::console
