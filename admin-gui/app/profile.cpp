// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/app/profile.h"

#include "admin-gui/client/localwire.h"
#include "admin-gui/client/tlswire.h"

#include <QCoreApplication>
#include <QSettings>

#include <memory>

namespace msgsrv::console {

namespace {

struct Words
{
    Q_DECLARE_TR_FUNCTIONS(Profile)
};

QString kindName(Profile::Kind kind)
{
    switch (kind) {
    case Profile::Kind::Tls:
        return QStringLiteral("tls");
    case Profile::Kind::Ssh:
        return QStringLiteral("ssh");
    case Profile::Kind::Local:
        break;
    }
    return QStringLiteral("local");
}

Profile::Kind kindFromName(const QString &name)
{
    for (const auto kind : {Profile::Kind::Tls, Profile::Kind::Ssh}) {
        if (name == kindName(kind))
            return kind;
    }
    return Profile::Kind::Local;
}

} // namespace

QString Profile::socketPath() const
{
    return socket.isEmpty() ? defaultSocket() : socket;
}

QString Profile::destination() const
{
    switch (kind) {
    case Kind::Tls:
        return tls.address();
    case Kind::Ssh:
        return Words::tr("%1 through ssh").arg(ssh.host);
    case Kind::Local:
        break;
    }
    return socketPath();
}

QString Profile::problem() const
{
    if (name.trimmed().isEmpty())
        return Words::tr("The profile has no name");
    if (kind == Kind::Tls && (tls.host.isEmpty() || tls.port == 0))
        return Words::tr("The server is written like console.example.org:8082");
    if (kind == Kind::Tls && tls.certificateFile.isEmpty() && !tls.keyFile.isEmpty())
        return Words::tr("There is a key without a certificate");
    if (kind == Kind::Ssh && !ssh.isValid())
        return Words::tr(
            "The host is written as ssh takes it, like admin@example.org, and the socket is a whole path");
    return {};
}

bool Profile::wantsToken() const
{
    return kind == Kind::Tls && tls.tokenFile.isEmpty() && tls.certificateFile.isEmpty();
}

Connection::WireFactory Profile::wires() const
{
    switch (kind) {
    case Kind::Tls:
        return [access = tls] { return std::make_unique<TlsWire>(access); };
    case Kind::Ssh:
        return [access = ssh] { return std::make_unique<SshWire>(access); };
    case Kind::Local:
        break;
    }
    return [path = socketPath()] { return std::make_unique<LocalWire>(path); };
}

tl::expected<QJsonObject, QString> Profile::login(const QString &token) const
{
    if (kind == Kind::Tls)
        return tls.login(token);
    return QJsonObject{{QStringLiteral("scheme"), QStringLiteral("peer")}};
}

std::vector<Profile> loadProfiles(QSettings &settings)
{
    std::vector<Profile> profiles;
    const int count = settings.beginReadArray(QStringLiteral("profiles"));
    for (int i = 0; i < count; ++i) {
        settings.setArrayIndex(i);
        const auto text
            = [&settings](const char *key) { return settings.value(QLatin1String(key)).toString(); };
        Profile profile{.name = text("name"),
                        .socket = text("socket"),
                        .color = QColor(text("color")),
                        .readOnly = settings.value(QStringLiteral("readOnly")).toBool(),
                        .kind = kindFromName(text("kind"))};
        (void)profile.tls.setAddress(text("server"));
        profile.tls.caFile = text("ca");
        profile.tls.tokenFile = text("tokenFile");
        profile.tls.certificateFile = text("certificate");
        profile.tls.keyFile = text("key");
        profile.ssh = {text("sshHost"), text("sshSocket")};
        profiles.push_back(std::move(profile));
    }
    settings.endArray();
    if (profiles.empty())
        profiles.push_back({.name = Words::tr("This machine")});
    return profiles;
}

void saveProfiles(QSettings &settings, const std::vector<Profile> &profiles)
{
    settings.remove(QStringLiteral("profiles"));
    settings.beginWriteArray(QStringLiteral("profiles"));
    for (std::size_t i = 0; i < profiles.size(); ++i) {
        settings.setArrayIndex(static_cast<int>(i));
        const Profile &profile = profiles[i];
        const auto set = [&settings](const char *key, const QVariant &value) {
            settings.setValue(QLatin1String(key), value);
        };
        set("name", profile.name);
        set("kind", kindName(profile.kind));
        set("color", profile.color.isValid() ? profile.color.name() : QString());
        set("readOnly", profile.readOnly);
        set("socket", profile.socket);
        set("server", profile.tls.host.isEmpty() ? QString() : profile.tls.address());
        set("ca", profile.tls.caFile);
        set("tokenFile", profile.tls.tokenFile);
        set("certificate", profile.tls.certificateFile);
        set("key", profile.tls.keyFile);
        set("sshHost", profile.ssh.host);
        set("sshSocket", profile.ssh.socket);
    }
    settings.endArray();
}

} // namespace msgsrv::console
