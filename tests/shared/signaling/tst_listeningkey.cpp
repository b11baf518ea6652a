// SPDX-License-Identifier: GPL-3.0-or-later
#include "shared/signaling/listeningkey.h"

#include <QRegularExpression>
#include <QSet>
#include <QTest>

using namespace msgsrv;

class TestListeningKey : public QObject
{
    Q_OBJECT

private slots:
    void isAQueueNameWith132RandomBits();
    void isNewEachTime();
    void usesEveryCharacterOfTheAlphabetAtEveryPlace();
    void takesWhatAClientPresentsAsItIs();
    void isKnownByItsDigest();
    void digestIsSha256();
};

void TestListeningKey::isAQueueNameWith132RandomBits()
{
    const QRegularExpression form(QStringLiteral("\\Aqueue\\.[A-Za-z0-9_-]{22}\\z"));
    for (int i = 0; i < 100; ++i)
        QVERIFY(form.match(QString::fromLatin1(ListeningKey::generate().secret())).hasMatch());
}

void TestListeningKey::isNewEachTime()
{
    QSet<QByteArray> seen;
    for (int i = 0; i < 10'000; ++i)
        seen.insert(ListeningKey::generate().secret());
    QCOMPARE(seen.size(), 10'000);
}

void TestListeningKey::usesEveryCharacterOfTheAlphabetAtEveryPlace()
{
    // A character is missing at a place with a chance of 22 * 64 * (63/64)^10000, about 10^-65.
    QList<QSet<char>> places(22);
    for (int i = 0; i < 10'000; ++i) {
        const QByteArray random = ListeningKey::generate().secret().mid(6);
        for (int at = 0; at < 22; ++at)
            places[at].insert(random[at]);
    }
    for (const QSet<char> &place : places)
        QCOMPARE(place.size(), 64);
}

void TestListeningKey::takesWhatAClientPresentsAsItIs()
{
    const ListeningKey key = ListeningKey::generate();
    const QByteArray secret = key.secret();
    QVERIFY(ListeningKey::fromPresented(secret.toStdString()) == key);
    QVERIFY(!(ListeningKey::fromPresented(secret.chopped(1).toStdString()) == key));
    QCOMPARE(ListeningKey::fromPresented("\xFF.a/b").secret(), QByteArray("\xFF.a/b"));
    QVERIFY(ListeningKey::fromPresented("").isNull());
    QVERIFY(ListeningKey().isNull());
    QVERIFY(!key.isNull());
}

void TestListeningKey::isKnownByItsDigest()
{
    const ListeningKey key = ListeningKey::generate();
    const ListeningKey kept = ListeningKey::fromDigest(key.digest());
    QVERIFY(kept == key);
    QVERIFY(!kept.isNull());
    QCOMPARE(qHash(kept, 17), qHash(key, 17));
    QVERIFY(kept.secret().isEmpty());
    QVERIFY(!(kept == ListeningKey::generate()));
    // What was stored opens nothing when it is presented.
    const auto &digest = key.digest();
    QVERIFY(!(ListeningKey::fromPresented({reinterpret_cast<const char *>(digest.data()), digest.size()})
              == key));
    QVERIFY(ListeningKey::fromDigest(ListeningKey().digest()).isNull());
}

void TestListeningKey::digestIsSha256()
{
    // FIPS 180-2, appendix B.1
    const auto digest = ListeningKey::fromPresented("abc").digest();
    QCOMPARE(QByteArray(reinterpret_cast<const char *>(digest.data()), qsizetype(digest.size())).toHex(),
             QByteArray("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
}

QTEST_APPLESS_MAIN(TestListeningKey)
#include "tst_listeningkey.moc"
