// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/app/profile.h"

#include "shared/base/directories.h"

#include <QCoreApplication>
#include <QFileInfo>
#include <QSettings>

namespace msgsrv::console {

QString defaultSocket()
{
    const QString own = runtimeDirectory().path + QLatin1String("/management.sock");
    const QString service = QStringLiteral("/run/messaging-server/management.sock");
    return !QFileInfo::exists(own) && QFileInfo::exists(service) ? service : own;
}

QString Profile::socketPath() const
{
    return socket.isEmpty() ? defaultSocket() : socket;
}

std::vector<Profile> loadProfiles(QSettings &settings)
{
    std::vector<Profile> profiles;
    const int count = settings.beginReadArray(QStringLiteral("profiles"));
    for (int i = 0; i < count; ++i) {
        settings.setArrayIndex(i);
        profiles.push_back({.name = settings.value(QStringLiteral("name")).toString(),
                            .socket = settings.value(QStringLiteral("socket")).toString(),
                            .color = QColor(settings.value(QStringLiteral("color")).toString()),
                            .readOnly = settings.value(QStringLiteral("readOnly")).toBool()});
    }
    settings.endArray();
    if (profiles.empty())
        profiles.push_back({.name = QCoreApplication::translate("Profile", "This machine"),
                            .socket = {},
                            .color = {},
                            .readOnly = false});
    return profiles;
}

void saveProfiles(QSettings &settings, const std::vector<Profile> &profiles)
{
    settings.remove(QStringLiteral("profiles"));
    settings.beginWriteArray(QStringLiteral("profiles"));
    for (std::size_t i = 0; i < profiles.size(); ++i) {
        settings.setArrayIndex(static_cast<int>(i));
        settings.setValue(QStringLiteral("name"), profiles[i].name);
        settings.setValue(QStringLiteral("socket"), profiles[i].socket);
        settings.setValue(QStringLiteral("color"),
                          profiles[i].color.isValid() ? profiles[i].color.name() : QString());
        settings.setValue(QStringLiteral("readOnly"), profiles[i].readOnly);
    }
    settings.endArray();
}

} // namespace msgsrv::console
