// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QByteArray>
#include <QSslConfiguration>

namespace msgsrv {

/// What a certificate and a private key come to, both PEM.
enum class TlsPair {
    Good,
    NoCertificate,
    NoKey,
    EncryptedKey, ///< there is nobody to ask for its passphrase
    UnsupportedKey, ///< neither RSA nor EC
    Mismatch, ///< the key is not the first certificate's
};

/// Looks at the first certificate and the first key. Needs no application object.
[[nodiscard]] TlsPair checkTlsPair(const QByteArray &certificatePem, const QByteArray &keyPem);

/// What a listener speaks with a pair that is Good: the certificate, its chain, TLS 1.2 or later with suites
/// that authenticate what they encrypt (AEAD), and nothing asked of the client.
[[nodiscard]] QSslConfiguration serverTls(const QByteArray &certificatePem, const QByteArray &keyPem);

} // namespace msgsrv
