// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QByteArray>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cstring>
#include <functional>
#include <memory>

namespace msgsrv::fixture {

/// A fresh key and a self-signed certificate for "localhost", as PEM.
class TlsIdentity
{
public:
    /// @p kind is "EC" (P-256), "RSA" (2048 bits) or "ED25519".
    explicit TlsIdentity(const char *kind)
        : m_key(std::strcmp(kind, "EC") == 0 ? EVP_PKEY_Q_keygen(nullptr, nullptr, kind, "P-256")
                    : std::strcmp(kind, "RSA") == 0
                    ? EVP_PKEY_Q_keygen(nullptr, nullptr, kind, std::size_t(2048))
                    : EVP_PKEY_Q_keygen(nullptr, nullptr, kind),
                EVP_PKEY_free)
        , m_certificate(X509_new(), X509_free)
    {
        X509 *certificate = m_certificate.get();
        X509_set_version(certificate, 2);
        ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
        X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
        X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
        X509_NAME *name = X509_get_subject_name(certificate);
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                   reinterpret_cast<const unsigned char *>("localhost"), -1, -1, 0);
        X509_set_issuer_name(certificate, name);
        X509_set_pubkey(certificate, m_key.get());
        const bool ownDigest = std::strcmp(kind, "ED25519") == 0;
        X509_sign(certificate, m_key.get(), ownDigest ? nullptr : EVP_sha256());
    }

    [[nodiscard]] QByteArray certificatePem() const
    {
        return written([this](BIO *bio) { PEM_write_bio_X509(bio, m_certificate.get()); });
    }
    [[nodiscard]] QByteArray keyPem() const
    {
        return written([this](BIO *bio) {
            PEM_write_bio_PKCS8PrivateKey(bio, m_key.get(), nullptr, nullptr, 0, nullptr, nullptr);
        });
    }
    [[nodiscard]] QByteArray traditionalKeyPem() const
    {
        return written([this](BIO *bio) {
            PEM_write_bio_PrivateKey_traditional(bio, m_key.get(), nullptr, nullptr, 0, nullptr, nullptr);
        });
    }
    [[nodiscard]] QByteArray encryptedKeyPem() const
    {
        return written([this](BIO *bio) {
            PEM_write_bio_PKCS8PrivateKey(bio, m_key.get(), EVP_aes_128_cbc(), "secret", 6, nullptr, nullptr);
        });
    }

private:
    static QByteArray written(const std::function<void(BIO *)> &write)
    {
        const std::unique_ptr<BIO, decltype(&BIO_free_all)> bio(BIO_new(BIO_s_mem()), BIO_free_all);
        write(bio.get());
        BUF_MEM *memory = nullptr;
        BIO_get_mem_ptr(bio.get(), &memory);
        return QByteArray(memory->data, qsizetype(memory->length));
    }

    std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> m_key;
    std::unique_ptr<X509, decltype(&X509_free)> m_certificate;
};

} // namespace msgsrv::fixture
