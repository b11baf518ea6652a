// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/certificate.h"

#include <QProcess>

namespace msgsrv::test {

Certificate Certificate::make(const QString &folder)
{
    const Certificate files{folder + QStringLiteral("/certificate.pem"), folder + QStringLiteral("/key.pem")};
    QProcess openssl;
    openssl.start(QStringLiteral("openssl"),
                  {QStringLiteral("req"), QStringLiteral("-x509"), QStringLiteral("-newkey"),
                   QStringLiteral("ec"), QStringLiteral("-pkeyopt"),
                   QStringLiteral("ec_paramgen_curve:prime256v1"), QStringLiteral("-nodes"),
                   QStringLiteral("-days"), QStringLiteral("2"), QStringLiteral("-subj"),
                   QStringLiteral("/CN=localhost"), QStringLiteral("-addext"),
                   QStringLiteral("subjectAltName=DNS:localhost,IP:127.0.0.1"), QStringLiteral("-keyout"),
                   files.keyFile, QStringLiteral("-out"), files.certificateFile});
    if (!openssl.waitForFinished() || openssl.exitCode() != 0) {
        qWarning("openssl: %s", openssl.readAllStandardError().constData());
        return {};
    }
    return files;
}

} // namespace msgsrv::test
