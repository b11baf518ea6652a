// SPDX-License-Identifier: GPL-3.0-or-later
//
// The hashes are those of Debian's command argon2.
#include "server/stomp/passcodehash.h"

#include <QTest>

using namespace msgsrv;

class TestPasscodeHash : public QObject
{
    Q_OBJECT

private slots:
    void aPasscodeIsChecked_data()
    {
        QTest::addColumn<QByteArray>("hash");
        QTest::addColumn<QByteArray>("passcode");
        QTest::newRow("least memory") << QByteArray(
            "$argon2id$v=19$m=32,t=1,p=1$c2FsdHNhbHQ$nRGObt5vdfL6gQZ3tpDJokcah98wCJ2YcDe1fNJumRk")
                                      << QByteArray("secret");
        QTest::newRow("four lanes") << QByteArray("$argon2id$v=19$m=4096,t=2,p=4$c2FsdHNhbHRzYWx0c2FsdA$"
                                                  "OByyx8uTMxxrDRJJj6akFR5NmcvAP8nWiqLUZ1a97t8")
                                    << QByteArray("secret");
        QTest::newRow("a short hash")
            << QByteArray("$argon2id$v=19$m=4096,t=3,p=1$MDEyMzQ1Njc4OWFiY2RlZg$86Viv/nSN1wmoMGttgRzmQ")
            << QByteArray("guest");
        QTest::newRow("most memory") << QByteArray("$argon2id$v=19$m=65536,t=3,p=1$MDEyMzQ1Njc4OWFiY2RlZg$6L/"
                                                   "LOyTIveyhbr1pVD9kC2asZYp4FcVwcFOMmz/9xn0")
                                     << QByteArray("guest");
    }
    void aPasscodeIsChecked()
    {
        QFETCH(const QByteArray, hash);
        QFETCH(const QByteArray, passcode);
        const auto parsed = PasscodeHash::parse(hash.toStdString());
        QVERIFY2(parsed, parsed ? "" : parsed.error().c_str());
        QVERIFY(parsed->verify(passcode.toStdString()) == PasscodeHash::Match::Yes);
        for (const QByteArray &wrong :
             {passcode + "x", passcode.chopped(1), passcode.toUpper(), QByteArray()})
            QVERIFY(parsed->verify(wrong.toStdString()) == PasscodeHash::Match::No);
    }

    void anythingElseIsRefused_data()
    {
        QTest::addColumn<QByteArray>("hash");
        QTest::addColumn<QByteArray>("error"); // the beginning
        const auto row = [](const char *name, const QByteArray &hash, const char *error) {
            QTest::newRow(name) << hash << QByteArray(error);
        };
        const QByteArray salt = "$c2FsdHNhbHQ";
        const QByteArray output = "$nRGObt5vdfL6gQZ3tpDJokcah98wCJ2YcDe1fNJumRk";
        const QByteArray head = "$argon2id$v=19$";
        const QByteArray good = head + "m=32,t=1,p=1" + salt + output;
        const char *const form = "must be an argon2id hash like $argon2id$v=19$m=4096,t=3,p=1$SALT$HASH";
        const char *const tooMuch = "asks for too much: ";

        row("nothing", "", form);
        row("a passcode", "secret", form);
        row("argon2i", "$argon2i$v=19$m=32,t=1,p=1" + salt + output, form);
        row("argon2d", "$argon2d$v=19$m=32,t=1,p=1" + salt + output, form);
        row("bcrypt", "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW", form);
        row("no version", "$argon2id$m=32,t=1,p=1" + salt + output, form);
        row("an older version", "$argon2id$v=16$m=32,t=1,p=1" + salt + output, form);
        row("nothing before the first sign", "x" + good, form);
        row("no hash", head + "m=32,t=1,p=1" + salt, form);
        row("an empty hash", head + "m=32,t=1,p=1" + salt + "$", form);
        row("something behind the hash", good + "$", form);
        row("a line end", good + "\n", form);
        row("another order", head + "t=1,m=32,p=1" + salt + output, form);
        row("a parameter missing", head + "m=32,t=1" + salt + output, form);
        row("a parameter more", head + "m=32,t=1,p=1,keyid=x" + salt + output, form);
        row("a sign", head + "m=+32,t=1,p=1" + salt + output, form);
        row("a negative number", head + "m=-32,t=1,p=1" + salt + output, form);
        row("a leading zero", head + "m=032,t=1,p=1" + salt + output, form);
        row("zero", head + "m=32,t=0,p=1" + salt + output, form);
        row("no number", head + "m=,t=1,p=1" + salt + output, form);
        row("a blank", head + "m=32 ,t=1,p=1" + salt + output, form);
        row("padded salt", head + "m=32,t=1,p=1$c2FsdHNhbHQ=" + output, form);
        row("a salt that is no base64", head + "m=32,t=1,p=1$c2Fsd!NhbHQ" + output, form);
        row("a short salt", head + "m=32,t=1,p=1$c2FsdHM" + output, form);
        row("a long salt", head + "m=32,t=1,p=1$" + QByteArray(88, 'A') + output, form);
        row("a short hash", head + "m=32,t=1,p=1" + salt + "$nRGObt5vdfL6gQZ3tpDJ", form);
        row("a long hash", head + "m=32,t=1,p=1" + salt + '$' + QByteArray(88, 'A'), form);

        row("memory", head + "m=65537,t=1,p=1" + salt + output, tooMuch);
        row("all memory there is", head + "m=4294967295,t=1,p=1" + salt + output, tooMuch);
        row("a number beyond all", head + "m=99999999999999999999,t=1,p=1" + salt + output, tooMuch);
        row("passes", head + "m=32,t=17,p=1" + salt + output, tooMuch);
        row("lanes", head + "m=65536,t=1,p=17" + salt + output, tooMuch);
        row("less memory than lanes need", head + "m=31,t=1,p=4" + salt + output,
            "is no argon2id hash: m is");
    }
    void anythingElseIsRefused()
    {
        QFETCH(const QByteArray, hash);
        QFETCH(const QByteArray, error);
        const auto parsed = PasscodeHash::parse(hash.toStdString());
        QVERIFY(!parsed);
        QVERIFY2(QByteArray::fromStdString(parsed.error()).startsWith(error), parsed.error().c_str());
    }
};

QTEST_APPLESS_MAIN(TestPasscodeHash)
#include "tst_passcodehash.moc"
