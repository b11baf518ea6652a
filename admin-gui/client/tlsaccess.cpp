// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/client/tlsaccess.h"

#include <QCoreApplication>
#include <QFile>
#include <QSslCertificate>
#include <QSslKey>

namespace msgsrv::console {

namespace {

struct Words
{
    Q_DECLARE_TR_FUNCTIONS(TlsAccess)
};

tl::expected<QByteArray, QString> read(const QString &path)
{
    constexpr qint64 largest = 1024 * 1024;
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly))
        return tl::unexpected(Words::tr("%1 cannot be read: %2").arg(path, file.errorString()));
    const QByteArray content = file.read(largest);
    if (content.isEmpty())
        return tl::unexpected(Words::tr("%1 is empty").arg(path));
    return content;
}

QSslKey keyFrom(const QByteArray &pem)
{
    for (const auto algorithm : {QSsl::Ec, QSsl::Rsa}) {
        const QSslKey key(pem, algorithm, QSsl::Pem, QSsl::PrivateKey);
        if (!key.isNull())
            return key;
    }
    return {};
}

} // namespace

bool TlsAccess::setAddress(const QString &text)
{
    const qsizetype colon = text.lastIndexOf(QLatin1Char(':'));
    bool isNumber = false;
    const int number = text.mid(colon + 1).toInt(&isNumber);
    QString name = text.left(colon < 0 ? 0 : colon);
    if (name.startsWith(QLatin1Char('[')) && name.endsWith(QLatin1Char(']')))
        name = name.mid(1, name.size() - 2);
    else if (name.contains(QLatin1Char(':')))
        return false;
    if (name.isEmpty() || name.contains(QLatin1Char(' ')) || !isNumber || number < 1 || number > 65'535)
        return false;
    host = name;
    port = static_cast<quint16>(number);
    return true;
}

QString TlsAccess::address() const
{
    const QString shown = host.contains(QLatin1Char(':')) ? QLatin1Char('[') + host + QLatin1Char(']') : host;
    return QStringLiteral("%1:%2").arg(shown).arg(port);
}

tl::expected<QSslConfiguration, QString> TlsAccess::configuration() const
{
    QSslConfiguration tls = QSslConfiguration::defaultConfiguration();
    tls.setProtocol(QSsl::TlsV1_2OrLater);
    if (!caFile.isEmpty()) {
        const auto pem = read(caFile);
        if (!pem)
            return tl::unexpected(pem.error());
        const auto authorities = QSslCertificate::fromData(*pem, QSsl::Pem);
        if (authorities.isEmpty())
            return tl::unexpected(Words::tr("%1 holds no certificate").arg(caFile));
        tls.setCaCertificates(authorities);
    }
    if (certificateFile.isEmpty())
        return tls;
    const auto certificate = read(certificateFile);
    const auto key = read(keyFile.isEmpty() ? certificateFile : keyFile);
    if (!certificate || !key)
        return tl::unexpected(certificate ? key.error() : certificate.error());
    tls.setLocalCertificateChain(QSslCertificate::fromData(*certificate, QSsl::Pem));
    tls.setPrivateKey(keyFrom(*key));
    if (tls.localCertificate().isNull() || tls.privateKey().isNull())
        return tl::unexpected(Words::tr("There is no certificate with its key in %1").arg(certificateFile));
    return tls;
}

tl::expected<QJsonObject, QString> TlsAccess::login(const QString &token) const
{
    QString secret = token;
    if (secret.isEmpty() && !tokenFile.isEmpty()) {
        const auto content = read(tokenFile);
        if (!content)
            return tl::unexpected(content.error());
        secret = QString::fromUtf8(content->left(content->indexOf('\n'))).trimmed();
        if (secret.isEmpty())
            return tl::unexpected(Words::tr("The first line of %1 is no token").arg(tokenFile));
    }
    if (!secret.isEmpty())
        return QJsonObject{{QStringLiteral("scheme"), QStringLiteral("token")},
                           {QStringLiteral("token"), secret}};
    if (!certificateFile.isEmpty())
        return QJsonObject{{QStringLiteral("scheme"), QStringLiteral("certificate")}};
    return tl::unexpected(Words::tr("There is neither a token nor a certificate to log in with"));
}

} // namespace msgsrv::console
