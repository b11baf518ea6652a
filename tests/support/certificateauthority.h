// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "tests/support/certificate.h"

#include <QString>

namespace msgsrv::test {

/// An authority that signs certificates for a test, made with openssl in a folder of the caller's.
class CertificateAuthority
{
public:
    /// @p name is the authority's common name, and the names of its files.
    CertificateAuthority(QString folder, QString name);

    /// PEM; empty when openssl failed.
    [[nodiscard]] const QString &certificateFile() const { return m_own.certificateFile; }
    /// A certificate for @p commonName that is good from now on for @p days; one whose days are not positive
    /// has run out.
    [[nodiscard]] Certificate sign(const QString &commonName, int days = 2) const;

private:
    QString m_folder;
    Certificate m_own;
};

} // namespace msgsrv::test
