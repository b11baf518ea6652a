// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/app/tlspair.h"

#include <QSslCertificate>
#include <QSslCipher>
#include <QSslKey>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>

namespace msgsrv {

namespace {

template <auto release>
struct Release
{
    template <typename T>
    void operator()(T *object) const
    {
        release(object);
    }
};
using Bio = std::unique_ptr<BIO, Release<BIO_free_all>>;
using Certificate = std::unique_ptr<X509, Release<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Release<EVP_PKEY_free>>;

Bio reader(const QByteArray &pem)
{
    return Bio(BIO_new_mem_buf(pem.constData(), int(pem.size())));
}

/// Tells that a passphrase was asked for, and gives none.
int refusePassphrase(char *, int, int, void *asked)
{
    if (asked)
        *static_cast<bool *>(asked) = true;
    return -1;
}

struct ReadKey
{
    Key key;
    bool encrypted = false;
};

ReadKey readKey(const QByteArray &pem)
{
    ReadKey result;
    result.key.reset(
        PEM_read_bio_PrivateKey(reader(pem).get(), nullptr, refusePassphrase, &result.encrypted));
    return result;
}

/// TLS 1.3 has nothing else; of TLS 1.2 what RFC 9325, section 4.2, recommends: a fresh key for each
/// connection, and encryption that authenticates. No block cipher with a separate MAC, no RSA key transport.
bool isRecommended(const QSslCipher &cipher)
{
    if (cipher.protocol() == QSsl::TlsV1_3)
        return true;
    const QString name = cipher.name();
    const auto has = [&name](const char *part) { return name.contains(QLatin1String(part)); };
    return cipher.protocol() == QSsl::TlsV1_2 && name.startsWith(QLatin1String("ECDHE-"))
        && (has("-AES128-GCM-") || has("-AES256-GCM-") || has("-CHACHA20-POLY1305"));
}

QList<QSslCipher> recommendedCiphers()
{
    QList<QSslCipher> ciphers = QSslConfiguration::supportedCiphers();
    ciphers.removeIf([](const QSslCipher &cipher) { return !isRecommended(cipher); });
    return ciphers;
}

} // namespace

TlsPair checkTlsPair(const QByteArray &certificatePem, const QByteArray &keyPem)
{
    const Certificate certificate(
        PEM_read_bio_X509(reader(certificatePem).get(), nullptr, refusePassphrase, nullptr));
    const ReadKey read = readKey(keyPem);
    const bool match
        = certificate && read.key && X509_check_private_key(certificate.get(), read.key.get()) == 1;
    ERR_clear_error();
    if (!certificate)
        return TlsPair::NoCertificate;
    if (!read.key)
        return read.encrypted ? TlsPair::EncryptedKey : TlsPair::NoKey;
    const int kind = EVP_PKEY_get_base_id(read.key.get());
    if (kind != EVP_PKEY_RSA && kind != EVP_PKEY_EC)
        return TlsPair::UnsupportedKey;
    return match ? TlsPair::Good : TlsPair::Mismatch;
}

QSslConfiguration serverTls(const QByteArray &certificatePem, const QByteArray &keyPem)
{
    const ReadKey read = readKey(keyPem);
    const bool rsa = read.key && EVP_PKEY_get_base_id(read.key.get()) == EVP_PKEY_RSA;
    QSslConfiguration configuration = QSslConfiguration::defaultConfiguration();
    configuration.setLocalCertificateChain(QSslCertificate::fromData(certificatePem, QSsl::Pem));
    configuration.setPrivateKey(QSslKey(keyPem, rsa ? QSsl::Rsa : QSsl::Ec, QSsl::Pem, QSsl::PrivateKey));
    configuration.setPeerVerifyMode(QSslSocket::VerifyNone);
    configuration.setProtocol(QSsl::TlsV1_2OrLater);
    configuration.setCiphers(recommendedCiphers());
    return configuration;
}

} // namespace msgsrv
