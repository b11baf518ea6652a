// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/app/tlspair.h"

#include "tests/server/app/tlsfixture.h"

#include <QSslCertificate>
#include <QSslCipher>
#include <QSslKey>
#include <QTest>

using namespace msgsrv;
using fixture::TlsIdentity;

class TestTlsPair : public QObject
{
    Q_OBJECT

private slots:
    void goodPairsMakeAConfiguration_data();
    void goodPairsMakeAConfiguration();
    void onlyRecommendedCiphersAreOffered();
    void theChainIsHandedOut();
    void wrongPairsAreTold_data();
    void wrongPairsAreTold();
};

void TestTlsPair::goodPairsMakeAConfiguration_data()
{
    QTest::addColumn<QByteArray>("certificate");
    QTest::addColumn<QByteArray>("key");
    const TlsIdentity ec("EC");
    const TlsIdentity rsa("RSA");
    QTest::newRow("EC, PKCS #8") << ec.certificatePem() << ec.keyPem();
    QTest::newRow("RSA, PKCS #8") << rsa.certificatePem() << rsa.keyPem();
    QTest::newRow("EC, traditional") << ec.certificatePem() << ec.traditionalKeyPem();
    QTest::newRow("RSA, traditional") << rsa.certificatePem() << rsa.traditionalKeyPem();
    QTest::newRow("text around them") << "what it is\n" + ec.certificatePem() + "\n"
                                      << "mine\n" + ec.keyPem();
}

void TestTlsPair::goodPairsMakeAConfiguration()
{
    QFETCH(const QByteArray, certificate);
    QFETCH(const QByteArray, key);
    QCOMPARE(checkTlsPair(certificate, key), TlsPair::Good);
    const QSslConfiguration configuration = serverTls(certificate, key);
    QCOMPARE(configuration.localCertificateChain().size(), 1);
    QVERIFY(!configuration.localCertificate().isNull());
    QVERIFY(!configuration.privateKey().isNull());
    QCOMPARE(configuration.privateKey().type(), QSsl::PrivateKey);
    QCOMPARE(configuration.peerVerifyMode(), QSslSocket::VerifyNone);
}

void TestTlsPair::onlyRecommendedCiphersAreOffered()
{
    const TlsIdentity identity("EC");
    QSet<QSsl::SslProtocol> protocols;
    const auto ciphers = serverTls(identity.certificatePem(), identity.keyPem()).ciphers();
    for (const QSslCipher &cipher : ciphers) {
        const QString name = cipher.name();
        QVERIFY2(name.contains(QLatin1String("GCM")) || name.contains(QLatin1String("CHACHA20")),
                 qPrintable(name));
        QVERIFY2(name.startsWith(QLatin1String("TLS_")) || name.startsWith(QLatin1String("ECDHE-")),
                 qPrintable(name));
        protocols.insert(cipher.protocol());
    }
    QCOMPARE(protocols, QSet<QSsl::SslProtocol>({QSsl::TlsV1_2, QSsl::TlsV1_3}));
}

void TestTlsPair::theChainIsHandedOut()
{
    const TlsIdentity own("EC");
    const TlsIdentity issuer("EC");
    const QByteArray chain = own.certificatePem() + issuer.certificatePem();
    QCOMPARE(checkTlsPair(chain, own.keyPem()), TlsPair::Good);
    QCOMPARE(checkTlsPair(chain, issuer.keyPem()), TlsPair::Mismatch);
    const QList<QSslCertificate> sent = serverTls(chain, own.keyPem()).localCertificateChain();
    QCOMPARE(sent.size(), 2);
    QCOMPARE(sent.first(), QSslCertificate(own.certificatePem()));
}

void TestTlsPair::wrongPairsAreTold_data()
{
    QTest::addColumn<QByteArray>("certificate");
    QTest::addColumn<QByteArray>("key");
    QTest::addColumn<TlsPair>("result");
    const TlsIdentity one("EC");
    const TlsIdentity other("EC");
    const TlsIdentity rsa("RSA");
    const TlsIdentity edwards("ED25519");
    QTest::newRow("empty") << QByteArray() << QByteArray() << TlsPair::NoCertificate;
    QTest::newRow("no certificate") << one.keyPem() << one.keyPem() << TlsPair::NoCertificate;
    QTest::newRow("no key") << one.certificatePem() << one.certificatePem() << TlsPair::NoKey;
    QTest::newRow("empty key") << one.certificatePem() << QByteArray() << TlsPair::NoKey;
    QTest::newRow("key cut short") << one.certificatePem() << one.keyPem().first(80) << TlsPair::NoKey;
    QTest::newRow("certificate cut short")
        << one.certificatePem().first(80) << one.keyPem() << TlsPair::NoCertificate;
    QTest::newRow("another key") << one.certificatePem() << other.keyPem() << TlsPair::Mismatch;
    QTest::newRow("a key of another kind") << one.certificatePem() << rsa.keyPem() << TlsPair::Mismatch;
    QTest::newRow("passphrase") << one.certificatePem() << one.encryptedKeyPem() << TlsPair::EncryptedKey;
    QTest::newRow("Ed25519") << edwards.certificatePem() << edwards.keyPem() << TlsPair::UnsupportedKey;
}

void TestTlsPair::wrongPairsAreTold()
{
    QFETCH(const QByteArray, certificate);
    QFETCH(const QByteArray, key);
    QFETCH(const TlsPair, result);
    QCOMPARE(checkTlsPair(certificate, key), result);
}

QTEST_GUILESS_MAIN(TestTlsPair)
#include "tst_tlspair.moc"
