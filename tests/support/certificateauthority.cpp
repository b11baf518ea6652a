// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/certificateauthority.h"

#include <QFile>
#include <QProcess>

namespace msgsrv::test {

namespace {

bool openssl(const QStringList &arguments)
{
    QProcess process;
    process.start(QStringLiteral("openssl"), arguments);
    const bool good = process.waitForFinished() && process.exitCode() == 0;
    if (!good)
        qWarning("openssl: %s", process.readAllStandardError().constData());
    return good;
}

QStringList newKey(const QString &file)
{
    return {QStringLiteral("-newkey"),
            QStringLiteral("ec"),
            QStringLiteral("-pkeyopt"),
            QStringLiteral("ec_paramgen_curve:prime256v1"),
            QStringLiteral("-nodes"),
            QStringLiteral("-keyout"),
            file};
}

} // namespace

CertificateAuthority::CertificateAuthority(QString folder, QString name)
    : m_folder(std::move(folder))
    , m_own{m_folder + u'/' + name + QStringLiteral(".pem"), m_folder + u'/' + name + QStringLiteral(".key")}
{
    if (!openssl(QStringList{QStringLiteral("req"), QStringLiteral("-x509"), QStringLiteral("-days"),
                             QStringLiteral("2"), QStringLiteral("-subj"), QStringLiteral("/CN=") + name,
                             QStringLiteral("-out"), m_own.certificateFile}
                 + newKey(m_own.keyFile)))
        m_own = {};
}

Certificate CertificateAuthority::sign(const QString &commonName, int days) const
{
    const QString base = m_folder + u'/' + commonName + QString::number(days);
    const Certificate made{base + QStringLiteral(".pem"), base + QStringLiteral(".key")};
    const QString request = base + QStringLiteral(".csr");
    const QString extensions = base + QStringLiteral(".ext");
    QFile file(extensions);
    if (!file.open(QFile::WriteOnly) || file.write("subjectAltName=DNS:localhost,IP:127.0.0.1\n") < 0)
        return {};
    file.close();
    if (!openssl(QStringList{QStringLiteral("req"), QStringLiteral("-new"), QStringLiteral("-subj"),
                             QStringLiteral("/CN=") + commonName, QStringLiteral("-out"), request}
                 + newKey(made.keyFile)))
        return {};
    if (!openssl({QStringLiteral("x509"), QStringLiteral("-req"), QStringLiteral("-in"), request,
                  QStringLiteral("-CA"), m_own.certificateFile, QStringLiteral("-CAkey"), m_own.keyFile,
                  QStringLiteral("-CAcreateserial"), QStringLiteral("-days"), QString::number(days),
                  QStringLiteral("-extfile"), extensions, QStringLiteral("-out"), made.certificateFile}))
        return {};
    return made;
}

} // namespace msgsrv::test
