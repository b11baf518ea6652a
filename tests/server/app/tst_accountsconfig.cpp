// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/app/configloader.h"

#include <QFile>
#include <QTemporaryDir>
#include <QTest>

using namespace msgsrv;

class TestAccountsConfig : public QObject
{
    Q_OBJECT

private slots:
    void accountsAreRead()
    {
        QTemporaryDir folder;
        QFile secret(folder.filePath(QStringLiteral("secret")));
        QVERIFY(secret.open(QIODevice::WriteOnly) && secret.write("from a file\r\n") > 0);
        secret.close();
        const QByteArray toml = "[stomp]\npath = \"/x\"\n"
                                "[[stomp.accounts]]\nlogin = \"guest\"\npasscode = \"guest\"\n"
                                "send = [\"/queue/*\", \"/topic/*\", \"/user/*\"]\n"
                                "subscribe = [\"/queue/*\"]\n"
                                "[[stomp.accounts]]\nlogin = \"media\"\npasscode_file = \"";
        const auto loaded = load(toml + secret.fileName().toUtf8() + "\"\n");
        QVERIFY(loaded);
        QCOMPARE(loaded->config.stomp.path, std::string("/x"));
        const std::vector<Account> &accounts = loaded->config.stomp.accounts;
        QCOMPARE(accounts.size(), std::size_t(2));
        QCOMPARE(accounts[0].login.bytes(), QByteArray("guest"));
        QCOMPARE(accounts[0].passcode, std::string("guest"));
        QCOMPARE(accounts[0].access.send, (std::vector<std::string>{"/queue/*", "/topic/*", "/user/*"}));
        QCOMPARE(accounts[0].access.subscribe, std::vector<std::string>{"/queue/*"});
        QCOMPARE(accounts[1].passcode, std::string("from a file"));
        QVERIFY(accounts[1].access.send.empty());
    }

    void aHashIsRead()
    {
        const auto loaded
            = load("[[stomp.accounts]]\nlogin = \"guest\"\npasscode_hash = \"$argon2id$v=19$m=32,"
                   "t=1,p=1$c2FsdHNhbHQ$nRGObt5vdfL6gQZ3tpDJokcah98wCJ2YcDe1fNJumRk\"\n");
        QVERIFY(loaded);
        const Account &account = loaded->config.stomp.accounts.at(0);
        QVERIFY(account.passcode.empty());
        QVERIFY(account.hash->verify("secret") == PasscodeHash::Match::Yes);
        QVERIFY(!isPasscode(account, ""));
    }

    void badAccountsAreRefused_data()
    {
        QTest::addColumn<QByteArray>("text");
        QTest::addColumn<QByteArray>("error"); // a part of it, the line included
        const auto row = [](const char *name, const char *text, const char *error) {
            QTest::newRow(name) << QByteArray(text) << QByteArray(error);
        };
        const char *const list = "stomp.accounts is written as tables: [[stomp.accounts]]";
        row("one table", "[stomp.accounts]\nlogin = \"a\"\n", list);
        row("a text", "[stomp]\naccounts = \"a\"\n", list);
        row("no passcode", "[[stomp.accounts]]\nlogin = \"a\"\n", ":1: stomp.accounts: needs login, and");
        row("no login", "[[stomp.accounts]]\npasscode = \"a\"\n", "needs login, and");
        row("two passcodes",
            "[[stomp.accounts]]\nlogin = \"a\"\npasscode = \"a\"\npasscode_file = \"/etc/hostname\"\n",
            "has both passcode and passcode_file");
        row("an empty passcode", "[[stomp.accounts]]\nlogin = \"a\"\npasscode = \"\"\n", "passcode is empty");
        row("a file that is not there",
            "[[stomp.accounts]]\nlogin = \"a\"\npasscode_file = \"/does/not/exist\"\n",
            "passcode_file \"/does/not/exist\"");
        row("a login that is no userId", "[[stomp.accounts]]\nlogin = \" a\"\npasscode = \"x\"\n", "login ");
        row("a login twice",
            "[[stomp.accounts]]\nlogin = \"a\"\npasscode = \"x\"\n[[stomp.accounts]]\nlogin = "
            "\"a\"\npasscode = "
            "\"y\"\n",
            "is another account's already");
        row("a number for a login", "[[stomp.accounts]]\nlogin = 1\npasscode = \"x\"\n",
            ":2: stomp.accounts: login must be a string");
        row("a pattern without slash",
            "[[stomp.accounts]]\nlogin = \"a\"\npasscode = \"x\"\nsend = [\"a\"]\n",
            "send must hold patterns like");
        row("no list", "[[stomp.accounts]]\nlogin = \"a\"\npasscode = \"x\"\nsubscribe = \"/queue/*\"\n",
            "subscribe must be a list of patterns");
        row("an unknown key", "[[stomp.accounts]]\nlogin = \"a\"\npasscod = \"x\"\n",
            "did you mean passcode?");
        row("no hash", "[[stomp.accounts]]\nlogin = \"a\"\npasscode_hash = \"x\"\n",
            ":3: stomp.accounts: passcode_hash must be an argon2id hash like");
        row("a hash that wants too much",
            "[[stomp.accounts]]\nlogin = \"a\"\npasscode_hash = "
            "\"$argon2id$v=19$m=4194304,t=1,p=1$c2FsdHNhbHQ$nRGObt5vdfL6gQZ3tpDJokcah98wCJ2YcDe1fNJumRk\"\n",
            ":3: stomp.accounts: passcode_hash asks for too much: m (KiB) is 65536 at most");
        row("a passcode and a hash",
            "[[stomp.accounts]]\nlogin = \"a\"\npasscode = \"x\"\npasscode_hash = "
            "\"$argon2id$v=19$m=32,t=1,p=1$c2FsdHNhbHQ$nRGObt5vdfL6gQZ3tpDJokcah98wCJ2YcDe1fNJumRk\"\n",
            "has both a passcode and a passcode_hash");
    }
    void badAccountsAreRefused()
    {
        QFETCH(const QByteArray, text);
        QFETCH(const QByteArray, error);
        const auto loaded = load(text);
        QVERIFY(!loaded);
        QByteArray all;
        for (const ConfigError &one : loaded.error())
            all += QByteArray::fromStdString(one.toString()) + '\n';
        QVERIFY2(all.contains(error), all.constData());
        QVERIFY2(!all.contains("\"x\""), "a passcode is told");
    }

private:
    static tl::expected<LoadedConfig, std::vector<ConfigError>> load(const QByteArray &toml)
    {
        ConfigSettings sources;
        readToml(toml.toStdString(), "f.toml", sources);
        return loadConfig(std::move(sources), {4, 4096});
    }
};

QTEST_APPLESS_MAIN(TestAccountsConfig)
#include "tst_accountsconfig.moc"
